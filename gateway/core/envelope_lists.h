// SPDX-License-Identifier: Apache-2.0
// Lists of envelopes, which the admin writes in parts: one counts once it is whole.
//
//   EnvelopeLists<std::string> lists;
//   for (const wire::Hash& h : lists.take(name, 1, 2, hashes)) …      // nothing: part 2 is missing
//
// Promise: what all calls together give depends on the parts alone, whatever their order.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "transports/wire/bytes.h"

namespace tributary::core {

template <class Name>
class EnvelopeLists {
 public:
  // Returns what counts from now on. REQUIRES: a list has the same number of parts in all of them.
  std::vector<wire::Hash> take(Name name, std::uint64_t part, std::uint64_t parts,
                               const std::vector<wire::Hash>& hashes) {
    List& list = lists_[std::move(name)];
    list.parts.insert(part);
    list.hashes.insert(list.hashes.end(), hashes.begin(), hashes.end());
    if (list.parts.size() < parts) return {};
    return std::exchange(list.hashes, {});
  }

 private:
  struct List {
    std::set<std::uint64_t> parts;  // that are here
    std::vector<wire::Hash> hashes;
  };
  std::map<Name, List> lists_;
};

}  // namespace tributary::core
