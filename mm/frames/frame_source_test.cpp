// Every FrameSource goes through the one conformance suite: allocators, and the wrappers around them.
#include "mm/frames/frame_source.hpp"

#include "mm/frames/fail_nth.hpp"
#include "mm/frames/verified.hpp"
#include "tests/conformance/frame_source_suite.hpp"
#include "tests/doubles/bitmap_subject.hpp"
#include "tests/doubles/frame_memory.hpp"

namespace mm {
namespace {

class ErasedSubject {
  public:
    ErasedSubject(FrameCount limit, std::span<const FrameRange> free)
        : bitmap_(limit, free), erased_(bitmap_.source()) {}
    AnyFrameSource& source() { return erased_; }

  private:
    host::BitmapSubject bitmap_;
    Erased<BitmapFrames> erased_;
};

class FailNthSubject {
  public:
    FailNthSubject(FrameCount limit, std::span<const FrameRange> free)
        : bitmap_(limit, free), fail_nth_(bitmap_.source(), 0) {}
    FailNth<BitmapFrames>& source() { return fail_nth_; }

  private:
    host::BitmapSubject bitmap_;
    FailNth<BitmapFrames> fail_nth_;
};

class VerifiedSubject {
  public:
    using Source = Verified<BitmapFrames, host::FrameMemory>;

    VerifiedSubject(FrameCount limit, std::span<const FrameRange> free)
        : bitmap_(limit, free),
          memory_(limit),
          seen_(Source::metadata_size(limit)),
          verified_(bitmap_.source(), memory_, seen_, [](FrameNumber frame, FrameFault) {
              ADD_FAILURE() << "sound frame reported: " << frame.value();
          }) {}
    Source& source() { return verified_; }

  private:
    host::BitmapSubject bitmap_;
    host::FrameMemory memory_;
    std::vector<std::byte> seen_;
    Source verified_;
};

}  // namespace
}  // namespace mm

namespace conformance {

using Sources =
    testing::Types<host::BitmapSubject, mm::ErasedSubject, mm::FailNthSubject, mm::VerifiedSubject>;
INSTANTIATE_TYPED_TEST_SUITE_P(Bitmap, FrameSourceSuite, Sources);

}  // namespace conformance
