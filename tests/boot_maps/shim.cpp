// A Multiboot kernel that is itself a Multiboot loader, with the memory map of its script's choice:
//
//   qemu -kernel shim.elf -initrd "primitive.elf,script.bin[,module...]"
//
// It loads primitive.elf's segments to their physical addresses, builds a Multiboot information block as the
// script (script.hpp) says, and jumps. It trusts its script: the tests write it. What goes wrong is one line
// on COM1 and the exit status that kFailed makes.
#include <cstddef>
#include <cstdint>

#include "kernel/boot/multiboot.hpp"
#include "tests/boot_maps/script.hpp"

extern "C" [[noreturn]] void hand_over(std::uint32_t kernel_entry, std::uint32_t information);

// The compiler may call these for any copy.
extern "C" void* memcpy(void* to, const void* from, std::size_t count) {
    void* const begin = to;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    return begin;
}
extern "C" void* memset(void* to, int value, std::size_t count) {
    void* const begin = to;
    asm volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
    return begin;
}

namespace shim {
namespace {

namespace multiboot = kernel::multiboot;

constexpr std::uint16_t kCom1 = 0x3f8;
constexpr std::uint16_t kExitPort = 0x501;
constexpr std::uint32_t kFailed = 50;  // QEMU's exit status is twice that and 1.

template <typename T>
void out(std::uint16_t port, T value) {
    asm volatile("out %0, %1" : : "a"(value), "Nd"(port));
}

[[noreturn]] void fail(const char* why) {
    for (const char* prefix = "shim: "; *prefix != '\0'; ++prefix) {
        out(kCom1, *prefix);
    }
    for (; *why != '\0'; ++why) {
        out(kCom1, *why);
    }
    out(kCom1, '\n');
    out(kExitPort, kFailed);
    for (;;) {
        asm volatile("cli; hlt");
    }
}

void expect(bool condition, const char* otherwise) {
    if (!condition) {
        fail(otherwise);
    }
}

template <typename T>
T* at(std::uint32_t address) {
    return reinterpret_cast<T*>(address);
}

// The parts of ELF-32 that matter. System V ABI, chapter 4 (ELF header) and chapter 5 (program header).
struct ElfHeader {
    std::uint32_t magic;
    std::uint8_t identification[12];
    std::uint16_t type;
    std::uint16_t machine;
    std::uint32_t version;
    std::uint32_t entry;
    std::uint32_t program_headers;
    std::uint32_t section_headers;
    std::uint32_t flags;
    std::uint16_t header_bytes;
    std::uint16_t program_header_bytes;
    std::uint16_t program_header_count;
};
static_assert(offsetof(ElfHeader, program_header_count) == 44);

struct ProgramHeader {
    std::uint32_t type;
    std::uint32_t offset;
    std::uint32_t virtual_address;
    std::uint32_t physical_address;
    std::uint32_t file_bytes;
    std::uint32_t memory_bytes;
    std::uint32_t flags;
    std::uint32_t alignment;
};
static_assert(sizeof(ProgramHeader) == 32);

/// Loads the kernel; returns the physical address of its entry.
std::uint32_t load_kernel(const multiboot::Module& file) {
    constexpr std::uint32_t kElfMagic = 0x464c457f;
    constexpr std::uint32_t kLoad = 1;
    const auto* const header = at<const ElfHeader>(file.begin);
    expect(file.end - file.begin > sizeof(ElfHeader) && header->magic == kElfMagic,
           "the first module is no ELF file");
    std::uint32_t entry = 0;
    for (std::uint32_t i = 0; i < header->program_header_count; ++i) {
        const auto* const segment =
            at<const ProgramHeader>(file.begin + header->program_headers + i * header->program_header_bytes);
        if (segment->type != kLoad) {
            continue;
        }
        expect(segment->physical_address + segment->memory_bytes <= 16U << 20, "the kernel reaches the shim");
        memcpy(at<void>(segment->physical_address), at<void>(file.begin + segment->offset),
               segment->file_bytes);
        memset(at<void>(segment->physical_address + segment->file_bytes), 0,
               segment->memory_bytes - segment->file_bytes);
        if (header->entry - segment->virtual_address < segment->memory_bytes) {
            entry = header->entry - segment->virtual_address + segment->physical_address;
        }
    }
    expect(entry != 0, "the kernel's entry is in none of its segments");
    return entry;
}

/// Puts one thing behind another in memory.
class Writer {
  public:
    explicit Writer(std::uint32_t address) : address_(address) {}
    /// Room for `count` bytes, aligned for any number; returns its address.
    std::uint32_t reserve(std::uint32_t count) {
        address_ = (address_ + 3) & ~std::uint32_t{3};
        const std::uint32_t begin = address_;
        address_ += count;
        return begin;
    }
    std::uint32_t copy(std::uint32_t from, std::uint32_t count) {
        const std::uint32_t begin = reserve(count);
        memcpy(at<void>(begin), at<void>(from), count);
        return begin;
    }

