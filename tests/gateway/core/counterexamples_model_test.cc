// SPDX-License-Identifier: Apache-2.0
// What the executable model tries and counterexamples_test.cc does not: its scripts of devices and
// gateways together, its planted bugs as single histories, and its exhaustive search in a type that
// nobody knows yet. tests/model/README.md has the whole table.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "firmware-sim/sdk/delta_maker.h"
#include "tests/gateway/core/support/craft.h"
#include "tests/gateway/core/support/rig.h"
#include "tests/gateway/core/support/writer.h"
#include "transports/session.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

// The answer of a gateway that refuses the delta which ended at `to`, because of one key.
std::string refusal(const wire::Envelope& e, std::string_view key, Type type) {
  wire::Ack ack;
  ack.fleet = "demo", ack.gateway = "strict", ack.incarnation = 1, ack.device = e.delta.device;
  wire::ActorAck a;
  a.epoch = e.delta.epoch;
  a.refusals.push_back({e.delta.to, {{key, static_cast<std::uint8_t>(type)}}, "not here"});
  ack.actors.push_back(a);
  return wire::seal(wire::encode_body(ack));
}

// 1 counts, 2 writes a key that is refused, 3 counts: the refused key costs nobody else anything.
TEST(ModelScript, C3_ARefusedKeyFallsSilentAndTheRestIsCounted) {
  Rig rig;
  rig.boot();
  std::uint64_t drawn = 0;
  Writer d("d", [&] { return ++drawn; });
  d.open(rig.now().wall_ms, "", 1'300, 512, 1);
  d.count("c", true, 1, true);
  d.count("z", true, 1, true);
  d.count("c", true, 1, true);
  for (int round = 0; round < 4 && d.device().unacknowledged() > 0; ++round) {
    d.device().link_up(rig.now().wall_ms);
    for (const sdk::Packet& p : d.device().poll(rig.now().wall_ms)) {
      const wire::Envelope e = decoded(p.payload);
      const auto& entries = e.delta.entries;
      const bool refused = std::any_of(entries.begin(), entries.end(),
                                       [](const wire::Entry& x) { return x.key == "z"; });
      if (refused) {
        d.note(d.device().receive(rig.now().wall_ms, refusal(e, "z", Type::gcounter)));
      } else {
        rig.up("d", p.payload);
      }
    }
    rig.settle();
    if (const auto ack = rig.ack("d")) d.note(d.device().receive(rig.now().wall_ms, ack->bytes));
  }
  EXPECT_EQ(d.muted, 1u);
  EXPECT_EQ(d.device().last_op(), 4u);  // falling silent took a number
  EXPECT_EQ(d.device().unacknowledged(), 0u);
  EXPECT_EQ(rig.shows("c", Type::gcounter), "2");
  EXPECT_EQ(rig.shows("z", Type::gcounter), "nothing");
}

// A head that was overtaken: what it names is read once, and not again although it still differs.
TEST(ModelScript, E1_AStaleHeadIsReadOnce) {
  Rig one(Rig::defaults("one")), two(Rig::defaults("two"));
  one.boot(), two.boot();
  one.up("x", parts(0, 1, 1, "x"));
  one.run(3'000);
  two.up("x", parts(0, 2, 2, "x"));  // the same bucket, further on
  two.settle();
  const std::string head = one.topic("gw/one/head");
  ASSERT_EQ(one.retained.count({0, head}), 1u);
  for (int round = 0; round < 5; ++round) {
    two.hear(head, one.retained.at({0, head}), true);
    for (int turn = 0; turn < 20; ++turn) {
      two.run(100);
      for (const Subscription& s : two.take_subscriptions()) {
        if (!s.subscribe) continue;
        for (const auto& [where, payload] : one.retained) {
          if (transports::topic_matches(s.filter, where.second))
            two.hear(where.second, payload, true);
        }
      }
    }
  }
  EXPECT_EQ(two.gateway->counters().fetches, 1u);
  EXPECT_EQ(two.shows("parts", Type::gcounter), "2");
}

// Planted in the model as "identity by message bytes".
TEST(ModelPlanted, OneBodyUnderTwoSignaturesIsOneEnvelope) {
  wire::Envelope e = decoded(parts(0, 1, 5));
  e.delta.is_signed = true;
  const std::string body = wire::encode_delta(e.delta);
  Rig rig;
  rig.boot();
  for (const char* key_id : {"first", "second"}) {
    rig.up("a", wire::seal(body, key_id, std::string(64, key_id[0])));
    rig.settle();
    EXPECT_EQ(rig.ack("a")->actors.at(0).op, 1u);
  }
  EXPECT_EQ(rig.disk.envelopes.size(), 1u);
  EXPECT_EQ(rig.gateway->counters().duplicates, 1u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5");
}

// Planted as "skip the horizon": a device forgets old removals; a delta from before that point must
// be complete, or a gateway that stayed there keeps what was removed.
TEST(ModelPlanted, ADeltaFromBeforeTheHorizonIsComplete) {
  sdk::State state;
  sdk::Cell& s = *state.cell("s", Type::orset);
  const sdk::DeltaFrame frame{"demo", "d", 1, 10'000, 0};
  for (int n = 0; n < 30; ++n) state.insert(s, "element-" + std::to_string(n));
  Core core;
  for (const std::string& e : sdk::make_delta(state, frame, 0, 1).envelopes) core.take(e);
  for (std::uint64_t op = 1; op <= 28; ++op) state.erase_op(s, op);
  EXPECT_GT(s.set->horizon, 30u);  // some removals are forgotten
  s.set->since_bytes = 0;          // no other reason to be complete
  const auto made = sdk::make_delta(state, frame, 30, 2);
  for (const std::string& e : made.envelopes) core.take(e);
  EXPECT_EQ(core.shows("s", Type::orset), R"(["element-28","element-29"])");
  EXPECT_EQ(core.rebuilt()->digest(), core.digest());
}

// Planted as "an entry split with the same interval": the pieces of a set, in every order, with a
// restart after each.
TEST(ModelPlanted, PiecesOfACutSetAddUpInEveryOrder) {
  sdk::State state;
  sdk::Cell& s = *state.cell("s", Type::orset);
  for (int n = 0; n < 10; ++n) state.insert(s, std::string(40, static_cast<char>('a' + n)));
  for (const std::uint64_t op : {2u, 5u, 9u}) state.erase_op(s, op);
  auto pieces = sdk::make_delta(state, {"demo", "d", 1, 180, 0}, 0, 1).envelopes;
  ASSERT_GE(pieces.size(), 3u);
  ASSERT_LE(pieces.size(), 6u);
  std::sort(pieces.begin(), pieces.end());
  std::set<std::string> digests, shown;
  do {
    auto core = std::make_unique<Core>();
    for (const std::string& p : pieces) {
      core->take(p);
      core = core->rebuilt();
    }
    digests.insert(core->digest());
    shown.insert(core->shows("s", Type::orset));
  } while (std::next_permutation(pieces.begin(), pieces.end()));
  EXPECT_EQ(digests.size(), 1u);
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(std::count(shown.begin()->begin(), shown.begin()->end(), ','), 6);  // seven elements
}

// The model's eleven envelopes of one honest set (1 adds u, 2 adds v, 3 removes u, 4 adds w), in a
// type that the gateway learns only after them: every order of up to four. What it kept must show
// then what a gateway shows that knew the type all along.
class LearntLater {
 public:
  LearntLater() {
    const wire::OrSetPayload::Add u{1, "u"}, v{2, "v"}, x{4, "w"};
    add({.to = 1}, set("s", 0, 1, {u}));
    add({.to = 2}, set("s", 0, 2, {u, v}));
    add({.from = 1, .to = 2}, set("s", 1, 2, {v}));
    add({.from = 2, .to = 3}, set("s", 2, 3, {}, {1}));
    add({.from = 1, .to = 3}, set("s", 1, 3, {v}, {1}));
    add({.to = 3}, set("s", 0, 3, {v}));
    add({.from = 3, .to = 4}, set("s", 3, 4, {x}));
    add({.from = 2, .to = 4}, set("s", 2, 4, {x}, {1}));
    add({.to = 4, .part = 1, .parts = 2, .id = 9}, set("s", 0, 2, {v}));
    add({.to = 4, .part = 2, .parts = 2, .id = 9}, set("s", 2, 4, {x}));
    add({.to = 4}, set("s", 0, 4, {v, x}));
  }

  void run(std::size_t most) { extend({}, most); }
  std::size_t orders = 0, wrong = 0;
  std::vector<std::size_t> first_wrong;

 private:
  void add(const Frame& frame, const wire::Entry& entry) {
    const std::string known = envelope(frame, {entry}), later = to_future(known);
    known_.push_back(decoded(known));
    later_.push_back(decoded(later));
    back_.emplace(later_.back().hash, known_.size() - 1);
  }

  void extend(const std::vector<std::size_t>& order, std::size_t most) {
    if (!order.empty()) check(order);
    if (order.size() == most) return;
    for (std::size_t i = 0; i < known_.size(); ++i) {
      if (std::find(order.begin(), order.end(), i) != order.end()) continue;
      std::vector<std::size_t> longer = order;
      longer.push_back(i);
      extend(longer, most);
    }
  }

  void check(const std::vector<std::size_t>& order) {
    ++orders;
    Core before, after, always;
    for (const std::size_t i : order) before.take(later_[i]), always.take(known_[i]);
    for (const auto& [hash, bytes] : before.held()) after.take(known_[back_.at(hash)]);
    std::string kept;
    for (const auto& [hash, bytes] : before.held()) kept += hash.view();
    const std::set<std::size_t> members(order.begin(), order.end());
    const bool ok = kept_.try_emplace(members, kept).first->second == kept &&
                    after.shows("s", Type::orset) == always.shows("s", Type::orset);
    if (ok) return;
    ++wrong;
    if (first_wrong.empty()) first_wrong = order;
  }

  std::vector<wire::Envelope> known_, later_;
  std::map<wire::Hash, std::size_t> back_;
  std::map<std::set<std::size_t>, std::string> kept_;  // what arrived → what is live
};

TEST(ModelScript, N7_EveryOrderOfUpToFourOfElevenInATypeLearntLater) {
  LearntLater search;
  search.run(4);
  EXPECT_EQ(search.orders, 11u + 110u + 990u + 7'920u);
  EXPECT_EQ(search.wrong, 0u) << "first: " << ::testing::PrintToString(search.first_wrong);
}

}  // namespace
}  // namespace tributary::core::testing
