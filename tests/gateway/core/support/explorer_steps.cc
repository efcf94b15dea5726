// SPDX-License-Identifier: Apache-2.0
// What may happen: one random step at a time, then everything flows again.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/gateway/core/support/explorer.h"

namespace tributary::core::testing {
namespace {

constexpr std::size_t devices = 2;

}  // namespace

void Explorer::step() {
  pass(chance(0.08) ? 200 + below(1'500) : below(25));
  for (Node& n : nodes_) {
    if (chance(0.2)) answer_commit(n);
  }
  const double x = std::uniform_real_distribution<>(0, 1)(random_);
  if (flavour_ == Flavour::foreign && chance(0.25)) return operator_acts(pick(nodes_));
  if (x < 0.26) {
    Writer& w = writers_[below(devices)];
    for (std::size_t n = flavour_ == Flavour::heavy ? 1 : 1 + below(5); n > 0; --n) write(w);
  } else if (x < 0.40) {
    send(writers_[below(devices)]);
  } else if (x < 0.62) {
    for (std::size_t n = 1 + below(3); n > 0 && !net_.empty(); --n) deliver(below(net_.size()));
  } else if (x < 0.67) {
    if (history_.empty()) return;
    const auto& [device, payload] = pick(history_);
    net_.push_back({below(nodes_.size()), "tributary/v1/demo/up/" + device, payload, false});
    deliver(net_.size() - 1);
  } else if (x < 0.70) {
    crash(pick(nodes_));
  } else if (x < 0.84) {
    deliver_ack();
  } else if (x < 0.90) {
    stale_head();
  } else if (x < 0.95) {
    operator_acts(pick(nodes_));
  } else {
    rare();
  }
}

void Explorer::pass(std::uint64_t ms) {
  now_ += ms;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!nodes_[i].rig->gateway) continue;
    nodes_[i].rig->pass(ms);
    collect(i);
    check(i);
  }
}

void Explorer::write(Writer& w) {
  w.device().time(now_);
  static const std::vector<std::string> kinds = {"c1", "c2", "s1", "s2", "g", "r"};
  std::string key = pick(kinds);
  const bool sets_only = flavour_ == Flavour::sets || flavour_ == Flavour::foreign ||
                         flavour_ == Flavour::unknown || flavour_ == Flavour::heavy;
  if (sets_only) key = chance(0.5) ? "s1" : "s2";
  if (flavour_ == Flavour::foreign) key = "s1";
  if (flavour_ == Flavour::heavy) {  // a little that stays rides with much that is replaced
    const std::string once = "k" + std::to_string(w.device().last_op());
    w.set("r", now_, std::string(700 + below(300), 'x'));
    if (w.count(once, true, 1, true)) issued_[once].first += 1;
    return;
  }
  bool done = false;
  if (key[0] == 'c') {
    const bool up = key == "c1" || chance(0.6);
    const std::uint64_t amount = 1 + below(3);
    done = w.count(key, up, amount, key == "c1");
    if (done) (up ? issued_[key].first : issued_[key].second) += amount;
  } else if (key == "g") {
    done = w.grow(key, std::string(1, static_cast<char>('a' + below(8))));
  } else if (key == "r") {
    done = w.set(key, now_ - 500 + below(1'000), std::to_string(below(100)));
  } else {
    const auto live = w.live(key);
    std::string element(40, static_cast<char>('o' + below(12)));
    if (!live.empty() && chance(0.45)) {
      auto at = live.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(below(live.size())));
      done = w.erase(key, at->first);
    } else {
      done = w.insert(key, element);
      added_[key].insert(element);
    }
  }
  if (done) say(w.id() + " writes " + std::to_string(w.device().last_op()) + " " + key);
}

void Explorer::send(Writer& w) {
  w.device().link_up(now_);
  say(w.id() + " sends to " + std::to_string(w.device().last_op()) + " from " +
      std::to_string(w.device().safe()));
  packets(w, false);
  // The same interval made again, from another point and cut in another way.
  if (chance(0.35)) {
    reboot(w, true);
    w.device().link_up(now_);
    packets(w, false);
  }
}

void Explorer::deliver(std::size_t at) {
  const Message m = net_[at];
  if (flowing_ || chance(0.8)) {
    net_[at] = std::move(net_.back());
    net_.pop_back();
  }
  Node& n = nodes_[m.to];
  if (!n.rig->gateway) return;
  if (!flowing_) say("g" + std::to_string(m.to) + " hears " + m.topic.substr(18));
  const std::uint64_t gaps = n.rig->gateway->counters().gaps;
  n.rig->unreadable = !flowing_ && early_() % 4 == 0;
  // By the clock: a draw would make other histories of all seeds.
  if (now_ % 3 == 0) n.rig->gateway->expect_more(n.rig->now());
  n.rig->hear(m.topic, m.payload, m.retained);
  reached["unreadable"] += n.rig->unreadable && n.rig->gateway->summary().cold_actors > 0;
  reached["gap"] += n.rig->gateway->counters().gaps > gaps;
  collect(m.to);
}

void Explorer::answer_commit(Node& n) {
  if (!n.rig->gateway || !n.rig->committing()) return;
  const auto i = static_cast<std::size_t>(&n - nodes_.data());
  if (!flowing_ && chance(0.1)) {
    say("g" + std::to_string(i) + " cannot commit");
    reached["commit failed"] += 1;
    n.rig->fail("disk full");
  } else {
    if (!flowing_) say("g" + std::to_string(i) + " commits");
    n.rig->commit();
  }
  collect(i);
  check(i);
}

void Explorer::committed(Node& n, const Commit& rows) {
  for (const EnvelopeRow& row : rows.insert) {
    n.committed->take(future_ ? from_future(row.bytes) : row.bytes);
    if (flavour_ == Flavour::settle) n.ever.push_back(row.bytes);
  }
  n.on_disk.reset();
  if (rows.forget_values) forget_settled(n);
}

void Explorer::crash(Node& n) {
  const auto i = static_cast<std::size_t>(&n - nodes_.data());
  say("g" + std::to_string(i) + " crashes");
  reached["crash with work pending"] +=
      n.rig->committing() || n.rig->gateway->summary().pending > 0;
  reached["crash in a commit"] += n.rig->committing();
  n.rig->crash();
  n.filters.clear();
  boot(n);
  collect(i);
  check(i);
}

// Every other start answers what devices say before it has read all.
void Explorer::boot(Node& n) {
  n.rig->unreadable = false;
  if (early_() % 2 == 0) {
    n.rig->boot();
  } else {
    n.booting = true;
    n.rig->boot_early([&] { hear_early(n); });
    n.booting = false;
  }
  if (n.file.empty()) return;
  const std::vector<std::string_view> all(n.file.begin(), n.file.end());
  const std::string refused = n.rig->registry(packed(all, wire::Codec::plain));
  if (!refused.empty()) wrong("the registry's file is refused: " + refused);
}

void Explorer::hear_early(Node& n) {
  const auto i = static_cast<std::size_t>(&n - nodes_.data());
  reached["committed early"] += n.rig->committing();
  answer_commit(n);
  std::vector<Message> heard;
  for (const Message& m : net_) {
    if (m.to == i && m.topic.find("/up/") != std::string::npos && early_() % 4 == 0)
      heard.push_back(m);
  }
  for (const Message& m : heard) {
    say("g" + std::to_string(i) + " hears early " + m.topic.substr(18));
    n.rig->hear(m.topic, m.payload);
  }
}

void Explorer::deliver_ack() {
  if (acks_.empty()) return;
  const std::size_t at = below(acks_.size());
  const SentAck a = acks_[at];
  if (chance(0.9)) acks_.erase(acks_.begin() + static_cast<std::ptrdiff_t>(at));
  if (chance(0.15)) return;  // lost
  for (Writer& w : writers_) {
    if (w.id() != a.device) continue;
    say(w.id() + " hears an ack");
    hear_ack(w, a.payload, a.incarnation);
  }
}

void Explorer::stale_head() {
  if (heads_.empty()) return;
  const auto& [topic, payload] = chance(0.7) ? heads_.back() : pick(heads_);
  net_.push_back({below(nodes_.size()), topic, payload, true});
  reached["stale head"] += 1;
  deliver(net_.size() - 1);
}

// Somebody beside a gateway removes what others added, or forgets a removal whose target is dead.
void Explorer::operator_acts(Node& n) {
  if (future_) return;
  Writer& w = writers_[n.writer];
  w.device().time(now_);
  Core& core = disk(n);
  const std::string key = flavour_ == Flavour::foreign || chance(0.5) ? "s1" : "s2";
  const KeyState* k = core.keys.find(key, 4);
  if (k == nullptr) return;
  const auto& set = k->as<OrSet>();
  std::vector<Writer::Dot> visible, forgettable;
  for (const auto& [actor, part] : set.parts()) {
    for (const auto& [op, element] : part.live) {
      if (actor.record->name.device != w.id() && set.removers({actor, op}).empty())
        visible.emplace_back(actor.record->name.device, actor.record->name.epoch, op);
    }
  }
  std::sort(visible.begin(), visible.end());
  for (const auto& [device, epoch, op] : w.removed_of_others(key)) {
    ActorRecord* owner = core.actors.find(device, epoch);
    if (owner != nullptr && set.dead({{owner}, op})) forgettable.emplace_back(device, epoch, op);
  }
  if (!forgettable.empty() && chance(0.8)) {
    const auto [device, epoch, op] = pick(forgettable);
    if (w.forget_foreign(key, device, epoch, op)) reached["forgotten"] += 1;
    say(w.id() + " forgets " + device + ":" + std::to_string(op));
  } else if (!visible.empty() && chance(0.6)) {
    const auto [device, epoch, op] = pick(visible);
    if (w.erase_foreign(key, device, epoch, op)) reached["removed by another"] += 1;
    say(w.id() + " removes " + device + ":" + std::to_string(op));
  } else {
    write(w);
  }
  send(w);
}

void Explorer::rare() {
  Node& n = pick(nodes_);
  Writer& w = writers_[below(devices)];
  const double x = std::uniform_real_distribution<>(0, 1)(random_);
  if (x < 0.25) return reboot(w, true);
  switch (flavour_) {
    case Flavour::memoryless:
      return reboot(w, false);
    case Flavour::diskloss:
      return x < 0.7 ? lose_disk(n) : rot(n);
    case Flavour::rollback:
      return roll_back(w);
    case Flavour::clone:
      return clone(w);
    case Flavour::settle:
      return settled_.epoch == 0 ? settle(n, w) : settlement_reaches(n);
    case Flavour::unknown:
      if (future_ && x < 0.35) return upgrade();
      [[fallthrough]];
    default:
      if (x < 0.5) broker_forgets();
  }
}

// It was restarted, and kept nothing: what it had retained comes from nowhere any more.
void Explorer::broker_forgets() {
  say("the broker forgets");
  reached["broker forgot"] += 1;
  broker_.clear();
  heads_.clear();
  std::erase_if(net_, [](const Message& m) { return m.retained; });
  for (Node& n : nodes_) n.rig->disconnect();
  connect_all();
}

void Explorer::connect_all() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].filters.clear();
    nodes_[i].rig->connect();
    collect(i);
  }
}

