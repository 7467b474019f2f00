#include "kernel/programs/program_image.hpp"

#include <algorithm>
#include <new>
#include <optional>

#include "kernel/files/path.hpp"
#include "kernel/programs/elf.hpp"
#include "kernel/programs/initial_stack.hpp"
#include "kernel/programs/script.hpp"

namespace kernel {
namespace {

static_assert(elf::kPageBytes == mm::kPageSize && elf::kEndAddress == ProgramMemory::kEnd);
static_assert(mm::PageNumber(elf::kLowestAddress / elf::kPageBytes) == ProgramMachine::kUserPages.begin);

/// Where position-independent programs go, so that what they map and their break stay apart. [linux]
/// ELF_ET_DYN_BASE
constexpr std::uint32_t kPositionIndependentBase = 0x5655'5000;
/// Left free for the stack to grow in, at least and at most: mappings begin below.
constexpr std::uint32_t kLeastStackRoom = 128U << 20;
constexpr std::uint32_t kMostStackRoom = 2048U << 20;

/// A file that is to be run, open, with its headers read: on the heap, for a kernel stack has two pages.
struct Executable {
    Shared<Inode> inode;
    Shared<OpenFile> open;
    std::uint64_t size_bytes = 0;
    elf::Header header;
    elf::Image image;
    std::array<char, elf::kMostProgramHeaders * elf::kProgramHeaderBytes> buffer;

    static_assert(sizeof(buffer) >= kScriptLineBytes && sizeof(buffer) >= kLongestPath);

