#include "tests/doubles/kernel_host.hpp"

#include <array>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "kernel/arch/i686/user_memory.hpp"
#include "kernel/files/archive_files.hpp"
#include "kernel/files/file_time.hpp"
#include "kernel/files/memory_pages.hpp"
#include "kernel/files/pipe.hpp"
#include "kernel/memory/page_arrivals.hpp"
#include "mm/core/panic.hpp"

namespace host {

kernel::FileTime now;
std::function<kernel::Wake()> while_asleep;
std::uint32_t free_pages = UINT32_MAX;
std::set<std::uint32_t> absent_pages;
unsigned awaited_looks = 0;

std::span<std::byte> program_memory() {
    static std::array<std::byte, kProgramBytes> memory;
    return memory;
}

void remove_all(kernel::Inode& directory) {
    class Names final : public kernel::DirectoryReader {
      public:
        bool take(std::string_view name, std::uint64_t, kernel::FileKind, std::uint64_t) override {
            names.emplace_back(name);
            return true;
        }
        std::vector<std::string> names;
    } all;
    static_cast<void>(directory.read_directory(2, all));
    for (const std::string& name : all.names) {
        if (!directory.unlink(name)) {
            remove_all(**directory.look_up(name));
            mm::expect(directory.remove_directory(name).has_value(),
                       "a directory of a test cannot be removed");
        }
    }
}

namespace {

/// The part of `size_bytes` bytes at `address` that a program has.
std::span<std::byte> reachable(std::uint32_t address, std::size_t size_bytes) {
    if (address < kProgramBegin || address >= kProgramBegin + kProgramBytes) {
        return program_memory().first(0);
    }
    const std::span<std::byte> rest = program_memory().subspan(address - kProgramBegin);
    const auto size = static_cast<std::uint32_t>(size_bytes < rest.size() ? size_bytes : rest.size());
    for (std::uint32_t page = address / 4096; size != 0 && page <= (address + size - 1) / 4096; ++page) {
        if (!absent_pages.contains(page)) {
            continue;
        }
        if (kernel::NoPageWaits::any()) {
            return rest.first(page * 4096 > address ? page * 4096 - address : 0);
        }
        absent_pages.erase(page);
        static_cast<void>(kernel::wait_for_page());
    }
    return rest.first(size);
}

}  // namespace
}  // namespace host

