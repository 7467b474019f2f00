// A swap disk on the host: what is started ends when, in which order and how the test says. Watches that nobody touches
// the frames of a transfer meanwhile.
//
//   Residency --start--> transfers() --finish(which, outcome)--> contents, or frames --> Residency::finished
//
// Owns: the contents of the slots. A write is on the disk when it ends, not before; one that fails leaves rubbish, as
// does a read that fails in its frames.
//
// Violations: a frame in two transfers; one that has another owner, or a reference, or (for a write) other contents,
// when the transfer ends; a slot in two transfers; a read of what was never written.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "mm/residency/residency.hpp"
#include "tests/doubles/frame_memory.hpp"
#include "tests/doubles/violations.hpp"

namespace host {

class SwapDisk final : public mm::BackingStore {
  public:
    using Bytes = std::array<std::byte, mm::kPageSize>;
    using Outcome = mm::Residency::Outcome;

    struct Transfer {
        Operation operation;
        mm::SlotNumber first;
        std::vector<mm::FrameNumber> frames;
        std::vector<Bytes> written;  // What the frames had when the write began.
    };

    /// Frames are of `memory` and `account`. Both outlive the disk.
    SwapDisk(FrameMemory& memory, mm::FrameAccount& account) : memory_(memory), account_(account) {}
    SwapDisk(const SwapDisk&) = delete;
    SwapDisk& operator=(const SwapDisk&) = delete;

    /// Whom the ends of transfers are told.
    void serve(mm::Residency& residency) { residency_ = &residency; }

    // BackingStore
    bool start(Operation operation, mm::SlotNumber first, std::span<const mm::FrameNumber> frames) override {
        if (transfers_.size() >= most_transfers) {
            return false;
        }
        Transfer transfer{operation, first, {frames.begin(), frames.end()}, {}};
        for (std::uint32_t i = 0; i < frames.size(); ++i) {
            if (!frames_.insert(frames[i].value()).second) {
                complain("a frame is in two transfers", frames[i].value());
            }
            if (!slots_.insert(first.value() + i).second) {
                complain("a slot is in two transfers", first.value() + i);
            }
            if (operation == Operation::kWrite) {
                std::memcpy(transfer.written.emplace_back().data(), memory_.raw(frames[i]), mm::kPageSize);
            } else {
                if (!contents_.contains(first.value() + i)) {
                    complain("a slot is read that was never written", first.value() + i);
                }
                std::memset(memory_.raw(frames[i]), 0xee, mm::kPageSize);
            }
        }
        ++(operation == Operation::kRead ? reads : writes);
        transfers_.push_back(std::move(transfer));
        return true;
    }
    std::uint32_t checksum(mm::FrameNumber frame) override {
        std::uint32_t sum = 1;
        const std::byte* const bytes = memory_.raw(frame);
        for (std::size_t i = 0; i < mm::kPageSize; i += sizeof(std::uint32_t)) {
            std::uint32_t word = 0;
            std::memcpy(&word, bytes + i, sizeof(word));
            sum = (sum ^ word) * 0x0100'0193;
        }
        return sum;
    }
    void progress() override { ++progresses; }
    mm::CpuTime now() override { return time; }
    void lost(mm::SlotNumber slot, Loss loss) override { losses.emplace_back(slot, loss); }

    // The test's side.

    [[nodiscard]] const std::vector<Transfer>& transfers() const { return transfers_; }
    /// The transfer that has `slot`, if one does.
    [[nodiscard]] std::optional<std::size_t> transfer_of(mm::SlotNumber slot) const {
        for (std::size_t i = 0; i < transfers_.size(); ++i) {
            if (slot >= transfers_[i].first &&
                slot.value() - transfers_[i].first.value() < transfers_[i].frames.size()) {
                return i;
            }
        }
        return std::nullopt;
    }
    /// Ends the transfer `which`; it fails also when one of its slots is in `unusable`.
    void finish(std::size_t which, Outcome outcome = Outcome::kDone) {
        const Transfer transfer = std::move(transfers_.at(which));
        transfers_.erase(transfers_.begin() + static_cast<std::ptrdiff_t>(which));
        for (std::uint32_t i = 0; i < transfer.frames.size(); ++i) {
            if (unusable.contains(transfer.first.value() + i)) {
                outcome = Outcome::kFailed;
            }
        }
        for (std::uint32_t i = 0; i < transfer.frames.size(); ++i) {
            frames_.erase(transfer.frames[i].value());
            slots_.erase(transfer.first.value() + i);
            move_page(transfer, i, outcome);
        }
        residency_->finished(transfer.operation, transfer.first, transfer.frames, outcome);
    }
    void finish_all() {
        while (!transfers_.empty()) {
            finish(0);
        }
    }
    /// One bit of what `slot` has is another one.
    void corrupt(mm::SlotNumber slot) {
        contents_.at(slot.value())[1234] ^= std::byte{4};
        changed_.insert(slot.value());
    }
    /// Whether the disk has in `slot` what `frame` has, or was made to have something else.
    [[nodiscard]] bool keeps(mm::SlotNumber slot, mm::FrameNumber frame) {
        const auto found = contents_.find(slot.value());
        return changed_.contains(slot.value()) ||
               (found != contents_.end() &&
                std::memcmp(found->second.data(), memory_.raw(frame), mm::kPageSize) == 0);
    }

    std::size_t most_transfers = 8;
    std::set<std::uint32_t> unusable;  ///< Slots whose every transfer fails.
    mm::CpuTime time = 0;
    unsigned reads = 0;   ///< Transfers,
    unsigned writes = 0;  ///< begun.
    unsigned progresses = 0;
    std::vector<std::pair<mm::SlotNumber, Loss>> losses;
    [[nodiscard]] Violations& violations() { return violations_; }

  private:
    void move_page(const Transfer& transfer, std::uint32_t i, Outcome outcome) {
        const std::uint32_t slot = transfer.first.value() + i;
        const mm::FrameNumber frame = transfer.frames[i];
        const bool is_read = transfer.operation == Operation::kRead;
        const mm::FrameOwner owner = is_read ? mm::FrameOwner::kReading : mm::FrameOwner::kWriting;
        if (account_.owner_of(frame) != owner || account_.table()[frame].references != 0) {
            complain("a frame changed hands during its transfer", frame.value());
        }
        if (is_read) {
            if (outcome == Outcome::kDone) {
                std::memcpy(memory_.raw(frame), contents_[slot].data(), mm::kPageSize);
            }
            return;
        }
        if (std::memcmp(transfer.written[i].data(), memory_.raw(frame), mm::kPageSize) != 0) {
            complain("a page was changed while it was written", frame.value());
        }
        if (outcome == Outcome::kDone) {
            contents_[slot] = transfer.written[i];
        } else {
            contents_[slot].fill(std::byte{0xbd});
        }
        changed_.erase(slot);
    }
    void complain(const char* what, std::uint32_t number) {
        violations_.add(std::string("swap disk: ") + what + ": " + std::to_string(number));
    }

    Violations violations_;
    FrameMemory& memory_;
    mm::FrameAccount& account_;
    mm::Residency* residency_ = nullptr;
    std::vector<Transfer> transfers_;
    std::set<std::uint32_t> frames_;  // In transfers.
    std::set<std::uint32_t> slots_;
    std::map<std::uint32_t, Bytes> contents_;
    std::set<std::uint32_t> changed_;
};

}  // namespace host
