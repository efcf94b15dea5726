// SPDX-License-Identifier: Apache-2.0
// Actors that tell two stories: how a gateway finds out, what it keeps, whom it tells, and what it
// does not believe. (What a contradiction is: contradiction_test.cc.)
#include "gateway/core/evidence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/gateway/core/support/enrolled.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

std::string count(std::uint64_t to, std::uint64_t p, std::uint64_t id = 1) {
  return envelope({.to = to, .id = id}, {counter("parts", to, p)});
}
std::string signed_count(std::uint64_t to, std::uint64_t p, std::uint64_t id = 1) {
  return by_itself({.to = to, .id = id}, {counter("parts", to, p)});
}
std::string pair(std::string_view a, std::string_view b) {
  return wire::encode_evidence(decoded(a), decoded(b));
}
std::vector<EvidenceView> known(const Rig& rig) {
  return rig.gateway->evidence("", 0, 1'000);
}
std::size_t of_batches(const std::vector<Publish>& batches) {
  std::size_t found = 0;
  for (const Publish& p : batches) {
    const auto batch = wire::decode_batch(p.payload, wire::Limits{});
    const auto pack = wire::decode_pack(batch->pack, wire::Limits{});
    for (const std::string_view item : pack->envelopes) found += wire::is_evidence(item) ? 1 : 0;
  }
  return found;
}
std::uint64_t rows_of_evidence(const Rig& rig) {
  std::uint64_t out = 0;
  for (const auto& [row, e] : rig.disk.envelopes) out += wire::is_evidence(e.bytes) ? 1 : 0;
  return out;
}

TEST(Evidence, TwoCountsAtOneOperationAreKeptAndToldAndSurviveARestart) {
  Rig rig;
  rig.boot();
  rig.meet();
  rig.run(3'000);
  rig.up("a", count(9, 5));
  rig.settle();
  const std::string before = rig.digest();
  rig.up("a", count(9, 6));
  rig.settle();
  ASSERT_EQ(known(rig).size(), 1u);
  const EvidenceView e = known(rig)[0];
  EXPECT_EQ(e.device, "a");
  EXPECT_EQ(e.epoch, 1u);
  EXPECT_EQ(e.key, "parts");
  EXPECT_EQ(e.what.substr(0, 6), "counts");
  EXPECT_FALSE(e.proof) << "anybody can have written what is not signed";
  EXPECT_GT(e.at_ms, 0u);
  EXPECT_EQ(e.bytes, pair(count(9, 5), count(9, 6)));
  EXPECT_EQ(rig.gateway->counters().equivocations, 1u);
  EXPECT_EQ(rig.gateway->summary().equivocators, 1u);
  EXPECT_EQ(of_batches(rig.take("gw/gw/delta")), 1u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "6") << "joins go on";
  EXPECT_EQ(rows_of_evidence(rig), 1u);
  const auto all = rig.gateway->envelopes({}, 100);
  for (const auto& [hash, bytes] : *all)
    EXPECT_FALSE(wire::is_evidence(*bytes)) << "who asks for envelopes gets envelopes";
  const std::string digest = rig.digest();
  EXPECT_NE(digest, before);
  rig.reboot();
  EXPECT_EQ(rig.digest(), digest);
  ASSERT_EQ(known(rig).size(), 1u);
  EXPECT_EQ(known(rig)[0].bytes, e.bytes);
  EXPECT_EQ(rig.gateway->counters().equivocations, 0u) << "it is not found once more";
  EXPECT_TRUE(rig.disk.quarantine.empty());
}

TEST(Evidence, TheMarkIsInTheDigestOfItsBucketAsTheProtocolSays) {
  Rig rig;
  rig.boot();
  rig.up("a", count(9, 5));
  rig.up("a", count(9, 6));
  rig.settle();
  DigestBook book;
  AtomWriter w;
  wire::Hash first = hash_of(count(9, 5)), second = hash_of(count(9, 6));
  if (second < first) std::swap(first, second);
  const std::uint32_t bucket = wire::bucket_of("a", 1);
  w.begin(5).number(1).text("a").number(1).text("parts").number(6);
  book.change(bucket, w.view(), 1);
  w.begin(5).number(0).text("a").number(1).binary(first.view()).binary(second.view());
  book.change(bucket, w.view(), 1);
  EXPECT_EQ(rig.digest(), wire::to_hex(book.all().view()));
}

TEST(Evidence, IsLookedForBeforeWhatIsSupersededIsDropped) {
  for (std::uint64_t id = 1; id <= 4; ++id) {  // whichever hash is the larger one
    Rig rig;
    rig.boot();
    rig.up("a", count(9, 9));
    rig.settle();
    rig.up("a", count(9, 5, id));
    rig.settle();
    EXPECT_EQ(known(rig).size(), 1u) << id;
    EXPECT_EQ(rig.shows("parts", Type::gcounter), "9");
  }
}

TEST(Evidence, OfOneStoryToldTwiceThereIsNone) {
  Rig rig;
  rig.boot();
  rig.up("a", count(9, 5));
  rig.up("a", count(9, 5));                                                        // a duplicate
  rig.up("a", count(9, 5, 2));                                                     // encoded again
  rig.up("a", envelope({.from = 4, .to = 9, .id = 3}, {counter("parts", 9, 5)}));  // from elsewhere
  rig.up("a", count(12, 8));                                                       // superseded
  rig.up("a", count(9, 5, 4));                                                     // … and late
  rig.up("a", envelope({.to = 20, .part = 1, .parts = 2}, {set("s", 0, 10, {{2, "x"}})}));
  rig.up("a", envelope({.to = 20, .part = 2, .parts = 2}, {set("s", 10, 20, {{12, "y"}})}));
  rig.up("a", envelope({.to = 22, .id = 2}, {set("s", 0, 22, {{12, "y"}})}));  // cut elsewhere
  rig.up("a", envelope({.epoch = 2, .to = 9}, {counter("parts", 9, 4)}));      // after a reboot
  rig.up("a", envelope({.epoch = 3, .to = 2}, {counter("parts", 2, 1)}));  // a copy, started anew
  rig.settle();
  EXPECT_TRUE(known(rig).empty());
  EXPECT_EQ(rig.gateway->summary().equivocators, 0u);
}

// Whatever comes first and whichever gateway saw what: once they have told each other, they know
// the same.
TEST(Evidence, GatewaysEndWithTheSmallestPairInAnyOrder) {
  // The larger count supersedes the others, so who has it sees no pair of those.
  std::vector<std::string> told = {count(9, 5)};
  for (std::uint64_t p = 6, id = 1; told.size() < 3; ++id) {
    if (hash_of(count(9, p, id)) < hash_of(told.back())) continue;
    told.push_back(count(9, p++, id));
  }
  std::sort(told.begin(), told.end());
  std::vector<std::unique_ptr<Rig>> rigs;
  do {
    rigs.push_back(std::make_unique<Rig>());
    Rig& rig = *rigs.back();
    rig.boot();
    for (const std::string& e : told) {
      rig.up("a", e);
      rig.settle();
    }
    ASSERT_EQ(known(rig).size(), 1u);
    EXPECT_EQ(rows_of_evidence(rig), 1u) << "one for each actor";
  } while (std::next_permutation(told.begin(), told.end()));
  std::set<std::string> found;
  for (const auto& rig : rigs) found.insert(known(*rig)[0].bytes);
  EXPECT_GT(found.size(), 1u) << "they do not see the same";
  const std::vector<std::string_view> all(found.begin(), found.end());
  std::uint64_t n = 0;
  for (const auto& rig : rigs) {
    rig->hear(rig->topic("gw/gw2/delta"), batch("gw2", ++n, all));
    rig->settle();
    EXPECT_EQ(known(*rig)[0].bytes, known(*rigs[0])[0].bytes);
    EXPECT_EQ(rig->digest(), rigs[0]->digest());
    EXPECT_EQ(rows_of_evidence(*rig), 1u);
    rig->reboot();
    EXPECT_EQ(rig->digest(), rigs[0]->digest());
  }
}

// One history of one actor, in every order: how many tell two stories then, which must be the same
// each time, as the digest and the evidence, also after a restart.
std::size_t twins_of(std::vector<std::string> history) {
  std::sort(history.begin(), history.end());
  std::set<std::string> states;
  std::size_t twins = 0;
  do {
    Rig rig;
    rig.boot();
    for (const std::string& e : history) rig.up("a", e), rig.settle();
    for (int start = 0; start < 2; ++start, rig.reboot()) {
      twins = known(rig).size();
      states.insert(rig.digest() + (twins == 0 ? "" : known(rig)[0].bytes));
    }
  } while (std::next_permutation(history.begin(), history.end()));
  EXPECT_EQ(states.size(), 1u);
  return twins;
}

// The model's counterexamples that end with a word on who is convicted.
TEST(Evidence, N3_OfAnHonestDeviceWhoseOlderDeltaIsLateThereIsNone) {
  EXPECT_EQ(twins_of({envelope({.to = 4, .part = 1, .parts = 2}, {set("s", 0, 2, {{2, "v"}})}),
                      envelope({.to = 3}, {set("s", 0, 3, {{1, "u"}, {2, "v"}})})}),
            0u);
}

TEST(Evidence, N8_OfACloneWhoseRegisterIsOlderAtALaterOperation) {
  EXPECT_EQ(twins_of({envelope({.to = 8}, {reg("r", 8, 8, crdt::Hlc{1}, 111)}),
                      envelope({.to = 9}, {reg("r", 9, 6, crdt::Hlc{1}, 99)})}),
            1u);
}

TEST(Evidence, A7_OfOneOperationWithTwoValuesIsTheSameInEitherOrder) {
  EXPECT_EQ(twins_of({envelope({.id = 1}, {reg("r", 1, 1, crdt::Hlc{5}, 7)}),
                      envelope({.id = 2}, {reg("r", 1, 1, crdt::Hlc{5}, 9)})}),
            1u);
  EXPECT_EQ(twins_of({envelope({.id = 1}, {set("s", 0, 1, {{1, "p"}})}),
                      envelope({.id = 2}, {set("s", 0, 1, {{1, "q"}})})}),
            1u);
}

TEST(Evidence, B4_OfAnIntervalMadeAgainThereIsNone) {
  EXPECT_EQ(twins_of({envelope({.from = 4, .to = 5, .id = 1}, {set("s", 4, 5, {}, {1})}),
                      envelope({.from = 4, .to = 5, .id = 2}, {set("s", 0, 5, {{2, "b"}})})}),
            0u);
}

TEST(Evidence, ADeviceCannotSendIt) {
  Rig rig;
  rig.boot();
  rig.up("a", pair(count(9, 5), count(9, 6)));
  rig.up("a", packed({pair(count(9, 5), count(9, 6))}, wire::Codec::plain));
  rig.settle();
  EXPECT_TRUE(known(rig).empty());
  EXPECT_EQ(rig.rejected(Reject::version) + rig.rejected(Reject::malformed), 2u);
}

class SignedEvidence : public ::testing::Test {
 protected:
  static Options options(bool exclude = false, Signatures s = Signatures::require) {
    Options o = enrolled("gw", s);
    o.trust.exclude_equivocators = exclude;
    return o;
  }
  static void start(Rig& started) {
    started.boot();
    give(started, {registry({"a", "b", "gw", "gw2"})});
    started.take("");
  }
  void SetUp() override { start(rig); }
  void tell(const std::string& item) {
    rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", ++number_, {item}));
    rig.settle();
  }
  Rig rig{options()};

 private:
  std::uint64_t number_ = 0;
};

TEST_F(SignedEvidence, OfTwoSignedStoriesIsAProof) {
  rig.up("a", signed_count(9, 5));
  rig.up("a", signed_count(9, 6));
  rig.settle();
  ASSERT_EQ(known(rig).size(), 1u);
  EXPECT_TRUE(known(rig)[0].proof);
  EXPECT_FALSE(known(rig)[0].excluded);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "6") << "by default it counts";
  const bool said = std::any_of(rig.notices.begin(), rig.notices.end(),
                                [](const Notice& n) { return n.kind == "equivocation"; });
  EXPECT_TRUE(said);
}

TEST_F(SignedEvidence, IsHeardByWhoSawOneSideAndByWhoSawNone) {
  rig.up("a", signed_count(9, 5));
  rig.settle();
  tell(pair(signed_count(9, 5), signed_count(9, 6)));
  ASSERT_EQ(known(rig).size(), 1u);
  EXPECT_TRUE(known(rig)[0].proof);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5") << "evidence shows who, and adds nothing";
  EXPECT_EQ(rig.gateway->counters().equivocations, 1u);
  tell(pair(by("b", {.device = "b", .to = 3}, {counter("x", 3, 1)}),
            by("b", {.device = "b", .to = 3}, {counter("x", 3, 2)})));
  EXPECT_EQ(known(rig).size(), 2u);
  const std::string digest = rig.digest();
  rig.reboot();
  EXPECT_EQ(rig.digest(), digest);
  EXPECT_EQ(known(rig).size(), 2u);
}

TEST_F(SignedEvidence, IsVerifiedBeforeItIsBelieved) {
  const std::string good = signed_count(9, 6);
  const wire::Sealed s = *wire::decode_sealed(good, wire::Limits{});
  struct {
    const char* name;
    std::string item;
    Reject why;
  } const cases[] = {
      {"nothing contradicts", pair(signed_count(9, 5), signed_count(10, 6)), Reject::malformed},
      {"one story twice", pair(signed_count(9, 5), signed_count(9, 5, 2)), Reject::malformed},
      {"one side is not signed", pair(signed_count(9, 5), count(9, 6)), Reject::no_signature},
      {"one side is torn", pair(signed_count(9, 5), torn(good)), Reject::bad_signature},
      {"one side is b's work",
       pair(signed_count(9, 5),
            signed_as(by("b", {.to = 9}, {counter("parts", 9, 7)}), s.key_id, s.signature)),
       Reject::bad_signature},
      {"of nobody who is known",
       pair(by("z", {.device = "z", .to = 9}, {counter("parts", 9, 5)}),
            by("z", {.device = "z", .to = 9}, {counter("parts", 9, 6)})),
       Reject::stranger},
      {"of another fleet",
       pair(by("a", {.to = 9, .fleet = "other"}, {counter("parts", 9, 5)}),
            by("a", {.to = 9, .fleet = "other"}, {counter("parts", 9, 6)})),
       Reject::fleet},
      {"cut off", pair(signed_count(9, 5), good).substr(0, 90), Reject::malformed},
  };
  const std::string digest = rig.digest();
  std::uint64_t blamed = 0;
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const std::uint64_t before = rig.rejected(c.why);
    tell(c.item);
    EXPECT_EQ(rig.rejected(c.why), before + 1);
    EXPECT_TRUE(known(rig).empty());
    EXPECT_EQ(rig.digest(), digest);
    EXPECT_EQ(of_batches(rig.take("gw/gw/delta")), 0u) << "it is passed on";
    if (c.why == Reject::stranger || c.why == Reject::fleet) continue;
    ++blamed;
  }
  EXPECT_EQ(rig.gateway->offenders().at(0).name, "gw/gw2");
  EXPECT_EQ(rig.gateway->offenders().at(0).refused, blamed - 1)
      << "what cannot be read may be of a "
         "newer version";
}

