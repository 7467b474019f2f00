// Objects with several owners: a count inside, and the handle that keeps it.
//
// An open file lives as long as any descriptor refers to it; an address space as long as any thread runs in it. The
// last handle that goes destroys the object. Not atomic: the kernel is never preempted, and interrupt handlers hold
// none. Cost: an increment or a decrement.
#pragma once

#include <cstdint>
#include <utility>

#include "mm/core/panic.hpp"

namespace kernel {

/// A base for what Shared<T> refers to. A new object has no owner yet.
class SharedObject {
  public:
    SharedObject() = default;
    SharedObject(const SharedObject&) = delete;
    SharedObject& operator=(const SharedObject&) = delete;

    /// How many handles refer to it.
    [[nodiscard]] std::uint32_t owners() const { return owners_; }

  protected:
    virtual ~SharedObject() = default;
    /// The last owner went. An object that is not the heap's overrides this.
    virtual void last_owner_left() { delete this; }

  private:
    template <typename T>
    friend class Shared;

    std::uint32_t owners_ = 0;
};

/// One owner's handle; null or an object. Copying makes another owner.
template <typename T>
class Shared {
  public:
    constexpr Shared() = default;
    constexpr Shared(std::nullptr_t) {}
    /// Becomes an owner of `object`, which may be null: `Shared<Pipe>(new (std::nothrow) Pipe)`.
    explicit Shared(T* object) : object_(object) { retain(); }
    Shared(const Shared& other) : object_(other.object_) { retain(); }
    Shared(Shared&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    template <typename Derived>
    Shared(const Shared<Derived>& other) : object_(other.get()) {
        retain();
    }
    Shared& operator=(Shared other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Shared() {
        if (object_ == nullptr) {
            return;
        }
        SharedObject& object = *object_;
        mm::expect(object.owners_ != 0, "shared object: released more often than it was kept");
        if (--object.owners_ == 0) {
            object.last_owner_left();
        }
    }

    [[nodiscard]] T* get() const { return object_; }
    T& operator*() const { return *object_; }
    T* operator->() const { return object_; }
    explicit operator bool() const { return object_ != nullptr; }
    friend bool operator==(const Shared& a, const Shared& b) { return a.object_ == b.object_; }

  private:
    void retain() {
        if (object_ != nullptr) {
            SharedObject& object = *object_;
            ++object.owners_;
        }
    }

    T* object_ = nullptr;
};

}  // namespace kernel
