// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/fleet_keys.h"

#include <algorithm>
#include <memory>

#include "transports/wire/pack.h"
#include "transports/wire/record.h"

namespace tributary::simulation {

const signing::Signer& FleetKeys::make(Random& random, const std::string& id) {
  signing::SecretKey::Seed seed{};
  for (auto& byte : seed) byte = static_cast<std::uint8_t>(random.next());
  auto key = std::make_shared<signing::SecretKey>(signing::SecretKey::from_seed(seed));
  return signers_.emplace(id, signing::signer_of(std::move(key))).first->second;
}

void FleetKeys::enroll(Random& random, const std::string& role, const std::string& id) {
  if (role == "gateway") gateways_.insert(id);
  records_.push_back(wire::encode(wire::KeyRecord{role, id, signing::view(make(random, id).key)}));
}

FleetKeys::FleetKeys(Random& random, const std::vector<std::string>& gateways,
                     const std::vector<std::string>& devices, std::size_t traitors) {
  make(random, std::string(wire::admin_id));
  for (const std::string& g : gateways) enroll(random, "gateway", g);
  for (std::size_t i = 0; i < traitors; ++i) enroll(random, "gateway", traitor(i));
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (2 * i <= devices.size()) early_ = records_.size();
    enroll(random, "device", devices[i]);
  }
  devices_ = devices;
}

namespace {

std::string grant_of(const std::string& device) {
  wire::GrantRecord grant;
  grant.members = device;
  grant.keys = "*";
  grant.operations = wire::GrantRecord::add | wire::GrantRecord::take | wire::GrantRecord::set |
                     wire::GrantRecord::other;
  return wire::encode(grant);
}

}  // namespace

void FleetKeys::permit() {
  for (const std::string& device : devices_) grants_.push_back(grant_of(device));
}

core::TrustOptions FleetKeys::trust(const std::string& gateway) const {
  return {core::Signatures::require, signer(std::string(wire::admin_id)).key, !grants_.empty(),
          signer(gateway)};
}

std::vector<sdk::MemberKey> FleetKeys::members() const {
  std::vector<sdk::MemberKey> out;
  for (const auto& [id, signer] : signers_) {
    if (id != wire::admin_id) out.push_back({id, signer.key, gateways_.contains(id)});
  }
  return out;
}

// The admin's operations (from, from + how many records there are].
std::string FleetKeys::envelope(std::size_t from, std::string_view key,
                                std::vector<std::string> sorted) const {
  const std::size_t to = from + sorted.size();
  std::sort(sorted.begin(), sorted.end());
  wire::Entry entry;
  entry.key = key;
  entry.type = static_cast<std::uint8_t>(wire::Type::gset);
  entry.lo = from;
  entry.hi = to;
  entry.payload = wire::GSetPayload{{sorted.begin(), sorted.end()}};
  wire::Delta d;
  d.fleet = "demo";
  d.is_signed = true;
  d.device = wire::admin_id;
  d.epoch = admin_epoch;
  d.from = from;
  d.to = d.id = to;
  d.hlc = crdt::Hlc::at(1'600'000'000'000);
  d.entries.push_back(std::move(entry));
  return signing::seal(signing::Kind::delta, "demo", wire::encode_delta(d),
                       signer(std::string(wire::admin_id)));
}

std::string FleetKeys::registry(bool late) const {
  const auto early = records_.begin() + static_cast<std::ptrdiff_t>(early_);
  const std::size_t first = grants_.size();
  std::vector<std::string> envelopes;
  if (first > 0) envelopes.push_back(envelope(0, wire::grants_key, grants_));
  envelopes.push_back(envelope(first, wire::keys_key, {records_.begin(), early}));
  if (late && early != records_.end())
    envelopes.push_back(envelope(first + early_, wire::keys_key, {early, records_.end()}));
  if (!settled_.empty())
    envelopes.push_back(envelope(first + records_.size(), wire::settlements_key, settled_));
  envelopes.insert(envelopes.end(), carried_.begin(), carried_.end());
  return wire::encode_pack({envelopes.begin(), envelopes.end()}, wire::Codec::plain);
}

std::vector<std::string> FleetKeys::settle(const std::string& device,
                                           const std::set<std::uint64_t>& epochs,
                                           const std::vector<std::string>& stay) {
  for (const std::uint64_t epoch : epochs)
    settled_.push_back(wire::encode(wire::ClosingRecord{device, epoch, {}}));
  settle(wire::SettlementRecord{device, 1, 1, 1, {}}, stay);
  return settled_;
}

std::vector<std::string> FleetKeys::withdraw(const std::string& device,
                                             const std::vector<std::string>& stay) {
  const wire::Hash grant = wire::sha256(grant_of(device));
  settled_.push_back(wire::encode(wire::WithdrawalRecord{grant}));
  settle(wire::ExemptionRecord{grant, 1, 1, 1, {}}, stay);
  return settled_;
}

template <class Record>
void FleetKeys::settle(Record list, const std::vector<std::string>& stay) {
  std::set<wire::Hash> hashes;
  for (const std::string& e : stay)
    hashes.insert(wire::sha256(wire::decode_sealed(e, wire::Limits{})->body));
  list.parts = (hashes.size() + Record::hashes_max - 1) / Record::hashes_max;
  for (auto at = hashes.begin(); at != hashes.end(); ++list.part) {
    list.hashes.clear();
    for (; at != hashes.end() && list.hashes.size() < Record::hashes_max; ++at)
      list.hashes.push_back(*at);
    settled_.push_back(wire::encode(list));
  }
  carried_ = stay;
}

}  // namespace tributary::simulation
