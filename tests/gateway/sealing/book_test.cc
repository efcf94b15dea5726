// SPDX-License-Identifier: Apache-2.0
// Who votes for what, when, and what is a seal. That two of them cannot be is for
// tests/exhaustive/seals_test.cc.
#include "gateway/sealing/book.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/gateway/sealing/members.h"

namespace tributary::sealing {
namespace {

const Names four{"g1", "g2", "g3", "g4"};
const std::string a = statement_of(four, "A"), b = statement_of(four, "B");

std::string by_rank(std::size_t rank) {
  Book book(options_of("g1", four));
  book.tick(close_ms);
  return *std::find_if(four.begin(), four.end(),
                       [&](const std::string& g) { return book.rank(g) == rank; });
}

// One that has slept until g2 and g3 have had their turns, and was asked nothing.
struct Awake {
  explicit Awake(const std::string& name, std::uint64_t at_ms = close_ms + 2 * grace_ms)
      : book(options_of(name, four)) {
    book.tick(at_ms);
    noted = book.take_output().note;
  }
  Book book;
  std::optional<Window> noted;
};

// Proposed by `from`, found good, and on the disk.
void vote(Book& book, const std::string& name, const std::string& from, const std::string& what) {
  book.on_proposal(from, proposal_of(from, what));
  book.judged(from, what, true);
  ASSERT_EQ(book.take_output().keep_vote, what);
  book.kept(vote_of(name, what));
}

TEST(Book, NotesWhatThereIsAtTheClose) {
  Awake g1("g1");
  EXPECT_EQ(g1.noted, (Window{close_ms - window_ms, close_ms}));
  g1.book.tick(close_ms + window_ms - 1);
  EXPECT_FALSE(g1.book.take_output().note);
  g1.book.tick(close_ms + window_ms);
  EXPECT_EQ(g1.book.take_output().note, (Window{close_ms, close_ms + window_ms}));
}

TEST(Book, ProposesByRank) {
  for (std::size_t rank = 0; rank < four.size(); ++rank) {
    Awake g(by_rank(rank), close_ms + 1);
    g.book.tick(close_ms + (rank + 1) * grace_ms - 1);
    EXPECT_FALSE(g.book.take_output().freeze);
    g.book.tick(close_ms + (rank + 1) * grace_ms);
    EXPECT_TRUE(g.book.take_output().freeze);
    g.book.tick(close_ms + (rank + 2) * grace_ms);
    EXPECT_FALSE(g.book.take_output().freeze) << "once";
  }
}

TEST(Book, AnotherComesFirstInAnotherWindow) {
  std::set<std::string> first;
  for (std::uint64_t w = 0; w < 64; ++w) {
    Book book(options_of("g1", four));
    book.tick(close_ms + w * window_ms);
    for (const std::string& g : four)
      if (book.rank(g) == 0) first.insert(g);
  }
  EXPECT_EQ(first.size(), 4U);
}

TEST(Book, OffersWhatItFrozeOnceItsVoteIsKept) {
  const std::string first = by_rank(0);
  Awake g(first, close_ms + 1);
  g.book.tick(close_ms + grace_ms);
  ASSERT_TRUE(g.book.take_output().freeze);
  g.book.judged(first, a, true);
  Output out = g.book.take_output();
  EXPECT_EQ(out.keep_vote, a);
  EXPECT_FALSE(out.vote || out.offer) << "not before it is on the disk";
  g.book.kept(vote_of(first, a));
  out = g.book.take_output();
  EXPECT_EQ(out.vote, vote_of(first, a));
  EXPECT_EQ(out.offer, a);
}

TEST(Book, LooksAtOneAtATimeAndVotesOnce) {
  Awake g4("g4");
  g4.book.on_proposal("g2", proposal_of("g2", a));
  EXPECT_EQ(g4.book.take_output().look->statement, a);
  g4.book.on_proposal("g3", proposal_of("g3", b));
  EXPECT_FALSE(g4.book.take_output().look);
  g4.book.judged("g2", a, true);
  EXPECT_EQ(g4.book.take_output().keep_vote, a);
  g4.book.tick(close_ms + 2 * grace_ms + 1);
  EXPECT_FALSE(g4.book.take_output().look) << "while the vote is written";
  g4.book.kept(vote_of("g4", a));
  EXPECT_EQ(g4.book.take_output().vote, vote_of("g4", a));
  g4.book.tick(close_ms + 2 * grace_ms + 2);
  g4.book.judged("g3", b, true);  // late, and nobody asked
  const Output out = g4.book.take_output();
  EXPECT_FALSE(out.look || out.keep_vote);
}

TEST(Book, LooksAtTheNextWhenOneIsBad) {
  Awake g4("g4");
  g4.book.on_proposal("g2", proposal_of("g2", a));
  g4.book.on_proposal("g3", proposal_of("g3", b));
  g4.book.take_output();
  g4.book.judged("g2", a, false);
  EXPECT_EQ(g4.book.take_output().look->gateway, "g3");
  g4.book.judged("g3", b, false);
  EXPECT_FALSE(g4.book.take_output().look);
}

TEST(Book, LooksAtNobodyBeforeItsTurn) {
  Awake g4("g4", close_ms + 1);
  g4.book.on_proposal("g3", proposal_of("g3", b));
  EXPECT_FALSE(g4.book.take_output().look);
  g4.book.tick(close_ms + 2 * grace_ms - 1);
  EXPECT_FALSE(g4.book.take_output().look);
  g4.book.tick(close_ms + 2 * grace_ms);
  const Output out = g4.book.take_output();
  ASSERT_TRUE(out.look);
  EXPECT_EQ(out.look->until_ms, close_ms + 3 * grace_ms) << "then it is the next one's turn";
}

// Who comes late takes nobody else's time.
TEST(Book, OfSeveralLooksFirstAtWhoseTurnCameLast) {
  Awake g4("g4", close_ms + 1);
  g4.book.on_proposal("g2", proposal_of("g2", a));
  g4.book.on_proposal("g3", proposal_of("g3", b));
  g4.book.tick(close_ms + 2 * grace_ms + grace_ms / 2);
  const Output out = g4.book.take_output();
  ASSERT_TRUE(out.look);
  EXPECT_EQ(out.look->gateway, "g3");
  EXPECT_EQ(out.look->until_ms, close_ms + 4 * grace_ms) << "what is left of this turn is little";
}

TEST(Book, LooksAtOthersBeforeItProposesItsOwn) {
  Awake g3("g3", close_ms + 1);
  g3.book.on_proposal("g2", proposal_of("g2", a));
  g3.book.tick(close_ms + 2 * grace_ms);
  Output out = g3.book.take_output();
  EXPECT_TRUE(out.look && !out.freeze);
  g3.book.judged("g2", a, false);
  EXPECT_TRUE(g3.book.take_output().freeze);
}

TEST(Book, HeedsTwoProposalsOfOneGatewayAndNoMore) {
  Awake g4("g4");
  for (const char* state : {"1", "2"})
    EXPECT_EQ(g4.book.on_proposal("g2", proposal_of("g2", statement_of(four, state))), "");
  EXPECT_NE(g4.book.on_proposal("g2", proposal_of("g2", statement_of(four, "3"))), "");
  EXPECT_EQ(g4.book.on_proposal("g2", proposal_of("g2", statement_of(four, "2"))), "");
}

TEST(Book, RemembersItsVoteOverARestart) {
  Book g4(options_of("g4", four));
  g4.restore_vote(close_ms, vote_of("g4", a));
  g4.tick(close_ms + 2 * grace_ms);
  EXPECT_EQ(g4.take_output().vote, vote_of("g4", a)) << "said again";
  g4.on_proposal("g2", proposal_of("g2", b));
  EXPECT_FALSE(g4.take_output().look);
}

TEST(Book, ItsVoteIsRememberedWithoutItsFrame) {
  Book g4(options_of("g4", four));
  for (std::uint64_t w = 0; w < 40; ++w) {
    const std::uint64_t closes = close_ms + w * window_ms;
    g4.restore_vote(closes, vote_of("g4", statement_of(four, "A", closes)));
  }
  g4.tick(close_ms + 2 * grace_ms);
  EXPECT_TRUE(g4.voted());
  g4.on_proposal("g2", proposal_of("g2", b));
  EXPECT_FALSE(g4.take_output().look);
}

TEST(Book, DoesNotVoteForWindowsThatOpenedBeforeItsDisk) {
  Options o = options_of("g4", four);
  o.since_ms = close_ms - window_ms + 1;
  Book g4(o);
  g4.tick(close_ms + 10 * grace_ms);
  g4.on_proposal("g2", proposal_of("g2", a));
  Output out = g4.take_output();
  EXPECT_FALSE(out.look || out.freeze);
  g4.on_proposal("g2", proposal_of("g2", statement_of(four, "A", close_ms + window_ms)));
  g4.tick(close_ms + window_ms + 5 * grace_ms);
  EXPECT_TRUE(g4.take_output().look);
}

// An older copy of its disk came back: the broker knows better.
TEST(Book, AdoptsAVoteOfItsOwnThatABrokerHas) {
  Awake g4("g4");
  EXPECT_EQ(g4.book.on_cosignature("g4", vote_of("g4", a)), "");
  EXPECT_EQ(g4.book.take_output().adopt, vote_of("g4", a));
  g4.book.on_proposal("g2", proposal_of("g2", b));
  EXPECT_FALSE(g4.book.take_output().look);
}

TEST(Book, ThreeOfFourMakeASeal) {
  Awake g4("g4");
  vote(g4.book, "g4", "g2", a);
  g4.book.take_output();
  EXPECT_EQ(g4.book.on_cosignature("g1", vote_of("g1", a)), "");
  EXPECT_TRUE(g4.book.take_output().seals.empty());
  EXPECT_EQ(g4.book.on_cosignature("g2", vote_of("g2", a)), "");
  const Output out = g4.book.take_output();
  ASSERT_EQ(out.seals.size(), 1U);
  EXPECT_EQ(out.seals[0], seal_of({"g1", "g2", "g4"}, a));
  EXPECT_TRUE(g4.book.is_sealed());
  EXPECT_EQ(g4.book.cosigned(), (Names{"g1", "g2", "g4"}));
  g4.book.on_cosignature("g3", vote_of("g3", a));
  EXPECT_TRUE(g4.book.take_output().seals.empty()) << "one is enough";
}

// Every order in which four cosignatures may come, of which some are of another statement.
TEST(Book, ASealIsMadeWhenThereAreEnoughWhateverTheOrder) {
  for (unsigned for_b = 0; for_b < 16; ++for_b) {
    std::vector<std::size_t> order{0, 1, 2, 3};
    do {
      Awake observer("g4");
      std::size_t of_a = 0, of_b = 0, seals = 0;
      for (const std::size_t i : order) {
        const bool is_b = (for_b >> i & 1) != 0;
        ++(is_b ? of_b : of_a);
        observer.book.on_cosignature(four[i], vote_of(four[i], is_b ? b : a));
        seals += observer.book.take_output().seals.size();
        EXPECT_EQ(seals, of_a >= 3 || of_b >= 3 ? 1U : 0U);
      }
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST(Book, TakesOnlyWhatIsSignedByAMember) {
  Awake g4("g4");
  EXPECT_NE(g4.book.on_cosignature("g5", vote_of("g5", a)), "");
  EXPECT_NE(g4.book.on_cosignature("g1", vote_of("g2", a)), "");
  EXPECT_NE(g4.book.on_cosignature("g1", "nonsense"), "");
  EXPECT_NE(g4.book.on_cosignature("g1", vote_of("g1", statement_of({"g1", "g2"}, "A"))), "");
  EXPECT_NE(g4.book.on_proposal("g5", proposal_of("g5", a)), "");
  EXPECT_NE(g4.book.on_proposal("g1", proposal_of("g2", a)), "");
  EXPECT_TRUE(g4.book.cosigned().empty());
}

TEST(Book, WhoForgesAgainAndAgainIsNotLookedAtUntilTheNextWindow) {
  std::size_t looks = 0;
  Options o = options_of("g4", four);
  o.verifies = [&](std::string_view, const wire::Sealed&) {
    ++looks;
    return false;
  };
  Book g4(o);
  g4.tick(close_ms);
  for (int i = 0; i < 1'000; ++i) g4.on_cosignature("g1", vote_of("g1", a));
  EXPECT_EQ(looks, 64U);
  for (int i = 0; i < 10; ++i) g4.on_seal("g1", seal_of({"g1", "g2", "g3"}, a));
  EXPECT_EQ(looks, 64U);
  g4.tick(close_ms + window_ms);
  g4.on_cosignature("g1", vote_of("g1", statement_of(four, "A", close_ms + window_ms)));
  EXPECT_EQ(looks, 65U);
}

TEST(Book, NamesWhoSignsTwoStatements) {
  Awake g4("g4");
  g4.book.on_cosignature("g1", vote_of("g1", a));
  g4.book.on_cosignature("g1", vote_of("g1", b));
  const Output out = g4.book.take_output();
  ASSERT_EQ(out.proofs.size(), 1U);
  EXPECT_EQ(out.proofs[0].gateway, "g1");
  EXPECT_EQ(out.proofs[0].first, vote_of("g1", a));
  EXPECT_EQ(out.proofs[0].second, vote_of("g1", b));
  for (const char* state : {"C", "D", "E"})
    g4.book.on_cosignature("g1", vote_of("g1", statement_of(four, state)));
  EXPECT_TRUE(g4.book.take_output().proofs.empty()) << "once";
}

// In the moment before ours says that the window has closed.
TEST(Book, NamesWhoSignsTwoStatementsEarly) {
  Awake g4("g4", close_ms - 10);
  for (const char* state : {"A", "B", "C"})
    g4.book.on_cosignature("g1", vote_of("g1", statement_of(four, state)));
  g4.book.tick(close_ms);
  EXPECT_EQ(g4.book.take_output().proofs.size(), 1U);
}

TEST(Book, TakesASealOfOthersAndThenVotesForNothingElse) {
  Awake g4("g4");
  EXPECT_EQ(g4.book.on_seal("g1", seal_of({"g1", "g2", "g3"}, a)), "");
  EXPECT_EQ(g4.book.take_output().seals.size(), 1U);
  EXPECT_EQ(g4.book.on_seal("g1", seal_of({"g1", "g2", "g3"}, a)), "");
  EXPECT_TRUE(g4.book.take_output().seals.empty());
  g4.book.on_proposal("g2", proposal_of("g2", b));
  EXPECT_FALSE(g4.book.take_output().look);
  g4.book.on_proposal("g3", proposal_of("g3", a));
  EXPECT_TRUE(g4.book.take_output().look) << "to have the state as well";
}

TEST(Book, RefusesWhatIsNoSeal) {
  Awake g4("g4");
  EXPECT_NE(g4.book.on_seal("g1", seal_of({"g1", "g2"}, a)), "");
  std::string forged = seal_of({"g1", "g2", "g3"}, a);
  forged.back() = static_cast<char>(forged.back() ^ 1);
  EXPECT_NE(g4.book.on_seal("g1", forged), "");
  const Names three{"g1", "g2", "g3"};
  EXPECT_NE(g4.book.on_seal("g1", seal_of(three, statement_of(three, "A"))), "");
  EXPECT_NE(g4.book.on_seal("g1", seal_of(three, statement_of(four, "A", close_ms + 1))), "");
  EXPECT_TRUE(g4.book.take_output().seals.empty());
}

TEST(Book, TwoSealsForOneWindowAreShown) {
  Awake g4("g4");
  g4.book.on_seal("g1", seal_of({"g1", "g2", "g3"}, a));
  EXPECT_EQ(g4.book.on_seal("g1", seal_of({"g1", "g2", "g3"}, b)), "");
  EXPECT_EQ(g4.book.take_output().contradictions.size(), 1U);
}

// Who has voted can vote for nothing else, so that is what it proposes when its turn comes.
TEST(Book, ProposesWhatItHasVotedFor) {
  const std::string second = by_rank(1), first = by_rank(0);
  Awake g(second, close_ms + grace_ms);
  vote(g.book, second, first, a);
  g.book.take_output();
  g.book.tick(close_ms + 2 * grace_ms);
  EXPECT_EQ(g.book.take_output().offer, a);
  g.book.on_seal("g1", seal_of({"g1", "g2", "g3"}, a));
  g.book.tick(close_ms + 3 * grace_ms);
  EXPECT_FALSE(g.book.take_output().withdraw) << "somebody may still read it";
  g.book.tick(close_ms + 4 * grace_ms);
  EXPECT_TRUE(g.book.take_output().withdraw);
}

TEST(Book, WithdrawsWhatIsNotSealedAtTheNextClose) {
  const std::string first = by_rank(0);
  Awake g(first, close_ms + 1);
  g.book.tick(close_ms + grace_ms);
  g.book.judged(first, a, true);
  g.book.kept(vote_of(first, a));
  g.book.take_output();
  g.book.tick(close_ms + window_ms);
  EXPECT_TRUE(g.book.take_output().withdraw);
}

TEST(Book, HearsWhoseClockIsAhead) {
  Awake g4("g4", close_ms - 10);
  g4.book.on_cosignature("g1", vote_of("g1", a));
  g4.book.on_cosignature("g2", vote_of("g2", a));
  g4.book.on_cosignature("g3", vote_of("g3", a));
  g4.book.on_proposal("g2", proposal_of("g2", a));
  Output out = g4.book.take_output();
  EXPECT_TRUE(out.seals.empty() && !out.look);
  g4.book.tick(close_ms);
  EXPECT_EQ(g4.book.take_output().seals.size(), 1U);
  g4.book.tick(close_ms + grace_ms);
  EXPECT_TRUE(g4.book.take_output().look);
}

TEST(Book, AClockThatWasFarAheadIsForgotten) {
  Awake g4("g4", close_ms + 1000 * window_ms);
  g4.book.tick(close_ms + 1);
  EXPECT_EQ(g4.book.take_output().note, (Window{close_ms - window_ms, close_ms}));
}

TEST(Book, KnowsAfterARestartThatTheWindowIsSealed) {
  Book g4(options_of("g4", four));
  g4.restore_seal(seal_of({"g1", "g2", "g3"}, a));
  g4.tick(close_ms + 10 * grace_ms);
  EXPECT_TRUE(g4.is_sealed());
  EXPECT_FALSE(g4.take_output().freeze);
}

}  // namespace
}  // namespace tributary::sealing
