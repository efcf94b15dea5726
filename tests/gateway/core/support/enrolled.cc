// SPDX-License-Identifier: Apache-2.0
#include "tests/gateway/core/support/enrolled.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>

#include "transports/wire/record.h"

namespace tributary::core::testing {

const signing::Signer& key_of(std::string_view name) {
  static std::map<std::string, signing::Signer, std::less<>> made;
  if (const auto at = made.find(name); at != made.end()) return at->second;
  signing::SecretKey::Seed seed{};
  const wire::Hash hash = wire::sha256(name);
  std::memcpy(seed.data(), hash.bytes.data(), seed.size());
  auto key = std::make_shared<signing::SecretKey>(signing::SecretKey::from_seed(seed));
  return made.emplace(name, signing::signer_of(std::move(key))).first->second;
}

std::string by(std::string_view signer, Frame f, std::vector<wire::Entry> entries) {
  const std::string plain = envelope(f, std::move(entries));
  wire::Envelope e = decoded(plain);
  e.delta.is_signed = true;
  return signing::seal(signing::Kind::delta, f.fleet, wire::encode_delta(e.delta), key_of(signer));
}

std::string signed_as(std::string_view bytes, std::string_view key_id, std::string_view signature) {
  return wire::seal(wire::decode_sealed(bytes, wire::Limits{})->body, key_id, signature);
}

std::string torn(std::string_view bytes) {
  std::string out(bytes);
  out.back() = static_cast<char>(out.back() ^ 1);
  return out;
}

std::string registry(const std::vector<std::string>& members, std::uint64_t from,
                     std::string_view signer, std::string_view fleet) {
  std::vector<std::string_view> records;
  for (const std::string& id : members) {
    const char* const role = id.starts_with("gw") ? "gateway" : "device";
    records.push_back(keep(wire::encode(wire::KeyRecord{role, id, signing::view(key_of(id).key)})));
  }
  const std::uint64_t to = from + members.size();
  const Frame f{.device = wire::admin_id, .from = from, .to = to, .fleet = fleet};
  return by(signer, f, {grown(wire::keys_key, from, to, std::move(records))});
}

Options enrolled(std::string gateway, Signatures signatures) {
  Options o = Rig::defaults(std::move(gateway));
  o.trust.signatures = signatures;
  o.trust.admin_key = key_of("admin").key;
  o.trust.signer = key_of(o.gateway);
  return o;
}

std::string batch(std::string_view gateway, std::uint64_t number,
                  const std::vector<std::string_view>& envelopes) {
  const std::string pack = packed(envelopes, wire::Codec::plain);
  wire::Batch b;
  b.gateway = gateway;
  b.incarnation = 5;
  b.session = 6;
  b.number = number;
  b.pack = pack;
  return wire::encode(b);
}

void give(Rig& rig, const std::vector<std::string>& envelopes) {
  const std::vector<std::string_view> all(envelopes.begin(), envelopes.end());
  EXPECT_EQ(rig.registry(packed(all, wire::Codec::plain)), "");
  rig.run(500);
  rig.take("");
}

}  // namespace tributary::core::testing
