// What /proc shows of a process, in Linux's formats: stat, statm, status, maps and the like.
//
// A row a file; how to print it, given a living or ended process. A thread's own folder (task/TID) has some of them,
// about the thread alone. Nothing is kept: each is printed from the live objects. Main line only.
// [linux] Documentation/filesystems/proc.rst
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/files/printer.hpp"
#include "kernel/programs/process.hpp"

namespace kernel {

/// Whom a file is about.
struct ProcessFileSubject {
    const Process& process;
    const Thread* thread = nullptr;  ///< Null: all of the process.
};

/// Which folders have the file.
enum class ProcessFileScope : std::uint8_t { kProcess, kThreadToo };

struct ProcessFileRow {
    std::string_view name;
    std::uint16_t permissions;
    ProcessFileScope scope;
    void (*print)(Printer& out, const ProcessFileSubject& subject);
    /// Null: nothing can be written. Error: kInvalid.
    FileResult<void> (*accept)(Process& process, std::string_view text) = nullptr;
};
std::span<const ProcessFileRow> process_file_rows();

void print_process_stat(Printer& out, const ProcessFileSubject& subject);
void print_process_statm(Printer& out, const ProcessFileSubject& subject);
void print_process_status(Printer& out, const ProcessFileSubject& subject);
void print_process_maps(Printer& out, const ProcessFileSubject& subject);
void print_process_smaps_rollup(Printer& out, const ProcessFileSubject& subject);

/// The letter for what a process or thread is doing (R, S, D, T, Z), and the word for it.
struct ProcessStateName {
    char letter;
    std::string_view word;
};
ProcessStateName state_name(const ProcessFileSubject& subject);

/// Adds /proc/PID and /proc/self. Once.
void add_process_files();

}  // namespace kernel
