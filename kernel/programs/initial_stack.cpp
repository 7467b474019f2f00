#include "kernel/programs/initial_stack.hpp"

#include <algorithm>
#include <array>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/random.hpp"

namespace kernel {
namespace {

constexpr std::string_view kPlatform("i686\0", 5);
/// The last page of the user's half stays free: what runs over the stack's upper end meets nothing.
constexpr UserAddress kStackEnd = ProgramMemory::kEnd - mm::kPageSize;
constexpr std::size_t kRandomBytes = 16;
/// As much is mapped at least: what Linux shows for a fresh stack. Untouched pages cost nothing.
constexpr std::uint32_t kLeastPages = 33;
/// Room below what is written: the first calls of a program shall not be at the mercy of the stack limit.
constexpr std::uint32_t kRoomBytes = 2 * mm::kPageSize;

struct AuxiliaryEntry {
    std::uint32_t type;
    std::uint32_t value;
};
enum AuxiliaryType : std::uint32_t {
    kAuxEnd = 0,
    kAuxProgramHeaders = 3,
    kAuxProgramHeaderBytes = 4,
    kAuxProgramHeaderCount = 5,
    kAuxPageBytes = 6,
    kAuxBase = 7,
    kAuxFlags = 8,
    kAuxEntry = 9,
    kAuxUser = 11,
    kAuxEffectiveUser = 12,
    kAuxGroup = 13,
    kAuxEffectiveGroup = 14,
    kAuxPlatform = 15,
    kAuxHardware = 16,
    kAuxClockTicks = 17,
    kAuxSecure = 23,
    kAuxRandom = 25,
    kAuxPath = 31,
};
constexpr std::size_t kAuxiliaryEntries = 18;

bool write_bytes(UserAddress to, std::span<const std::byte> bytes) {
    return copy_to_user(to, bytes) == bytes.size();
}
bool write_text(UserAddress to, std::string_view text) {
    return write_bytes(to, std::as_bytes(std::span(text)));
}

}  // namespace

InitialStack::InitialStack(std::string_view path, const ArgumentStrings& arguments,
                           const ArgumentStrings& environment)
    : path_(path), arguments_(arguments), environment_(environment) {
    const auto below = [](UserAddress end, std::size_t bytes) {
        return end - static_cast<UserAddress>(bytes);
    };
    path_at_ = below(kStackEnd, sizeof(std::uint32_t) + path.size() + 1);
    environment_at_ = below(path_at_, environment.size_bytes());
    arguments_at_ = below(environment_at_, arguments.size_bytes());
    platform_at_ = below(arguments_at_, kPlatform.size());
    random_at_ = below(platform_at_, kRandomBytes) & ~UserAddress{15};
    const std::size_t pointers = 1 + arguments.count() + 1 + environment.count() + 1;
    stack_pointer_ =
        below(random_at_, pointers * sizeof(UserAddress) + kAuxiliaryEntries * sizeof(AuxiliaryEntry)) &
        ~UserAddress{15};
}

FileResult<void> InitialStack::map(ProgramSpace& space) const {
    const std::uint32_t bytes = kStackEnd - stack_pointer_ + kRoomBytes;
    const std::uint32_t pages = std::max(kLeastPages, static_cast<std::uint32_t>(bytes / mm::kPageSize + 1));
    const auto mapped = space.map({.address = mm::VirtAddr(kStackEnd - pages * mm::kPageSize),
                                   .page_count = pages,
                                   .placement = mm::Placement::kFixedNoReplace,
                                   .protection = mm::protection::kRead | mm::protection::kWrite,
                                   .growth = mm::Growth::kDown});
    if (!mapped) {
        return file_error(mapped.error() == mm::Error::kNoMemory ? Errno::kNoMemory : Errno::kNotExecutable);
    }
    return {};
}

FileResult<void> InitialStack::write(const ProgramFacts& facts, ProgramLayout& layout) const {
    std::array<std::byte, kRandomBytes> random;
    fill_with_random(random);
    const UserAddress argv = stack_pointer_ + sizeof(UserAddress);
    const UserAddress envp = argv + (arguments_.count() + 1) * sizeof(UserAddress);
    const UserAddress auxv = envp + (environment_.count() + 1) * sizeof(UserAddress);
    const std::array<AuxiliaryEntry, kAuxiliaryEntries> auxiliary{{
        {kAuxHardware, cpu::cpuid(1).edx},
        {kAuxPageBytes, mm::kPageSize},
        {kAuxClockTicks, 100},
        {kAuxProgramHeaders, facts.program_headers_address},
        {kAuxProgramHeaderBytes, 32},
        {kAuxProgramHeaderCount, facts.program_header_count},
        {kAuxBase, facts.interpreter_base},
        {kAuxFlags, 0},
        {kAuxEntry, facts.entry},
        {kAuxUser, 0},
        {kAuxEffectiveUser, 0},
        {kAuxGroup, 0},
        {kAuxEffectiveGroup, 0},
        {kAuxSecure, 0},
        {kAuxRandom, random_at_},
        {kAuxPath, path_at_},
        {kAuxPlatform, platform_at_},
        {kAuxEnd, 0},
    }};
    const std::uint32_t count = arguments_.count();
    const bool written = write_text(path_at_, path_) && write_bytes(random_at_, random) &&
                         write_text(platform_at_, kPlatform) &&
                         environment_.copy_to_program(environment_at_, envp) &&
                         arguments_.copy_to_program(arguments_at_, argv) &&
                         write_bytes(stack_pointer_, std::as_bytes(std::span(&count, 1))) &&
                         write_bytes(auxv, std::as_bytes(std::span(auxiliary)));
    if (!written) {
        return file_error(Errno::kNoMemory);
    }
    layout.stack_begin = stack_pointer_;
    layout.arguments_begin = arguments_at_;
    layout.arguments_end = layout.environment_begin = environment_at_;
    layout.environment_end = path_at_;
    return {};
}

}  // namespace kernel
