// How a trace's events become bytes, and bytes events again: the one coder of every trace of residency.
//
//   event    kind (one byte), then numbers, as the kind's own header says
//   number   7 bits a byte, lowest first; the top bit says that more follow     300 = 0xAC 0x02
//   signed   number(2n) for n >= 0, number(-2n - 1) below                        -1 = 0x01
//
// The kinds are shared out here, so that one stream can hold the events of all: 0x01-0x3F replacement,
// 0x40-0x5F frame allocation, 0x60-0x6F load control, 0x70-0x7F the last resort. Readers refuse kinds they do
// not know.
//
// Owns: nothing. Never drops a byte: the sink takes all or waits. Cost: a few instructions a byte; a writer
// keeps 64 bytes on the stack, and may be used wherever its sink may.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mm {

/// Where a trace goes: the kernel's buffer, a file, a test's vector.
class TraceSink {
  public:
    /// Takes all of `bytes`, in order. One event may come in several pieces.
    virtual void append(std::span<const std::byte> bytes) = 0;

  protected:
    ~TraceSink() = default;
};

/// Writes one event: begun by its kind, ended by the destructor.
class TraceWriter {
  public:
    TraceWriter(TraceSink& sink, std::uint8_t kind) : sink_(sink) { put(kind); }
    ~TraceWriter() { flush(); }
    TraceWriter(const TraceWriter&) = delete;
    TraceWriter& operator=(const TraceWriter&) = delete;

    /// Appends `value` in 1 to 10 bytes.
    void number(std::uint64_t value) {
        while (value >= 0x80) {
            put(static_cast<std::uint8_t>(value | 0x80));
            value >>= 7;
        }
        put(static_cast<std::uint8_t>(value));
    }
    /// Appends `value`, short when it is near 0 on either side.
    void signed_number(std::int64_t value) {
        const auto bits = static_cast<std::uint64_t>(value);
        number((bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
    }

  private:
    void put(std::uint8_t byte) {
        if (used_ == bytes_.size()) {
            flush();
        }
        bytes_[used_++] = std::byte{byte};
    }
    void flush() {
        sink_.append(std::span(bytes_).first(used_));
        used_ = 0;
    }

    TraceSink& sink_;
    std::array<std::byte, 64> bytes_;
    std::size_t used_ = 0;
};

/// Reads what TraceWriter wrote. A stream that is cut off or says something impossible makes ok() false for
/// good, and every number 0 from there on: it is enough to ask once an event.
class TraceReader {
  public:
    /// Reads `bytes`, which must outlive it.
    explicit TraceReader(std::span<const std::byte> bytes) : rest_(bytes) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    /// Whether all that was read so far was there.
    [[nodiscard]] bool ok() const { return ok_; }
    /// The kind of the next event, which stays the next thing to read; 0, which is no kind, at the end.
    [[nodiscard]] std::uint8_t next_kind() const {
        return rest_.empty() || !ok_ ? std::uint8_t{0} : std::to_integer<std::uint8_t>(rest_.front());
    }
    /// Reads the kind of the event that begins here; 0 at the end.
    std::uint8_t kind() { return take(); }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t byte = take();
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if ((byte & 0x80) == 0) {
                return ok_ ? value : 0;
            }
        }
        return fail();
    }
    std::int64_t signed_number() {
        const std::uint64_t bits = number();
        return static_cast<std::int64_t>((bits >> 1) ^ ((bits & 1) != 0 ? ~std::uint64_t{0} : 0));
    }
    /// A number that must lie below 2^32.
    std::uint32_t number32() {
        const std::uint64_t value = number();
        return value >> 32 == 0 ? static_cast<std::uint32_t>(value) : static_cast<std::uint32_t>(fail());
    }
    /// What was read makes no sense to the reader of this event. Gives 0.
    std::uint64_t fail() {
        ok_ = false;
        return 0;
    }

  private:
    std::uint8_t take() {
        if (rest_.empty() || !ok_) {
            ok_ = false;
            return 0;
        }
        const auto byte = std::to_integer<std::uint8_t>(rest_.front());
        rest_ = rest_.subspan(1);
        return byte;
    }

    std::span<const std::byte> rest_;
    bool ok_ = true;
};

}  // namespace mm
