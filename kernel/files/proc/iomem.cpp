// /proc/iomem: the firmware's map in Linux's words, the parts of the kernel's image nested in System RAM.
// What the firmware says nothing of is not shown.
#include "kernel/boot/image.hpp"
#include "kernel/files/proc/memory_files.hpp"

namespace kernel {
namespace {

const char* name_of(mm::MemoryKind kind) {
    switch (kind) {
        case mm::MemoryKind::kUsable:
            return "System RAM";
        case mm::MemoryKind::kReserved:
            return "Reserved";
        case mm::MemoryKind::kAcpiReclaimable:
            return "ACPI Tables";
        case mm::MemoryKind::kAcpiNvs:
            return "ACPI Non-volatile Storage";
        case mm::MemoryKind::kBad:
            return "Unusable memory";
    }
    return "Reserved";
}

void print_range(Printer& out, std::string_view indent, mm::PhysRange bytes, const char* name) {
    out.print("{}{08x}-{08x} : {}\n", indent, bytes.begin, bytes.end.value() - 1, name);
}

mm::PhysRange physical(mm::VirtRange part) {
    return {image::to_physical(part.begin), image::to_physical(part.end)};
}

}  // namespace

FileResult<void> IomemFile::read(Printer& out) {
    struct Part {
        mm::PhysRange bytes;
        const char* name;
    };
    const Part kernel[] = {{physical(image::text()), "Kernel code"},
                           {physical(image::rodata()), "Kernel rodata"},
                           {physical(image::data()), "Kernel data"},
                           {physical(image::bss()), "Kernel bss"},
                           {physical(image::symbols()), "Kernel symbols"}};
    for (const mm::MapEntry& entry : memory_.map().entries()) {
        print_range(out, "", entry.bytes, name_of(entry.kind));
        for (const Part& part : kernel) {
            if (entry.bytes.contains(part.bytes)) {
                print_range(out, "  ", part.bytes, part.name);
            }
        }
    }
    return {};
}

}  // namespace kernel