TEST_F(SignedEvidence, OfWhoIsEnrolledLaterIsTakenWhenItComesAgain) {
  const std::string item = pair(by("z", {.device = "z", .to = 9}, {counter("parts", 9, 5)}),
                                by("z", {.device = "z", .to = 9}, {counter("parts", 9, 6)}));
  tell(item);
  EXPECT_TRUE(known(rig).empty());
  give(rig, {registry({"z"}, 4)});
  tell(item);
  EXPECT_EQ(known(rig).size(), 1u);
}

TEST_F(SignedEvidence, IsBetterThanAPairThatNobodySigned) {
  Rig open{options(true, Signatures::accept)};
  start(open);
  open.up("b", envelope({.device = "b", .to = 9}, {counter("parts", 9, 5)}));
  open.up("b", envelope({.device = "b", .to = 9}, {counter("parts", 9, 6)}));
  open.settle();
  ASSERT_EQ(known(open).size(), 1u);
  EXPECT_FALSE(known(open)[0].proof);
  EXPECT_FALSE(known(open)[0].excluded) << "or anybody could have anybody excluded";
  EXPECT_EQ(open.shows("parts", Type::gcounter), "6");
  open.up("b", by("b", {.device = "b", .to = 10}, {counter("more", 10, 5)}));
  open.up("b", by("b", {.device = "b", .to = 10}, {counter("more", 10, 6)}));
  open.settle();
  ASSERT_EQ(known(open).size(), 1u);
  EXPECT_TRUE(known(open)[0].proof);
  EXPECT_EQ(known(open)[0].key, "more");
  EXPECT_TRUE(known(open)[0].excluded);
}

