#include "kernel/memory/kernel_heap.hpp"

#include <new>

#include "mm/core/panic.hpp"

namespace kernel {
namespace {

KernelHeap* current_heap = nullptr;

// Before memory is up there is no heap: whoever calls then is told so by the report of a null pointer.
void* allocate(std::size_t size_bytes) {
    return current_heap->allocate(size_bytes);
}
void* allocate_aligned(std::size_t size_bytes, std::align_val_t alignment) {
    return current_heap->allocate_aligned(size_bytes, static_cast<std::size_t>(alignment));
}
void release(void* block) {
    current_heap->release(block);
}

}  // namespace

KernelHeap* kernel_heap() {
    return current_heap;
}
void set_kernel_heap(KernelHeap& heap) {
    current_heap = &heap;
}

}  // namespace kernel

namespace std {
const nothrow_t nothrow{};
}

// `new` without std::nothrow never returns null by the language's rules: it panics when memory is out.
void* operator new(std::size_t size) {
    void* block = kernel::allocate(size);
    mm::expect(block != nullptr, "heap: out of memory where the code cannot go on without it");
    return block;
}
void* operator new[](std::size_t size) {
    return operator new(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return kernel::allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return kernel::allocate(size);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return kernel::allocate_aligned(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return kernel::allocate_aligned(size, alignment);
}
void operator delete(void* block) noexcept {
    kernel::release(block);
}
void operator delete[](void* block) noexcept {
    kernel::release(block);
}
void operator delete(void* block, std::size_t) noexcept {
    kernel::release(block);
}
void operator delete[](void* block, std::size_t) noexcept {
    kernel::release(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
    kernel::release(block);
}
void operator delete[](void* block, std::align_val_t) noexcept {
    kernel::release(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
    kernel::release(block);
}
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept {
    kernel::release(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
    kernel::release(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept {
    kernel::release(block);
}
