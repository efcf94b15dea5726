// SPDX-License-Identifier: Apache-2.0
#include "tests/model/replayer.h"

#include <stdexcept>

#include "tests/gateway/core/support/settling.h"
#include "tests/model/json_envelope.h"
#include "transports/session.h"

namespace tributary::model {
namespace {

using core::testing::Rig;
using core::testing::Writer;
using nlohmann::json;

constexpr std::uint64_t joined_ms = 60;        // a batch is due within it
constexpr std::uint64_t announced_ms = 3'000;  // heads and states are published within it
constexpr std::uint64_t fetched_ms = 4'000;    // a difference is found and fetched within it

std::string name_of(std::string_view device, std::uint64_t epoch) {
  return std::string(device) + '.' + std::to_string(epoch);
}

core::Options options(std::size_t index) {
  core::Options o =  // keys are known, and nobody needs one: as in the model
      core::testing::enrolled("gw" + std::to_string(index), core::Signatures::accept);
  o.view_enabled = false;
  o.sync_interval_max_ms = 1'000;
  return o;
}

}  // namespace

Replayer::Replayer(const json& begin) {
  for (std::size_t i = 0; i < begin.at(1); ++i) {
    nodes_.emplace_back().rig = std::make_unique<Rig>(options(i));
    nodes_.back().rig->disk.incarnation = 100 * (i + 1);
    boot(nodes_.back());
    collect(nodes_.back());
  }
  for (const json& name : begin.at(2)) {
    const auto [at, fresh] = writers_.try_emplace(name, name, [this] { return ++drawn_; });
    at->second.open(now_, "", 256, 0, 1);
  }
}

json Replayer::execute(const json& c) {
  ++now_;
  const std::string what = c.at(0);
  if (what == "op") return operate(c);
  if (what == "send") return send(c);
  if (what == "made") return made(c);
  if (what == "deliver") return deliver(c);
  if (what == "flood") return flood(c);
  if (what == "ack") return acknowledge(c);
  if (what == "unlist") return unlist(c);
  if (what == "forget") return forget(c);
  if (what == "relay") return relay(c);
  if (what == "fetch") return fetch(c);
  if (what == "reopen") return reopen(c);
  if (what == "settle" || what == "settled") return settle(c);
  return restart(c);
}

json Replayer::operate(const json& c) {
  Writer& w = writer(c.at(1));
  const std::string kind = c.at(2), key = c.at(3);
  w.device().time(now_);
  if (kind == "count")
    w.count(key, true, c.at(4), true);
  else if (kind == "up" || kind == "down")
    w.count(key, kind == "up", c.at(4), false);
  else if (kind == "grow")
    w.grow(key, c.at(4));
  else if (kind == "insert")
    w.insert(key, c.at(4));
  else if (kind == "erase")
    w.erase(key, c.at(4));
  else if (kind == "set")
    w.set(key, c.at(4), c.at(5));
  else
    throw std::invalid_argument("no such operation: " + kind);
  return {{"op", w.device().last_op()}};
}

json Replayer::send(const json& c) {
  Writer& w = writer(c.at(1));
  w.device().link_up(now_);
  json out = json::array();
  for (const sdk::Packet& p : w.device().poll(now_)) {
    out.push_back(to_json(p.payload));
    pool_[w.id()].push_back(p.payload);
  }
  return {{"made", out}};
}

json Replayer::made(const json& c) {
  json out = json::array();
  for (const json& e : c.at(2)) {
    pool_[c.at(1)].push_back(from_json(e));
    out.push_back(to_json(pool_[c.at(1)].back()));
  }
  return {{"made", out}};
}

json Replayer::deliver(const json& c) {
  Node& n = node(c.at(1));
  const std::vector<std::string>& pool = pool_[c.at(2)];
  if (pool.empty()) return json::object();
  const std::size_t back = c.at(3).get<std::size_t>() % pool.size();  // 0: the newest
  const std::string& envelope = pool[pool.size() - 1 - back];
  n.rig->up(c.at(2).get<std::string>(), envelope);
  collect(n);
  json out = {{"heard", wire::to_hex(core::testing::hash_of(envelope).view())}};
  if (n.rig->quiet()) out["acked"] = acked(n);
  return out;
}

// Everything that was ever sent.
json Replayer::flood(const json& c) {
  Node& n = node(c.at(1));
  json heard = json::array();
  for (const auto& [device, pool] : pool_) {
    for (const std::string& envelope : pool) {
      n.rig->up(device, envelope);
      heard.push_back(wire::to_hex(core::testing::hash_of(envelope).view()));
    }
  }
  collect(n);
  return {{"heard", heard}};
}

// With the registry's file, as every start: all are members. A gateway that has settled starts
// anew.
void Replayer::boot(Node& n) {
  std::vector<std::string> file = {core::testing::registry({"gw0", "gw1", "gw2"})};
  if (n.settled) file.insert(file.end(), settlement_.begin(), settlement_.end());
  const std::vector<std::string_view> all(file.begin(), file.end());
  do {
    n.rig->crash();
    n.rig->boot();
    n.rig->meet();
    const std::string wrong = n.rig->registry(core::testing::packed(all, wire::Codec::plain));
    if (!wrong.empty()) throw std::runtime_error("the registry is refused: " + wrong);
    n.rig->run(joined_ms);
  } while (n.rig->gateway->starts_again());
}

// The admin closes an epoch of a device; what this gateway's disk has of it stays valid. Then, or
// when it is given to another: it starts anew with the registry's file.
json Replayer::settle(const json& c) {
  Node& n = node(c.at(1));
  n.rig->settle();
  n.rig->run(1'000);  // also what failed before
  json names = json::array();
  if (c.at(0) == "settle") {
    const std::string device = c.at(2);
    const std::uint64_t epoch = c.at(3);
    std::vector<std::string> live;
    for (const auto& [row, e] : n.rig->disk.envelopes) {
      if (e.device == device && e.epoch == epoch && !wire::is_evidence(e.bytes))
        live.push_back(e.bytes);
    }
    const std::vector<wire::Hash> hashes = core::testing::hashes_of(live);
    for (const wire::Hash& h : hashes) names.push_back(wire::to_hex(h.view()));
    std::vector<std::string> said = {wire::encode(wire::ClosingRecord{device, epoch, {}})};
    if (!live.empty())
      said.push_back(wire::encode(wire::SettlementRecord{device, 1, 1, 1, hashes}));
    settlement_ = {core::testing::records(wire::settlements_key, said, 3)};
    settlement_.insert(settlement_.end(), live.begin(), live.end());
  }
  n.settled = true;
  boot(n);
  collect(n);
  n.batches.clear(), n.acks.clear();
  json out = seen(n);
  out["list"] = names;
  return out;
}

// What happens to a gateway alone.
json Replayer::restart(const json& c) {
  const std::string what = c.at(0);
  Node& n = node(c.at(1));
  if (what == "join") {
    n.rig->pass(joined_ms);  // a commit is asked for
  } else if (what == "fail") {
    n.rig->fail();
  } else if (what == "commit") {
    n.rig->settle();
    n.rig->run(1'000);  // also what failed before
  } else if (what == "crash") {
    boot(n);
  } else if (what == "lose") {
    n.rig->crash();
    n.rig->disk = {};
    n.rig->disk.incarnation = 1'000 + ++drawn_;
    n.settled = false;
    boot(n);
  } else {
    throw std::invalid_argument("no such command: " + what);
  }
  collect(n);
  if (what == "join" || what == "fail") return json::object();
  if (what != "commit") n.batches.clear(), n.acks.clear();
  return seen(n);
}

json Replayer::acknowledge(const json& c) {
  Node& n = node(c.at(1));
  Writer& w = writer(c.at(2));
  const auto at = n.acks.find(w.id());
  if (at == n.acks.end()) return json::object();
  const auto ack = wire::decode_ack(at->second, wire::Limits{});
  if (!ack) throw std::runtime_error("an ack that nobody can read: " + to_string(ack.error()));
  json out = {{"removed", json::array()}};
  for (const wire::ActorAck& a : ack->actors) {
    if (a.epoch == w.device().epoch()) out["said"] = {a.op, wire::to_hex(a.hash.view())};
  }
  const auto events = w.device().receive(now_, at->second);
  for (const sdk::Event& e : events) {
    if (e.kind == sdk::Event::Kind::twin) throw std::runtime_error(w.id() + " was told of a twin");
    if (e.kind == sdk::Event::Kind::removed)
      out["removed"].push_back({e.keys.at(0).key, e.element, e.op});
  }
  w.note(events);
  return out;
}

// Somebody beside a gateway removes what it shows: by name, what others added.
json Replayer::unlist(const json& c) {
  Writer& w = writer(c.at(1));
  const std::string key = c.at(3);
  const auto core = node(c.at(2)).rig->on_disk();
  const core::KeyState* k = core->keys.find(key, 4);
  const auto shown = k ? k->as<core::OrSet>().elements() : std::vector<std::string>{};
  json out = {{"dots", json::array()}, {"op", w.device().last_op()}};
  if (shown.empty()) return out;
  const std::string& element = shown[c.at(4).get<std::size_t>() % shown.size()];
  out["element"] = element;
  w.device().time(now_);
  w.erase(key, element);
  for (const core::Dot& dot : k->as<core::OrSet>().dots(element)) {
    const crdt::Actor& owner = dot.actor.record->name;
    if (owner.device == w.id()) continue;
    out["dots"].push_back({owner.device, owner.epoch, dot.op});
    w.erase_foreign(key, owner.device, owner.epoch, dot.op);
  }
  out["op"] = w.device().last_op();
  return out;
}

json Replayer::forget(const json& c) {
  Writer& w = writer(c.at(1));
  const std::string key = c.at(3);
  const auto core = node(c.at(2)).rig->on_disk();
  json out = {{"dots", json::array()}};
  w.device().time(now_);
  const core::KeyState* k = core->keys.find(key, 4);
  for (const auto& [device, epoch, op] : w.removed_of_others(key)) {
    core::ActorRecord* owner = core->actors.find(device, epoch);
    if (k == nullptr || owner == nullptr) continue;
    if (!k->as<core::OrSet>().dead({{owner}, op})) continue;
    if (w.forget_foreign(key, device, epoch, op)) out["dots"].push_back({device, epoch, op});
  }
  out["op"] = w.device().last_op();
  return out;
}

json Replayer::relay(const json& c) {
  Node &from = node(c.at(1)), &to = node(c.at(2));
  json out = {{"given", json::array()}, {"stories", json::array()}};
  std::size_t number = 0;
  for (const core::Publish& p : std::exchange(from.batches, {})) {
    if (++number == c.at(3)) continue;  // lost: a gap in the numbers
    list(wire::decode_batch(p.payload, wire::Limits{})->pack, out);
    to.rig->hear(p.topic, p.payload);
  }
  collect(to);
  return out;
}

// `to` hears the head that is retained for `from`, finds what differs and reads it.
json Replayer::fetch(const json& c) {
  Node &from = node(c.at(1)), &to = node(c.at(2));
  from.rig->run(announced_ms);
  collect(from);
  const std::string head = from.rig->topic("gw/" + from.rig->options.gateway + "/head");
  json out = {{"given", json::array()}, {"stories", json::array()}};
  to.rig->take_subscriptions();
  if (from.rig->retained.count({0, head}) != 0)
    to.rig->hear(head, from.rig->retained.at({0, head}), true);
  for (std::uint64_t ms = 0; ms < fetched_ms; ms += 100) {
    to.rig->run(100);
    for (const core::Subscription& s : to.rig->take_subscriptions()) {
      if (!s.subscribe) continue;
      for (const auto& [where, payload] : from.rig->retained) {
        const auto& topic = where.second;
        if (topic.find("/state/") == std::string::npos || payload.empty() ||
            !transports::topic_matches(s.filter, topic))
          continue;
        const std::uint64_t taken = to.rig->gateway->counters().state_parts_in;
        to.rig->hear(topic, payload, true);
        if (to.rig->gateway->counters().state_parts_in == taken) continue;
        list(wire::decode_state_part(payload, wire::Limits{})->pack, out);
      }
    }
  }
  to.rig->run(joined_ms);
  collect(to);
  out["from"] = seen(from);
  out["to"] = seen(to);
  return out;
}

// A reboot with the memory, or without one: then a fresh epoch.
json Replayer::reopen(const json& c) {
  Writer& w = writer(c.at(1));
  const bool memory = c.at(2);
  if (memory) w.device().persist();
  if (!memory) w.oracle = {};
  w.open(now_, memory ? w.saved() : "", c.at(3), c.at(4), 1);
  return {{"epoch", w.device().epoch()}, {"op", w.device().last_op()}};
}

void Replayer::collect(Node& n) {
  for (core::Publish& p : n.rig->take("ack/"))
    n.acks[p.topic.substr(p.topic.rfind('/') + 1)] = std::move(p.payload);
  for (core::Publish& p : n.rig->take("gw/" + n.rig->options.gateway + "/delta"))
    n.batches.push_back(std::move(p));
  n.rig->published.clear();
}

void Replayer::list(std::string_view pack, json& answer) {
  const auto unpacked = wire::decode_pack(pack, wire::Limits{});
  for (const std::string_view e : unpacked->envelopes) {
    if (wire::is_evidence(e)) {
      const auto pair = wire::decode_evidence(e, wire::Limits{});
      const wire::Delta& d = pair->first.delta;
      answer["stories"].push_back({name_of(d.device, d.epoch),
                                   wire::to_hex(pair->first.hash.view()),
                                   wire::to_hex(pair->second.hash.view())});
    } else if (core::testing::decoded(e).delta.device != wire::admin_id) {
      answer["given"].push_back(wire::to_hex(core::testing::hash_of(e).view()));
    }
  }
}

json Replayer::seen(Node& n) const {
  json values = json::object();
  for (const core::ValueView& v : n.rig->gateway->values("", 0, 1'000))
    if (!v.key.starts_with('$')) values[v.key] = json::parse(v.json);
  json stories = json::object();
  for (const core::EvidenceView& e : n.rig->gateway->evidence("", 0, 1'000))
    stories[name_of(e.device, e.epoch)] = {e.first, e.second};
  return {{"values", values}, {"acked", acked(n)}, {"evidence", stories}};
}

json Replayer::acked(Node& n) const {
  json out = json::object();
  for (const core::DeviceView& d : n.rig->gateway->devices("", 0, 1'000)) {
    if (d.op > 0 && d.device != wire::admin_id) out[name_of(d.device, d.epoch)] = d.op;
  }
  return out;
}

}  // namespace tributary::model