TEST_F(SignedEvidence, ThatRottedIsSetAsideAndTakenAgainFromAPeer) {
  rig.up("a", signed_count(9, 5));
  rig.up("a", signed_count(9, 6));
  rig.settle();
  const std::string item = known(rig)[0].bytes, digest = rig.digest();
  rig.crash();
  for (auto& [row, e] : rig.disk.envelopes) {
    if (wire::is_evidence(e.bytes)) e.bytes[e.bytes.size() - 3] ^= 0x20;
  }
  rig.boot();
  rig.run(100);
  EXPECT_TRUE(known(rig).empty());
  EXPECT_EQ(rig.disk.quarantine.size(), 1u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "6");
  const auto a = rig.gateway->devices("", 0, 100);
  const auto device =
      std::find_if(a.begin(), a.end(), [](const auto& d) { return d.device == "a"; });
  EXPECT_EQ(device->op, 9u) << "no acknowledgement rests on evidence";
  tell(item);
  EXPECT_EQ(rig.digest(), digest);
}

// Rows come in any order: the record of a's key may stand behind the evidence.
TEST_F(SignedEvidence, ThatStandsBeforeTheRegistryOnTheDiskIsReadOnceThatIsKnown) {
  rig.up("a", signed_count(9, 5));
  rig.up("a", signed_count(9, 6));
  rig.settle();
  const std::string digest = rig.digest();
  rig.crash();
  auto& rows = rig.disk.envelopes;
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [](const auto& r) { return wire::is_evidence(r.second.bytes); });
  ASSERT_NE(found, rows.begin());
  std::swap(found->second, rows.begin()->second);
  std::swap(found->second.row, rows.begin()->second.row);
  rig.boot();
  rig.run(100);
  EXPECT_EQ(rig.digest(), digest);
  EXPECT_EQ(known(rig).size(), 1u);
  EXPECT_TRUE(rig.disk.quarantine.empty());
}

