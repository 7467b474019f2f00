#include "mm/residency/replacement_instance.hpp"

namespace mm {

std::uint32_t ReplacementInstance::claimed() const {
    std::uint32_t found = 0;
    for (const ResidentRecord& record : records_) {
        found += record.instance == instance_ ? 1 : 0;
    }
    return found;
}

}  // namespace mm
