// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/forgery.h"

#include <utility>

#include "transports/signing/seal.h"
#include "transports/wire/evidence.h"
#include "transports/wire/record.h"

namespace tributary::simulation {

// The same delta, with more in it than was done.
std::string Forgery::altered(const wire::Delta& truth, bool is_signed) {
  wire::Delta d = truth;
  d.is_signed = is_signed;
  d.to += random_.below(3);
  for (wire::Entry& e : d.entries) {
    const bool whole = e.lo == 0 && e.hi == truth.to;
    if (whole) e.hi = d.to;
    if (auto* g = std::get_if<wire::GCounterPayload>(&e.payload)) g->p += 1'000'000;
    if (auto* pn = std::get_if<wire::PnCounterPayload>(&e.payload)) pn->p += 1'000'000;
    if (auto* set = std::get_if<wire::OrSetPayload>(&e.payload)) set->adds.clear();  // wiped
  }
  return wire::encode_delta(d);
}

std::string Forgery::of(const wire::Envelope& truth) {
  const signing::Signer& own = keys_.signer(self_);
  const std::string_view id = truth.sealed.key_id, signature = truth.sealed.signature;
  switch (random_.below(7)) {
    case 0:
      return wire::seal(altered(truth.delta, true), id, signature);
    case 1:
      return wire::seal(altered(truth.delta, false));
    case 2:
      return signing::seal(signing::Kind::delta, "demo", altered(truth.delta, true), own);
    case 3: {
      const std::string body = altered(truth.delta, true);
      const auto s = own.sign(signing::message(signing::Kind::delta, "demo", body));
      return wire::seal(body, id, signing::view(s));
    }
    case 4: {  // the true body, and a signature that is not
      std::string torn(signature);
      torn[random_.below(torn.size())] ^= static_cast<char>(1 << random_.below(8));
      return wire::seal(truth.sealed.body, id, torn);
    }
    case 5:  // of another kind
      return signing::seal(signing::Kind::ack, "demo", altered(truth.delta, true), own);
    default:
      return record();
  }
}

// "The admin has enrolled my key as that of this device."
std::string Forgery::record() {
  const signing::Signer& own = keys_.signer(self_);
  const std::string record = wire::encode(wire::KeyRecord{
      "device", "dev-" + std::to_string(random_.below(3)) + "-a", signing::view(own.key)});
  wire::Entry entry;
  entry.key = wire::keys_key;
  entry.type = static_cast<std::uint8_t>(wire::Type::gset);
  entry.hi = 1;
  entry.payload = wire::GSetPayload{{record}};
  wire::Delta d;
  d.fleet = "demo";
  d.is_signed = true;
  d.device = wire::admin_id;
  d.epoch = random_.next();
  d.to = d.id = 1;
  d.entries.push_back(std::move(entry));
  const std::string body = wire::encode_delta(d);
  const auto s = own.sign(signing::message(signing::Kind::delta, "demo", body));
  const std::string& admin = keys_.signer(std::string(wire::admin_id)).id;
  return wire::seal(body, admin, signing::view(s));
}

std::string Forgery::evidence(const wire::Envelope& truth, std::string_view other) {
  const auto second = wire::decode_envelope(other, wire::Limits{});
  const bool a_pair = second && second->hash != truth.hash &&
                      second->delta.device == truth.delta.device &&
                      second->delta.epoch == truth.delta.epoch;
  return a_pair ? wire::encode_evidence(truth, *second) : std::string(other);
}

}  // namespace tributary::simulation
