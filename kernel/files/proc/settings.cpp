// /proc/sys: what Linux lets programs ask and set, as far as it means something here. [linux] proc(5)
#include "kernel/files/proc/system_files.hpp"
#include "kernel/machine_names.hpp"
#include "kernel/programs/process.hpp"

namespace kernel {
namespace {

/// A name of the machine's; the two that a program may change by sethostname and setdomainname, here, too.
class NameFile final : public File {
  public:
    enum class Changes : std::uint8_t { kNever, kByPrograms };
    using Member = MachineNames::Name MachineNames::*;

    constexpr NameFile(Member member, Changes changes) : member_(member), changes_(changes) {}

    FileResult<void> read(Printer& out) override {
        out.print("{}\n", (machine_names().*member_).data());
        return {};
    }
    FileResult<void> write(std::string_view text) override {
        MachineNames::Name& name = machine_names().*member_;
        if (changes_ == Changes::kNever) {
            return file_error(Errno::kAccess);
        }
        if (text.size() >= name.size()) {
            return file_error(Errno::kInvalid);
        }
        name = {};
        text.copy(name.data(), text.size());
        return {};
    }

  private:
    Member member_;
    Changes changes_;
};

/// A number that never changes.
class NumberFile final : public File {
  public:
    explicit constexpr NumberFile(std::uint32_t number) : number_(number) {}
    FileResult<void> read(Printer& out) override {
        out.print("{}\n", number_);
        return {};
    }

  private:
    std::uint32_t number_;
};

class MostThreadsFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        out.print("{}\n", most_threads());
        return {};
    }
};

using enum NameFile::Changes;
constinit NameFile system_name(&MachineNames::system, kNever);
constinit NameFile release_name(&MachineNames::release, kNever);
constinit NameFile build_name(&MachineNames::build, kNever);
constinit NameFile host_name(&MachineNames::host, kByPrograms);
constinit NameFile domain_name(&MachineNames::domain, kByPrograms);
/// Numbers below it are given out: one more than the largest.
constinit NumberFile most_ids(Process::kLargestId + 1);
/// Programs lie at the same addresses each time.
constinit NumberFile random_layout(0);
/// Memory is not promised before it is touched: mmap never fails for want of frames.
constinit NumberFile overcommit(1);
constinit NumberFile least_address(ProgramMachine::kUserPages.begin.address().value());
constinit NumberFile most_regions(mm::AddressSpaceBase::kMostRegions);
constinit MostThreadsFile most_threads_file;

constinit Node kernel_nodes[] = {
    {"ostype", system_name},
    {"osrelease", release_name},
    {"version", build_name},
    {"hostname", host_name},
    {"domainname", domain_name},
    {"pid_max", most_ids},
    {"threads-max", most_threads_file},
    {"randomize_va_space", random_layout},
};
constinit Node memory_nodes[] = {
    {"overcommit_memory", overcommit},
    {"mmap_min_addr", least_address},
    {"max_map_count", most_regions},
};
constinit Directory sys;
constinit Directory sys_kernel;
constinit Directory sys_memory;
constinit Node kernel_directory("kernel", sys_kernel);
constinit Node memory_directory("vm", sys_memory);
constinit Node sys_directory("sys", sys);

}  // namespace

Node& sys_node() {
    if (sys.first() == nullptr) {
        for (Node& node : kernel_nodes) {
            sys_kernel.add(node);
        }
        for (Node& node : memory_nodes) {
            sys_memory.add(node);
        }
        sys_memory.add(replacement_node());
        sys.add(kernel_directory);
        sys.add(memory_directory);
    }
    return sys_directory;
}

}  // namespace kernel
