// What a host double saw going wrong.
//
// Owns: the sentences. A double cannot throw where it notices (often a destructor), so it writes the
// violation down; one that nobody takes fails the test when the list goes. A test that plants a bug takes it
// and looks.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace host {

class Violations {
  public:
    Violations() = default;
    Violations(const Violations&) = delete;
    Violations& operator=(const Violations&) = delete;
    /// Fails the running test for each violation that was not taken.
    ~Violations() {
        for (const std::string& sentence : sentences_) {
            ADD_FAILURE() << sentence;
        }
    }

    void add(std::string sentence) { sentences_.push_back(std::move(sentence)); }
    [[nodiscard]] bool empty() const { return sentences_.empty(); }
    /// All violations so far, oldest first; they no longer fail the test.
    [[nodiscard]] std::vector<std::string> take() { return std::exchange(sentences_, {}); }

  private:
    std::vector<std::string> sentences_;
};

}  // namespace host
