// SPDX-License-Identifier: Apache-2.0
// Live envelopes that are cold: how they become so, and how their bytes are read.
#include <algorithm>
#include <cassert>

#include "gateway/core/live.h"

namespace tributary::core {
namespace {

constexpr std::size_t rows_at_once = 4'096;  // asked for: a disk answers so many in time

}  // namespace

void LiveSet::chill(const std::vector<ActorRecord*>& chosen) {
  std::array<bool, wire::bucket_count> concerned{};
  for (ActorRecord* actor : chosen) {
    assert(!actor->cold);
    actor->cold = true;
    concerned[actor->bucket] = true;
  }
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
    if (!concerned[b]) continue;
    for (std::size_t i = buckets_[b].size(); i-- > 0;) {
      LiveEnvelope& e = *buckets_[b][i];
      if (!e.actor->cold) continue;
      assert(e.stored && !e.evidence);
      forget_entries(e);
      cold_.add(*e.actor, e.hash, e.row);
      take_out(e);  // the last one of the bucket takes its place, and was looked at
    }
  }
}

void LiveSet::forget_entries(const LiveEnvelope& e) {
  const auto envelope = wire::decode_envelope(e.bytes, limits_);
  assert(envelope);  // it was read before
  for (const wire::Entry& entry : envelope->delta.entries) {
    KeyState& key = *keys_.find(entry.key, entry.type);
    index_.forget(key, *e.actor);
    crowded_.erase({key.number, e.actor->number});
    keys_.set_aside(*e.actor, key);
  }
}

void LiveSet::forget_cold(ActorRecord& actor, std::size_t bytes) {
  assert(actor.cold);
  actor.cold = false;
  cold_.remove(actor);
  bytes_ -= bytes;
  bucket_bytes_[actor.bucket] -= bytes;
  actor.live_count = actor.live_sum = actor.live_bytes = 0;
}

std::optional<std::vector<LiveSet::Bytes>> LiveSet::read(std::span<const Item> items) const {
  std::vector<Bytes> out(items.size());
  std::vector<std::pair<std::uint64_t, std::size_t>> wanted;  // row, place in `items`
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].warm != nullptr) {
      out[i] = items[i].warm->bytes;
    } else {
      wanted.emplace_back(items[i].row, i);
    }
  }
  if (wanted.empty()) return out;
  std::sort(wanted.begin(), wanted.end());
  for (std::span<const std::pair<std::uint64_t, std::size_t>> left = wanted; !left.empty();) {
    const auto some = left.first(std::min(left.size(), rows_at_once));
    left = left.subspan(some.size());
    RowsWanted rows;
    for (const auto& [row, i] : some) rows.envelopes.push_back(row);
    auto found = read_back_(rows);
    if (!found) return std::nullopt;
    bool whole = found->envelopes.size() == some.size();
    for (std::size_t n = 0; whole && n < some.size(); ++n) {
      const std::size_t i = some[n].second;
      const auto sealed = wire::decode_sealed(found->envelopes[n].bytes, limits_);
      whole = sealed && wire::sha256(sealed->body) == *items[i].hash;
      out[i] = std::make_shared<const std::string>(std::move(found->envelopes[n].bytes));
    }
    rotten_ |= !whole;
    if (!whole) return std::nullopt;
  }
  return out;
}

std::optional<std::vector<LiveSet::Said>> LiveSet::said_by(
    std::span<ActorRecord* const> cold) const {
  std::vector<ColdEnvelope> all;
  for (const ActorRecord* actor : cold) {
    const std::vector<ColdEnvelope> its = cold_.of(*actor);
    all.insert(all.end(), its.begin(), its.end());
  }
  std::vector<Item> items;
  items.reserve(all.size());
  for (const ColdEnvelope& e : all) items.push_back({&e.hash, nullptr, e.row, e.actor});
  const auto bytes = read(items);
  if (!bytes) return std::nullopt;
  std::vector<Said> out;
  out.reserve(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto e = wire::decode_envelope((*bytes)[i], limits_);
    rotten_ |= !e;
    if (!e) return std::nullopt;
    out.push_back({all[i].actor, std::move(*e)});
  }
  return out;
}

std::optional<std::vector<std::pair<wire::Hash, LiveSet::Bytes>>> LiveSet::page(
    std::string_view after_hash, std::size_t max, std::string_view device) const {
  std::vector<Item> items;
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
    each(b, [&](const Item& item) {
      if (!device.empty() && item.actor->name.device != device) return;
      if (!item.evidence() && item.hash->view() > after_hash) items.push_back(item);
    });
  }
  const auto by_hash = [](const Item& a, const Item& b) { return *a.hash < *b.hash; };
  max = std::min(max, items.size());
  std::partial_sort(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(max), items.end(),
                    by_hash);
  items.resize(max);
  const auto bytes = read(items);
  if (!bytes) return std::nullopt;
  std::vector<std::pair<wire::Hash, Bytes>> out;
  out.reserve(max);
  for (std::size_t i = 0; i < max; ++i) out.emplace_back(*items[i].hash, (*bytes)[i]);
  return out;
}

}  // namespace tributary::core
