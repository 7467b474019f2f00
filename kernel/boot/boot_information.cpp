#include "kernel/boot/boot_information.hpp"

namespace kernel {

BootInformation::BootInformation(mm::PhysAddr address, PhysicalReader reader)
    : reader_(reader), address_(address) {
    if (!reader_.read(address, information_)) {
        information_ = {};
    }
    if (has(multiboot::kHasLoaderName)) {
        char name[32];
        loader_ = loader_named(reader_.read_text(mm::PhysAddr(information_.loader_name), name));
    }
    if (has(multiboot::kHasCommandLine)) {
        const std::string_view raw =
            reader_.read_text(mm::PhysAddr(information_.command_line), command_line_buffer_);
        command_line_ = restore_loader_text(loader_, std::span(command_line_buffer_).first(raw.size()));
    }
}

std::optional<mm::MultibootMapReport> BootInformation::add_memory_map(mm::MemoryMap& map) {
    if (has(multiboot::kHasMemoryMap)) {
        const mm::MultibootMapReport report =
            mm::add_multiboot_map(map, mm::PhysAddr(information_.map), information_.map_length, reader_);
        map_bytes_ = report.bytes;
        return report;
    }
    if (has(multiboot::kHasBasicMemory)) {
        mm::add_basic_memory(map, information_.memory_lower_kib, information_.memory_upper_kib);
    }
    return std::nullopt;
}

std::uint32_t BootInformation::module_count() const {
    if (!has(multiboot::kHasModules)) {
        return 0;
    }
    return information_.module_count < kMostModules ? information_.module_count : kMostModules;
}

std::optional<LoadedModule> BootInformation::module(std::uint32_t index) {
    multiboot::Module entry{};
    const mm::PhysAddr at(std::uint64_t{information_.modules} + std::uint64_t{index} * sizeof entry);
    if (!reader_.read(at, entry) || entry.end < entry.begin) {
        return std::nullopt;
    }
    return LoadedModule{.bytes = {mm::PhysAddr(entry.begin), mm::PhysAddr(entry.end)},
                        .text = mm::PhysAddr(entry.text)};
}

std::string_view BootInformation::module_text(const LoadedModule& module, std::span<char> buffer) {
    const std::string_view raw = reader_.read_text(module.text, buffer);
    return restore_loader_text(loader_, buffer.first(raw.size()));
}

}  // namespace kernel