// A registry set back, or a row of another time: nobody vouches for it.
TEST_F(SignedEvidence, OfWhoIsNotInTheRegistryIsSetAsideAtTheStart) {
  rig.up("a", signed_count(9, 5));
  rig.up("a", signed_count(9, 6));
  rig.settle();
  rig.crash();
  auto& rows = rig.disk.envelopes;
  std::erase_if(rows, [](const auto& r) { return !wire::is_evidence(r.second.bytes); });
  rig.boot();
  rig.run(100);
  EXPECT_TRUE(known(rig).empty());
  EXPECT_EQ(rig.disk.quarantine.size(), 1u);
}

TEST_F(SignedEvidence, OfTwoRowsOfOneActorTheBetterOneStays) {
  const std::string one = pair(signed_count(9, 5), signed_count(9, 6));
  const std::string two = pair(signed_count(9, 5), signed_count(9, 7));
  const auto better = [](std::string_view a, std::string_view b) {
    return std::minmax(hash_of(signed_count(9, 6)), hash_of(signed_count(9, 5))) <
                   std::minmax(hash_of(signed_count(9, 7)), hash_of(signed_count(9, 5)))
               ? a
               : b;
  };
  for (const auto& [first, second] : {std::pair(one, two), std::pair(two, one)}) {
    Rig other{options()};
    start(other);
    other.crash();
    std::uint64_t row = other.disk.envelopes.rbegin()->first;
    for (const std::string& item : {first, second}) {
      EnvelopeRow r = other.disk.envelopes.begin()->second;
      r.row = ++row;
      r.bytes = item;
      r.hash = wire::decode_evidence(item, wire::Limits{})->id.view();
      other.disk.envelopes[row] = r;
    }
    other.boot();
    other.run(100);
    ASSERT_EQ(known(other).size(), 1u);
    EXPECT_EQ(known(other)[0].bytes, better(one, two));
    EXPECT_EQ(rows_of_evidence(other), 1u) << "the other row is erased";
  }
}

