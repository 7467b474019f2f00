#include "tests/space_fuzz/model_machine.hpp"

namespace space_fuzz {

namespace {

constexpr mm::FrameRange kUsable{mm::FrameNumber(1), mm::FrameNumber(ModelMachine::kFrames)};

std::uint32_t refused_releases = 0;

}  // namespace

ModelMachine::ModelMachine()
    : metadata_(mm::BitmapFrames::metadata_size(kFrames) / sizeof(mm::BitmapFrames::Word)),
      records_(kFrames),
      bitmap_(std::as_writable_bytes(std::span(metadata_)), kFrames),
      watched_(bitmap_, cpu),
      source_(watched_),
      account_(source_, mm::FrameTable(records_), [](const mm::WrongRelease&) { ++refused_releases; }) {
    bitmap_.add_free(kUsable);
    account_.admit({mm::FrameNumber(0), kUsable.begin}, mm::FrameOwner::kHole);
    account_.admit(kUsable, mm::FrameOwner::kFree);
    zero_frame_ = take_cleared(mm::FrameOwner::kZeroFrame).give_up();
}

mm::OwnedFrame ModelMachine::take_cleared(mm::FrameOwner owner) {
    mm::Result<mm::OwnedFrame> frame = account_.allocate(owner);
    mm::expect(frame.has_value(), "the model's machine is too small");
    std::memset(memory.raw(frame->number()), 0, mm::kPageSize);
    return std::move(*frame);
}

std::string ModelMachine::leaks() const {
    std::string found;
    for (const mm::FrameOwner owner : {mm::FrameOwner::kPageTable, mm::FrameOwner::kAnonymous,
                                       mm::FrameOwner::kSharedMemory, mm::FrameOwner::kObjectIndex}) {
        if (const mm::FrameCount frames = account_.frames_of(owner); frames != 0) {
            found += std::to_string(frames) + " frames of " + to_string(owner) + " are left; ";
        }
    }
    if (regions_out_ != 0) {
        found += std::to_string(regions_out_) + " regions are left; ";
    }
    if (refused_releases != 0) {
        found += std::to_string(refused_releases) + " releases were refused; ";
        refused_releases = 0;
    }
    return found;
}

std::vector<std::string> ModelMachine::take_violations() {
    std::vector<std::string> all = cpu.take_violations();
    for (host::Violations* const list : {&memory.violations(), &watched_.violations()}) {
        for (std::string& sentence : list->take()) {
            all.push_back(std::move(sentence));
        }
    }
    return all;
}

}  // namespace space_fuzz
