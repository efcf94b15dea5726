// SPDX-License-Identifier: Apache-2.0
// What must hold: the oracle's side of Explorer.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/gateway/core/support/explorer.h"

namespace tributary::core::testing {
namespace {

// The operations that a log asked of one counter, up to one of them.
std::pair<std::uint64_t, std::uint64_t> counted(const std::vector<Op>& log, const Op& until) {
  std::uint64_t up = 0, down = 0;
  for (const Op& op : log) {
    if (op.n > until.n || op.key != until.key || op.type != until.type) continue;
    (op.what == Op::What::up ? up : down) += op.amount;
  }
  return {up, down};
}

template <class T>
const T* value_of(const Core& core, const Op& op) {
  const KeyState* k = core.keys.find(op.key, op.type);
  return k == nullptr ? nullptr : k->if_a<T>();
}

bool holds_op(const Core& core, ActorRef me, const std::vector<Op>& log, const Op& op) {
  const auto sums = counted(log, op);
  if (op.type == 1) {
    const auto* v = value_of<GCounter>(core, op);
    const auto* part = v == nullptr ? nullptr : v->part(me);
    return part != nullptr && part->p >= sums.first;
  }
  if (op.type == 2) {
    const auto* v = value_of<PnCounter>(core, op);
    const auto part = v == nullptr ? std::nullopt : v->part(me);
    return part && part->p >= sums.first && part->n >= sums.second;
  }
  if (op.type == 3) {
    const auto* v = value_of<GSet>(core, op);
    return v != nullptr && v->contains(op.element);
  }
  if (op.type == 5) {
    const auto* v = value_of<LwwRegister>(core, op);
    const auto* part = v == nullptr ? nullptr : v->part(me);
    return part != nullptr && part->op >= op.n;
  }
  const auto* v = value_of<OrSet>(core, op);
  const auto* part = v == nullptr ? nullptr : v->part(me);
  if (op.what == Op::What::added) return part != nullptr && part->covers(op.n);
  const ActorRecord* owner = core.actors.find(op.device, op.epoch);
  if (v == nullptr || owner == nullptr) return false;
  const Dot dot{{const_cast<ActorRecord*>(owner)}, op.op};
  return v->dead(dot) || (dot.actor != me && part != nullptr && part->foreign.contains(dot));
}

std::string describe(const Op& op) {
  static const char* words[] = {"up", "down", "grown", "added", "removed", "set"};
  std::string out = std::to_string(op.n) + ' ' + words[static_cast<int>(op.what)] + ' ' + op.key +
                    ' ' + op.element;
  if (op.what == Op::What::removed)
    out += op.device + '/' + std::to_string(op.epoch) + ':' + std::to_string(op.op);
  return out;
}

}  // namespace

Core& Explorer::disk(Node& n) {
  if (n.on_disk) return *n.on_disk;
  n.on_disk = std::make_unique<Core>();
  for (const auto& [row, e] : n.rig->disk.envelopes)
    n.on_disk->take(future_ ? from_future(e.bytes) : e.bytes);
  return *n.on_disk;
}

// The disk rebuilds the join of all that was committed; what is shown is what the disk rebuilds.
void Explorer::check(std::size_t i) {
  Node& n = nodes_[i];
  Core& core = disk(n);
  if (core.digest() != n.committed->digest())
    wrong("g" + std::to_string(i) + ": what the disk rebuilds is not all that was committed");
  check_bounds(core);
  if (!n.rig->gateway || !n.rig->quiet() || n.booting) return;
  const Summary s = n.rig->gateway->summary();
  reached["cold"] += s.cold_actors > 0;
  reached["read back"] += n.rig->gateway->counters().warmed > 0;
  reached["key at rest"] += s.cold_keys > 0;
  if (n.rig->disk.envelopes.size() != s.live_envelopes + s.equivocators)
    wrong("g" + std::to_string(i) + ": the disk holds other envelopes than are live");
  if (future_) return;
  if (n.rig->digest() != core.digest())
    wrong("g" + std::to_string(i) + ": shows another state than its disk rebuilds");
  check_values(n, core);
}

// Value by value: a digest does not tell what a key at rest came back as.
void Explorer::check_values(const Node& n, const Core& core) const {
  for (const ValueView& v : n.rig->gateway->values("", 0, 1'000)) {
    if (v.unread && !n.rig->unreadable) wrong(v.key + " is not read");
    const std::string rebuilt = core.shows(v.key, static_cast<wire::Type>(v.type));
    if (!v.unread && v.json != rebuilt)
      wrong(v.key + " is shown as " + v.json + ", and its disk rebuilds " + rebuilt);
  }
}

std::string Explorer::missing(const Core& core, const std::string& device, std::uint64_t epoch,
                              const std::vector<Op>& log, std::uint64_t upto,
                              std::uint64_t from) const {
  const ActorRecord* actor = core.actors.find(device, epoch);
  const ActorRef me{const_cast<ActorRecord*>(actor)};
  for (const Op& op : log) {
    if (op.n <= from || op.n > upto || (op.forgotten_at != 0 && op.forgotten_at <= upto)) continue;
    if (actor == nullptr || !holds_op(core, me, log, op)) return describe(op);
  }
  return {};
}

void Explorer::check_ack(Node& n, const std::string& payload) {
  if (!exact_) return;
  const auto ack = wire::decode_ack(payload, wire::Limits{});
  if (!ack) wrong("an ack that nobody can read: " + to_string(ack.error()));
  const auto check_log = [&](std::uint64_t epoch, std::uint64_t op, const std::vector<Op>& log) {
    const std::string what = missing(disk(n), std::string(ack->device), epoch, log, op);
    if (!what.empty())
      wrong("acknowledged to " + std::string(ack->device) + " up to " + std::to_string(op) +
            ", not on the disk of " + n.rig->options.gateway + ": " + what);
  };
  for (const wire::ActorAck& a : ack->actors) {
    for (Writer& w : writers_) {
      if (w.id() == ack->device && w.device().epoch() == a.epoch)
        check_log(a.epoch, a.op, w.oracle.log);
    }
    for (const Closed& c : closed_) {
      if (is_settled(c.device, c.epoch)) continue;
      if (c.device == ack->device && c.epoch == a.epoch) check_log(a.epoch, a.op, c.log);
    }
  }
}

// A head says what the disk rebuilds: nothing that is only joined so far.
void Explorer::check_head(Node& n, const std::string& payload) {
  if (future_) return;
  const auto head = wire::decode_head(payload, wire::Limits{});
  if (!head) wrong("a head that nobody can read: " + to_string(head.error()));
  Core& core = disk(n);
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
    const auto& said = head->buckets[b];
    if (said ? said->digest != core.keys.digests().digest(b) : !core.keys.digests().empty(b))
      wrong(n.rig->options.gateway + " announces another digest than its disk has");
  }
}

// Never more than was issued.
void Explorer::check_bounds(Core& core) {
  const bool stolen = settled_.epoch != 0;  // a thief counts until the settlement arrives
  for (const KeyState* k : core.keys.page("", 0, 1'000)) {
    if (stolen && (k->if_a<GCounter>() || k->if_a<PnCounter>())) continue;
    if (const auto* g = k->if_a<GCounter>()) {
      if (g->value() > issued_[k->key].first) wrong(k->key + " shows more than was issued");
    } else if (const auto* p = k->if_a<PnCounter>()) {
      std::uint64_t up = 0, down = 0;
      for (const auto& [actor, part] : p->parts()) up += part.p, down += part.n;
      if (up > issued_[k->key].first || down > issued_[k->key].second)
        wrong(k->key + " shows more than was issued");
    } else if (const auto* o = k->if_a<OrSet>()) {
      for (const std::string& e : o->elements()) {
        if (added_[k->key].count(e) == 0) wrong(k->key + " shows an element that nobody added");
      }
    }
  }
}

std::string Explorer::rebuilt(const Core& core) const {
  return core.rebuilt()->digest();
}

// The heads that are retained say what the disk rebuilds.
void Explorer::check_heads(std::size_t i) {
  Node& n = nodes_[i];
  const auto at = broker_.find(n.rig->topic("gw/" + n.rig->options.gateway + "/head"));
  if (at == broker_.end()) wrong("no head is retained");
  const auto head = wire::decode_head(at->second, wire::Limits{});
  auto core = n.rig->on_disk();
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
    const auto& said = head->buckets[b];
    if (said ? said->digest != core->keys.digests().digest(b) : !core->keys.digests().empty(b))
      wrong("g" + std::to_string(i) + ": the head says another digest than bucket " +
            std::to_string(b) + " has");
    if (said && said->unknown && *said->unknown != core->live.unknown_digests().digest(b))
      wrong("g" + std::to_string(i) + ": the head says another digest of unknown types");
    if (!said || !said->published) continue;
    std::string all;
    for (std::uint32_t part = 0; part < said->parts; ++part) {
      const std::string topic = "gw/" + n.rig->options.gateway + "/state/" + std::to_string(b) +
                                '/' + std::to_string(part);
      const auto state = wire::decode_state_part(broker_[n.rig->topic(topic)], wire::Limits{});
      if (!state) wrong("a part that the head names is not retained: " + topic);
      all += wire::sha256(*wire::decode_pack(state->pack, wire::Limits{})->plain).view();
    }
    if (wire::sha256(all) != *said->published) wrong("what is retained is not what the head names");
  }
}

// The highest operation that a gateway says is safe whose disk survives.
std::uint64_t Explorer::kept(const std::map<std::uint64_t, std::uint64_t>& promised) const {
  std::uint64_t safe = 0;
  for (const Node& n : nodes_) {
    const auto at = promised.find(n.rig->disk.incarnation);
    if (at != promised.end()) safe = std::max(safe, at->second);
  }
  return safe;
}

// A device at rest does not know that the disks are gone which it was told have its operations: of
// those, up to the second number, what is above the first may be nowhere.
std::pair<std::uint64_t, std::uint64_t> Explorer::doubtful(Writer& w) const {
  std::uint64_t told = 0;
  for (const auto& [incarnation, op] : w.oracle.promised) told = std::max(told, op);
  const std::uint64_t safe = kept(w.oracle.promised);
  return {safe, std::max(safe, std::min(told, w.device().safe()))};
}

void Explorer::check_exact(std::size_t i) {
  Core& core = disk(nodes_[i]);
  const std::string where = " at g" + std::to_string(i);
  std::set<std::string> lost_somewhere;
  for (Writer& w : writers_) {
    const std::uint64_t epoch = w.device().epoch();
    std::vector<Op> log = w.oracle.log;
    std::erase_if(log, [](const Op& op) { return op.forgotten_at != 0; });
    const auto [safe, doubted] = doubtful(w);
    std::string what = missing(core, w.id(), epoch, log, safe);
    if (what.empty()) what = missing(core, w.id(), epoch, log, w.device().last_op(), doubted);
    if (!what.empty()) wrong(w.id() + where + " lacks " + what);
    std::set<std::string> lost;
    for (const Op& op : log) {
      if (op.n > safe && op.n <= doubted &&
          !missing(core, w.id(), epoch, log, op.n, op.n - 1).empty())
        lost.insert(op.key);
    }
    reached["acknowledged, and lost with its disks"] += !lost.empty();
    lost_somewhere.insert(lost.begin(), lost.end());
    ActorRecord* actor = core.actors.find(w.id(), w.device().epoch());
    for (const char* key : {"s1", "s2"}) {
      if (lost.count(key) != 0) continue;
      const auto mine = w.live(key);
      const KeyState* k = core.keys.find(key, 4);
      const auto* part = k == nullptr || actor == nullptr ? nullptr : k->as<OrSet>().part({actor});
      const std::size_t live = part == nullptr ? 0 : part->live.size();
      if (live != mine.size()) wrong(w.id() + where + " is not exact in " + key);
      for (const auto& [element, op] : mine) {
        const auto at = part->live.find(op);
        if (at == part->live.end() || at->element != element)
          wrong(w.id() + where + " is not exact in " + key + ": " + element);
      }
    }
  }
  for (const auto& [key, sums] : issued_) {
    const bool over = flavour_ == Flavour::memoryless || settled_.epoch != 0;
    if (over || key.starts_with('$') || lost_somewhere.count(key) != 0) continue;
    std::uint64_t up = 0, down = 0;
    if (const KeyState* k = core.keys.find(key, 1)) {
      for (const auto& [a, part] : k->as<GCounter>().parts()) up += part.p;
    }
    if (const KeyState* k = core.keys.find(key, 2)) {
      for (const auto& [a, part] : k->as<PnCounter>().parts()) up += part.p, down += part.n;
    }
    if (up != sums.first || down != sums.second) wrong(key + where + " is not exact");
  }
  // What a closed epoch was told is safe, by a gateway whose disk survives.
  for (const Closed& c : closed_) {
    if (is_settled(c.device, c.epoch)) continue;
    if (const std::string what = missing(core, c.device, c.epoch, c.log, kept(c.promised));
        !what.empty())
      wrong("acknowledged to " + c.device + ", then lost" + where + ": " + what);
  }
}

// After having asked for everything from 0 a few times, a gateway holds at most four times the
// parts.
void Explorer::check_weight() {
  constexpr std::uint64_t slack = 4'096;
  for (int asked = 0;; ++asked) {
    std::string heavy;
    for (Node& n : nodes_) {
      auto core = n.rig->on_disk();
      for (Writer& w : writers_) {
        const ActorRecord* a = core->actors.find(w.id(), w.device().epoch());
        if (a != nullptr && a->live_bytes > 4 * a->part_bytes + slack)
          heavy = w.id() + " weighs " + std::to_string(a->live_bytes) + " for " +
                  std::to_string(a->part_bytes) + " at " + n.rig->options.gateway;
      }
    }
    if (heavy.empty()) return;
    reached["heavy"] += 1;
    if (asked == 3) wrong("asked from 0 in vain: " + heavy);
    for (Writer& w : writers_) {  // an ack must be heard to ask for anything
      if (w.count("c1", true, 1, true)) issued_["c1"].first += 1;
    }
    flow(15'000);
  }
}

bool Explorer::agreed(std::string& why) {
  for (Writer& w : writers_) {
    if (w.device().unacknowledged() != 0) {
      why = w.id() + " has " + std::to_string(w.device().unacknowledged()) + " unacknowledged";
      return false;
    }
  }
  for (Node& n : nodes_) {
    if (n.rig->digest() != nodes_[0].rig->digest()) {
      why = "digests differ";
      return false;
    }
    for (const PeerView& p : n.rig->gateway->peers()) {
      if (p.in_step && p.fetching == 0) continue;
      why = n.rig->options.gateway + " is not in step with " + p.gateway;
      return false;
    }
  }
  return true;
}

}  // namespace tributary::core::testing