// Another link: other packet sizes, so the same interval is cut in another way.
void Explorer::reboot(Writer& w, bool with_memory) {
  if (!with_memory) say(w.id() + " loses its memory");
  if (!with_memory) {
    closed_.push_back({w.id(), w.device().epoch(), w.oracle.log, w.oracle.promised});
    w.oracle = {};
    reached["memory lost"] += 1;
  } else if (chance(0.7) || exact_) {
    w.device().persist();  // what was issued and not saved would be lost: then not counted either
  }
  w.open(now_, with_memory ? w.saved() : "", packet(), small(), acks_needed());
}

void Explorer::roll_back(Writer& w) {
  const auto i = static_cast<std::size_t>(
      std::find_if(writers_.begin(), writers_.end(), [&](const Writer& x) { return &x == &w; }) -
      writers_.begin());
  if (copies_.empty() || chance(0.5)) {
    w.device().persist();
    copies_.push_back({i, w.saved(), w.oracle, w.device().epoch()});
    return;
  }
  const Copy& c = pick(copies_);
  Writer& back = writers_[c.writer];
  if (c.epoch != back.device().epoch()) return;
  say(back.id() + " is put back to an older memory");
  reached["restored"] += 1;
  back.oracle = c.oracle;
  back.open(now_, c.saved, packet(), small(), acks_needed());
}

