// Long random sequences of memory calls on mm::AddressSpace and on this host's Linux, compared.
//
//   space_fuzz --native PROGRAM [--seed N] [--sequences N | --seconds N] [--operations N] [--plant BUG]
//
// Sequence i has the seed N + i: a finding names the seed that shows it again alone. It is shortened before
// it is printed. With --plant, a bug is built in around the address space, and the run fails if it is *not*
// found.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/space_fuzz/describe.hpp"
#include "tests/space_fuzz/generator.hpp"
#include "tests/space_fuzz/session.hpp"

namespace space_fuzz {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    std::string native;
    std::uint64_t seed = 1;
    std::uint64_t sequences = 200;
    std::uint64_t seconds = 0;  ///< 0: as many sequences as said.
    std::uint64_t operations = 250;
    Plant plant = Plant::kNone;
};

struct Finding {
    std::uint64_t seed;
    std::vector<Operation> operations;
    std::string what;
};

/// One random sequence; what it found, if anything.
std::optional<Finding> try_sequence(Session& session, NativeSide& native, std::uint64_t seed,
                                    std::uint64_t operations) {
    session.start();
    Generator generator(seed, native.has_break());
    Finding finding{seed, {}, {}};
    for (std::uint64_t i = 0; i < operations; ++i) {
        finding.operations.push_back(generator.next(session.model()));
        if (const std::optional<std::string> different = session.step(finding.operations.back())) {
            finding.what = *different;
            session.abandon();
            return finding;
        }
    }
    if (const std::optional<std::string> different = session.finish()) {
        finding.what = *different;
        session.abandon();
        return finding;
    }
    return std::nullopt;
}

/// Whether `finding` comes again when its operations are done again.
bool repeats(Session& session, const Finding& finding) {
    constexpr int kMostTrials = 3;
    for (int trial = 0; trial < kMostTrials; ++trial) {
        if (session.run(finding.operations)) {
            return true;
        }
    }
    return false;
}

/// Leaves out operations, fewer and fewer at a time, as long as something is still found.
void shorten(Session& session, Finding& finding) {
    constexpr int kMostTrials = 3'000;
    int trials = 0;
    std::size_t chunk = finding.operations.size() / 2 + 1;
    while (chunk != 0 && trials < kMostTrials) {
        bool shorter = false;
        for (std::size_t at = 0; at < finding.operations.size() && trials < kMostTrials;) {
            std::vector<Operation> fewer = finding.operations;
            const std::size_t end = std::min(at + chunk, fewer.size());
            fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(at),
                        fewer.begin() + static_cast<std::ptrdiff_t>(end));
            ++trials;
            if (const std::optional<std::string> what = session.run(fewer)) {
                finding.operations = std::move(fewer);
                finding.what = *what;
                shorter = true;
            } else {
                at += chunk;
            }
        }
        chunk = chunk == 1 && shorter ? 1 : chunk / 2;
    }
}

void print(const Finding& finding, const Options& options) {
    std::printf("different from Linux, seed %llu (again: --seed %llu --sequences 1 --operations %llu):\n",
                static_cast<unsigned long long>(finding.seed), static_cast<unsigned long long>(finding.seed),
                static_cast<unsigned long long>(options.operations));
    for (const Operation& operation : finding.operations) {
        std::printf("  %s\n", describe(operation).c_str());
    }
    std::printf("found: %s\n", finding.what.c_str());
}

Options parse(int count, char** words) {
    Options options;
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string_view word = words[i];
        const char* const value = words[i + 1];
        if (word == "--native") {
            options.native = value;
        } else if (word == "--seed") {
            options.seed = std::strtoull(value, nullptr, 10);
        } else if (word == "--sequences") {
            options.sequences = std::strtoull(value, nullptr, 10);
        } else if (word == "--seconds") {
            options.seconds = std::strtoull(value, nullptr, 10);
        } else if (word == "--operations") {
            options.operations = std::strtoull(value, nullptr, 10);
        } else if (const auto plant = plant_named(value); word == "--plant" && plant) {
            options.plant = *plant;
        } else {
            throw std::invalid_argument("unknown: " + std::string(word) + " " + value);
        }
    }
    if (options.native.empty() || count % 2 == 0) {
        throw std::invalid_argument(
            "usage: space_fuzz --native PROGRAM [--seed N] [--sequences N | --seconds N] [--operations N]"
            " [--plant BUG]");
    }
    return options;
}

int run(const Options& options) {
    NativeSide native(options.native);
    Session session(native, options.plant);
    const Clock::time_point begin = Clock::now();
    const auto passed = [&begin] {
        return std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin).count();
    };
    std::uint64_t done = 0;
    std::uint64_t forgiven = 0;
    const auto more = [&] {
        return options.seconds != 0 ? static_cast<std::uint64_t>(passed()) < options.seconds
                                    : done < options.sequences;
    };
    for (; more(); ++done) {
        std::optional<Finding> finding =
            try_sequence(session, native, options.seed + done, options.operations);
        if (!finding) {
            continue;
        }
        if (repeats(session, *finding)) {
            shorten(session, *finding);
        } else if (finding->operations.back().kind == Kind::kResidency) {
            ++forgiven;  // D10
            continue;
        } else {
            std::printf("this was found once, and not when the same was done again:\n");
        }
        print(*finding, options);
        return options.plant == Plant::kNone ? 1 : 0;
    }
    std::printf(
        "%llu sequences, %llu operations, %llu of them refused or faulting; brk %s; %llu of Linux's mincore "
        "forgiven; %lld s: no difference\n",
        static_cast<unsigned long long>(done), static_cast<unsigned long long>(session.made()),
        static_cast<unsigned long long>(session.failed()), native.has_break() ? "tried" : "not possible",
        static_cast<unsigned long long>(forgiven), static_cast<long long>(passed()));
    return options.plant == Plant::kNone ? 0 : 1;
}

}  // namespace
}  // namespace space_fuzz

int main(int count, char** words) {
    try {
        return space_fuzz::run(space_fuzz::parse(count, words));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "space_fuzz: %s\n", error.what());
        return 2;
    }
}
