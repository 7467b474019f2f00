#include "tests/space_fuzz/session.hpp"

#include "tests/host_panic.hpp"
#include "tests/space_fuzz/describe.hpp"
#include "tests/space_fuzz/known_differences.hpp"

namespace space_fuzz {

void Session::start() {
    if (model_ == nullptr) {
        model_ = std::make_unique<ModelSide>(plant_);
    }
    native_.start();
    lives_ = {true};
    model_->start();
}

std::optional<std::string> Session::step(Operation operation) {
    const std::uint32_t process = operation.process;
    if (!lives_[process] || (operation.kind == Kind::kFork && lives_[operation.arguments[0]])) {
        return std::nullopt;
    }
    const std::optional<Operation> prepared = model_->prepare(operation);
    if (!prepared) {
        return std::nullopt;
    }
    operation = *prepared;
    const Outcome theirs = native_.run(operation);
    if (theirs.value == kNotMade) {
        return std::nullopt;
    }
    if (operation.kind == Kind::kExit || operation.kind == Kind::kFork) {
        lives_[operation.kind == Kind::kFork ? operation.arguments[0] : process] =
            operation.kind == Kind::kFork && theirs.value == 0;
    }
    ++made_;
    const bool accesses = operation.kind == Kind::kRead || operation.kind == Kind::kWrite;
    failed_ += (accesses ? theirs.value != kFine : theirs.value < 0 && theirs.value >= -4'095) ? 1 : 0;
    try {
        const Outcome ours = model_->run(operation);
        if (ours != theirs && !are_both_mistaken(operation, ours, theirs)) {
            return describe(operation) + "\n    ours  " + describe(operation, ours) + "\n    Linux " +
                   describe(operation, theirs);
        }
        if (operation.kind == Kind::kResidency) {
            if (std::optional<std::string> different = compare_residency(operation)) {
                return different;
            }
        }
        if (const std::string wrong = model_->check(process); !wrong.empty()) {
            return describe(operation) + "\n    afterwards " + wrong;
        }
    } catch (const host::Panic& panic) {
        return describe(operation) + "\n    panic: " + panic.what() + " (" + panic.report.file + ":" +
               std::to_string(panic.report.line) + ")";
    }
    return std::nullopt;
}

std::optional<std::string> Session::compare_residency(const Operation& operation) const {
    for (std::uint32_t page = 0; page < kMostAnswers; ++page) {
        const std::uint8_t ours = model_->residency()[page];
        const std::uint8_t theirs = native_.residency()[page];
        if (ours != theirs && (ours != kAnyAnswer || theirs > 1)) {
            return describe(operation) + "\n    for its page " + std::to_string(page) + " ours says " +
                   std::to_string(ours) + ", Linux " + std::to_string(theirs);
        }
    }
    return std::nullopt;
}

std::optional<std::string> Session::compare_sweep(std::uint32_t process) {
    const Operation sweep{Kind::kSweep, process, {}};
    if (const std::optional<std::string> different = step(sweep)) {
        return different;
    }
    for (std::uint32_t page = 0; page < kArenaPages; ++page) {
        const PageState& ours = model_->sweep()[page];
        const PageState& theirs = native_.sweep()[page];
        if (ours != theirs) {
            return "process " + std::to_string(process) + ", at the end, arena + " + std::to_string(page) +
                   " pages\n    ours  " + describe(ours) + "\n    Linux " + describe(theirs);
        }
    }
    return std::nullopt;
}

std::optional<std::string> Session::finish() {
    for (std::uint32_t process = 0; process < kProcesses; ++process) {
        if (lives_[process]) {
            if (std::optional<std::string> different = compare_sweep(process)) {
                return different;
            }
        }
    }
    end_native();
    try {
        if (const std::string wrong = model_->finish(); !wrong.empty()) {
            return "after the sequence: " + wrong;
        }
    } catch (const host::Panic& panic) {
        return std::string("at the end of the processes: panic: ") + panic.what();
    }
    return std::nullopt;
}

void Session::end_native() {
    for (std::uint32_t process = 0; process < kProcesses; ++process) {
        if (std::exchange(lives_[process], false)) {
            native_.run({Kind::kExit, process, {}});
        }
    }
    native_.finish();
}

void Session::abandon() {
    end_native();
    static_cast<void>(model_.release());  // Its destructors would trip over whatever was found.
}

std::optional<std::string> Session::run(std::span<const Operation> operations) {
    start();
    std::optional<std::string> different;
    for (const Operation& operation : operations) {
        different = step(operation);
        if (different) {
            break;
        }
    }
    if (!different) {
        different = finish();
    }
    if (different) {
        abandon();
    }
    return different;
}

}  // namespace space_fuzz
