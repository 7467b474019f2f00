// Where an address space gets the nodes for its regions: the kernel's heap, a pool, a test that runs dry.
#pragma once

#include "mm/space/region.hpp"

namespace mm {

class RegionSource {
  public:
    /// A region with all members as constructed; null when memory is short.
    virtual Region* take_region() = 0;
    /// `region`, taken from here, is in no set and no list any more.
    virtual void give_region(Region& region) = 0;

  protected:
    ~RegionSource() = default;
};

}  // namespace mm