void Explorer::clone(Writer& w) {
  if (writers_.size() > 7) return;
  w.device().persist();
  say(w.id() + " is cloned at " + std::to_string(w.device().last_op()));
  reached["cloned"] += 1;
  Writer& twin = writers_.emplace_back(w.id(), [this] { return random_() >> 8; });
  twin.oracle = w.oracle;
  twin.open(now_, w.saved(), packet(), small(), acks_needed());
}

void Explorer::lose_disk(Node& n) {
  const auto i = static_cast<std::size_t>(&n - nodes_.data());
  say("g" + std::to_string(i) + " loses its disk");
  reached["disk lost"] += 1;
  n.rig->crash();
  n.rig->disk = {};
  n.rig->disk.incarnation = random_();
  n.committed = std::make_unique<Core>();
  n.on_disk.reset();
  n.filters.clear();
  boot(n);
  collect(i);
}

void Explorer::rot(Node& n) {
  const auto i = static_cast<std::size_t>(&n - nodes_.data());
  auto& rows = n.rig->disk.envelopes;
  if (rows.empty()) return;
  auto at = rows.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(below(rows.size())));
  say("g" + std::to_string(i) + ": an envelope of " + at->second.device + " rots");
  reached["rot"] += 1;
  for (Writer& w : writers_) {
    if (w.id() != at->second.device) continue;
    auto& promised = w.oracle.promised;
    std::uint64_t& broken = promised[0];
    if (const auto was = promised.find(n.rig->disk.incarnation); was != promised.end()) {
      broken = std::max(broken, was->second);
      promised.erase(was);
    }
  }
  for (SentAck& a : acks_) {  // said before, and heard later
    if (a.device == at->second.device && a.incarnation == n.rig->disk.incarnation)
      a.incarnation = 0;
  }
  for (Closed& c : closed_) {
    if (c.device == at->second.device) c.promised.erase(n.rig->disk.incarnation);
  }
  n.rig->crash();
  if (chance(0.5)) {
    at->second.bytes[below(at->second.bytes.size())] ^= 0x20;
  } else {
    rows.erase(at);
  }
  // What the damaged row says is not in the oracle any more.
  n.committed = std::make_unique<Core>();
  for (const auto& [row, e] : rows) {
    if (wire::is_evidence(e.bytes)) {
      const auto pair = wire::decode_evidence(e.bytes, wire::Limits{});
      if (pair && pair->id.view() == e.hash) n.committed->take(*pair);
      continue;
    }
    const auto sealed = wire::decode_sealed(e.bytes, wire::Limits{});
    if (sealed && wire::sha256(sealed->body).view() == e.hash) n.committed->take(e.bytes);
  }
  n.on_disk.reset();
  n.filters.clear();
  n.rig->commits_at_once = true;  // the quarantine, before anything is compared
  boot(n);
  n.rig->commits_at_once = false;
  collect(i);
}

