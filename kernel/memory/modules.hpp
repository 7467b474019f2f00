// The files that the loader brought along.
//
// Owns: the frames of each module that is whole and lies in usable memory, until they are released on
// purpose. A module that is not is reported and never read. Two modules may share a frame (a loader that does
// not align them): it stays until the last of them is released.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "kernel/boot/boot_information.hpp"
#include "kernel/memory/kernel_heap.hpp"
#include "mm/frames/frame_account.hpp"
#include "mm/map/memory_map.hpp"

namespace kernel {

enum class ModuleState : std::uint8_t {
    kPresent,
    kReleased,    ///< Its frames have been given back.
    kUnreadable,  ///< The loader's list does not say where it lies.
    kOutside,     ///< Not wholly in usable memory that is its own: not used.
};

class Modules {
  public:
    /// `heap` remembers the modules.
    Modules(BootInformation& boot, mm::FrameAccount& account, KernelHeap& heap)
        : boot_(boot), account_(account), heap_(heap) {}

    /// Looks at every module once, remembers where it lies, counts who shares which frame, and logs those
    /// that cannot be used, or a number that is not the `expected` one. Modules beyond
    /// BootInformation::kMostModules are not looked at; without memory to remember them none is used, and
    /// their frames are free.
    void survey(const mm::MemoryMap& map, std::optional<std::uint32_t> expected);

    [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(modules_.size()); }
    [[nodiscard]] ModuleState state(std::uint32_t index) const { return modules_[index].state; }
    /// Where it lies; absent for kUnreadable.
    [[nodiscard]] std::optional<LoadedModule> find(std::uint32_t index) const;
    /// The string it was loaded with, in `buffer`.
    std::string_view text(const LoadedModule& module, std::span<char> buffer) {
        return boot_.module_text(module, buffer);
    }

    /// The module is in use from now on, for ever: programs see its frames. It must be present.
    void keep(std::uint32_t index) { modules_[index].kept = true; }

    /// Gives the module's frames back. Errors: kOutOfRange when there is no such module, kNotAllocated when
    /// it is not present or kept, kNoMemory when there was none to remember it.
    mm::Result<mm::FrameCount> release(std::uint32_t index);

  private:
    /// What the loader's list said when it was read. It is not read again: its memory may be nobody's.
    struct Tracked {
        LoadedModule module{};
        ModuleState state = ModuleState::kUnreadable;
        bool kept = false;
    };

    void remember(std::uint32_t index, const mm::MemoryMap& map);
    ModuleState judge(const LoadedModule& module, const mm::MemoryMap& map) const;
    void release_unused(const LoadedModule& module);

    BootInformation& boot_;
    mm::FrameAccount& account_;
    KernelHeap& heap_;
    std::uint32_t told_ = 0;  // By the loader.
    std::span<Tracked> modules_;
};

}  // namespace kernel
