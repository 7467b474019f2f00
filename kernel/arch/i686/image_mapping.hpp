// The kernel image's final mapping: each part with no more rights than it needs.
#pragma once

namespace kernel {

/// Rewrites the first page table: text, constants and symbols read-only, data writable, guard pages and
/// everything that is neither image nor VGA text memory unmapped; and removes the identity map, page 0 with
/// it. Once, before anything else is mapped. What of the image is not to be touched any more faults from now
/// on.
void protect_image();

}  // namespace kernel