namespace kernel {

// --- program memory ---

std::size_t copy_from_user(std::span<std::byte> to, UserAddress from) {
    const std::span<std::byte> bytes = host::reachable(from, to.size());
    std::memcpy(to.data(), bytes.data(), bytes.size());
    return bytes.size();
}

std::size_t copy_to_user(UserAddress to, std::span<const std::byte> from) {
    const std::span<std::byte> bytes = host::reachable(to, from.size());
    std::memcpy(bytes.data(), from.data(), bytes.size());
    return bytes.size();
}

std::size_t zero_user(UserAddress to, std::size_t size_bytes) {
    const std::span<std::byte> bytes = host::reachable(to, size_bytes);
    std::memset(bytes.data(), 0, bytes.size());
    return bytes.size();
}

std::size_t bring_in_user(UserAddress address, std::size_t size_bytes, UserAccess) {
    mm::expect(!NoPageWaits::any(), "pages brought in where nothing may wait for one");
    return host::reachable(address, size_bytes).size();
}

PageWait wait_for_page() {
    mm::expect(!NoPageWaits::any(), "asleep where nothing may wait for a page");
    mm::expect(host::while_asleep != nullptr, "asleep for ever");
    return host::while_asleep() == Wake::kSignal ? PageWait::kKilled : PageWait::kLookAgain;
}

// --- time and sleep ---

FileTime file_time_now() {
    return host::now;
}

Wake sleep(Interruptible, Moment) {
    mm::expect(host::while_asleep != nullptr, "asleep for ever");
    return host::while_asleep();
}

WaitQueue::~WaitQueue() {
    mm::expect(first_ == nullptr, "a queue ended while somebody waited in it");
}

void WaitQueue::wake_all() {}  // Why a sleep ends, while_asleep says.

void Waiter::enter(WaitQueue& queue) {
    queue_ = &queue;
    previous_ = queue.last_;
    next_ = nullptr;
    (queue.last_ == nullptr ? queue.first_ : queue.last_->next_) = this;
    queue.last_ = this;
}

void Waiter::leave() {
    if (queue_ != nullptr) {
        (previous_ == nullptr ? queue_->first_ : previous_->next_) = next_;
        (next_ == nullptr ? queue_->last_ : next_->previous_) = previous_;
        queue_ = nullptr;
    }
}

// --- pages of memory files ---

class ProgramObject {
  public:
    std::map<std::uint32_t, std::array<std::byte, 4096>> pages;
    std::uint32_t page_count = 0;
};

namespace {

/// Whether this look is one of those that find a page on its way.
bool awaited(unsigned& looks) {
    if (looks == 0) {
        return false;
    }
    --looks;
    return true;
}

}  // namespace

MemoryPages::~MemoryPages() {
    delete object_;
}

FileResult<void> MemoryPages::make() {
    object_ = object_ == nullptr ? new ProgramObject : object_;
    return {};
}

mm::PageObject* MemoryPages::object() {
    return nullptr;
}

FileResult<void> MemoryPages::resize(std::uint32_t page_count) {
    static_cast<void>(make());
    object_->page_count = page_count;
    std::erase_if(object_->pages, [page_count](const auto& page) { return page.first >= page_count; });
    return {};
}

FileResult<std::size_t> MemoryPages::read(Transfer& to, std::uint32_t offset, std::size_t count) {
    mm::expect(object_ != nullptr && offset / 4096 < object_->page_count && offset % 4096 + count <= 4096,
               "memory pages: read beyond the pages there are");
    if (awaited(host::awaited_looks)) {
        return file_error(Errno::kPageAwaited);
    }
    const NoPageWaits a_frame_is_open;
    const auto page = object_->pages.find(offset / 4096);
    return page == object_->pages.end() ? to.put_zeros(count)
                                        : to.put({page->second.data() + offset % 4096, count});
}

FileResult<std::size_t> MemoryPages::write(Transfer& from, std::uint32_t offset, std::size_t count) {
    mm::expect(object_ != nullptr && offset / 4096 < object_->page_count && offset % 4096 + count <= 4096,
               "memory pages: written beyond the pages there are");
    if (!object_->pages.contains(offset / 4096) && host::free_pages == 0) {
        return file_error(Errno::kNoSpace);
    }
    if (awaited(host::awaited_looks)) {
        return file_error(Errno::kPageAwaited);
    }
    host::free_pages -= object_->pages.contains(offset / 4096) ? 0 : 1;
    const NoPageWaits a_frame_is_open;
    return from.take({object_->pages[offset / 4096].data() + offset % 4096, count});
}

FileResult<void> MemoryPages::clear_behind(std::uint32_t offset) {
    if (object_ != nullptr && offset % 4096 != 0 && object_->pages.contains(offset / 4096)) {
        if (awaited(host::awaited_looks)) {
            return file_error(Errno::kPageAwaited);
        }
        std::memset(object_->pages[offset / 4096].data() + offset % 4096, 0, 4096 - offset % 4096);
    }
    return {};
}

std::uint32_t MemoryPages::resident_pages() const {
    return object_ == nullptr ? 0 : static_cast<std::uint32_t>(object_->pages.size());
}

MemoryPages::Room MemoryPages::room() {
    return {.most = 1000, .left = host::free_pages};
}

// --- what these tests do not go into ---

Pipe::~Pipe() = default;

FileResult<Shared<OpenFile>> open_fifo(Shared<Inode>, Pipe&, OpenFlags) {
    return file_error(Errno::kNotSupported);
}

FileResult<Shared<OpenFile>> ArchiveFile::open(OpenFlags) {
    return file_error(Errno::kNotSupported);
}

mm::PageObject* ArchiveFile::pages() {
    return nullptr;
}

}  // namespace kernel
