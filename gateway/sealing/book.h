// SPDX-License-Identifier: Apache-2.0
// The book of sealed windows: when a gateway lays its state before the others, whose it looks at,
// what it cosigns, and what is a seal. Pure: bytes and the time go in, things to do come out.
//
//   Book book(options);
//   book.restore_vote(frame);  book.restore_seal(bytes);          // what the disk has, first
//   book.tick(wall_ms);  book.on_cosignature("g2", frame);  …
//   Output todo = book.take_output();                             // then book.kept(frame), …
//
// It is consistent broadcast with certificates (Reiter 1994, the echo protocol of Bracha and Toueg
// 1985), once a window, with proposers by rank: no consensus. Its promise: **a member cosigns one
// statement for a window at most, ever**, provided that what keep_vote asks for is on the disk
// before kept() is called, and that restore_vote() gets all of that after a restart. With it two
// statements of one window never have a quorum each while fewer than 2q − n members are bad, which
// fewer than n/3 always are. That a window gets sealed is not promised: for that the members must
// hear each other, and hold what one of them proposes.
//
// A value: a copy is another member with the same past. Not thread-safe.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transports/wire/window_seal.h"

namespace tributary::sealing {

struct Options {
  std::string fleet, gateway;        // ours
  std::vector<std::string> members;  // ascending, ours among them; the same at all of them
  std::uint64_t window_ms = 86'400'000;
  std::uint64_t grace_ms = 30'000;  // from a close to the first proposal, and from one to the next
  // No vote for a window that opened before: what was voted before that is not known.
  std::uint64_t since_ms = 0;
  // Is it signed by a key of that gateway, as a cosignature of this fleet?
  std::function<bool(std::string_view gateway, const wire::Sealed&)> verifies;
  wire::Limits wire = {};
};

struct Window {
  std::uint64_t opens_ms = 0, closes_ms = 0;  // wall time, ms since 1970
  friend bool operator==(const Window&, const Window&) = default;
};

// Somebody has cosigned two statements for one window: two frames that anybody can verify.
struct Proof {
  std::string gateway;
  std::uint64_t closes_ms = 0;
  std::string first, second;
};

// All of it may be done at once, in any order.
struct Output {
  // It has closed: note what is held and durable now. What comes of what follows must have all of
  // it.
  std::optional<Window> note;
  // Our turn: freeze what is durable, and say what it is with judged().
  std::optional<Window> freeze;
  struct Look {
    std::string gateway, statement;
    std::uint32_t parts = 0;
    std::uint64_t until_ms = 0;  // wall: if it is not whole by then, it is bad
  };
  // Read this proposal whole, judge it by what was noted, and call judged().
  std::optional<Look> look;
  std::optional<std::string> keep_vote;  // a statement: sign it, put it on the disk, call kept()
  std::optional<std::string> vote;       // a frame to publish, retained
  // A vote of ours that a broker had and our disk has not: an older copy of it came back. Keep it.
  std::optional<std::string> adopt;
  std::optional<std::string> offer;  // propose this statement, with the envelopes that make it
  bool withdraw = false;             // what we proposed: nobody needs it any more
  std::vector<std::string> seals;    // new ones: keep, and publish the newest, retained
  std::vector<Proof> proofs;
  // A seal for a window that has one already, of another statement: more members are bad than may
  // be.
  std::vector<std::string> contradictions;
};

class Book {
 public:
  explicit Book(Options options);

  // --- what the disk has, before anything else
  void restore_vote(std::uint64_t closes_ms, std::string frame);  // empty frame: only that there is
  void restore_seal(const std::string& bytes);

  // The clock turned out to have been behind (store/ledger.h).
  void raise_since(std::uint64_t ms) { options_.since_ms = std::max(options_.since_ms, ms); }

  // --- events
  void tick(std::uint64_t wall_ms);
  // `from` is the topic's gateway. What they return is why it is not heeded; empty: it is, or it is
  // of another time.
  std::string on_proposal(std::string_view from, const wire::SealProposal&);
  std::string on_cosignature(std::string_view from, std::string_view frame);
  std::string on_seal(std::string_view from, std::string_view bytes);
  // Of what was frozen (`from` is us) or looked at: every envelope is valid, they make what it
  // says, and nothing that was noted is missing.
  void judged(std::string_view from, std::string_view statement, bool good);
  // Our vote for it, signed, is on the disk.
  void kept(std::string_view frame);

  Output take_output() { return std::exchange(out_, {}); }

  // --- what people ask
  const Window& window() const { return round_.window; }  // the latest that has closed
  bool may_vote() const { return round_.window.opens_ms >= options_.since_ms; }
  bool voted() const { return voted_.contains(round_.window.closes_ms); }
  bool is_sealed() const { return !round_.sealed.empty(); }
  std::size_t quorum() const { return wire::seal_quorum(options_.members.size()); }
  // Who has cosigned the statement with the most cosignatures.
  std::vector<std::string> cosigned() const;
  // 0: proposes first.
  std::size_t rank(std::string_view gateway) const;
  // All that it remembers: what has equal memories has one future. For searches.
  std::string memory() const;

 private:
  static constexpr std::size_t tries_max = 2;       // statements of one gateway that are looked at
  static constexpr std::size_t statements_max = 2;  // of one gateway that are counted
  static constexpr std::size_t forged_max = 64;     // of one that are verified in a round
  struct Candidate {
    std::string gateway, statement;
    std::uint32_t parts = 0;
    bool bad = false;
  };
  struct Vote {
    std::string key_id, signature, frame;
  };
  struct Round {
    Window window;
    std::vector<Candidate> candidates;                                // in the order they came
    std::map<std::string, std::map<std::string, Vote>> by_statement;  // then by gateway
    std::set<std::string> accused;
    std::map<std::string, std::size_t, std::less<>> forged;  // by who brought them
    std::string looking;  // the gateway whose candidate is looked at; ours: freezing
    bool frozen = false, offered = false, withdrawn = false;
    std::string keeping;  // the statement that is on its way to the disk
    std::string sealed;   // its statement
    std::uint64_t sealed_at_ms = 0;
  };

  bool member(std::string_view gateway) const;
  bool tiresome(std::string_view gateway) const;
  bool ours(const wire::SealStatement&) const;
  Window window_at(std::uint64_t wall_ms) const;
  void open_round(const Window&);
  std::uint64_t turn_ms(std::string_view gateway) const;
  void proceed();
  void propose();
  bool look();
  void count(std::string_view gateway, std::string_view statement, Vote vote);
  void seal_if_enough(const std::string& statement);
  void take_seal(const std::string& statement, std::string bytes, std::uint64_t closes_ms);
  std::string vote_of_round() const;

  Options options_;
  std::uint64_t now_ms_ = 0;
  Round round_;
  std::map<std::uint64_t, std::string> voted_;   // by close: the frame, when it may be needed
  std::map<std::uint64_t, std::string> sealed_;  // by close: the statement; the newest few
  // Of the window that closes next, by members whose clock is ahead.
  std::map<std::string, std::set<std::string>> early_votes_;  // at most statements_max each
  std::map<std::string, Candidate> early_candidates_;
  Output out_;
};

}  // namespace tributary::sealing
