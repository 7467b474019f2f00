#include "kernel/programs/argument_strings.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <span>
#include <utility>

#include "mm/core/panic.hpp"

namespace kernel {

struct ArgumentStrings::Block {
    /// With the heap's own words and the members below, a little less than a page.
    static constexpr std::size_t kBytes = 4000;

    Block* next = nullptr;
    std::size_t begin = 0;  // of what is used of `bytes`
    std::size_t end = 0;
    std::array<char, kBytes> bytes;

    [[nodiscard]] std::span<char> room() { return std::span(bytes).subspan(end); }
    [[nodiscard]] std::string_view used() const { return {bytes.data() + begin, end - begin}; }
};

namespace {

/// Program memory written in order, several words at once.
class PointerWriter {
  public:
    explicit PointerWriter(UserAddress to) : to_(to) {}

    bool add(UserAddress pointer) {
        words_[used_++] = pointer;
        return used_ < words_.size() || flush();
    }
    bool flush() {
        const auto bytes = std::as_bytes(std::span(words_).first(used_));
        const bool complete = copy_to_user(to_, bytes) == bytes.size();
        to_ += static_cast<UserAddress>(bytes.size());
        used_ = 0;
        return complete;
    }

  private:
    std::array<UserAddress, 32> words_{};
    std::size_t used_ = 0;
    UserAddress to_;
};

}  // namespace

ArgumentStrings::~ArgumentStrings() {
    while (first_ != nullptr) {
        delete std::exchange(first_, first_->next);
    }
}

/// Bytes of strings; each string's pointer is charged when it is counted.
FileResult<void> ArgumentStrings::charge(std::size_t bytes) {
    size_bytes_ += bytes;
    if (size_bytes_ + (count_ + 1) * sizeof(UserAddress) > most_bytes_) {
        return file_error(Errno::kArgumentsTooLong);
    }
    return {};
}

FileResult<ArgumentStrings::Block*> ArgumentStrings::room_at_end() {
    if (last_ != nullptr && !last_->room().empty()) {
        return last_;
    }
    auto* const block = new (std::nothrow) Block;
    if (block == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    (last_ != nullptr ? last_->next : first_) = block;
    last_ = block;
    return block;
}

FileResult<void> ArgumentStrings::add_from_user(UserAddress array) {
    if (array == 0) {
        return {};
    }
    for (;; array += sizeof(UserAddress)) {
        UserAddress text = 0;
        if (const auto read = read_user(text, array); !read) {
            return read;
        }
        if (text == 0) {
            return {};
        }
        if (const auto added = add_string_from_user(text); !added) {
            return added;
        }
    }
}

FileResult<void> ArgumentStrings::add_string_from_user(UserAddress text) {
    for (std::size_t length = 0;;) {
        const auto block = room_at_end();
        if (!block) {
            return file_error(block.error());
        }
        const std::span<char> room = (*block)->room();
        const auto copied = copy_string_from_user(room, text);
        if (!copied && copied.error() != Errno::kNameTooLong) {
            return file_error(copied.error());
        }
        const std::size_t size = copied ? copied->size() + 1 : room.size();
        (*block)->end += size;
        length += size;
        text += static_cast<UserAddress>(size);
        if (const auto charged = charge(size); !charged) {
            return charged;
        }
        if (length > kLongest) {
            return file_error(Errno::kArgumentsTooLong);
        }
        if (copied) {
            ++count_;
            return {};
        }
    }
}

FileResult<void> ArgumentStrings::add(std::string_view text) {
    if (text.size() >= kLongest) {
        return file_error(Errno::kArgumentsTooLong);
    }
    if (const auto charged = charge(text.size() + 1); !charged) {
        return charged;
    }
    for (bool ended = false; !ended;) {
        const auto block = room_at_end();
        if (!block) {
            return file_error(block.error());
        }
        const std::span<char> room = (*block)->room();
        const std::size_t size = std::min(room.size(), text.size());
        std::memcpy(room.data(), text.data(), size);
        ended = size < room.size();
        if (ended) {
            room[size] = '\0';
        }
        (*block)->end += size + (ended ? 1 : 0);
        text.remove_prefix(size);
    }
    ++count_;
    return {};
}

FileResult<void> ArgumentStrings::add_first(std::string_view text) {
    if (text.size() >= Block::kBytes) {
        return file_error(Errno::kArgumentsTooLong);
    }
    if (const auto charged = charge(text.size() + 1); !charged) {
        return charged;
    }
    if (first_ == nullptr || first_->begin < text.size() + 1) {
        auto* const block = new (std::nothrow) Block;
        if (block == nullptr) {
            return file_error(Errno::kNoMemory);
        }
        block->begin = block->end = Block::kBytes;
        block->next = first_;
        first_ = block;
        last_ = last_ == nullptr ? block : last_;
    }
    first_->begin -= text.size() + 1;
    std::memcpy(first_->bytes.data() + first_->begin, text.data(), text.size());
    first_->bytes[first_->begin + text.size()] = '\0';
    ++count_;
    return {};
}

FileResult<void> ArgumentStrings::replace_first(std::string_view text) {
    drop_first();
    return add_first(text);
}

void ArgumentStrings::drop_first() {
    if (count_ == 0) {
        return;
    }
    --count_;
    for (bool ended = false; !ended;) {
        mm::expect(first_ != nullptr, "argument strings: a string without an end");
        const std::string_view used = first_->used();
        const std::size_t end = used.find('\0');
        ended = end != std::string_view::npos;
        const std::size_t size = ended ? end + 1 : used.size();
        first_->begin += size;
        size_bytes_ -= size;
        if (!ended) {
            Block* const emptied = std::exchange(first_, first_->next);
            delete emptied;
        }
    }
}

FileResult<void> ArgumentStrings::copy_to_program(UserAddress strings, UserAddress pointers) const {
    PointerWriter writer(pointers);
    bool at_begin = true;
    for (const Block* block = first_; block != nullptr; block = block->next) {
        const std::string_view used = block->used();
        if (copy_to_user(strings, std::as_bytes(std::span(used))) != used.size()) {
            return file_error(Errno::kFault);
        }
        for (std::size_t at = 0; at < used.size();) {
            if (at_begin && !writer.add(strings + static_cast<UserAddress>(at))) {
                return file_error(Errno::kFault);
            }
            const std::size_t end = used.find('\0', at);
            at_begin = end != std::string_view::npos;
            at = at_begin ? end + 1 : used.size();
        }
        strings += static_cast<UserAddress>(used.size());
    }
    if (!writer.add(0) || !writer.flush()) {
        return file_error(Errno::kFault);
    }
    return {};
}

}  // namespace kernel