void Explorer::flow(std::uint64_t ms) {
  flowing_ = true;
  for (Node& n : nodes_) n.rig->unreadable = false;
  for (const std::uint64_t end = now_ + ms; now_ < end;) {
    pass(100);
    for (Writer& w : writers_) packets(w, true);
    for (int turn = 0; turn < 4; ++turn) {
      for (Message& m : std::exchange(net_, {})) {
        net_.push_back(std::move(m));
        deliver(net_.size() - 1);
      }
      for (Node& n : nodes_) answer_commit(n);
      for (SentAck& a : std::exchange(acks_, {})) {
        for (Writer& w : writers_) {
          if (w.id() == a.device) hear_ack(w, a.payload, a.incarnation);
        }
      }
    }
  }
}

void Explorer::finish() {
  say("messages flow again");
  if (future_ && chance(0.5)) upgrade();
  for (Node& n : nodes_) {
    if (settled_.epoch != 0) settlement_reaches(n);
  }
  std::string why;
  flowing_ = true;
  for (Writer& w : writers_) w.device().link_up(now_);
  // A broker that forgot hears everything again when its gateways connect again.
  for (Node& n : nodes_) n.rig->disconnect();
  connect_all();
  for (int round = 1;; ++round) {
    flow(3'000);
    if (agreed(why)) break;
    if (round == 8) wrong("no agreement after 8 exchanges: " + why);
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    check(i);
    check_heads(i);
    if (exact_) check_exact(i);
  }
  if (exact_ && !future_) check_weight();
  for (int n = 0; n < 25 && flavour_ == Flavour::heavy; ++n) {
    for (std::size_t w = 0; w < devices; ++w) write(writers_[w]);
    flow(200);
  }
  if (flavour_ == Flavour::heavy) check_weight();
  for (Node& n : nodes_) crash(n);
  for (Node& n : nodes_) {
    if (n.rig->digest() != nodes_[0].rig->digest()) wrong("digests differ after a restart");
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto all = history_;
    std::shuffle(all.begin(), all.end(), random_);
    for (const auto& [device, payload] : all) {
      nodes_[i].rig->up(device, payload);
      collect(i);
      if (chance(0.1)) answer_commit(nodes_[i]);
    }
  }
  flow(500);
  for (Node& n : nodes_) {
    if (n.rig->digest() != nodes_[0].rig->digest()) wrong("digests differ after all history");
  }
  if (settled_.epoch != 0) check_settled();
}

}  // namespace tributary::core::testing
