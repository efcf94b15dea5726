// SPDX-License-Identifier: Apache-2.0
// What each actor contributes to a key, for people: its part as one JSON object.
//
//   contributions_of(key, "", 0, 100)[0].json == R"({"value":42})"
//
// By type: gcounter {"value"}; pncounter {"value","up","down"}; gset {"size","elements"}; orset
// {"size","elements","removed_of_others"}; lww {"value","op","at","held","shown"}. Whole numbers
// beyond 2^53 are strings; of sets the first elements in order are shown, "size" counts all.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "gateway/core/keyspace.h"
#include "gateway/core/types.h"

namespace tributary::core {

// Up to `max`, in order of (device, epoch), from after that pair. O(contributors).
std::vector<ContributionView> contributions_of(const KeyState&, std::string_view after_device,
                                               std::uint64_t after_epoch, std::size_t max);

}  // namespace tributary::core
