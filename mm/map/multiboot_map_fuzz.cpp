// libFuzzer target: any bytes as a Multiboot memory map plus claims, compared whole with the oracle. A crash,
// a sanitizer's report or a difference is a finding.
//
//   input  | options | claims n | n x claim (4 bytes) | the map |
//
// The map is either taken as it is (every byte the loader's), or, because random 64-bit ranges hardly ever
// overlap, spelled in records of 6 bytes that become entries crowded around a few interesting addresses.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "mm/core/panic.hpp"
#include "mm/map/map_oracle_test.hpp"

namespace mm {

void panic(const PanicReport& report) {
    std::fprintf(stderr, "%s:%d: %s\n", report.file, report.line, report.what);
    std::abort();
}

namespace {

void check(bool good, const char* what) {
    if (!good) {
        std::fprintf(stderr, "difference from the oracle: %s\n", what);
        std::abort();
    }
}

/// The input, byte by byte; zeros after its end.
class Input {
  public:
    explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    std::uint8_t byte() {
        if (bytes_.empty()) {
            return 0;
        }
        const std::uint8_t value = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return value;
    }
    std::uint32_t word() { return byte() | std::uint32_t{byte()} << 8; }
    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    [[nodiscard]] std::span<const std::uint8_t> rest() const { return bytes_; }

  private:
    std::span<const std::uint8_t> bytes_;
};

struct Options {
    explicit Options(std::uint8_t bits)
        : crowded((bits & 1) != 0),
          scarce_storage((bits & 2) != 0),
          said_length_off((bits & 4) != 0),
          overlong((bits & 8) != 0),
          few_claims((bits & 16) != 0) {}
    bool crowded;          ///< The map is spelled in records.
    bool scarce_storage;   ///< The MemoryMap gets little storage, and must coarsen.
    bool said_length_off;  ///< The loader says a length that is not that of the bytes:
    bool overlong;         ///< ... a longer one, else a shorter one.
    bool few_claims;       ///< The ClaimList gets little storage.
};

/// One record of the crowded spelling -> one entry of the raw map.
void append_entry(std::vector<std::uint8_t>& map, Input& input) {
    constexpr std::array<std::uint64_t, 8> kAnchors{
        0, 0x9f000, 0x100000, 0xffff8000, 0xffffc000, 0x10000000, 0xfffffff00000, ~std::uint64_t{0} - 0xffff};
    const std::uint8_t kind = input.byte();
    const std::uint64_t jitter = input.byte();
    const std::uint64_t base = kAnchors[kind >> 3 & 7] + input.byte() * std::uint64_t{1024} + (jitter & 15);
    std::uint64_t length = input.word() << (kind & 64 ? 8 : 0);
    if (kind >= 128 + 64) {
        length <<= jitter >> 4 << 2;
    }
    const std::uint32_t type = kind & 7;
    std::uint32_t size = 20 + (input.byte() & 3);
    if (size == 23) {
        size = jitter & 1 ? 40 : 20;
    }
    const std::size_t at = map.size();
    map.resize(at + 4 + size);
    std::memcpy(&map[at], &size, 4);
    std::memcpy(&map[at + 4], &base, 8);
    std::memcpy(&map[at + 12], &length, 8);
    std::memcpy(&map[at + 20], &type, 4);
}

void compare_map(const MemoryMap& map, const oracle::Answer& said, const oracle::Answer& meant) {
    map.check_invariants();
    check(oracle::is_acceptable(said, meant, map.lost_entries()), "the map");
    check(map.usable_end() == (said.usable.empty() ? FrameNumber(0) : said.usable.back().end),
          "the map's end");
    for (const FrameRange range : said.usable) {
        check(map.is_usable(range), "is_usable denies a usable range");
        check(!map.is_usable({range.begin, range.end + 1}), "is_usable allows a frame too many");
    }
}

void compare_claims(const MemoryMap& map, const oracle::Answer& said, std::span<const Claim> wanted,
                    std::span<Claim> storage) {
    ClaimList claims(storage);
    std::vector<Claim> accepted;
    for (const Claim& claim : wanted) {
        const auto overlapped =
            std::count_if(claims.entries().begin(), claims.entries().end(),
                          [&](const Claim& old) { return old.frames.overlaps(claim.frames); });
        const bool room =
            claims.entries().size() + static_cast<std::size_t>(overlapped) + 1 <= storage.size();
        if (claims.claim(claim.frames, claim.tag)) {
            accepted.push_back(claim);
        } else {
            check(!room, "a claim refused with room left");
        }
        claims.check_invariants();
    }
    for (const FrameCount count : {1U, 3U, 16U}) {
        const std::vector<oracle::Run> runs = oracle::partition(said.usable, accepted);
        check(oracle::partition(map, claims) == runs, "the claims");
        const FrameRange within =
            count == 3 ? FrameRange{FrameNumber(0x100), FrameNumber(0xffffe)} : kAllFrames;
        const std::optional<FrameRange> expected = oracle::lowest_free(runs, count, within);
        const Result<FrameRange> taken = claims.take(map, count, ClaimTag{200}, within);
        if (!taken && claims.entries().size() == storage.size()) {
            continue;  // No room to record the claim.
        }
        check(taken.has_value() == expected.has_value() && (!taken || *taken == *expected),
              "an early allocation");
        if (taken) {
            accepted.push_back({*taken, ClaimTag{200}});
        }
    }
}

void run(Input input) {
    const Options options(input.byte());
    std::vector<Claim> wanted(input.byte() % 12);
    for (Claim& claim : wanted) {
        const std::uint32_t place = input.word();
        const FrameNumber begin(place & 0x8000 ? 0xfffe0 + (place & 0x1f) : place & 0x1ff);
        claim = {{begin, begin + input.byte() % 32}, ClaimTag{input.byte()}};
    }

    std::vector<std::uint8_t> bytes(input.rest().begin(), input.rest().end());
    if (options.crowded) {
        bytes.clear();
        while (!input.empty()) {
            append_entry(bytes, input);
        }
    }
    std::uint32_t said_length = static_cast<std::uint32_t>(bytes.size());
    if (options.said_length_off) {
        said_length = options.overlong ? said_length * 3 + 77 : said_length - said_length / 8;
    }

    std::array<MapEntry, 128> storage;
    MemoryMap map(
        std::span(storage).first(options.scarce_storage ? MemoryMap::kMinimumStorage : storage.size()));
    const auto read = [&](PhysAddr from, std::span<std::byte> to) {
        if (from.value() > bytes.size() || to.size() > bytes.size() - from.value()) {
            return false;
        }
        std::memcpy(to.data(), bytes.data() + from.value(), to.size());
        return true;
    };
    const MultibootMapReport report = add_multiboot_map(map, PhysAddr(0), said_length, read);
    map.clean();

    const std::vector<oracle::RawEntry> raw = oracle::parse(bytes, said_length);
    check(report.entries == raw.size(), "the number of entries");
    check(options.scarce_storage || raw.size() > 96 || map.lost_entries() == 0, "a loss with room left");
    const oracle::Answer said = oracle::answer(map);
    compare_map(map, said, oracle::answer(raw));
    std::array<Claim, 64> claim_storage;
    compare_claims(map, said, wanted,
                   std::span(claim_storage).first(options.few_claims ? 6 : claim_storage.size()));
}

}  // namespace
}  // namespace mm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mm::run(mm::Input({data, size}));
    return 0;
}
