// SPDX-License-Identifier: Apache-2.0
#include "gateway/keyring/registry.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

#include "gateway/keyring/error.h"
#include "transports/signing/seal.h"
#include "transports/wire/pack.h"
#include "transports/wire/record.h"

namespace tributary::keyring {
namespace {

const wire::Limits limits;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(Error::Kind::refused, "the registry " + why);
}

[[noreturn]] void unknown_form() {
  refuse("was not written by this version: use the newer one");
}

// Of the records of one envelope: leaves room for their headers and the rest of the body.
constexpr std::size_t record_bytes_max = 160'000;

// What it takes in an envelope: what a removal names stands there once more, in the entry that
// removes it.
std::size_t weight(const std::string& record) {
  return record.size() * (wire::decode_removal_record(record) ? 2 : 1);
}

// What these records remove, by key. It points into them.
using Removals = std::map<std::string_view, std::vector<wire::OrSetPayload::Foreign>>;
Removals removals(const std::vector<std::string>& records) {
  Removals out;
  for (const std::string& record : records) {
    if (const auto r = wire::decode_removal_record(record))
      out[r->key].push_back({r->device, r->epoch, r->op});
  }
  for (auto& [key, adds] : out) std::sort(adds.begin(), adds.end());
  return out;
}

}  // namespace

Registry::Registry(std::string fleet) : fleet_(std::move(fleet)) {
  std::random_device random;
  epoch_ = std::uint64_t{random()} << 32U | random();
}

Registry Registry::parse(const std::string& bytes, const PublicKey& admin) {
  const auto pack = wire::decode_pack(bytes, limits);
  if (!pack) refuse("cannot be read: " + wire::to_string(pack.error()));
  Registry out(admin.owner.fleet);
  for (const std::string_view one : pack->envelopes) {
    const auto e = wire::decode_envelope(one, limits);
    if (!e) refuse("cannot be read: " + wire::to_string(e.error()));
    const wire::Delta& d = e->delta;
    if (d.device != wire::admin_id && out.carries(e->hash)) {
      out.carried_.emplace(one);
      continue;
    }
    const bool signed_well =
        !e->sealed.signature.empty() &&
        signing::verifies(admin.bytes, signing::Kind::delta, admin.owner.fleet, e->sealed);
    if (d.device != wire::admin_id || d.fleet != out.fleet_ || !signed_well)
      refuse("is not signed by this fleet's admin");
    const bool first = out.chunks_.empty();
    if (d.from != out.size() || (!first && d.epoch != out.epoch_)) unknown_form();
    Chunk chunk{d.from, d.to, d.hlc.packed, {}, {}, {}};
    read(*e, chunk);
    for (const std::string& record : chunk.settlements) out.heed(record);
    out.epoch_ = d.epoch;
    out.chunks_.push_back(std::move(chunk));
  }
  return out;
}

void Registry::heed(const std::string& settlement) {
  if (const auto s = wire::decode_settlement_record(settlement))
    named_.insert(s->hashes.begin(), s->hashes.end());
  if (const auto w = wire::decode_withdrawal_record(settlement)) withdrawn_.insert(w->grant);
  if (const auto e = wire::decode_exemption_record(settlement))
    exempt_[e->grant].insert(e->hashes.begin(), e->hashes.end());
}

bool Registry::exempt(const wire::Hash& grant, const wire::Hash& envelope) const {
  const auto at = exempt_.find(grant);
  return at != exempt_.end() && at->second.count(envelope) > 0;
}

bool Registry::carries(const wire::Hash& envelope) const {
  return names(envelope) || std::any_of(exempt_.begin(), exempt_.end(), [&](const auto& of_one) {
           return of_one.second.count(envelope) > 0;
         });
}

