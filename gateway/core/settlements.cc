// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/settlements.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "transports/signing/seal.h"

namespace tributary::core {

std::size_t Settlements::take(const wire::Entry& entry) {
  const auto* set = std::get_if<wire::GSetPayload>(&entry.payload);
  if (entry.key != wire::settlements_key || set == nullptr) return 0;
  std::size_t fresh = 0;
  for (const std::string_view element : set->elements) {
    if (known_.find(element) != known_.end()) continue;
    if (!take_closing(element) && !take_settlement(element)) continue;
    known_.emplace(element);
    ++fresh;
  }
  return fresh;
}

// False: it is none, or one that is ignored.
bool Settlements::take_closing(std::string_view record) {
  const auto c = wire::decode_closing_record(record);
  if (!c || c->device == wire::admin_id) return false;
  const std::string device(c->device);
  if (c->epoch) {
    epochs_[device].insert(*c->epoch);
  } else {
    signing::PublicBytes key{};
    std::memcpy(key.data(), c->key.data(), key.size());
    key_ids_[device].insert(signing::key_id(key));
  }
  changed_.insert(device);
  return true;
}

bool Settlements::take_settlement(std::string_view record) {
  const auto s = wire::decode_settlement_record(record);
  if (!s || s->device == wire::admin_id) return false;
  ListName name{std::string(s->device), s->id, s->parts};
  for (const wire::Hash& h : lists_.take(std::move(name), s->part, s->parts, s->hashes)) {
    named_.insert(h);
    changed_.emplace(s->device);
  }
  return true;
}

bool Settlements::closed(std::string_view device, std::uint64_t epoch) const {
  const auto at = epochs_.find(device);
  return at != epochs_.end() && at->second.count(epoch) > 0;
}

bool Settlements::closed(std::string_view device, std::uint64_t epoch,
                         std::string_view key_id) const {
  if (closed(device, epoch)) return true;
  const auto at = key_ids_.find(device);
  return at != key_ids_.end() && at->second.find(key_id) != at->second.end();
}

std::vector<std::string> Settlements::take_changed() {
  const std::set<std::string> changed = std::exchange(changed_, {});
  return {changed.begin(), changed.end()};
}

}  // namespace tributary::core
