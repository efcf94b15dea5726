// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/cold.h"

#include <algorithm>
#include <cassert>

namespace tributary::core {

void ColdSet::add(ActorRecord& actor, const wire::Hash& hash, std::uint64_t row) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(all_.size()));
    all_.emplace_back();
  }
  const std::uint32_t number = free_.back();
  free_.pop_back();
  std::vector<ActorRecord*>& of_bucket = actors_[actor.bucket];
  if (actor.cold_first == ActorRecord::none) {
    actor.cold_place = static_cast<std::uint32_t>(of_bucket.size());
    of_bucket.push_back(&actor);
    ++actors_count_;
  }
  all_[number] = {hash, row, &actor, actor.cold_first};
  actor.cold_first = number;
  const bool added = by_hash_.insert(number).second;
  assert(added);
  (void)added;
  ++counts_[actor.bucket];
}

std::vector<ColdEnvelope> ColdSet::of(const ActorRecord& actor) const {
  std::vector<ColdEnvelope> out;
  for (std::uint32_t n = actor.cold_first; n != ActorRecord::none; n = all_[n].next)
    out.push_back(all_[n]);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  return out;
}

void ColdSet::remove(ActorRecord& actor) {
  if (actor.cold_first == ActorRecord::none) return;
  for (std::uint32_t n = actor.cold_first; n != ActorRecord::none; n = all_[n].next) {
    by_hash_.erase(n);
    free_.push_back(n);
    --counts_[actor.bucket];
  }
  actor.cold_first = ActorRecord::none;
  std::vector<ActorRecord*>& of_bucket = actors_[actor.bucket];
  of_bucket[actor.cold_place] = of_bucket.back();
  of_bucket[actor.cold_place]->cold_place = actor.cold_place;
  of_bucket.pop_back();
  --actors_count_;
}

}  // namespace tributary::core
