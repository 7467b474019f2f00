// What FUTEX_WAKE_OP does to the second word. No hardware: tested on the host.
#include "kernel/programs/futex.hpp"

namespace kernel {
namespace {

/// Twelve bits, the highest of which is the sign.
constexpr std::int32_t signed_12_bits(std::uint32_t bits) {
    const auto value = static_cast<std::int32_t>(bits & 0xFFFU);
    return value >= 0x800 ? value - 0x1000 : value;
}

}  // namespace

FileResult<FutexOperation> FutexOperation::decode(std::uint32_t word) {
    const std::uint32_t change = word >> 28 & 7U;
    const std::uint32_t compare = word >> 24 & 0xFU;
    const bool operand_is_shift = (word >> 31) != 0;
    if (change > static_cast<std::uint32_t>(Change::kXor) ||
        compare > static_cast<std::uint32_t>(Compare::kGreaterOrEqual)) {
        return file_error(Errno::kNoSystemCall);
    }
    std::int32_t operand = signed_12_bits(word >> 12);
    if (operand_is_shift) {
        // Linux takes such a shift modulo the width of the word.
        operand = static_cast<std::int32_t>(1U << (static_cast<std::uint32_t>(operand) % 32));
    }
    return FutexOperation{.change = static_cast<Change>(change),
                          .compare = static_cast<Compare>(compare),
                          .operand = operand,
                          .compared = signed_12_bits(word)};
}

std::uint32_t FutexOperation::changed(std::uint32_t old) const {
    const auto value = static_cast<std::uint32_t>(operand);
    switch (change) {
        case Change::kSet:
            return value;
        case Change::kAdd:
            return old + value;
        case Change::kOr:
            return old | value;
        case Change::kAndNot:
            return old & ~value;
        case Change::kXor:
            return old ^ value;
    }
    return old;
}

bool FutexOperation::holds(std::uint32_t old) const {
    const auto value = static_cast<std::int32_t>(old);
    switch (compare) {
        case Compare::kEqual:
            return value == compared;
        case Compare::kNotEqual:
            return value != compared;
        case Compare::kLess:
            return value < compared;
        case Compare::kLessOrEqual:
            return value <= compared;
        case Compare::kGreater:
            return value > compared;
        case Compare::kGreaterOrEqual:
            return value >= compared;
    }
    return false;
}

}  // namespace kernel
