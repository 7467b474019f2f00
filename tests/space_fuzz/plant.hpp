// Bugs that the fuzzer must find, planted on purpose around the real code: a fuzzer that misses one of them
// proves nothing when it finds nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace space_fuzz {

enum class Plant : std::uint8_t {
    kNone,
    kCopySkipped,         ///< A write to a page shared since a fork goes to both.
    kUnmapForgets,        ///< munmap leaves the last page.
    kProtectForgets,      ///< mprotect leaves the last page.
    kDiscardDoesNothing,  ///< madvise(MADV_DONTNEED) keeps the contents.
    kOldContents,         ///< A fresh page has a word of somebody else's.
    kTruncateForgets,     ///< A file that gets shorter keeps a page more.
    kResidencyLies,       ///< mincore says that every page is there.
    kStaleTranslations,   ///< The CPU is not told of pages that change.
    kFrameLost,           ///< Each fork loses a frame.
    kWrongErrno,          ///< mprotect of a hole says EINVAL.
};

struct NamedPlant {
    std::string_view name;
    Plant plant;
};
inline constexpr std::array<NamedPlant, 10> kPlants{{
    {"copy-skipped", Plant::kCopySkipped},
    {"unmap-forgets", Plant::kUnmapForgets},
    {"protect-forgets", Plant::kProtectForgets},
    {"discard-does-nothing", Plant::kDiscardDoesNothing},
    {"old-contents", Plant::kOldContents},
    {"truncate-forgets", Plant::kTruncateForgets},
    {"residency-lies", Plant::kResidencyLies},
    {"stale-translations", Plant::kStaleTranslations},
    {"frame-lost", Plant::kFrameLost},
    {"wrong-errno", Plant::kWrongErrno},
}};

constexpr std::optional<Plant> plant_named(std::string_view name) {
    for (const NamedPlant& candidate : kPlants) {
        if (candidate.name == name) {
            return candidate.plant;
        }
    }
    return std::nullopt;
}

}  // namespace space_fuzz
