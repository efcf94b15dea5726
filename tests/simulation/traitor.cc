// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/traitor.h"

#include <utility>

#include "gateway/core/status.h"
#include "transports/wire/ask.h"
#include "transports/wire/pack.h"
#include "transports/wire/record.h"

namespace tributary::simulation {

using transports::Event;
using transports::Message;
using transports::Qos;

namespace {

constexpr double answers = 0.3;  // share of what it hears
constexpr std::size_t remembered = 64;
constexpr std::uint64_t year_2100_ms = 4'102'444'800'000;
const std::string root = "tributary/v1/demo";

bool within(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string_view> envelopes_of(const Message& m, wire::Pack& storage) {
  const wire::Limits limits;
  if (within(m.topic, "/up/")) {
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

template <class T>
void remember(std::deque<T>& all, T one) {
  all.push_back(std::move(one));
  if (all.size() > remembered) all.pop_front();
}

}  // namespace

Traitor::Traitor(transports::memory::Broker& broker, const FleetKeys& keys, Setup setup)
    : keys_(keys),
      setup_(std::move(setup)),
      random_(setup_.seed),
      forgery_(keys_, setup_.id, random_),
      session_(broker.session(setup_.id)) {
  session_->on_ready([this] { woken_ = true; });
  for (const std::string& topic :
       {std::string("/gw/+/delta"), std::string("/up/+"), std::string("/ack/+"),
        "/gw/+/ask/" + setup_.id, "/gw/+/answer/" + setup_.id}) {
    session_->subscribe(root + topic, Qos::at_least_once, true);
  }
  session_->start();
  if (has(Vice::lie_in_answers)) send_status(true, 1, 0);
}

void Traitor::step(std::uint64_t now_ms) {
  now_ms_ = now_ms;
  woken_ = false;
  for (const Event& e : session_->poll(256)) {
    if (e.kind == Event::Kind::message && !quiet_) heard(e.message);
  }
}

// Traitors hear each other, too: without a pace each forgery would beget more than one.
bool Traitor::too_soon() {
  constexpr std::uint64_t window_ms = 10'000;
  constexpr int heeded_max = 30;
  if (now_ms_ >= window_from_ms_ + window_ms) window_from_ms_ = now_ms_, heeded_ = 0;
  return ++heeded_ > heeded_max;
}

void Traitor::heard(const Message& m) {
  if (within(m.topic, "/gw/" + setup_.id + "/") || too_soon()) return;
  if (within(m.topic, "/ask/")) {
    if (has(Vice::lie_in_answers)) answer(m);
    return;
  }
  remember(said_, m);
  if (within(m.topic, "/up/") || within(m.topic, "/delta")) heard_envelopes(m);
  if (gives_in(Vice::replay, 0.2)) replay();
  if (gives_in(Vice::flood, 0.01)) flood();
}

void Traitor::heard_envelopes(const Message& m) {
  wire::Pack storage;
  const auto all = envelopes_of(m, storage);
  if (all.empty()) return;
  const std::string_view one = all[random_.below(all.size())];
  const auto truth = wire::decode_envelope(one, wire::Limits{});
  if (!truth || truth->sealed.signature.empty() || truth->delta.device == wire::admin_id) return;
  remember(envelopes_, std::string(one));
  if (gives_in(Vice::forge, answers)) forge(*truth);
  if (gives_in(Vice::equivocate, answers)) equivocate();
  if (gives_in(Vice::withhold, answers)) withhold();
  if (gives_in(Vice::lie_about_state, 0.1)) lie_about_state();
  if (gives_in(Vice::lie_about_time, 0.1)) lie_about_time();
  if (gives_in(Vice::roll_back, 0.1)) roll_back();
  if (gives_in(Vice::lie_in_answers, 0.1)) ask();
  if (has(Vice::lie_in_acks) && within(m.topic, "/up/"))
    acknowledge(truth->delta, truth->sealed.body);
}

void Traitor::forge(const wire::Envelope& truth) {
  const std::string made = forgery_.of(truth);
  if (random_.chance(0.5)) {
    send_batch(made, random_.chance(0.1) ? 100 : 1, ++number_);
  } else {
    publish("/up/" + std::string(truth.delta.device), made);
  }
  if (random_.chance(0.3)) send_false_ack(truth.delta, made);
  if (!random_.chance(0.2)) return;
  send_batch(forgery_.evidence(truth, made), 1, ++number_);
  send_batch(forgery_.evidence(truth, envelopes_[random_.below(envelopes_.size())]), 1, ++number_);
}

// Where it was said, or as its own news.
void Traitor::replay() {
  const Message& m = said_[random_.below(said_.size())];
  if (envelopes_.empty() || random_.chance(0.5)) {
    publish(m.topic.substr(root.size()), m.payload);
  } else {
    send_batch(envelopes_[random_.below(envelopes_.size())], 1, ++number_);
  }
}

void Traitor::equivocate() {
  ++number_;
  send_batch(some_envelope(), 1, number_);
  send_batch(some_envelope(), 2, number_);
  for (int twice = 0; twice < 2; ++twice) {
    wire::Head h = head();
    h.buckets[random_.below(wire::bucket_count)] = {wire::sha256(garbage()), {}, 1, {}, 0};
    send(h);
  }
}

void Traitor::withhold() {
  number_ += random_.between(1, 5);
  if (random_.chance(0.5)) send_batch(some_envelope(), 1, number_);
  send(head());
}

void Traitor::flood() {
  const std::string own = "/gw/" + setup_.id;
  for (int i = 0; i < 100; ++i) {
    switch (random_.below(4)) {
      case 0:
        publish(own + "/delta", garbage());
        break;
      case 1:
        publish("/up/dev-" + std::to_string(random_.below(4)) + "-a", garbage());
        break;
      case 2:
        publish(own + "/answer/" + some_gateway(), garbage());
        break;
      default:
        publish(own + "/ask/" + some_gateway(), garbage());
    }
  }
}

// Buckets that are full of what nobody can fetch, and parts that do not fit their head.
void Traitor::lie_about_state() {
  wire::Head h = head();
  for (std::uint64_t n = random_.between(1, 8); n > 0; --n) {
    const auto b = static_cast<std::uint32_t>(random_.below(wire::bucket_count));
    wire::BucketHead claim{wire::sha256(garbage()), {}, random_.below(1U << 20U), {}, 0};
    claim.published = claim.digest;
    claim.parts = 1U << random_.below(3);
    h.buckets[b] = claim;
    if (random_.chance(0.7)) send_state(b, claim.parts);
  }
  send(h);
}

void Traitor::send_state(std::uint32_t bucket, std::uint32_t parts) {
  const std::string envelope = some_envelope();
  for (std::uint32_t part = 0; part < parts; ++part) {
    if (random_.chance(0.2)) continue;
    const std::string pack =
        wire::encode_pack(std::vector<std::string_view>{envelope}, wire::Codec::lz4);
    wire::StatePart s{setup_.id, 1, bucket, part, parts, pack};
    std::string bytes = wire::encode(s);
    if (random_.chance(0.3)) bytes.resize(random_.below(bytes.size()));
    publish("/gw/" + setup_.id + "/state/" + std::to_string(bucket) + "/" + std::to_string(part),
            random_.chance(0.2) ? garbage() : bytes, true);
  }
}

void Traitor::lie_about_time() {
  send_status(has(Vice::lie_in_answers), 1, year_2100_ms);
  wire::Head h = head();
  h.hlc = crdt::Hlc::at(year_2100_ms);
  send(h);
  if (envelopes_.empty()) return;
  const auto truth = wire::decode_envelope(envelopes_.back(), wire::Limits{});
  send_ack(truth->delta.device, {truth->delta.epoch, 0, {}, {}, random_.chance(0.5), {}, {}},
           crdt::Hlc::at(year_2100_ms));
}

void Traitor::roll_back() {
  wire::Head h = head();
  h.incarnation = h.session = random_.between(1, 3);
  h.number = random_.below(number_ + 1);
  send(h);
  send_status(has(Vice::lie_in_answers), random_.between(1, 3), random_.below(now_ms_));
  send_batch(some_envelope(), 1, random_.between(1, number_ + 1));
}

void Traitor::answer(const Message& m) {
  const auto ask = wire::decode_ask(m.payload, wire::Limits{});
  if (!ask || random_.chance(0.1)) return;
  const std::string one = some_envelope();
  std::vector<std::string_view> envelopes;
  if (random_.chance(0.5)) envelopes.push_back(one);
  const std::string pack = wire::encode_pack(envelopes, wire::Codec::lz4);
  wire::Answer a;
  a.gateway = setup_.id;
  a.token = random_.chance(0.8) ? ask->token : random_.next();
  a.outcome = static_cast<wire::Outcome>(random_.below(3));
  if (a.outcome == wire::Outcome::unclear) {
    publish("/gw/" + setup_.id + "/answer/" + std::string(ask->gateway), garbage());
    return;
  }
  std::uint64_t id = 0;
  for (std::uint64_t n = random_.below(20); n > 0; --n)
    a.lacks.push_back(id += random_.between(1, 1U << 30U));
  a.pack = pack;
  publish("/gw/" + setup_.id + "/answer/" + std::string(ask->gateway), wire::encode(a));
}

void Traitor::ask() {
  wire::Sketch sketch(wire::sketch_quarters * random_.between(1, 64));
  for (std::uint64_t n = random_.below(64); n > 0; --n) sketch.add(random_.next());
  const std::string cells = sketch.bytes();
  wire::Ask a{setup_.id, random_.next(), random_.next() | 1U, cells};
  publish("/gw/" + setup_.id + "/ask/" + some_gateway(), wire::encode(a));
}

// By a gateway that is enrolled, and signed.
void Traitor::send_ack(std::string_view device, wire::ActorAck actor, crdt::Hlc hlc) {
  wire::Ack ack;
  ack.fleet = "demo";
  ack.gateway = setup_.id;
  ack.incarnation = 1;
  ack.hlc = hlc;
  ack.device = device;
  ack.actors.push_back(std::move(actor));
  publish(
      "/ack/" + std::string(device),
      signing::seal(signing::Kind::ack, "demo", wire::encode_body(ack), keys_.signer(setup_.id)));
}

// True, but for the disk.
void Traitor::acknowledge(const wire::Delta& thrown_away, std::string_view body) {
  wire::ActorAck a;
  a.epoch = thrown_away.epoch;
  a.op = thrown_away.to;
  a.hash = wire::sha256(body);
  send_ack(thrown_away.device, std::move(a));
}

// Of operations that the device never made, and of a removal that nobody made.
void Traitor::send_false_ack(const wire::Delta& truth, const std::string& envelope) {
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
  send_ack(truth.device, std::move(a));
  if (!random_.chance(0.3)) return;
  wire::Head others = head();  // of another gateway
  others.gateway = some_gateway();
  others.incarnation = others.session = random_.next();
  send(others);
}

std::string Traitor::some_envelope() {
  if (envelopes_.empty()) return forgery_.record();
  const std::string& heard = envelopes_[random_.below(envelopes_.size())];
  if (random_.chance(0.5)) return heard;
  return forgery_.of(*wire::decode_envelope(heard, wire::Limits{}));
}

std::string Traitor::garbage() {
  std::string bytes(random_.between(1, 40), '\0');
  for (char& c : bytes) c = static_cast<char>(random_.next());
  return bytes;
}

wire::Head Traitor::head() {
  wire::Head h;
  h.fleet = "demo";
  h.gateway = setup_.id;
  h.incarnation = h.session = 1;
  h.number = number_;
  h.types = {1, 2, 3, 4, 5};
  return h;
}

void Traitor::send(const wire::Head& h) {
  publish(
      "/gw/" + std::string(h.gateway) + "/head",
      signing::seal(signing::Kind::head, "demo", wire::encode_body(h), keys_.signer(setup_.id)));
}

void Traitor::send_batch(const std::string& envelope, std::size_t times, std::uint64_t number) {
  const std::string pack =
      wire::encode_pack(std::vector<std::string_view>(times, envelope), wire::Codec::lz4);
  wire::Batch b;
  b.gateway = setup_.id;
  b.incarnation = b.session = 1;
  b.number = number;
  b.pack = pack;
  publish("/gw/" + setup_.id + "/delta", wire::encode(b));
}

void Traitor::send_status(bool answers_asks, std::uint64_t incarnation, std::uint64_t at_ms) {
  core::Status s;
  s.gateway = setup_.id;
  s.online = true;
  s.incarnation = s.session = incarnation;
  s.at_ms = at_ms;
  s.version = "1";
  s.answers = answers_asks;
  publish("/gw/" + setup_.id + "/status", core::to_json(s, "demo", keys_.signer(setup_.id)), true);
}

void Traitor::publish(const std::string& topic, std::string payload, bool retain) {
  Message m;
  m.topic = root + topic;
  m.payload = std::move(payload);
  m.qos = Qos::at_least_once;
  m.retain = retain;
  session_->publish(std::move(m));
}

}  // namespace tributary::simulation
