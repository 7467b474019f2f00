#include "kernel/memory/page_arrivals.hpp"

#include "kernel/static_storage.hpp"

namespace kernel {
namespace {

StaticStorage<WaitQueue> arrivals;

}  // namespace

WaitQueue& page_arrivals() {
    return arrivals.get() != nullptr ? *arrivals.get() : arrivals.construct();
}

}  // namespace kernel
