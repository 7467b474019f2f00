#include "kernel/memory/modules.hpp"

#include <new>

#include "kernel/log.hpp"

namespace kernel {

ModuleState Modules::judge(const LoadedModule& module, const mm::MemoryMap& map) const {
    const mm::FrameRange frames = mm::touched_frames(module.bytes);
    if (!map.is_usable(frames)) {
        return ModuleState::kOutside;
    }
    for (mm::FrameNumber frame = frames.begin; frame < frames.end; ++frame) {
        if (account_.owner_of(frame) != mm::FrameOwner::kModule) {
            return ModuleState::kOutside;  // The loader put it over the kernel, its own data, or the
                                           // firmware's.
        }
    }
    return ModuleState::kPresent;
}

void Modules::survey(const mm::MemoryMap& map, std::optional<std::uint32_t> expected) {
    told_ = boot_.module_count();
    if (expected && *expected != told_) {
        log().warning("modules: {} expected, the loader brings {}", *expected, told_);
    }
    if (told_ == 0) {
        return;
    }
    if (auto* memory = static_cast<Tracked*>(heap_.allocate(told_ * sizeof(Tracked)))) {
        modules_ = {memory, told_};
        for (Tracked& tracked : modules_) {
            ::new (static_cast<void*>(&tracked)) Tracked;
        }
    } else {
        log().error("modules: no memory to keep track of {}: none is used", told_);
    }
    for (std::uint32_t i = 0; i < count(); ++i) {
        remember(i, map);
    }
    for (std::uint32_t i = 0; i < told_; ++i) {
        const std::optional<LoadedModule> module = boot_.module(i);
        if (module && (i >= count() || state(i) == ModuleState::kOutside)) {
            release_unused(*module);
        }
    }
}

void Modules::remember(std::uint32_t index, const mm::MemoryMap& map) {
    const std::optional<LoadedModule> module = boot_.module(index);
    if (!module) {
        log().warning("modules: number {} is missing: the loader's list does not say where it lies", index);
        return;
    }
    Tracked& tracked = modules_[index];
    tracked = {.module = *module, .state = judge(*module, map)};
    if (tracked.state == ModuleState::kOutside) {
        log().warning("modules: number {} at 0x{x}-0x{x} is not wholly in usable memory of its own: not used",
                      index, module->bytes.begin, module->bytes.end);
        return;
    }
    const mm::FrameRange frames = mm::touched_frames(module->bytes);
    for (mm::FrameNumber frame = frames.begin; frame < frames.end; ++frame) {
        ++account_.table()[frame].references;
    }
}

std::optional<LoadedModule> Modules::find(std::uint32_t index) const {
    if (state(index) == ModuleState::kUnreadable) {
        return std::nullopt;
    }
    return modules_[index].module;
}

/// Frees what was claimed for a module that turned out to be unusable, except what another module shares.
void Modules::release_unused(const LoadedModule& module) {
    const mm::FrameRange frames = mm::touched_frames(module.bytes);
    for (mm::FrameNumber frame = frames.begin; frame < frames.end; ++frame) {
        if (account_.owner_of(frame) == mm::FrameOwner::kModule && account_.table()[frame].references == 0) {
            static_cast<void>(account_.release_admitted({frame, frame + 1}, mm::FrameOwner::kModule));
        }
    }
}

mm::Result<mm::FrameCount> Modules::release(std::uint32_t index) {
    if (index >= count()) {
        return mm::failure(index < told_ ? mm::Error::kNoMemory : mm::Error::kOutOfRange);
    }
    Tracked& tracked = modules_[index];
    if (tracked.state != ModuleState::kPresent || tracked.kept) {
        return mm::failure(mm::Error::kNotAllocated);
    }
    mm::FrameCount given_back = 0;
    const mm::FrameRange frames = mm::touched_frames(tracked.module.bytes);
    for (mm::FrameNumber frame = frames.begin; frame < frames.end; ++frame) {
        if (--account_.table()[frame].references != 0) {
            continue;
        }
        if (account_.release_admitted({frame, frame + 1}, mm::FrameOwner::kModule)) {
            ++given_back;
        }
    }
    tracked.state = ModuleState::kReleased;
    log().info("modules: number {} released, {} frames given back", index, given_back);
    return given_back;
}

}  // namespace kernel
