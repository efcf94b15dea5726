// SPDX-License-Identifier: Apache-2.0
// What a gateway shows is exactly what its disk holds, joined in the plainest way: no value lost or
// made up by incremental sums, counts and winners. To be asked when nothing is joined and not yet
// committed.
#include "tests/simulation/judge.h"

namespace tributary::simulation {

void Judge::values(const Book& book, const core::Gateway& gateway, std::uint64_t wall_ms,
                   std::uint64_t vague_ms) const {
  constexpr std::uint64_t ahead_ms = 5'000;  // what gateways allow by default
  const std::vector<core::ValueView> shown = gateway.values("", 0, 1'000'000);
  std::size_t keys = 0;
  for (const auto& [key, parts] : book.shadow.keys()) {
    if (book.shadow.contributors(key) > 0) ++keys;
  }
  want(shown.size() == keys, [&] {
    return book.gateway + " shows " + std::to_string(shown.size()) + " keys, its disk holds " +
           std::to_string(keys);
  });
  for (const core::ValueView& v : shown) {
    const KeyType key{v.key, v.type};
    const auto expected = book.shadow.value(key, wall_ms + ahead_ms, vague_ms);
    if (!expected) continue;
    want(v.json == *expected, [&] {
      return book.gateway + " shows " + v.key + "/" + std::to_string(v.type) + " = " + v.json +
             ", its disk holds " + *expected;
    });
    const std::size_t contributors = book.shadow.contributors(key);
    want(v.contributors == contributors, [&] {
      return book.gateway + " names " + std::to_string(v.contributors) + " contributors of " +
             v.key + "/" + std::to_string(v.type) + ", its disk " + std::to_string(contributors);
    });
  }
}

}  // namespace tributary::simulation
