// The x87's registers as FSAVE stores them, which signal frames still begin with, from and to what FXSAVE stores.
//
// Owns nothing; looks at bytes only. Callable anywhere. [intel/vol1] 8.1.10 (FSAVE), 10.5.1 (FXSAVE)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace kernel {

/// struct _fpstate_32's first part: words whose upper halves are all ones where FSAVE leaves them reserved.
struct FsaveImage {
    std::uint32_t control, status, tags;
    std::uint32_t instruction_offset, instruction_selector, operand_offset, operand_selector;
    std::array<std::byte, 80> registers;
    std::uint16_t status_again;
    std::uint16_t magic;  ///< 0: FXSAVE's image follows.
};
static_assert(sizeof(FsaveImage) == 112);

/// The FSAVE form of an FXSAVE image.
FsaveImage fsave_image_of(std::span<const std::byte, 512> fxsave);

/// Changes the x87's part of the FXSAVE image to what `image` says: programs that know only the old form change that.
void apply_fsave_image(const FsaveImage& image, std::span<std::byte, 512> fxsave);

}  // namespace kernel