void Registry::read(const wire::Envelope& e, Chunk& out) {
  Removals removed;
  for (const wire::Entry& entry : e.delta.entries) {
    if (const auto* removal = std::get_if<wire::OrSetPayload>(&entry.payload)) {
      if (!removal->adds.empty() || !removal->removed.empty()) unknown_form();
      removed[entry.key] = removal->foreign;
      continue;
    }
    const auto* set = std::get_if<wire::GSetPayload>(&entry.payload);
    std::vector<std::string>* records = entry.key == wire::keys_key          ? &out.keys
                                        : entry.key == wire::grants_key      ? &out.grants
                                        : entry.key == wire::settlements_key ? &out.settlements
                                                                             : nullptr;
    if (set == nullptr || records == nullptr) unknown_form();
    records->assign(set->elements.begin(), set->elements.end());
  }
  if (out.keys.size() + out.grants.size() + out.settlements.size() != out.to - e.delta.from)
    unknown_form();
  // What it would not write again as it is would be lost.
  if (removed != removals(out.settlements)) unknown_form();
}

bool Registry::Chunk::full(std::size_t more) const {
  std::size_t bytes = more;
  for (const auto* records : {&grants, &keys, &settlements}) {
    for (const std::string& record : *records) bytes += weight(record);
  }
  return to - from == records_max || bytes > record_bytes_max;
}

bool Registry::put(std::string record, std::vector<std::string> Chunk::*set, std::uint64_t now_ms) {
  for (const Chunk& c : chunks_) {
    if (std::binary_search((c.*set).begin(), (c.*set).end(), record)) return false;
  }
  if (chunks_.empty() || chunks_.back().full(weight(record)))
    chunks_.push_back({size(), size(), 0, {}, {}, {}});
  Chunk& last = chunks_.back();
  last.to += 1;
  last.hlc = crdt::Hlc::at(now_ms).packed;
  std::vector<std::string>& records = last.*set;
  const auto place = std::upper_bound(records.begin(), records.end(), record);
  records.insert(place, std::move(record));
  return true;
}

void Registry::add(Role role, const std::string& id, const PublicBytes& key, std::uint64_t now_ms) {
  const char* const named = role == Role::gateway ? "gateway" : "device";
  put(wire::encode(wire::KeyRecord{named, id, signing::view(key)}), &Chunk::keys, now_ms);
}

// In force, that is; whatever its `since_ms` is, where that says nothing.
bool Registry::allows_already(wire::GrantRecord grant) const {
  for (const std::string& record : grants()) {
    const auto held = wire::decode_grant_record(record);
    if (!held || withdrawn(wire::sha256(record))) continue;
    if (grant.per_hour == 0) grant.since_ms = held->since_ms;
    if (wire::encode(grant) == record) return true;
  }
  return false;
}

bool Registry::grant(wire::GrantRecord grant, std::uint64_t now_ms) {
  if (!withdrawn_.empty() && allows_already(grant)) return false;
  while (withdrawn(wire::sha256(wire::encode(grant))))
    grant.since_ms = std::max(now_ms, grant.since_ms + 1);
  return put(wire::encode(grant), &Chunk::grants, now_ms);
}

bool Registry::withdraw(const wire::Hash& grant, const std::vector<wire::Envelope>& envelopes,
                        std::uint64_t now_ms) {
  std::set<wire::Hash> fresh;
  for (const wire::Envelope& e : envelopes) {
    if (exempt_[grant].insert(e.hash).second) fresh.insert(e.hash);
    carried_.insert(*e.bytes);
  }
  const bool anew = withdrawn_.insert(grant).second;
  if (anew) put(wire::encode(wire::WithdrawalRecord{grant}), &Chunk::settlements, now_ms);
  put_list(wire::ExemptionRecord{grant, 0, 1, 1, {}}, fresh, now_ms);
  return anew || !fresh.empty();
}

// Each envelope is in one list at most of a device, or a grant, so its first hash tells a list from
// all others.
template <class Record>
void Registry::put_list(Record record, const std::set<wire::Hash>& hashes, std::uint64_t now_ms) {
  if (hashes.empty()) return;
  record.parts = (hashes.size() + Record::hashes_max - 1) / Record::hashes_max;
  std::memcpy(&record.id, hashes.begin()->bytes.data(), sizeof record.id);
  for (auto at = hashes.begin(); at != hashes.end(); ++record.part) {
    record.hashes.clear();
    for (; at != hashes.end() && record.hashes.size() < Record::hashes_max; ++at)
      record.hashes.push_back(*at);
    put(wire::encode(record), &Chunk::settlements, now_ms);
  }
}

