// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware-sim/sdk/naive_gateway.h"

#include <algorithm>
#include <stdexcept>

namespace tributary::sdk::testing {

ActorId NaiveGateway::take(std::string_view payload) {
  wire::Pack storage;
  const auto envelopes = wire::split_upload(payload, {}, storage);
  if (!envelopes) throw std::runtime_error("no upload: " + wire::to_string(envelopes.error()));
  ActorId actor;
  for (const std::string_view e : *envelopes) actor = take_envelope(e);
  return actor;
}

ActorId NaiveGateway::take_envelope(std::string_view bytes) {
  const auto e = wire::decode_envelope(bytes, {});
  if (!e) throw std::runtime_error("not an envelope: " + wire::to_string(e.error()));
  const wire::Delta& d = e->delta;
  const ActorId actor(std::string(d.device), d.epoch);
  if (refuse(d, actor)) return actor;
  for (const wire::Entry& x : d.entries) join(x, actor);
  received_[actor][{d.from, d.to, d.id, d.parts}][d.part] = e->hash;
  return actor;
}

bool NaiveGateway::refuse(const wire::Delta& d, const ActorId& a) {
  std::set<std::pair<std::string, std::uint8_t>> bad;
  for (const wire::Entry& x : d.entries) {
    if (forbidden_.count(std::string(x.key)) != 0) bad.emplace(std::string(x.key), x.type);
  }
  if (bad.empty()) return false;
  ++refused_;
  refusals_[a][d.to].insert(bad.begin(), bad.end());
  return true;
}

void NaiveGateway::join(const wire::Entry& e, const ActorId& a) {
  Part& p = parts_[{std::string(e.key), e.type, a}];
  if (const auto* g = std::get_if<wire::GCounterPayload>(&e.payload)) {
    p.p = std::max(p.p, g->p);
  } else if (const auto* pn = std::get_if<wire::PnCounterPayload>(&e.payload)) {
    p.p = std::max(p.p, pn->p);
    p.n = std::max(p.n, pn->n);
  } else if (const auto* gs = std::get_if<wire::GSetPayload>(&e.payload)) {
    for (const std::string_view x : gs->elements) p.elements.insert(std::string(x));
  } else if (const auto* r = std::get_if<wire::LwwPayload>(&e.payload)) {
    p.reg = std::max(p.reg, std::tuple(r->op, r->hlc.packed, std::string(r->value)));
  } else if (const auto* s = std::get_if<wire::OrSetPayload>(&e.payload)) {
    std::map<std::uint64_t, std::string> adds;
    for (const auto& x : s->adds) adds.emplace(x.op, std::string(x.element));
    std::set<std::uint64_t> covered(s->removed.begin(), s->removed.end());
    for (std::uint64_t op = e.lo + 1; op <= e.hi; ++op) covered.insert(op);
    for (auto it = p.live.begin(); it != p.live.end();) {
      const bool dead = covered.count(it->first) != 0 && adds.count(it->first) == 0;
      it = dead ? p.live.erase(it) : std::next(it);
    }
    for (const auto& [op, element] : adds) {
      if (p.covered.count(op) == 0) p.live.emplace(op, element);
    }
    p.covered.insert(covered.begin(), covered.end());
    for (const auto& f : s->foreign) p.foreign.emplace(std::string(f.device), f.epoch, f.op);
  }
}

wire::Point NaiveGateway::point(const ActorId& a) const {
  wire::Point at;
  const auto it = received_.find(a);
  if (it == received_.end()) return at;
  for (bool more = true; more;) {
    more = false;
    wire::Point best = at;
    for (const auto& [g, got] : it->second) {
      if (g.from > at.op || g.to <= best.op || got.size() != g.parts) continue;
      best = {g.to, got.rbegin()->second};
      more = true;
    }
    at = best;
  }
  return at;
}

std::string NaiveGateway::ack(const std::string& device, std::uint64_t now_ms) {
  wire::Ack ack;
  ack.fleet = fleet_;
  ack.gateway = name_;
  ack.incarnation = incarnation_;
  ack.hlc = crdt::Hlc::at(now_ms);
  ack.device = device;
  std::set<ActorId> actors;
  for (const auto& [a, groups] : received_) actors.insert(a);
  for (const auto& [a, r] : refusals_) actors.insert(a);
  for (const ActorId& a : actors) {
    if (a.first != device) continue;
    wire::ActorAck out;
    out.epoch = a.second;
    const wire::Point at = point(a);
    out.op = at.op;
    out.hash = at.hash;
    std::map<std::uint64_t, wire::Hash> points;
    for (const auto& [g, got] : received_[a]) {
      if (got.size() == g.parts) points[g.to] = got.rbegin()->second;
    }
    for (auto it = points.rbegin(); it != points.rend() && out.points.size() < 16; ++it) {
      out.points.insert(out.points.begin(), wire::Point{it->first, it->second});
    }
    out.send_from_zero = from_zero_;
    for (const std::string& q : quotes_) out.removals.push_back(q);
    for (const auto& [to, keys] : refusals_[a]) {
      wire::Refusal r;
      r.to = to;
      r.rule = "forbidden in this test";
      for (const auto& k : keys) r.keys.emplace_back(k.first, k.second);
      out.refusals.push_back(std::move(r));
    }
    ack.actors.push_back(std::move(out));
  }
  return wire::seal(wire::encode_body(ack));
}

void NaiveGateway::lose_disk(std::uint64_t incarnation) {
  incarnation_ = incarnation;
  parts_.clear();
  received_.clear();
  refusals_.clear();
}

const Part* NaiveGateway::part(const std::string& key, wire::Type type, const ActorId& a) const {
  const auto it = parts_.find({key, static_cast<std::uint8_t>(type), a});
  return it == parts_.end() ? nullptr : &it->second;
}

std::pair<std::uint64_t, std::uint64_t> NaiveGateway::total(const std::string& key) const {
  std::pair<std::uint64_t, std::uint64_t> sum;
  for (const auto& [name, p] : parts_) {
    if (std::get<0>(name) != key) continue;
    sum.first += p.p;
    sum.second += p.n;
  }
  return sum;
}

std::set<std::string> NaiveGateway::elements(const std::string& key) const {
  std::set<DotId> gone;
  for (const auto& [name, p] : parts_) {
    if (std::get<0>(name) == key) gone.insert(p.foreign.begin(), p.foreign.end());
  }
  std::set<std::string> out;
  for (const auto& [name, p] : parts_) {
    const auto& [its_key, type, actor] = name;
    if (its_key != key) continue;
    out.insert(p.elements.begin(), p.elements.end());
    for (const auto& [op, element] : p.live) {
      if (gone.count({actor.first, actor.second, op}) == 0) out.insert(element);
    }
  }
  return out;
}

std::string NaiveGateway::value(const std::string& key) const {
  std::tuple<std::uint64_t, ActorId, std::string> best;
  for (const auto& [name, p] : parts_) {
    if (std::get<0>(name) != key || std::get<0>(p.reg) == 0) continue;
    best = std::max(best, std::tuple(std::get<1>(p.reg), std::get<2>(name), std::get<2>(p.reg)));
  }
  return std::get<2>(best);
}

}  // namespace tributary::sdk::testing
