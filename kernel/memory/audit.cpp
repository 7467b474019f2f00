#include "kernel/memory/audit.hpp"

#include <array>
#include <optional>

#include "kernel/arch/i686/probe.hpp"
#include "kernel/boot/image.hpp"
#include "kernel/memory/audit_findings.hpp"
#include "kernel/memory/program_audit.hpp"
#include "kernel/memory/swap_audit.hpp"

namespace kernel {
namespace {

using mm::FrameCount;
using mm::FrameNumber;
using mm::FrameOwner;
using mm::VirtAddr;

enum Mark : std::uint8_t { kUnseen = 0, kSeen = 1 };

class Audit {
  public:
    Audit(KernelMemory& memory, SelfTest self_test)
        : memory_(memory), account_(memory.account()), table_(account_.table()), self_test_(self_test) {}

    std::uint32_t run() {
        // First: what the audit itself touches displaces translations from the TLB.
        check_translations();
        check_allocator();
        check_heap();
        clear_marks();
        check_mappings();
        check_tables();
        check_boot_information();
        check_modules();
        ProgramAudit(memory_, findings_).check();
        SwapAudit(memory_, findings_).check();
        check_frames();
        return findings_.finish();
    }

  private:
    static constexpr std::size_t kExercisePagesChecked = 512;

    /// Calls visit(FrameNumber) for every frame that the firmware gives.
    template <typename Visit>
    void for_each_usable(Visit visit) const {
        for (const mm::FrameRange range : memory_.map().usable()) {
            for (FrameNumber frame = range.begin; frame < range.end; ++frame) {
                visit(frame);
            }
        }
    }

    void check_allocator() {
        if (!account_.source().check_invariants()) {
            findings_.find("audit: the allocator's own counts contradict its bits");
        }
    }

    void check_heap() {
        if (const std::optional<mm::HeapFault> fault = memory_.heap().blocks().check_invariants()) {
            findings_.find("audit: heap: {} at 0x{x}", fault->what, fault->address);
        }
        if (memory_.heap().blocks().pages_held() != account_.frames_of(FrameOwner::kKernelHeap)) {
            findings_.find("audit: the heap holds {} pages, the account says {} frames",
                           memory_.heap().blocks().pages_held(), account_.frames_of(FrameOwner::kKernelHeap));
        }
    }

    void clear_marks() {
        for_each_usable([this](FrameNumber frame) {
            if (!account_.source().is_free(frame)) {
                table_[frame].audit_mark = kUnseen;
            }
        });
    }

    /// The owner that a frame mapped at `page` must have; nothing where frames are mapped that no account
    /// speaks of.
    static std::optional<FrameOwner> owner_at(VirtAddr page) {
        if (layout::kHeap.contains(page)) {
            return FrameOwner::kKernelHeap;
        }
        if (layout::kExercise.contains(page)) {
            return FrameOwner::kExercise;
        }
        if (layout::kKernelStacks.contains(page)) {
            return FrameOwner::kKernelStack;
        }
        if (image::whole().contains(page)) {
            return FrameOwner::kKernelImage;
        }
        const bool is_metadata = (layout::kFrameTable <= page && page < layout::kFrameTableEnd) ||
                                 (layout::kFreeBitmap <= page && page < layout::kVgaText);
        return is_metadata ? std::optional(FrameOwner::kFrameMetadata) : std::nullopt;
    }

    void check_mappings() {
        memory_.tables().for_each_page(
            VirtAddr(0), layout::kLastPage, [this](VirtAddr page, mm::Mapping mapping) {
                const FrameOwner owner = account_.owner_of(mapping.frame);
                const std::optional<FrameOwner> expected = owner_at(page);
                if (!expected) {
                    if (owner == FrameOwner::kFree) {
                        findings_.find("audit: free frame 0x{x} is mapped at 0x{x}", mapping.frame, page);
                    }
                    return;
                }
                if (owner != *expected) {
                    findings_.find("audit: frame 0x{x}, mapped at 0x{x}, belongs to {} instead of {}",
                                   mapping.frame, page, mm::to_string(owner), mm::to_string(*expected));
                    return;
                }
                if (*expected == FrameOwner::kKernelHeap || *expected == FrameOwner::kExercise ||
                    *expected == FrameOwner::kKernelStack) {
                    check_owned_mapping(page, mapping);
                }
                if (*expected == FrameOwner::kKernelHeap && !memory_.heap().pages().holds(page.as<void>())) {
                    findings_.find("audit: page 0x{x} is mapped, but the heap does not hold it", page);
                }
                check_translation(page, mapping.frame);
                if (is_usable(mapping.frame)) {
                    table_[mapping.frame].audit_mark = kSeen;
                }
            });
    }

    void check_owned_mapping(VirtAddr page, mm::Mapping mapping) {
        const mm::FrameRecord& record = table_[mapping.frame];
        if (record.audit_mark == kSeen) {
            findings_.find("audit: frame 0x{x} is mapped twice, the second time at 0x{x}", mapping.frame,
                           page);
        }
        if (record.references != 1 || mm::PageNumber(record.page) != page.page() ||
            !mapping.flags.has(mm::page_flags::kOwned)) {
            findings_.find(
                "audit: the record of frame 0x{x}, mapped at 0x{x}, says {} mappings at page 0x{x}",
                mapping.frame, page, record.references, record.page);
        }
    }

