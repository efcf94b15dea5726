// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/trust.h"

#include <algorithm>
#include <cstring>

#include "crdt/planted.h"

namespace tributary::core {
namespace {

constexpr double tokens_max = Trust::in_a_row_max;
constexpr double tokens_per_ms = 0.008;  // and 8 a second: 0.5 ms of work in each
constexpr std::size_t offenders_max = 256;
constexpr std::size_t purses_max = 4'096;

}  // namespace

Trust::Trust(const Options& options) : options_(options) {
  if (!on()) return;
  const signing::PublicBytes& admin = options.trust.admin_key;
  keys_[wire::admin_id].push_back({"admin", admin, signing::key_id(admin)});
}

const Trust::Key* Trust::find(std::string_view id, std::string_view key_id) const {
  const auto at = keys_.find(id);
  if (at == keys_.end()) return nullptr;
  const auto key = std::find_if(at->second.begin(), at->second.end(),
                                [&](const Key& k) { return k.id == key_id; });
  return key == at->second.end() ? nullptr : &*key;
}

bool Trust::knows(std::string_view id, std::string_view key_id) const {
  return find(id, key_id) != nullptr;
}

Trust::Finding Trust::check(signing::Kind kind, std::string_view id,
                            const wire::Sealed& sealed) const {
  if (sealed.signature.empty()) return Finding::none;
  if (planted(Bug::believe_signatures)) return Finding::good;
  const Key* key = find(id, sealed.key_id);
  if (key == nullptr) return Finding::stranger;
  return signing::verifies(key->bytes, kind, options_.fleet, sealed) ? Finding::good
                                                                     : Finding::forged;
}

Trust::Finding Trust::check(const wire::Envelope& e) const {
  if (const auto at = ahead_.find(e.hash); at != ahead_.end()) {
    const Good& g = at->second;
    const Key* key = find(e.delta.device, e.sealed.key_id);
    if (key != nullptr && key->bytes == g.key && signing::view(g.signature) == e.sealed.signature)
      return Finding::good;
  }
  return check(signing::Kind::delta, e.delta.device, e.sealed);
}

std::optional<Trust::Good> Trust::good(const wire::Envelope& e) const {
  const Key* key = find(e.delta.device, e.sealed.key_id);
  Good out{e.hash, {}, {}};
  if (key == nullptr || e.sealed.signature.size() != out.signature.size()) return std::nullopt;
  if (!signing::verifies(key->bytes, signing::Kind::delta, options_.fleet, e.sealed))
    return std::nullopt;
  out.key = key->bytes;
  std::memcpy(out.signature.data(), e.sealed.signature.data(), out.signature.size());
  return out;
}

std::size_t Trust::take(const wire::Entry& entry) {
  if (!on()) return 0;
  if (entry.key == wire::grants_key) return grants_.take(entry);
  if (entry.key == wire::settlements_key) return settlements_.take(entry) + grants_.take(entry);
  const auto* set = std::get_if<wire::GSetPayload>(&entry.payload);
  if (entry.key != wire::keys_key || set == nullptr) return 0;
  std::size_t fresh = 0;
  for (const std::string_view element : set->elements) {
    const auto record = wire::decode_key_record(element);
    // Of a kind that a newer admin writes, or the admin's own name: nothing that we could use.
    if (!record || record->id == wire::admin_id) continue;
    Key key{std::string(record->role), {}, {}};
    std::memcpy(key.bytes.data(), record->key.data(), key.bytes.size());
    if (!signing::vet(key.bytes).empty()) continue;
    key.id = signing::key_id(key.bytes);
    std::vector<Key>& held = keys_[record->id];
    const bool known =
        std::any_of(held.begin(), held.end(), [&](const Key& k) { return k.bytes == key.bytes; });
    if (known) continue;
    held.push_back(std::move(key));
    ++fresh;
  }
  size_ += fresh;
  return fresh;
}

bool Trust::valid(const wire::Delta& d, std::string_view key_id, const wire::Hash& envelope) const {
  if (!settlements_.valid(d.device, d.epoch, key_id, envelope)) return false;
  if (!permissions() || d.device == wire::admin_id) return true;
  const auto denial = grants_.denied(d, envelope);
  return !denial || denial->reason != Reject::withdrawn;
}

std::string_view Trust::purse_of(std::string_view who) const {
  return purses_.size() < purses_max || purses_.find(who) != purses_.end() ? who : "";
}

bool Trust::may_try(std::string_view who, std::uint64_t mono_ms) {
  const auto at = purses_.find(purse_of(who));
  if (at == purses_.end()) return true;
  Purse& p = at->second;
  const auto passed = static_cast<double>(mono_ms - std::min(mono_ms, p.at_ms));
  p.tokens = std::min(tokens_max, p.tokens + passed * tokens_per_ms);
  p.at_ms = mono_ms;
  return p.tokens >= 1;
}

void Trust::blame(std::string_view who, Reject why, Instant now) {
  Purse& p =
      purses_.emplace(std::string(purse_of(who)), Purse{tokens_max, now.mono_ms}).first->second;
  p.tokens = std::max(0.0, p.tokens - 1);
  auto at = offenders_.find(who);
  if (at == offenders_.end()) {
    if (offenders_.size() >= offenders_max) return;
    at = offenders_.emplace(std::string(who), OffenderView{}).first;
  }
  OffenderView& o = at->second;
  o.name = at->first;
  o.refused += 1;
  o.why = std::string(name(why));
  o.at_ms = now.wall_ms;
}

}  // namespace tributary::core
