#include "kernel/memory/modules.hpp"

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
    const std::uint32_t told = boot_.module_count();
    if (expected && *expected != told) {
        log().warning("modules: {} expected, the loader brings {}", *expected, told);
    }
    count_ = told < kMostTracked ? told : kMostTracked;
    if (count_ < told) {
        log().warning("modules: only the first {} of {} can be used", count_, told);
    }
    for (std::uint32_t i = 0; i < count_; ++i) {
        const std::optional<LoadedModule> module = boot_.module(i);
        if (!module) {
            states_[i] = ModuleState::kUnreadable;
            log().warning("modules: number {} is missing: the loader's list does not say where it lies", i);
            continue;
        }
        states_[i] = judge(*module, map);
        if (states_[i] == ModuleState::kOutside) {
            log().warning(
                "modules: number {} at 0x{x}-0x{x} is not wholly in usable memory of its own: not used", i,
                module->bytes.begin, module->bytes.end);
            continue;
        }
        const mm::FrameRange frames = mm::touched_frames(module->bytes);
        for (mm::FrameNumber frame = frames.begin; frame < frames.end; ++frame) {
            ++account_.table()[frame].references;
        }
    }
    for (std::uint32_t i = 0; i < told; ++i) {
        if (i >= count_ || states_[i] == ModuleState::kOutside) {
            if (const std::optional<LoadedModule> module = boot_.module(i)) {
                release_unused(*module);
            }
        }
    }
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
    if (index >= count_) {
        return mm::failure(mm::Error::kOutOfRange);
    }
    const std::optional<LoadedModule> module = boot_.module(index);
    if (states_[index] != ModuleState::kPresent || !module) {
        return mm::failure(mm::Error::kNotAllocated);
    }
    mm::FrameCount given_back = 0;
    const mm::FrameRange frames = mm::touched_frames(module->bytes);
    for (mm::FrameNumber frame = frames.begin; frame < frames.end; ++frame) {
        if (--account_.table()[frame].references != 0) {
            continue;
        }
        if (account_.release_admitted({frame, frame + 1}, mm::FrameOwner::kModule)) {
            ++given_back;
        }
    }
    states_[index] = ModuleState::kReleased;
    log().info("modules: number {} released, {} frames given back", index, given_back);
    return given_back;
}

}  // namespace kernel
