// The FrameAccess seam: how the bytes of a physical frame become reachable.
//
// A kernel on a 32-bit machine has no permanent mapping of all memory: it maps the frame in a reserved window
// for as long as the returned handle lives. On x86_64 a handle is an offset into the direct map; on a host it
// is an index into an array.
#pragma once

#include <concepts>
#include <cstddef>
#include <utility>

#include "mm/core/address.hpp"

namespace mm {

/// Makes frames reachable. `open` returns a move-only handle whose `bytes()` points to the frame's kPageSize
/// bytes until the handle is destroyed. Handles nest at least four deep and are destroyed in reverse order.
/// Interrupt handlers open none. Never fails.
template <typename T>
concept FrameAccess = requires(T access, FrameNumber frame) {
    { access.open(frame).bytes() } -> std::same_as<std::byte*>;
};

/// The contract written down as a type: instantiates every template that asks for a FrameAccess.
struct FrameAccessArchetype {
    class Handle {
      public:
        Handle(const Handle&) = delete;
        Handle& operator=(const Handle&) = delete;
        Handle(Handle&&) noexcept;
        Handle& operator=(Handle&&) = delete;
        ~Handle();
        [[nodiscard]] std::byte* bytes() const;
    };
    Handle open(FrameNumber frame);
};
static_assert(FrameAccess<FrameAccessArchetype>);

}  // namespace mm
