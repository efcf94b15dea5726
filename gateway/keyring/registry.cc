// SPDX-License-Identifier: Apache-2.0
#include "gateway/keyring/registry.h"

#include <algorithm>
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

std::uint64_t from_of(std::size_t chunk) {
  return chunk * Registry::records_max;
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
    const bool signed_well =
        !e->sealed.signature.empty() &&
        signing::verifies(admin.bytes, signing::Kind::delta, admin.owner.fleet, e->sealed);
    if (d.device != wire::admin_id || d.fleet != out.fleet_ || !signed_well)
      refuse("is not signed by this fleet's admin");
    const bool first = out.chunks_.empty();
    const auto* set = d.entries.size() == 1
                          ? std::get_if<wire::GSetPayload>(&d.entries.front().payload)
                          : nullptr;
    if (set == nullptr || d.entries.front().key != wire::keys_key ||
        d.from != from_of(out.chunks_.size()) || d.to - d.from != set->elements.size() ||
        (!first && d.epoch != out.epoch_)) {
      refuse("was not written by this version: use the newer one");
    }
    out.epoch_ = d.epoch;
    out.chunks_.push_back({d.to, d.hlc.packed, {set->elements.begin(), set->elements.end()}});
  }
  return out;
}

void Registry::add(Role role, const std::string& id, const PublicBytes& key, std::uint64_t now_ms) {
  std::string record = wire::encode(
      wire::KeyRecord{role == Role::gateway ? "gateway" : "device", id, signing::view(key)});
  for (const Chunk& c : chunks_) {
    if (std::binary_search(c.records.begin(), c.records.end(), record)) return;
  }
  if (chunks_.empty() || chunks_.back().records.size() == records_max)
    chunks_.push_back({from_of(chunks_.size()), 0, {}});
  Chunk& last = chunks_.back();
  last.to += 1;
  last.hlc = crdt::Hlc::at(now_ms).packed;
  last.records.insert(std::upper_bound(last.records.begin(), last.records.end(), record),
                      std::move(record));
}

std::size_t Registry::size() const {
  return chunks_.empty() ? 0 : chunks_.back().to;
}

std::string Registry::pack(const SigningKey& admin) const {
  const signing::Signer signer = signing::signer_of(admin.secret());
  std::vector<std::string> sealed;
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    wire::Entry entry;
    entry.key = wire::keys_key;
    entry.type = static_cast<std::uint8_t>(wire::Type::gset);
    entry.lo = from_of(i);
    entry.hi = chunks_[i].to;
    entry.payload = wire::GSetPayload{{chunks_[i].records.begin(), chunks_[i].records.end()}};
    wire::Delta d;
    d.fleet = fleet_;
    d.is_signed = true;
    d.device = wire::admin_id;
    d.epoch = epoch_;
    d.from = entry.lo;
    d.to = d.id = entry.hi;
    d.hlc = crdt::Hlc{chunks_[i].hlc};
    d.entries.push_back(std::move(entry));
    sealed.push_back(signing::seal(signing::Kind::delta, fleet_, wire::encode_delta(d), signer));
  }
  return wire::encode_pack({sealed.begin(), sealed.end()}, wire::Codec::plain);
}

}  // namespace tributary::keyring