  private:
    std::uint32_t address_;
};

/// Reads the script from its beginning to its end.
class Script {
  public:
    explicit Script(const multiboot::Module& file) : next_(file.begin), end_(file.end) {}
    std::uint32_t skip(std::uint32_t count) {
        expect(count <= end_ - next_, "the script is cut short");
        const std::uint32_t begin = next_;
        next_ += count;
        return begin;
    }
    template <typename T>
    const T& read() {
        return *at<const T>(skip(sizeof(T)));
    }

  private:
    std::uint32_t next_;
    std::uint32_t end_;
};

/// The first page above all modules, where nothing is.
std::uint32_t above(const multiboot::Module* modules, std::uint32_t count) {
    std::uint32_t end = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        end = modules[i].end > end ? modules[i].end : end;
    }
    return (end + 0xfff) & ~std::uint32_t{0xfff};
}

/// Builds the information block that the script asks for; returns its address.
std::uint32_t build_information(const multiboot::Module* modules, std::uint32_t count) {
    Script script(modules[1]);
    const auto& header = script.read<ScriptHeader>();
    expect(header.magic == ScriptHeader::kMagic, "the second module is no script");
    Writer writer(header.information_at != ScriptHeader::kHere ? header.information_at
                                                               : above(modules, count));

    const std::uint32_t address = writer.reserve(sizeof(multiboot::Information));
    auto& information = *at<multiboot::Information>(address);
    memset(&information, 0, sizeof information);
    information.flags = header.flags;
    information.memory_lower_kib = header.memory_lower_kib;
    information.memory_upper_kib = header.memory_upper_kib;

    const std::uint32_t map = script.skip(header.map_bytes);
    const std::uint32_t command_line = script.skip(header.command_line_bytes);
    information.command_line = writer.copy(command_line, header.command_line_bytes);
    information.module_count = header.module_count;
    information.modules =
        writer.reserve(header.module_count * static_cast<std::uint32_t>(sizeof(multiboot::Module)));
    for (std::uint32_t i = 0; i < header.module_count; ++i) {
        const auto& wanted = script.read<ScriptModule>();
        multiboot::Module module{.begin = wanted.begin, .end = wanted.end, .text = 0, .reserved = 0};
        if (wanted.source != ScriptModule::kInvented) {
            expect(wanted.source + 2 < count, "the script names a module that is not there");
            module = modules[wanted.source + 2];
        }
        module.text = writer.copy(script.skip(wanted.text_bytes), wanted.text_bytes);
        at<multiboot::Module>(information.modules)[i] = module;
    }
    std::uint32_t map_at = header.map_at;
    if (map_at == ScriptHeader::kHere) {
        map_at = writer.copy(map, header.map_bytes);
    } else {
        memcpy(at<void>(map_at), at<void>(map), header.map_bytes);
    }
    information.map = header.said_map_at != ScriptHeader::kHere ? header.said_map_at : map_at;
    information.map_length = header.said_map_length;
    return address;
}

}  // namespace

extern "C" [[noreturn]] void shim_main(const multiboot::Information& loader) {
    expect((loader.flags & multiboot::kHasModules) != 0 && loader.module_count >= 2,
           "usage: -kernel shim.elf -initrd primitive.elf,script.bin[,module...]");
    const auto* const modules = at<const multiboot::Module>(loader.modules);
    const std::uint32_t entry = load_kernel(modules[0]);
    hand_over(entry, build_information(modules, loader.module_count));
}

}  // namespace shim