TEST_F(SignedEvidence, WhoseRowHasAnotherHashOrIsNoneIsSetAside) {
  rig.up("a", signed_count(9, 5));
  rig.up("a", signed_count(9, 6));
  rig.settle();
  rig.crash();
  std::set<std::string> reasons;
  const auto saved = rig.disk.envelopes;
  const std::string honest = pair(signed_count(9, 5), signed_count(9, 5, 2));
  for (int kind = 0; kind < 2; ++kind) {
    rig.disk.envelopes = saved;
    rig.disk.quarantine.clear();
    for (auto& [row, e] : rig.disk.envelopes) {
      if (!wire::is_evidence(e.bytes)) continue;
      if (kind == 0) {
        e.hash[0] ^= 1;
      } else {
        e.bytes = honest;
        e.hash = wire::decode_evidence(honest, wire::Limits{})->id.view();
      }
    }
    rig.boot();
    rig.run(100);
    EXPECT_TRUE(known(rig).empty());
    ASSERT_EQ(rig.disk.quarantine.size(), 1u);
    rig.crash();
  }
}

TEST_F(SignedEvidence, IsListedInPages) {
  for (const std::string_view device : {"b", "a"}) {
    for (const std::uint64_t p : {5u, 6u})
      rig.up(device, by_itself({.device = device, .to = 9}, {counter("parts", 9, p)}));
  }
  rig.settle();
  auto page = rig.gateway->evidence("", 0, 1);
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].device, "a");
  page = rig.gateway->evidence("a", 1, 1);
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].device, "b");
  EXPECT_TRUE(rig.gateway->evidence("b", 1, 1).empty());
}

