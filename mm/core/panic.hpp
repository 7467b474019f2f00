// Where assertions go: the Panic seam.
//
// Owns: nothing. A bug found inside mm/ (never a failure of the environment: those are Results) ends here.
// The program that embeds mm/ defines `mm::panic`: the kernel prints its report and stops the machine, a
// host test fails or throws. Callable anywhere, interrupt handlers included.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mm {

/// What was found broken, and where in the source the check stands.
struct PanicReport {
    const char* what;  ///< A sentence for a person; static storage.
    const char* file;
    int line;
    std::uintptr_t address = 0;  ///< The block, page or entry it is about; 0 when there is none.
    std::size_t size_bytes = 0;  ///< That thing's size, where it is known.
};

/// The seam: defined once by the embedding program. Must not return into mm/ (a host test may throw).
[[noreturn]] void panic(const PanicReport& report);

/// Panics with `what` unless `condition` holds. For bugs only. Cost: one compare and one predicted branch.
constexpr void expect(bool condition, const char* what, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE()) {
    if (!condition) [[unlikely]] {
        panic({what, file, line});
    }
}

}  // namespace mm
