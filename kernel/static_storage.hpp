// Room in .bss for one object that is built at a known moment and lives for ever.
//
// The kernel's long-lived objects depend on one another in order; a global's constructor would run before
// there is anything to hand it.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

#include "mm/core/panic.hpp"

namespace kernel {

template <typename T>
class StaticStorage {
  public:
    /// Builds the object. Once.
    template <typename... Arguments>
    T& construct(Arguments&&... arguments) {
        mm::expect(object_ == nullptr, "static storage: built twice");
        object_ = ::new (static_cast<void*>(bytes_)) T(std::forward<Arguments>(arguments)...);
        return *object_;
    }
    /// The object; null before it is built.
    [[nodiscard]] T* get() const { return object_; }

  private:
    T* object_ = nullptr;
    alignas(T) std::byte bytes_[sizeof(T)];
};

}  // namespace kernel