TEST_F(SignedEvidence, OfActorsBeyondTheLimitIsNotKept) {
  Options o = options();
  o.actors_max = 2;  // the admin, and one more
  Rig full{o};
  start(full);
  full.up("b", by_itself({.device = "b", .to = 9}, {counter("parts", 9, 5)}));
  full.settle();
  full.hear(full.topic("gw/gw2/delta"),
            batch("gw2", 1, {pair(signed_count(9, 5), signed_count(9, 6))}));
  full.settle();
  EXPECT_TRUE(known(full).empty());
  EXPECT_EQ(full.gateway->summary().actors, 2u);
}

TEST_F(SignedEvidence, ThatIsHeardTwiceIsADuplicate) {
  const std::string item = pair(signed_count(9, 5), signed_count(9, 6));
  tell(item);
  const std::uint64_t before = rig.gateway->counters().duplicates;
  tell(item);
  EXPECT_EQ(rig.gateway->counters().duplicates, before + 1);
  EXPECT_EQ(rig.gateway->counters().equivocations, 1u);
}

// Everything that two actors can contribute; a tells two stories.
std::vector<std::string> of_both() {
  const auto t = crdt::Hlc::at(1'700'000'000'000, 0), later = crdt::Hlc::at(1'700'000'000'001, 0);
  return {
      by_itself({.device = "b", .to = 9},
                {counter("c", 9, 10), up_down("pn", 9, 20, 5), grown("g", 0, 9, {"both", "of b"}),
                 reg("l", 9, 9, t, 1), set("s", 0, 9, {{3, "of b"}, {4, "gone"}})}),
      by_itself({.device = "a", .to = 9},
                {counter("c", 9, 1), up_down("pn", 9, 2, 4), grown("g", 0, 9, {"both", "of a"}),
                 reg("l", 9, 9, later, 2), set("s", 0, 9, {{5, "of a"}}, {}, {{"b", 1, 4}}),
                 counter("only", 9, 7)}),
  };
}

