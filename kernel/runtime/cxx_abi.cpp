// What the C++ ABI asks of the program, and no more. There is no __cxa_atexit on purpose: a global with a
// destructor does not link, for its destructor would never run.
#include "kernel/boot/init.hpp"
#include "kernel/runtime/constructors.hpp"
#include "mm/core/panic.hpp"

extern "C" {

[[noreturn]] void __cxa_pure_virtual() {
    mm::panic({.what = "a pure virtual function was called", .file = __FILE__, .line = __LINE__});
}

using Constructor = void (*)();
extern const Constructor init_array_start[];
extern const Constructor init_array_end[];

}  // extern "C"

// What std::string_view calls, instead of throwing, when a position lies behind the end: a bug.
namespace std {
// NOLINTNEXTLINE(misc-use-internal-linkage): the library's headers declare it, and call it from elsewhere
[[noreturn]] void __throw_out_of_range_fmt(const char* what, ...) {
    mm::panic({.what = what, .file = __FILE__, .line = __LINE__});
}
}  // namespace std

namespace kernel {

INIT_CODE void run_constructors() {
    for (const Constructor* constructor = init_array_start; constructor != init_array_end; ++constructor) {
        (*constructor)();
    }
}

}  // namespace kernel