    /// Where it is put: what its addresses count from.
    std::uint32_t base = 0;
};

Errno errno_of(mm::Error error) {
    return error == mm::Error::kNoMemory ? Errno::kNoMemory : Errno::kNotExecutable;
}

/// The bytes of the file from `offset` on, as many as there are and `size_bytes`, in the buffer.
FileResult<std::string_view> read_piece(Executable& file, std::uint64_t offset, std::size_t size_bytes) {
    const std::span<char> buffer = std::span(file.buffer).first(size_bytes);
    Transfer transfer = Transfer::with_kernel(std::as_writable_bytes(buffer));
    while (transfer.remaining() != 0) {
        const auto moved = file.open->read(transfer, offset + transfer.moved());
        if (!moved) {
            return file_error(moved.error());
        }
        if (*moved == 0) {
            break;
        }
    }
    return std::string_view(buffer.data(), transfer.moved());
}

FileResult<void> open_executable(Executable& file, Shared<Inode> inode) {
    FileStatus status;
    inode->status(status);
    if (status.kind != FileKind::kRegular || (status.permissions & 0111) == 0 || inode->pages() == nullptr) {
        return file_error(Errno::kAccess);
    }
    auto open = inode->open({OpenFlags::kReadOnly});
    if (!open) {
        return file_error(open.error());
    }
    file.inode = std::move(inode);
    file.open = std::move(*open);
    file.size_bytes = status.size_bytes;
    return {};
}

/// Opens the file, and while it is a script its interpreter instead, with the arguments that are to be.
FileResult<void> open_through_scripts(Executable& file, ProgramRequest& request) {
    Shared<Inode> inode = request.file;
    for (int scripts = 0;; ++scripts) {
        if (const auto opened = open_executable(file, std::move(inode)); !opened) {
            return opened;
        }
        const auto beginning = read_piece(file, 0, kScriptLineBytes);
        if (!beginning) {
            return file_error(beginning.error());
        }
        const auto script = read_script_line(*beginning);
        if (!script) {
            return file_error(script.error());
        }
        if (!*script) {
            return {};
        }
        if (scripts == kMostScripts) {
            return file_error(Errno::kTooManySymlinks);
        }
        ArgumentStrings& arguments = request.arguments;
        // What stands for the script is the name that the one before it, or the caller, called it by.
        if (scripts == 0) {
            if (const auto replaced = arguments.replace_first(request.path); !replaced) {
                return replaced;
            }
        }
        if (!(*script)->argument.empty()) {
            if (const auto added = arguments.add_first((*script)->argument); !added) {
                return added;
            }
        }
        if (const auto added = arguments.add_first((*script)->interpreter); !added) {
            return added;
        }
        auto found =
            walk(request.view, request.view.working_directory, (*script)->interpreter, LastLink::kFollow);
        if (!found) {
            return file_error(found.error());
        }
        inode = std::move(*found);
    }
}

FileResult<void> read_headers(Executable& file) {
    const auto beginning = read_piece(file, 0, elf::kHeaderBytes);
    if (!beginning) {
        return file_error(beginning.error());
    }
    const auto header = elf::read_header(std::as_bytes(std::span(*beginning)), file.size_bytes);
    if (!header) {
        return file_error(header.error());
    }
    file.header = *header;
    const auto table = read_piece(file, header->program_headers_offset, header->program_headers_bytes());
    if (!table) {
        return file_error(table.error());
    }
    return elf::read_program_headers(file.header, std::as_bytes(std::span(*table)), file.size_bytes,
                                     file.image);
}

/// The interpreter that the program asks for, its headers read; null when it asks for none. Errors: kNotExecutable when
/// that asks for one itself, and what finding it gives.
FileResult<Executable*> open_interpreter(Executable& file, const FileSystemView& view) {
    if (!file.image.interpreter) {
        return nullptr;
    }
    const auto path = read_piece(file, file.image.interpreter->offset, file.image.interpreter->size_bytes);
    if (!path) {
        return file_error(path.error());
    }
    const std::size_t end = path->find('\0');
    if (end == std::string_view::npos) {
        return file_error(Errno::kNotExecutable);
    }
    auto inode = walk(view, view.working_directory, path->substr(0, end), LastLink::kFollow);
    if (!inode) {
        return file_error(inode.error());
    }
    auto* const interpreter = new (std::nothrow) Executable;
    if (interpreter == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    auto result = open_executable(*interpreter, std::move(*inode));
    if (result) {
        result = read_headers(*interpreter);
    }
    if (result && interpreter->image.interpreter) {
        result = file_error(Errno::kNotExecutable);
    }
    if (!result) {
        delete interpreter;
        return file_error(result.error());
    }
    return interpreter;
}

/// Chooses where a position-independent file goes: at `wish`, or where there is room.
FileResult<void> choose_base(ProgramSpace& space, Executable& file, std::uint32_t wish) {
    if (file.header.kind == elf::Kind::kFixed) {
        return {};
    }
    const elf::Image& image = file.image;
    const mm::PageCount pages = image.end_page() - image.first_page();
    const auto place = space.map({.address = mm::VirtAddr(wish), .page_count = pages});
    if (!place) {
        return file_error(errno_of(place.error()));
    }
    if (const auto unmapped = space.unmap({place->page(), place->page() + pages}); !unmapped) {
        return file_error(errno_of(unmapped.error()));
    }
    file.base = static_cast<std::uint32_t>(place->value()) - image.first_page() * elf::kPageBytes;
    return {};
}

FileResult<void> map_segment(ProgramSpace& space, const Executable& file, const elf::Segment& segment) {
    const mm::PageNumber first((file.base / elf::kPageBytes) + segment.first_page());
    const mm::PageCount file_pages = segment.file_end_page() - segment.first_page();
    const mm::PageCount pages = segment.end_page() - segment.first_page();
    mm::MapRequest request{.address = first.address(),
                           .page_count = file_pages,
                           .placement = mm::Placement::kFixedNoReplace,
                           .protection = mm::Protection::from_bits(segment.protection)};
    if (file_pages != 0) {
        request.object = file.inode->pages();
        request.object->label = file.inode.get();
        request.object_page = segment.file_offset / elf::kPageBytes;
        if (const auto mapped = space.map(request); !mapped) {
            return file_error(errno_of(mapped.error()));
        }
    }
    if (pages > file_pages) {
        request.address = (first + file_pages).address();
        request.page_count = pages - file_pages;
        request.object = nullptr;
        request.object_page = 0;
        if (const auto mapped = space.map(request); !mapped) {
            return file_error(errno_of(mapped.error()));
        }
    }
    // What follows the file's part in its last page is the program's zeros, not the file's bytes.
    const std::uint32_t file_end = file.base + segment.address + segment.file_bytes;
    const std::uint32_t in_page = file_end % elf::kPageBytes;
    if (segment.memory_bytes > segment.file_bytes && segment.file_bytes != 0 && in_page != 0 &&
        request.protection.has(mm::protection::kWrite)) {
        const std::uint32_t rest = elf::kPageBytes - in_page;
        if (zero_user(file_end, rest) != rest) {
            return file_error(Errno::kNoMemory);
        }
    }
    return {};
}

FileResult<void> map_file(ProgramSpace& space, const Executable& file) {
    for (const elf::Segment& segment : file.image.segments()) {
        if (const auto mapped = map_segment(space, file, segment); !mapped) {
            return mapped;
        }
    }
    return {};
}

/// Where code, data and break are, as Linux counts them for /proc/PID/stat.
void note_layout(const Executable& file, ProgramLayout& layout) {
    layout.code_begin = UINT32_MAX;
    for (const elf::Segment& segment : file.image.segments()) {
        const std::uint32_t begin = file.base + segment.address;
        const std::uint32_t file_end = begin + segment.file_bytes;
        layout.code_begin = std::min(layout.code_begin, begin);
        layout.initialized_begin = std::max(layout.initialized_begin, begin);
        if ((segment.protection & mm::protection::kExecute.bits()) != 0) {
            layout.code_end = std::max(layout.code_end, file_end);
        }
        layout.initialized_end = std::max(layout.initialized_end, file_end);
    }
    layout.break_begin = layout.break_end = file.base + file.image.end_page() * elf::kPageBytes;
}

FileResult<void> fill_memory(PreparedProgram& program, Executable& file, Executable* interpreter,
                             const ProgramRequest& request) {
    ProgramMemory& memory = *program.memory;
    ProgramSpace& space = memory.space();
    space.set_stack_limit(request.stack_limit / elf::kPageBytes);
    const std::uint32_t stack_room = std::clamp(request.stack_limit, kLeastStackRoom, kMostStackRoom);
    space.set_map_top(mm::VirtAddr(ProgramMemory::kEnd - stack_room).page());
    const InitialStack stack(request.path, request.arguments, request.environment);
    if (const auto mapped = stack.map(space); !mapped) {
        return mapped;
    }
    if (const auto based = choose_base(space, file, kPositionIndependentBase); !based) {
        return based;
    }
    if (const auto mapped = map_file(space, file); !mapped) {
        return mapped;
    }
    note_layout(file, memory.layout);
    program.entry = file.base + file.header.entry;
    ProgramFacts facts{.program_headers_address = 0,
                       .program_header_count = file.header.program_header_count,
                       .entry = program.entry,
                       .interpreter_base = 0};
    if (file.image.program_headers_address != 0) {
        facts.program_headers_address = file.base + file.image.program_headers_address;
    }
    if (interpreter != nullptr) {
        if (const auto based = choose_base(space, *interpreter, 0); !based) {
            return based;
        }
        if (const auto mapped = map_file(space, *interpreter); !mapped) {
            return mapped;
        }
        facts.interpreter_base = interpreter->base;
        program.entry = interpreter->base + interpreter->header.entry;
    }
    program.stack_pointer = stack.stack_pointer();
    return stack.write(facts, memory.layout);
}

void set_name(PreparedProgram& program, std::string_view path) {
    path.remove_prefix(path.rfind('/') + 1);  // npos + 1 is 0: no slash, all of it.
    path.copy(program.name.data(), program.name.size() - 1);
}

/// Both files go when this does.
struct Executables {
    Executable* file = nullptr;
    Executable* interpreter = nullptr;

    Executables() = default;
    Executables(const Executables&) = delete;
    Executables& operator=(const Executables&) = delete;
    ~Executables() {
        delete file;
        delete interpreter;
    }
};

}  // namespace

std::size_t most_argument_bytes(std::uint32_t stack_limit) {
    return std::clamp<std::size_t>(stack_limit / 4, ArgumentStrings::kLongest, 2U << 20);
}

FileResult<PreparedProgram> prepare_program(ProgramRequest request) {
    Executables files;
    files.file = new (std::nothrow) Executable;
    if (files.file == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    if (const auto opened = open_through_scripts(*files.file, request); !opened) {
        return file_error(opened.error());
    }
    if (const auto read = read_headers(*files.file); !read) {
        return file_error(read.error());
    }
    const auto interpreter = open_interpreter(*files.file, request.view);
    if (!interpreter) {
        return file_error(interpreter.error());
    }
    files.interpreter = *interpreter;
    if (request.arguments.count() == 0) {
        // Programs expect a name. [linux] fs/exec.c gives an empty one, too.
        if (const auto added = request.arguments.add(""); !added) {
            return file_error(added.error());
        }
    }
    auto memory = ProgramMemory::create();
    if (!memory) {
        return file_error(memory.error());
    }
    PreparedProgram program{.memory = std::move(*memory), .executable = files.file->inode};
    set_name(program, request.path);
    const MemoryInUse in_use(*program.memory);
    if (const auto filled = fill_memory(program, *files.file, files.interpreter, request); !filled) {
        return file_error(filled.error());
    }
    return program;
}

}  // namespace kernel
