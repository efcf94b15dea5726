// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/forger.h"

#include <utility>
#include <vector>

#include "transports/wire/ack.h"
#include "transports/wire/pack.h"
#include "transports/wire/record.h"

namespace tributary::simulation {

using transports::Event;
using transports::Message;
using transports::Qos;

namespace {

constexpr double answers = 0.3;  // share of what it hears
const std::string root = "tributary/v1/demo";

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::vector<std::string_view> envelopes_of(const Message& m, wire::Pack& storage) {
  const wire::Limits limits;
  if (m.topic.find("/up/") != std::string::npos) {
    auto all = wire::split_upload(m.payload, limits, storage);
    return all ? std::move(*all) : std::vector<std::string_view>{};
  }
  const auto batch = wire::decode_batch(m.payload, limits);
  if (!batch) return {};
  auto pack = wire::decode_pack(batch->pack, limits);
  if (!pack) return {};
  storage = std::move(*pack);
  return storage.envelopes;
}

}  // namespace

Forger::Forger(transports::memory::Broker& broker, const FleetKeys& keys, std::uint64_t seed)
    : keys_(keys), random_(seed), session_(broker.session(FleetKeys::forger)) {
  session_->on_ready([this] { woken_ = true; });
  session_->subscribe(root + "/gw/+/delta", Qos::at_least_once, true);
  session_->subscribe(root + "/up/+", Qos::at_least_once, true);
  session_->start();
}

void Forger::step() {
  woken_ = false;
  for (const Event& e : session_->poll(256)) {
    if (e.kind == Event::Kind::message && !quiet_) heard(e.message);
  }
}

void Forger::heard(const Message& m) {
  if (!random_.chance(answers) ||
      !(ends_with(m.topic, "/delta") || m.topic.find("/up/") != std::string::npos))
    return;
  wire::Pack storage;
  const auto all = envelopes_of(m, storage);
  if (all.empty()) return;
  const auto truth = wire::decode_envelope(all[random_.below(all.size())], wire::Limits{});
  if (truth) answer(*truth);
}

// The same delta, with more in it than was done.
std::string Forger::altered(const wire::Delta& truth, bool is_signed, std::string& body) {
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
  return body = wire::encode_delta(d);
}

std::string Forger::forgery(const wire::Envelope& truth) {
  std::string body;
  const signing::Signer& own = keys_.signer(FleetKeys::forger);
  const std::string_view id = truth.sealed.key_id, signature = truth.sealed.signature;
  switch (random_.below(7)) {
    case 0:
      return wire::seal(altered(truth.delta, true, body), id, signature);
    case 1:
      return wire::seal(altered(truth.delta, false, body));
    case 2:
      return signing::seal(signing::Kind::delta, "demo", altered(truth.delta, true, body), own);
    case 3: {
      const auto s = own.sign(
          signing::message(signing::Kind::delta, "demo", altered(truth.delta, true, body)));
      return wire::seal(body, id, signing::view(s));
    }
    case 4: {  // the true body, and a signature that is not
      std::string torn(signature);
      torn[random_.below(torn.size())] ^= static_cast<char>(1 << random_.below(8));
      return wire::seal(truth.sealed.body, id, torn);
    }
    case 5:  // of another kind
      altered(truth.delta, true, body);
      return signing::seal(signing::Kind::ack, "demo", body, own);
    default:
      return forged_record();
  }
}

// "The admin has enrolled my key as that of this device."
std::string Forger::forged_record() {
  const signing::Signer& own = keys_.signer(FleetKeys::forger);
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

void Forger::publish(const std::string& topic, std::string payload, bool retain) {
  Message m;
  m.topic = root + topic;
  m.payload = std::move(payload);
  m.qos = Qos::at_least_once;
  m.retain = retain;
  session_->publish(std::move(m));
  ++forged_;
}

void Forger::send_batch(const std::string& envelope, std::size_t times) {
  const std::string pack =
      wire::encode_pack(std::vector<std::string_view>(times, envelope), wire::Codec::lz4);
  wire::Batch b;
  b.gateway = FleetKeys::forger;
  b.incarnation = b.session = 1;
  b.number = ++number_;
  b.pack = pack;
  publish("/gw/evil/delta", wire::encode(b), false);
}

// By a gateway that is enrolled, and signed: of operations that the device never made, and of a
// removal that nobody made.
void Forger::send_ack(const wire::Delta& truth, const std::string& envelope) {
  wire::Ack ack;
  ack.fleet = "demo";
  ack.gateway = FleetKeys::forger;
  ack.incarnation = 1;
  ack.device = truth.device;
  wire::ActorAck a;
  a.epoch = truth.epoch;
  wire::Point point{truth.to + 1 + random_.below(5), wire::sha256("never")};
  if (random_.chance(0.5)) {
    a.op = point.op;
    a.hash = point.hash;
  } else {
    a.points.push_back(point);
  }
  if (random_.chance(0.5)) a.removals.push_back(envelope);
  ack.actors.push_back(a);
  publish("/ack/" + std::string(truth.device),
          signing::seal(signing::Kind::ack, "demo", wire::encode_body(ack),
                        keys_.signer(FleetKeys::forger)),
          false);
}

// Its own head, which claims what nobody can fetch; and one of another gateway.
void Forger::send_head() {
  const bool own = random_.chance(0.5);
  wire::Head head;
  head.fleet = "demo";
  head.gateway = own ? FleetKeys::forger : "g1";
  head.incarnation = head.session = own ? 1 : random_.next();
  head.number = number_;
  head.types = {1, 2, 3, 4, 5};
  wire::BucketHead bucket;
  bucket.digest = wire::sha256(std::to_string(random_.next()));
  bucket.live = 7;
  bucket.published = bucket.digest;
  bucket.parts = 1;
  head.buckets[random_.below(wire::bucket_count)] = bucket;
  publish("/gw/" + std::string(head.gateway) + "/head",
          signing::seal(signing::Kind::head, "demo", wire::encode_body(head),
                        keys_.signer(FleetKeys::forger)),
          false);
}

void Forger::answer(const wire::Envelope& truth) {
  if (truth.sealed.signature.empty() || truth.delta.device == wire::admin_id) return;
  const std::string made = forgery(truth);
  if (random_.chance(0.5)) {
    send_batch(made, random_.chance(0.1) ? 100 : 1);
  } else {
    publish("/up/" + std::string(truth.delta.device), made, false);
  }
  if (random_.chance(0.3)) send_ack(truth.delta, made);
  if (random_.chance(0.1)) send_head();
}

}  // namespace tributary::simulation