bool Registry::close(const wire::ClosingRecord& closing, std::uint64_t now_ms) {
  return put(wire::encode(closing), &Chunk::settlements, now_ms);
}

bool Registry::settle(const std::string& device, const std::vector<wire::Envelope>& envelopes,
                      std::uint64_t now_ms) {
  std::set<wire::Hash> fresh;
  for (const wire::Envelope& e : envelopes) {
    if (named_.insert(e.hash).second) fresh.insert(e.hash);
    carried_.insert(*e.bytes);
  }
  put_list(wire::SettlementRecord{device, 0, 1, 1, {}}, fresh, now_ms);
  return !fresh.empty();
}

bool Registry::remove(const wire::RemovalRecord& add, std::uint64_t now_ms) {
  return put(wire::encode(add), &Chunk::settlements, now_ms);
}

std::vector<std::string> Registry::all(std::vector<std::string> Chunk::*set) const {
  std::vector<std::string> out;
  for (const Chunk& c : chunks_) out.insert(out.end(), (c.*set).begin(), (c.*set).end());
  return out;
}

std::vector<PublicBytes> Registry::keys_of(const std::string& id) const {
  std::vector<PublicBytes> out;
  for (const std::string& record : all(&Chunk::keys)) {
    const auto key = wire::decode_key_record(record);
    if (!key || key->id != id) continue;
    std::copy(key->key.begin(), key->key.end(), out.emplace_back().begin());
  }
  return out;
}

std::vector<std::string> Registry::grants() const {
  return all(&Chunk::grants);
}

std::vector<std::string> Registry::settlements() const {
  return all(&Chunk::settlements);
}

std::size_t Registry::size() const {
  return chunks_.empty() ? 0 : chunks_.back().to;
}

std::string Registry::pack(const SigningKey& admin) const {
  const signing::Signer signer = signing::signer_of(admin.secret());
  std::vector<std::string> sealed;
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const Chunk& chunk = chunks_[i];
    wire::Delta d;
    d.fleet = fleet_;
    d.is_signed = true;
    d.device = wire::admin_id;
    d.epoch = epoch_;
    d.from = chunk.from;
    d.to = d.id = chunk.to;
    d.hlc = crdt::Hlc{chunk.hlc};
    std::map<std::string_view, wire::Entry> entries;  // in their order
    const auto add_entry = [&](std::string_view key, wire::Type type, wire::Payload payload) {
      wire::Entry& entry = entries[key];
      entry.key = key;
      entry.type = static_cast<std::uint8_t>(type);
      entry.lo = d.from;
      entry.hi = d.to;
      entry.payload = std::move(payload);
    };
    const auto add_records = [&](std::string_view key, const std::vector<std::string>& records) {
      if (records.empty()) return;
      add_entry(key, wire::Type::gset, wire::GSetPayload{{records.begin(), records.end()}});
    };
    add_records(wire::grants_key, chunk.grants);
    add_records(wire::keys_key, chunk.keys);
    add_records(wire::settlements_key, chunk.settlements);
    for (auto& [key, adds] : removals(chunk.settlements))
      add_entry(key, wire::Type::orset, wire::OrSetPayload{{}, {}, adds});
    for (auto& [key, entry] : entries) d.entries.push_back(std::move(entry));
    sealed.push_back(signing::seal(signing::Kind::delta, fleet_, wire::encode_delta(d), signer));
  }
  sealed.insert(sealed.end(), carried_.begin(), carried_.end());
  std::string out = wire::encode_pack({sealed.begin(), sealed.end()}, wire::Codec::plain);
  if (out.size() > limits.pack_bytes_max) {
    refuse("would have " + std::to_string(out.size()) + " bytes, and gateways read at most " +
           std::to_string(limits.pack_bytes_max) + ": nothing was changed");
  }
  return out;
}

}  // namespace tributary::keyring