    void check_tables() {
        memory_.tables().for_each_table([this](FrameNumber table, unsigned present) {
            const FrameOwner owner = account_.owner_of(table);
            if (owner != FrameOwner::kPageTable && owner != FrameOwner::kKernelImage) {
                findings_.find("audit: page table 0x{x} belongs to {}", table, mm::to_string(owner));
                return;
            }
            // The window's own entries come and go outside the count, but none is open while the first page
            // table, reachable where it lies, is counted.
            if (table_[table].references != present) {
                findings_.find("audit: page table 0x{x} has {} entries, its record says {}", table, present,
                               table_[table].references);
            }
            if (is_usable(table)) {
                table_[table].audit_mark = kSeen;
            }
        });
    }

    /// Asks the CPU itself: the page must show the bytes of its frame.
    void check_translation(VirtAddr page, FrameNumber mapped) {
        const auto frame = memory_.window().open(mapped);
        if (probe_read(page) != *reinterpret_cast<const volatile std::uint32_t*>(frame.bytes())) {
            findings_.find("audit: stale translation: the CPU reads another frame at page 0x{x} than 0x{x}",
                           page, mapped);
        }
    }

    /// And a page without an entry must fault, wherever one may have been.
    void check_translations() {
        check_nothing_unmapped_is_read(memory_.heap().pages().ever_used());
        check_nothing_unmapped_is_read(
            {layout::kExercise.begin, layout::kExercise.begin + kExercisePagesChecked * mm::kPageSize});
    }
    void check_nothing_unmapped_is_read(mm::VirtRange pages) {
        for (VirtAddr page = pages.begin; page < pages.end; page = page + mm::kPageSize) {
            if (!memory_.tables().lookup(page) && probe_read(page)) {
                findings_.find(
                    "audit: stale translation: page 0x{x} is not mapped, but the CPU still reads it", page);
            }
        }
    }

    /// What the loader and the firmware must have: their structures say so themselves.
    void check_boot_information() {
        memory_.boot().for_each_piece(
            [this](mm::PhysRange bytes) { mark_seen(bytes, FrameOwner::kBootInformation); });
        for_each_firmware_range(memory_.window(),
                                [this](mm::PhysRange bytes) { mark_seen(bytes, FrameOwner::kFirmware); });
    }

    void mark_seen(mm::PhysRange bytes, FrameOwner owner) {
        const mm::PhysAddr end = bytes.end < mm::kFourGiB ? bytes.end : mm::kFourGiB;
        const mm::FrameRange frames = mm::touched_frames({bytes.begin, end});
        for (FrameNumber frame = frames.begin; frame < frames.end && table_.contains(frame); ++frame) {
            if (account_.owner_of(frame) == owner) {
                table_[frame].audit_mark = kSeen;
            }
        }
    }

    void check_modules() {
        for (std::uint32_t i = 0; i < memory_.modules().count(); ++i) {
            const std::optional<LoadedModule> module = memory_.modules().find(i);
            if (!module || memory_.modules().state(i) != ModuleState::kPresent) {
                continue;
            }
            const mm::FrameRange frames = mm::touched_frames(module->bytes);
            for (FrameNumber frame = frames.begin; frame < frames.end; ++frame) {
                if (account_.owner_of(frame) != FrameOwner::kModule) {
                    findings_.find("audit: frame 0x{x} of module {} belongs to {}", frame, i,
                                   mm::to_string(account_.owner_of(frame)));
                }
                table_[frame].audit_mark = kSeen;
            }
        }
    }

    /// Whether somebody must have been found who has the frame.
    static bool must_be_seen(FrameOwner owner) {
        return owner == FrameOwner::kAnonymous || owner == FrameOwner::kSharedMemory ||
               owner == FrameOwner::kObjectIndex || owner == FrameOwner::kZeroFrame ||
               owner == FrameOwner::kKernelHeap || owner == FrameOwner::kKernelStack ||
               owner == FrameOwner::kPageTable || owner == FrameOwner::kFrameMetadata ||
               owner == FrameOwner::kModule || owner == FrameOwner::kKernelImage ||
               owner == FrameOwner::kBootInformation || owner == FrameOwner::kFirmware;
    }

    void check_frames() {
        std::array<FrameCount, mm::kFrameOwnerCount> counts{};
        FrameCount total = 0;
        for_each_usable([&](FrameNumber frame) {
            ++total;
            const FrameOwner owner = account_.owner_of(frame);
            ++counts[static_cast<std::size_t>(owner)];
            if (owner == FrameOwner::kHole) {
                findings_.find("audit: frame 0x{x} is memory, but nobody's", frame);
            } else if (owner == FrameOwner::kExercise && self_test_ == SelfTest::kIdle) {
                findings_.find("audit: frame 0x{x} was left behind by a self-test", frame);
            } else if (must_be_seen(owner) && table_[frame].audit_mark != kSeen) {
                findings_.find("audit: frame 0x{x} is lost: {} is said to have it, but does not", frame,
                               mm::to_string(owner));
            }
        });
        for (std::size_t i = 0; i < counts.size(); ++i) {
            const auto owner = static_cast<FrameOwner>(i);
            if (owner != FrameOwner::kHole && counts[i] != account_.frames_of(owner)) {
                findings_.find("audit: {} has {} frames, the account says {}", mm::to_string(owner),
                               counts[i], account_.frames_of(owner));
            }
        }
        if (total != account_.total_frames()) {
            findings_.find("audit: the firmware gives {} frames, the account knows {}", total,
                           account_.total_frames());
        }
    }

    [[nodiscard]] bool is_usable(FrameNumber frame) const {
        return account_.owner_of(frame) != FrameOwner::kHole && table_.contains(frame);
    }

    KernelMemory& memory_;
    mm::FrameAccount& account_;
    mm::FrameTable table_;
    SelfTest self_test_;
    AuditFindings findings_;
};

}  // namespace

std::uint32_t audit(KernelMemory& memory, SelfTest self_test) {
    return Audit(memory, self_test).run();
}

}  // namespace kernel
