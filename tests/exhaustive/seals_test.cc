// SPDX-License-Identifier: Apache-2.0
// Everything that can happen while a window is sealed: bad members sign two statements and lay
// either before whomever they like, good ones crash at every step, and start again from what was on
// their disk, as often as they like. Two seals for one window must not exist while f < n/3; and the
// search that says so finds them where there may be two, and where a member forgets its vote.
//
// A good member is the shipping Book.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/gateway/sealing/members.h"

namespace tributary::sealing {
namespace {

enum class Fault { none, forgets_its_vote, votes_before_it_is_kept };

// A good member, and what it has said aloud. What it does next is its own affair: what others said
// reaches it as an event.
struct Member {
  Book book;
  std::string disk;     // what it has voted for there: "", "A", "B"
  std::string looking;  // what it judges
  std::string writing;  // what is on its way to the disk
  std::set<std::string> said;
};

enum class Event {
  tick,  // it has slept until the window has closed
  proposal_a,
  proposal_b,
  seal_a,
  seal_b,
  found_good,
  found_bad,
  written,
  power_fails,
  power_fails_once_written,
  count_
};

// Members by what they remember, and what becomes of them: each is found out once.
class Members {
 public:
  using Id = std::size_t;

  // A window in which it is the bad one's turn first.
  Members(Names names, Fault fault) : names_(std::move(names)), fault_(fault) {
    for (std::size_t rank = 1; rank != 0;) {
      Book book(options_of("g1", names_));
      book.tick(closes_ms_ += window_ms);
      rank = book.rank("g1");
    }
  }

  // Good members differ in nothing but their names: all are played by the last.
  Id fresh() { return known(started({})); }
  const Member& of(Id id) const { return all_[id]; }

  // What it is after that; itself, when it cannot happen.
  Id after(Id id, Event event) {
    const auto [at, fresh] = after_.try_emplace({id, event}, id);
    if (fresh) {
      if (auto next = step(all_[id], event)) {
        const Id found = known(std::move(*next));
        return after_[{id, event}] = found;
      }
    }
    return at->second;
  }

 private:
  std::string statement(const std::string& state) const {
    return statement_of(names_, state, closes_ms_);
  }
  std::string state_of(std::string_view said) const { return said == statement("A") ? "A" : "B"; }

  Member started(const std::string& disk) const {
    const std::string who = names_.back();
    Member m{Book(options_of(who, names_)), disk, {}, {}, {}};
    if (!disk.empty() && fault_ != Fault::forgets_its_vote)
      m.book.restore_vote(closes_ms_, vote_of(who, statement(disk)));
    return m;
  }

  Id known(Member&& m) {
    std::string key = m.book.memory() + '|' + m.disk + '|' + m.looking + '|' + m.writing + '|';
    for (const std::string& state : m.said) key += state;
    const auto [at, fresh] = ids_.try_emplace(std::move(key), all_.size());
    if (fresh) all_.push_back(std::move(m));
    return at->second;
  }

  std::optional<Member> step(Member m, Event event) const {
    const std::string who = names_.back();
    const std::string state = event == Event::proposal_a || event == Event::seal_a ? "A" : "B";
    switch (event) {
      case Event::tick:
        m.book.tick(closes_ms_ + grace_ms);
        break;
      case Event::proposal_a:
      case Event::proposal_b:
        m.book.on_proposal("g1", proposal_of("g1", statement(state)));
        break;
      case Event::seal_a:
      case Event::seal_b:
        m.book.on_seal("g1",
                       seal_of({names_.begin(), names_.begin() + quorum()}, statement(state)));
        break;
      case Event::found_good:
      case Event::found_bad:
        if (m.looking.empty()) return std::nullopt;
        m.book.judged("g1", statement(std::exchange(m.looking, {})), event == Event::found_good);
        break;
      case Event::written:
        if (m.writing.empty()) return std::nullopt;
        if (fault_ != Fault::votes_before_it_is_kept) m.disk = m.writing;
        m.book.kept(vote_of(who, statement(std::exchange(m.writing, {}))));
        break;
      default:
        if (event == Event::power_fails_once_written && m.writing.empty()) return std::nullopt;
        std::set<std::string> said = m.said;
        m = started(event == Event::power_fails ? m.disk : m.writing);
        m.said = std::move(said);
    }
    // What it wants done is noted, and said aloud at once what may be.
    const Output out = m.book.take_output();
    if (out.look) m.looking = state_of(out.look->statement);
    if (out.keep_vote) m.writing = state_of(*out.keep_vote);
    if (out.vote) m.said.insert(state_of(wire::decode_sealed(*out.vote, {})->body));
    return m;
  }

