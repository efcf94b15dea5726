// SPDX-License-Identifier: Apache-2.0
#include "tests/exhaustive/messages.h"

#include <algorithm>
#include <cassert>

#include "transports/wire/ack.h"
#include "transports/wire/pack.h"

namespace tributary::exhaustive {
namespace {

const wire::Limits limits;

void heed(Ops& upto, std::vector<std::string>& hashes, std::string_view envelope) {
  const auto e = wire::decode_envelope(envelope, limits);
  assert(e);
  const std::size_t d = index_of(device_names, e->delta.device);
  assert(d < 2);
  upto[d] = std::max(upto[d], e->delta.to);
  hashes.emplace_back(e->hash.view());
}

void heed_pack(Ops& upto, std::vector<std::string>& hashes, std::string_view bytes) {
  const auto pack = wire::decode_pack(bytes, limits);
  assert(pack);
  for (const std::string_view e : pack->envelopes) heed(upto, hashes, e);
}

std::string interval(const wire::Delta& d) {
  std::string out = "(" + std::to_string(d.from) + ',' + std::to_string(d.to) + ']';
  if (d.parts > 1) out += " part " + std::to_string(d.part) + '/' + std::to_string(d.parts);
  return out;
}

}  // namespace

std::size_t index_of(const std::array<std::string_view, 2>& names, std::string_view name) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

MessageId Messages::intern(Message&& m) {
  std::string key{static_cast<char>(m.kind), static_cast<char>(m.from), static_cast<char>(m.to)};
  key += m.payload;
  for (const auto& [topic, part] : m.parts) key += topic + part.payload;
  const auto [at, fresh] = known_.emplace(std::move(key), static_cast<MessageId>(all_.size()));
  if (fresh) {
    assert(all_.size() < no_message);
    all_.push_back(std::move(m));
  }
  return at->second;
}

MessageId Messages::upload(std::size_t device, std::string payload) {
  Message m;
  m.kind = Message::Kind::upload;
  m.from = static_cast<std::uint8_t>(device);
  const auto e = wire::decode_envelope(std::string_view(payload), limits);
  assert(e);
  heed(m.upto, m.hashes, payload);
  m.label = interval(e->delta);
  m.payload = std::move(payload);
  return intern(std::move(m));
}

MessageId Messages::ack(std::size_t gateway, std::size_t device, std::string_view payload) {
  auto ack = wire::decode_ack(payload, limits);
  assert(ack);
  Message m;
  m.kind = Message::Kind::ack;
  m.from = static_cast<std::uint8_t>(gateway);
  m.to = static_cast<std::uint8_t>(device);
  for (const wire::ActorAck& a : ack->actors) {
    m.acked = std::max(m.acked, a.op);
    for (const wire::Point& p : a.points) {
      if (p.op > a.op) m.label += " and " + std::to_string(p.op);
    }
    if (!a.removals.empty()) m.label += " with a removal";
  }
  m.label = "safe to " + std::to_string(m.acked) + m.label;
  ack->hlc = crdt::Hlc{1 + m.acked};
  m.payload = wire::seal(wire::encode_body(*ack));
  return intern(std::move(m));
}

MessageId Messages::batch(std::size_t gateway, std::string_view payload) {
  auto batch = wire::decode_batch(payload, limits);
  assert(batch);
  Message m;
  m.kind = Message::Kind::batch;
  m.from = static_cast<std::uint8_t>(gateway);
  heed_pack(m.upto, m.hashes, batch->pack);
  m.label = "batch of " + std::to_string(m.hashes.size());
  batch->session = batch->number = 1;
  m.payload = wire::encode(*batch);
  return intern(std::move(m));
}

MessageId Messages::state(std::size_t gateway, std::string_view head_bytes,
                          const std::map<std::string, std::string>& parts) {
  auto head = wire::decode_head(head_bytes, limits);
  assert(head);
  Message m;
  m.kind = Message::Kind::state;
  m.from = static_cast<std::uint8_t>(gateway);
  head->session = head->number = 1;
  head->hlc = crdt::Hlc{1};
  m.payload = wire::seal(wire::encode_body(*head));
  std::size_t envelopes = 0;
  for (const auto& [topic, payload] : parts) {
    const auto state = wire::decode_state_part(payload, limits);
    assert(state);
    Message::Part& part = m.parts[topic];
    part.payload = payload;
    heed_pack(m.upto, part.hashes, state->pack);
    envelopes += part.hashes.size();
  }
  m.label = "state of " + std::to_string(envelopes);
  return intern(std::move(m));
}

}  // namespace tributary::exhaustive
