// A CPU's memory-management unit as a Tlb double: it caches translations as eagerly as a real one may, and
// reports every use that a stale one could have had.
//
//   touch(page, use)   cached translation? use it. Else walk the tables from the root, set the accessed
//                      and dirty bits, cache the translation and every table passed on the way.
//   forget_page(page)  drops the page's translation and the cached tables on the way to it.
//   reaches(frame)     whether a cached translation or cached table still leads to the frame.
//
// Violations: a touch answered from a translation that the tables no longer give; a frame that is released,
// handed out or mapped anew while reaches() it (see watched_frames.hpp and expect_unreachable).
// I1 a cached translation that differs from the tables is used by nobody.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "mm/paging/page_tables.hpp"
#include "mm/paging/tlb.hpp"
#include "tests/doubles/frame_memory.hpp"

namespace host {

/// What a program does with a page.
enum class Use { kRead, kWrite };

template <mm::PageTableLayout AnyLayout>
class SimulatedCpu {
  public:
    using Layout = AnyLayout;

    /// A CPU whose top table is `root`, in `memory`.
    SimulatedCpu(FrameMemory& memory, mm::FrameNumber root) : memory_(memory), root_(root) {}
    SimulatedCpu(const SimulatedCpu&) = delete;
    SimulatedCpu& operator=(const SimulatedCpu&) = delete;

    /// The byte at `address` as a program reaches it for `use`; null is a page fault. Reports a stale
    /// translation.
    std::byte* touch(mm::VirtAddr address, Use use) {
        const mm::PageNumber page = address.page();
        auto cached = translations_.find(page);
        if (cached != translations_.end() && !allows(cached->second, use)) {
            translations_.erase(cached);  // A real CPU walks again before it faults.
            cached = translations_.end();
        }
        if (cached == translations_.end()) {
            const std::optional<mm::Mapping> fresh = walk(address, use);
            if (!fresh || !allows(*fresh, use)) {
                return nullptr;
            }
            cached = translations_.emplace(page, *fresh).first;
        } else if (!agrees(page, cached->second)) {
            complain("a stale translation was used for page", page.value());  // I1
        } else if (use == Use::kWrite) {
            static_cast<void>(walk(address, use));  // The dirty bit is the table's, not the cache's.
        }
        return memory_.raw(cached->second.frame) + address.offset_in_page();
    }

    /// From now on the CPU runs on `root`, and knows nothing of the tables before.
    void switch_to(mm::FrameNumber root) {
        if (root != root_) {
            root_ = root;
            forget_all();
        }
    }

    /// The Tlb seam.
    void forget_page(mm::VirtAddr address) {
        ++pages_forgotten_;
        if (is_deaf_) {
            return;
        }
        translations_.erase(address.page());
        for (unsigned level = 1; level < Layout::kLevels; ++level) {
            tables_.erase({level, prefix(address, level)});
        }
    }
    void forget_all() {
        ++all_forgotten_;
        if (is_deaf_) {
            return;
        }
        translations_.clear();
        tables_.clear();
    }

    /// Plants a bug: from now on this CPU hears nobody who tells it to forget anything.
    void make_deaf() { is_deaf_ = true; }
    /// It listens again; what it has missed, it has missed.
    void make_attentive() { is_deaf_ = false; }

    /// Whether a cached translation, or a cached table on the way to one, still leads to `frame`.
    [[nodiscard]] bool reaches(mm::FrameNumber frame) const {
        for (const auto& [page, mapping] : translations_) {
            if (mapping.frame == frame) {
                return true;
            }
        }
        for (const auto& [key, table] : tables_) {
            if (table == frame) {
                return true;
            }
        }
        return false;
    }
    /// Violation when reaches(frame): for the moment a frame changes hands.
    void expect_unreachable(mm::FrameNumber frame) {
        if (reaches(frame)) {
            complain("a translation still reaches frame", frame.value());
        }
    }
    /// Violation for each cached translation that the tables no longer give: for the moment after a flush.
    void expect_nothing_stale() {
        for (const auto& [page, mapping] : translations_) {
            if (!agrees(page, mapping)) {
                complain("a stale translation is left for page", page.value());
            }
        }
    }

    [[nodiscard]] std::size_t pages_forgotten() const { return pages_forgotten_; }
    [[nodiscard]] std::size_t all_forgotten() const { return all_forgotten_; }
    [[nodiscard]] Violations& violations() { return violations_; }

  private:
    using Entry = typename Layout::Entry;
    /// A table: the level whose entry leads to it, and the part of the address that picked the entry.
    using TableKey = std::pair<unsigned, std::uintptr_t>;

    static std::uintptr_t prefix(mm::VirtAddr address, unsigned level) {
        return address.value() / Layout::entry_span(level);
    }
    static bool allows(const mm::Mapping& mapping, Use use) {
        return use == Use::kRead || mapping.flags.has(mm::page_flags::kWritable);
    }
    Entry& entry(mm::FrameNumber table, std::size_t index) {
        return reinterpret_cast<Entry*>(memory_.raw(table))[index];
    }

    /// What the hardware does: follows the tables (cached ones first), sets accessed and dirty bits.
    std::optional<mm::Mapping> walk(mm::VirtAddr address, Use use) {
        mm::FrameNumber table = root_;
        for (unsigned level = Layout::kLevels - 1; level > 0; --level) {
            const TableKey key{level, prefix(address, level)};
            if (const auto cached = tables_.find(key); cached != tables_.end()) {
                table = cached->second;
                continue;
            }
            const Entry found = entry(table, Layout::index(address, level));
            if (!Layout::is_present(found)) {
                return std::nullopt;
            }
            table = Layout::frame(found);
            tables_.emplace(key, table);
        }
        Entry& last = entry(table, Layout::index(address, 0));
        if (!Layout::is_present(last)) {
            return std::nullopt;
        }
        mm::PageFlags flags = Layout::flags(last) | mm::page_flags::kAccessed;
        if (use == Use::kWrite && flags.has(mm::page_flags::kWritable)) {
            flags = flags | mm::page_flags::kDirty;
        }
        last = Layout::page_entry(Layout::frame(last), flags);
        return mm::Mapping{Layout::frame(last), flags};
    }

    /// Whether the tables, walked from the root without any cache, still give this translation.
    bool agrees(mm::PageNumber page, const mm::Mapping& mapping) {
        mm::FrameNumber table = root_;
        for (unsigned level = Layout::kLevels - 1;; --level) {
            const Entry found = entry(table, Layout::index(page.address(), level));
            if (!Layout::is_present(found)) {
                return false;
            }
            if (level == 0) {
                const mm::PageFlags now = Layout::flags(found);
                const bool more_than_allowed =
                    mapping.flags.has(mm::page_flags::kWritable) && !now.has(mm::page_flags::kWritable);
                return Layout::frame(found) == mapping.frame && !more_than_allowed;
            }
            table = Layout::frame(found);
        }
    }

    void complain(const char* what, std::uintptr_t number) {
        violations_.add(std::string("cpu: ") + what + " " + std::to_string(number));
    }

    Violations violations_;
    FrameMemory& memory_;
    mm::FrameNumber root_;
    std::map<mm::PageNumber, mm::Mapping> translations_;
    std::map<TableKey, mm::FrameNumber> tables_;
    std::size_t pages_forgotten_ = 0;
    std::size_t all_forgotten_ = 0;
    bool is_deaf_ = false;
};

}  // namespace host