TEST_F(SignedEvidence, ExcludedActorsAreNotShownAndTheDigestStaysThatOfAllGateways) {
  for (const bool first : {true, false}) {  // the evidence, or what it excludes
    SCOPED_TRACE(first);
    Rig strict{options(true)}, mild{options(false)};
    const std::string item = pair(by_itself({.to = 20}, {counter("z", 20, 1)}),
                                  by_itself({.to = 20}, {counter("z", 20, 2)}));
    for (Rig* r : {&strict, &mild}) {
      start(*r);
      std::uint64_t n = 0;
      const auto tell_it = [&] {
        r->hear(r->topic("gw/gw2/delta"), batch("gw2", ++n, {item}));
        r->settle();
      };
      if (first) tell_it();
      for (const std::string& e : of_both())
        r->hear(r->topic("gw/gw2/delta"), batch("gw2", ++n, {e}));
      r->settle();
      if (!first) tell_it();
    }
    EXPECT_EQ(strict.digest(), mild.digest());
    for (int look = 0; look < 2; ++look, strict.reboot(), mild.reboot()) {
      EXPECT_EQ(mild.shows("c", Type::gcounter), "11");
      EXPECT_EQ(strict.shows("c", Type::gcounter), "10");
      EXPECT_EQ(mild.shows("pn", Type::pncounter), "13");
      EXPECT_EQ(strict.shows("pn", Type::pncounter), "15");
      EXPECT_EQ(mild.shows("g", Type::gset), R"(["both","of a","of b"])");
      EXPECT_EQ(strict.shows("g", Type::gset), R"(["both","of b"])");
      EXPECT_EQ(mild.shows("l", Type::lww), "2");
      EXPECT_EQ(strict.shows("l", Type::lww), "1");
      EXPECT_EQ(mild.shows("s", Type::orset), R"(["of a","of b"])");
      EXPECT_EQ(strict.shows("s", Type::orset), R"(["gone","of b"])");
      EXPECT_EQ(strict.gateway->value("c", 1)->contributors, 1u);
      EXPECT_EQ(strict.gateway->value("only", 1)->contributors, 0u);
      EXPECT_EQ(strict.shows("only", Type::gcounter), "0");
      const auto parts = strict.gateway->contributions("c", 1, "", 0, 10);
      ASSERT_EQ(parts.size(), 2u);
      EXPECT_EQ(parts[0].json, R"({"value":1,"excluded":true})");
      EXPECT_EQ(parts[1].json, R"({"value":10})");
      const auto written = strict.gateway->contributions("l", 5, "", 0, 10);
      EXPECT_NE(written.at(1).json.find(R"("shown":true)"), std::string::npos);
    }
    // What it says from then on neither.
    strict.up("a", by_itself({.to = 30}, {counter("c", 30, 500)}));
    strict.settle();
    EXPECT_EQ(strict.shows("c", Type::gcounter), "10");
  }
}

TEST_F(SignedEvidence, IsReadFromWhatAPeerThatIsOffHasRetained) {
  rig.up("a", signed_count(9, 5));
  rig.up("a", signed_count(9, 6));
  rig.run(20'000);
  Options o = enrolled("gw2");
  Rig other{o};
  other.boot();
  give(other, {registry({"a", "b", "gw", "gw2"})});
  for (int round = 0; round < 3; ++round) {
    for (const auto& [at, payload] : rig.retained) {
      if (at.second.find("/gw/gw/") != std::string::npos) other.hear(at.second, payload, true);
    }
    other.run(10'000);
  }
  EXPECT_EQ(other.digest(), rig.digest());
  ASSERT_EQ(known(other).size(), 1u);
  EXPECT_EQ(known(other)[0].bytes, known(rig)[0].bytes);
}

}  // namespace
}  // namespace tributary::core::testing
