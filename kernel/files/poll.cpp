#include "kernel/files/poll.hpp"

#include <array>
#include <new>

#include "kernel/programs/process.hpp"
#include "mm/core/panic.hpp"

namespace kernel {
namespace {

/// A file that is watched, kept open meanwhile, and the places in its queues: an open file has two at most.
class Watch final : public PollQueues {
  public:
    void add(WaitQueue& queue) override {
        mm::expect(used_ < places_.size(), "poll: a file with more queues than expected");
        places_[used_++].enter(queue);
    }
    void keep(OpenFile& file) { file_ = Shared<OpenFile>(&file); }

  private:
    // The places go first, while their queues are there.
    Shared<OpenFile> file_;
    std::array<Waiter, 2> places_;
    std::size_t used_ = 0;
};

constexpr std::uint16_t kAlwaysReported = PollEvents::kError | PollEvents::kHangUp | PollEvents::kInvalid;

/// One look at each; with `watches`, they are watched from now on.
std::uint32_t look(std::span<PollRequest> requests, std::span<Watch> watches) {
    const FileTable& files = *current_process().files;
    std::uint32_t ready = 0;
    for (std::size_t index = 0; index < requests.size(); ++index) {
        PollRequest& request = requests[index];
        request.found = 0;
        if (request.descriptor < 0) {
            continue;
        }
        const auto file = files.find(request.descriptor);
        if (!file) {
            request.found = PollEvents::kInvalid;
        } else {
            Watch* const watch = watches.empty() ? nullptr : &watches[index];
            if (watch != nullptr) {
                watch->keep(**file);
            }
            const PollEvents events = (*file)->poll(watch);
            request.found = static_cast<std::uint16_t>(events.bits & (request.wanted | kAlwaysReported));
        }
        ready += request.found != 0 ? 1 : 0;
    }
    return ready;
}

FileResult<std::uint32_t> watch_until(std::span<PollRequest> requests, std::span<Watch> watches,
                                      Moment deadline) {
    std::uint32_t ready = look(requests, watches);
    while (ready == 0) {
        const Wake wake = sleep(Interruptible::kYes, deadline);
        ready = look(requests, {});
        if (ready == 0 && wake == Wake::kSignal) {
            return file_error(Errno::kRestartNoHandler);
        }
        if (wake == Wake::kTimedOut) {
            break;
        }
    }
    return ready;
}

}  // namespace

FileResult<std::uint32_t> poll_files(std::span<PollRequest> requests, Moment deadline) {
    if (const std::uint32_t ready = look(requests, {}); ready != 0 || deadline == 0) {
        return ready;
    }
    if (requests.size() <= kFewPollRequests) {
        std::array<Watch, kFewPollRequests> watches;
        return watch_until(requests, std::span(watches).first(requests.size()), deadline);
    }
    auto* const watches = new (std::nothrow) Watch[requests.size()];
    if (watches == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    const auto result = watch_until(requests, {watches, requests.size()}, deadline);
    delete[] watches;
    return result;
}

}  // namespace kernel
