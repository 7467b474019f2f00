// What the loader told: read from its structures in physical memory, each time it is asked.
//
// Owns: a copy of the fixed part. The rest stays where the loader put it; kernel/memory claims those frames
// (as FrameOwner::kBootInformation), so they can be read until the end. Trusts nothing: a list that lies
// outside memory is as good as absent, and a count is only believed as far as its entries can be read. Needs
// the window; not for interrupt handlers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "kernel/arch/i686/physical_reader.hpp"
#include "kernel/boot/loader_text.hpp"
#include "kernel/boot/multiboot.hpp"
#include "mm/map/memory_map.hpp"
#include "mm/map/multiboot_map.hpp"

namespace kernel {

/// A file that the loader placed in memory.
struct LoadedModule {
    mm::PhysRange bytes;
    mm::PhysAddr text;  ///< Its NUL-terminated string, as the loader wrote it.
};

class BootInformation {
  public:
    /// A longer command line is cut (Linux's limit is half of that).
    static constexpr std::size_t kCommandLineBytes = 4096;
    /// More modules than this are not looked at. A hostile count costs time, nothing else.
    static constexpr std::uint32_t kMostModules = 4096;

    /// Reads the information block at `address`. A block outside memory counts as one without any field.
    BootInformation(mm::PhysAddr address, PhysicalReader reader);

    /// Adds the firmware's memory map to `map`; where there is none, what the loader says of basic memory.
    /// The report is absent in the latter case.
    std::optional<mm::MultibootMapReport> add_memory_map(mm::MemoryMap& map);

    /// The kernel's command line, as a person wrote it: without the image's path that QEMU puts first,
    /// without the quotes that GRUB adds. Valid for the life of this object.
    [[nodiscard]] std::string_view command_line() const { return command_line_; }
    /// Whether the loader's command line is longer than what is kept of it.
    [[nodiscard]] bool command_line_is_cut() {
        return has(multiboot::kHasCommandLine) &&
               reader_.text_length(mm::PhysAddr(information_.command_line), kCommandLineBytes + 1) >
                   kCommandLineBytes;
    }
    [[nodiscard]] Loader loader() const { return loader_; }

    /// How many modules the loader says there are.
    [[nodiscard]] std::uint32_t module_count() const;
    /// The module number `index`; nothing when its entry cannot be read or ends before it begins.
    std::optional<LoadedModule> module(std::uint32_t index);
    /// The module's string as a person wrote it, in `buffer`; cut where that is full.
    std::string_view module_text(const LoadedModule& module, std::span<char> buffer);

    /// Calls visit(mm::PhysRange) for each piece of memory the loader's structures take up; of the map, what
    /// add_memory_map has read.
    template <typename Visit>
    void for_each_piece(Visit visit) {
        visit(piece(address_, sizeof information_));
        if (has(multiboot::kHasMemoryMap)) {
            visit(piece(mm::PhysAddr(information_.map), map_bytes_));
        }
        if (has(multiboot::kHasCommandLine)) {
            visit(text_piece(mm::PhysAddr(information_.command_line)));
        }
        if (has(multiboot::kHasLoaderName)) {
            visit(text_piece(mm::PhysAddr(information_.loader_name)));
        }
        if (has(multiboot::kHasModules)) {
            visit(piece(mm::PhysAddr(information_.modules),
                        std::uint64_t{module_count()} * sizeof(multiboot::Module)));
        }
        for (std::uint32_t i = 0; i < module_count(); ++i) {
            if (const std::optional<LoadedModule> found = module(i)) {
                visit(text_piece(found->text));
            }
        }
    }

  private:
    [[nodiscard]] bool has(std::uint32_t flag) const { return (information_.flags & flag) != 0; }
    static mm::PhysRange piece(mm::PhysAddr at, std::uint64_t size) { return {at, at + size}; }
    mm::PhysRange text_piece(mm::PhysAddr at) {
        return piece(at, reader_.text_length(at, kCommandLineBytes) + 1);
    }

    PhysicalReader reader_;
    mm::PhysAddr address_;
    multiboot::Information information_{};
    std::uint32_t map_bytes_ = 0;  // As far as the map made sense.
    Loader loader_ = Loader::kOther;
    std::string_view command_line_;
    char command_line_buffer_[kCommandLineBytes];
};

}  // namespace kernel