  std::ptrdiff_t quorum() const {
    return static_cast<std::ptrdiff_t>(wire::seal_quorum(names_.size()));
  }

  const Names names_;
  const Fault fault_;
  std::uint64_t closes_ms_ = close_ms;
  std::deque<Member> all_;
  std::map<std::string, Id> ids_;
  std::map<std::pair<Id, Event>, Id> after_;
};

class Search {
 public:
  Search(std::size_t members, std::size_t bad, Fault fault)
      : members_(members), bad_(bad), good_(names(members), fault) {
    find(World(members - bad, good_.fresh()));
    while (!open_.empty() && two_seals_ == 0) {
      const World next = std::move(open_.back());
      open_.pop_back();
      visit(next);
    }
  }

  std::size_t states() const { return seen_.size(); }
  std::size_t sealed() const { return sealed_; }        // states in which there is a seal
  std::size_t two_seals() const { return two_seals_; }  // the first one ends the search

 private:
  using World = std::vector<Members::Id>;  // ascending: who is who makes no difference

  static Names names(std::size_t n) {
    Names out;
    for (std::size_t i = 1; i <= n; ++i) out.push_back("g" + std::to_string(i));
    return out;
  }

  void find(World world) {
    std::sort(world.begin(), world.end());
    if (seen_.insert(world).second) open_.push_back(std::move(world));
  }

  // Bad members have signed everything, and keep every cosignature that was ever said aloud.
  bool seal(const World& world, const char* state) const {
    const auto said = [&](Members::Id id) { return good_.of(id).said.count(state) != 0; };
    const auto votes = std::count_if(world.begin(), world.end(), said);
    return bad_ + static_cast<std::size_t>(votes) >= wire::seal_quorum(members_);
  }

  void visit(const World& world) {
    const bool a = seal(world, "A"), b = seal(world, "B");
    sealed_ += a || b;
    two_seals_ += a && b;
    for (std::size_t i = 0; i < world.size(); ++i) {
      for (int e = 0; e < static_cast<int>(Event::count_); ++e) {
        const auto event = static_cast<Event>(e);
        if ((event == Event::seal_a && !a) || (event == Event::seal_b && !b)) continue;
        World next = world;
        next[i] = good_.after(world[i], event);
        find(std::move(next));
      }
    }
  }

  const std::size_t members_, bad_;
  Members good_;
  std::set<World> seen_;
  std::vector<World> open_;
  std::size_t sealed_ = 0, two_seals_ = 0;
};

TEST(Seals, OneOfFourMayBeBad) {
  const Search search(4, 1, Fault::none);
  EXPECT_GT(search.states(), 1'000U);
  EXPECT_GT(search.sealed(), 0U);
  EXPECT_EQ(search.two_seals(), 0U);
  RecordProperty("states", static_cast<int>(search.states()));
}

TEST(Seals, NoneIsBad) {
  const Search search(3, 0, Fault::none);
  EXPECT_GT(search.sealed(), 0U);
  EXPECT_EQ(search.two_seals(), 0U);
}

// 3 of 4 twice have two members in common: both must be bad.
TEST(Seals, TwoOfFourBreakIt) {
  EXPECT_GT(Search(4, 2, Fault::none).two_seals(), 0U);
}

// Where n is a multiple of 3 the quorum is one more than it need be: n/3 bad members do not break
// it yet. They can keep it from sealing anything.
TEST(Seals, OneOfThreeDoesNotBreakItYet) {
  const Search search(3, 1, Fault::none);
  EXPECT_GT(search.sealed(), 0U);
  EXPECT_EQ(search.two_seals(), 0U);
}

// Faults that the search must find, with one bad member of four.
TEST(Seals, AVoteThatIsForgottenBreaksIt) {
  EXPECT_GT(Search(4, 1, Fault::forgets_its_vote).two_seals(), 0U);
}

TEST(Seals, AVoteThatIsSaidBeforeItIsKeptBreaksIt) {
  EXPECT_GT(Search(4, 1, Fault::votes_before_it_is_kept).two_seals(), 0U);
}

}  // namespace
}  // namespace tributary::sealing
