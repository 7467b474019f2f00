#include "kernel/memory/program_space.hpp"

#include <new>

#include "kernel/memory/kernel_memory.hpp"
#include "kernel/programs/scheduler.hpp"

template class mm::AddressSpace<kernel::ProgramMachine>;
template class mm::MemoryObject<kernel::ProgramMachine>;

namespace kernel {
namespace {

constinit ProgramObject* first_object = nullptr;

}  // namespace

mm::Region* HeapRegions::take_region() {
    if (spare_count_ != 0) {
        return new (spare_[--spare_count_]) mm::Region;
    }
    return new (std::nothrow) mm::Region;
}

void HeapRegions::give_region(mm::Region& region) {
    if (spare_count_ < kMostSpare) {
        spare_[spare_count_++] = &region;
    } else {
        delete &region;
    }
}

mm::Result<void> ProgramMachine::prepare() {
    if (zero_frame_ != mm::FrameNumber{}) {
        return {};
    }
    mm::Result<mm::OwnedFrame> frame = account_.allocate(mm::FrameOwner::kZeroFrame);
    if (!frame) {
        return mm::failure(frame.error());
    }
    auto bytes = window_.open(frame->number());
    __builtin_memset(bytes.bytes(), 0, mm::kPageSize);
    zero_frame_ = std::move(*frame).give_up();
    return {};
}

mm::Result<mm::OwnedFrame> ProgramMachine::resident_frame(mm::FrameOwner owner, std::uint32_t holder) {
    mm::Result<mm::OwnedFrame> frame = residency_->frame_for_page(owner, holder);
    if (residency_->wants_balance()) {
        request_attention();
    }
    return frame;
}

ProgramMachine& program_machine() {
    return kernel_memory()->programs();
}

ProgramObject::ProgramObject(std::uint32_t page_count)
    : MemoryObject(program_machine(), page_count), next_(first_object) {
    if (first_object != nullptr) {
        first_object->previous_ = this;
    }
    first_object = this;
}

ProgramObject::~ProgramObject() {
    (previous_ != nullptr ? previous_->next_ : first_object) = next_;
    if (next_ != nullptr) {
        next_->previous_ = previous_;
    }
}

ProgramObject* ProgramObject::first() {
    return first_object;
}

}  // namespace kernel
