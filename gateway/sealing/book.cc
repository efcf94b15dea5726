// SPDX-License-Identifier: Apache-2.0
#include "gateway/sealing/book.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tributary::sealing {
namespace {

constexpr std::size_t frames_remembered = 16;  // of our own votes: the newest
constexpr std::size_t seals_remembered = 64;

}  // namespace

Book::Book(Options options) : options_(std::move(options)) {
  assert(options_.window_ms > 0 && options_.grace_ms > 0 && options_.verifies);
  assert(std::is_sorted(options_.members.begin(), options_.members.end()));
  assert(member(options_.gateway) && options_.members.size() <= wire::seal_members_max);
}

bool Book::member(std::string_view gateway) const {
  return std::binary_search(options_.members.begin(), options_.members.end(), gateway);
}

Window Book::window_at(std::uint64_t wall_ms) const {
  const std::uint64_t closes_ms = wall_ms - wall_ms % options_.window_ms;
  return {closes_ms - std::min(closes_ms, options_.window_ms), closes_ms};
}

// Of a window and of members as we have them.
bool Book::ours(const wire::SealStatement& s) const {
  return s.fleet == options_.fleet && s.closes_ms % options_.window_ms == 0 &&
         s.closes_ms - s.opens_ms == options_.window_ms &&
         std::equal(s.members.begin(), s.members.end(), options_.members.begin(),
                    options_.members.end());
}

// --- what the disk has

void Book::restore_vote(std::uint64_t closes_ms, std::string frame) {
  voted_[closes_ms] = std::move(frame);
  if (voted_.size() > frames_remembered)
    std::prev(voted_.end(), frames_remembered + 1)->second.clear();
}

void Book::restore_seal(const std::string& bytes) {
  const auto seal = wire::decode_window_seal(bytes, options_.wire);
  if (!seal) return;
  sealed_[seal->statement.closes_ms] = std::string(seal->body);
  if (sealed_.size() > seals_remembered) sealed_.erase(sealed_.begin());
}

// --- a round: the latest window that has closed

void Book::open_round(const Window& window) {
  if (round_.offered && !round_.withdrawn) out_.withdraw = true;
  round_ = {};
  round_.window = window;
  out_.freeze.reset();
  out_.look.reset();
  out_.offer.reset();
  if (const auto at = sealed_.find(window.closes_ms); at != sealed_.end()) {
    round_.sealed = at->second;
    round_.sealed_at_ms = now_ms_;
  }
  out_.note = window;
  if (const auto at = voted_.find(window.closes_ms); at != voted_.end() && !at->second.empty()) {
    const std::string frame = at->second;
    kept(frame);
  }
  for (auto& [gateway, candidate] : std::exchange(early_candidates_, {})) {
    const auto s = wire::decode_seal_statement(candidate.statement, options_.wire);
    if (s && s->closes_ms == window.closes_ms) round_.candidates.push_back(std::move(candidate));
  }
  for (const auto& [gateway, frames] : std::exchange(early_votes_, {}))
    for (const std::string& frame : frames) on_cosignature(gateway, frame);
}

void Book::tick(std::uint64_t wall_ms) {
  now_ms_ = wall_ms;
  const Window window = window_at(wall_ms);
  // A clock that was set back by a little says nothing; by more: it had been wrong.
  const bool back = wall_ms + options_.window_ms < round_.window.closes_ms;
  if (window.closes_ms > 0 && (window.closes_ms > round_.window.closes_ms || back))
    open_round(window);
  proceed();
}

std::size_t Book::rank(std::string_view gateway) const {
  const auto score = [&](std::string_view name) {
    return wire::sha256("tributary/1 proposer " + std::to_string(round_.window.closes_ms) + " " +
                        std::string(name));
  };
  const wire::Hash own = score(gateway);
  return static_cast<std::size_t>(
      std::count_if(options_.members.begin(), options_.members.end(),
                    [&](const std::string& other) { return score(other) < own; }));
}

void Book::proceed() {
  if (round_.window.closes_ms == 0) return;
  const bool sealed_for_a_while =
      !round_.sealed.empty() && now_ms_ >= round_.sealed_at_ms + 2 * options_.grace_ms;
  if (round_.offered && !round_.withdrawn && sealed_for_a_while)
    round_.withdrawn = out_.withdraw = true;
  if (!may_vote() || !round_.looking.empty() || !round_.keeping.empty()) return;
  if (!look()) propose();
}

std::uint64_t Book::turn_ms(std::string_view gateway) const {
  return round_.window.closes_ms + options_.grace_ms * (1 + rank(gateway));
}

// When its turn comes, a member lays what it has voted for before the others, whoever made it: who
// has voted cannot vote for anything else. Otherwise, when there is nothing to look at, its own
// state.
void Book::propose() {
  if (!round_.sealed.empty() || round_.offered || now_ms_ < turn_ms(options_.gateway)) return;
  if (!voted()) {
    if (std::exchange(round_.frozen, true)) return;
    round_.looking = options_.gateway;
    out_.freeze = round_.window;
    return;
  }
  const std::string statement = vote_of_round();
  if (statement.empty()) return;
  round_.offered = true;
  out_.offer = statement;
}

// Nobody is looked at before its turn, and of those that are there the one first whose turn came
// last: whoever comes late, or is slow, does not take the time of others. Once there is a seal,
// only what it seals.
bool Book::look() {
  if (voted()) return false;
  const Candidate* best = nullptr;
  for (const Candidate& c : round_.candidates) {
    if (c.bad || (!round_.sealed.empty() && c.statement != round_.sealed)) continue;
    if (turn_ms(c.gateway) > now_ms_) continue;
    if (best == nullptr || rank(c.gateway) > rank(best->gateway)) best = &c;
  }
  if (best == nullptr) return false;
  round_.looking = best->gateway;
  // Until the next turn begins, or the one after it when that is soon.
  const std::uint64_t passed_ms = now_ms_ - round_.window.closes_ms + options_.grace_ms / 2;
  const std::uint64_t until_ms =
      round_.window.closes_ms + (passed_ms / options_.grace_ms + 1) * options_.grace_ms;
  out_.look = Output::Look{best->gateway, best->statement, best->parts, until_ms};
  return true;
}

void Book::judged(std::string_view from, std::string_view statement, bool good) {
  const auto s = wire::decode_seal_statement(statement, options_.wire);
  if (!s || s->closes_ms != round_.window.closes_ms || round_.looking != from) return;
  round_.looking.clear();
  if (!good) {
    for (Candidate& c : round_.candidates) c.bad |= c.gateway == from && c.statement == statement;
  } else if (may_vote() && !voted() && ours(*s) &&
             (round_.sealed.empty() || round_.sealed == statement)) {
    round_.keeping = std::string(statement);
    out_.keep_vote = round_.keeping;
  }
  proceed();
}

void Book::kept(std::string_view frame) {
  const auto vote = wire::decode_cosignature(frame, options_.wire);
  assert(vote);  // it is ours
  const std::uint64_t closes_ms = vote->statement.closes_ms;
  restore_vote(closes_ms, std::string(frame));
  if (closes_ms != round_.window.closes_ms) return;
  round_.keeping.clear();
  out_.vote = std::string(frame);
  count(
      options_.gateway, vote->sealed.body,
      {std::string(vote->sealed.key_id), std::string(vote->sealed.signature), std::string(frame)});
  proceed();
}

// What we have voted for in this round; empty: nothing, or nobody knows any more.
std::string Book::vote_of_round() const {
  const auto at = voted_.find(round_.window.closes_ms);
  if (at == voted_.end() || at->second.empty()) return {};
  const auto vote = wire::decode_cosignature(at->second, options_.wire);
  return vote ? std::string(vote->sealed.body) : std::string();
}

// --- what others say

std::string Book::on_proposal(std::string_view from, const wire::SealProposal& p) {
  if (from == options_.gateway) return {};
  if (!member(from)) return "it is no member";
  if (p.gateway != from || p.fleet != options_.fleet) return "the proposal is of another gateway";
  const auto s = wire::decode_seal_statement(p.statement, options_.wire);
  if (!s || !ours(*s)) return "of other members, or of a window that is none here";
  Candidate made{std::string(from), std::string(p.statement), p.parts};
  if (s->closes_ms == round_.window.closes_ms + options_.window_ms) {
    early_candidates_.insert_or_assign(std::string(from), std::move(made));
    return {};
  }
  if (s->closes_ms != round_.window.closes_ms) return {};
  std::size_t tries = 0;
  for (const Candidate& c : round_.candidates) {
    tries += c.gateway == from;
    if (c.gateway == from && c.statement == p.statement) return {};
  }
  if (tries >= tries_max) return "it has proposed two things for this window before";
  round_.candidates.push_back(std::move(made));
  proceed();
  return {};
}

std::string Book::on_cosignature(std::string_view from, std::string_view frame) {
  if (!member(from)) return "it is no member";
  const auto vote = wire::decode_cosignature(frame, options_.wire);
  if (!vote) return to_string(vote.error());
  if (!ours(vote->statement)) return "of other members, or of a window that is none here";
  const std::uint64_t closes_ms = vote->statement.closes_ms;
  if (closes_ms == round_.window.closes_ms + options_.window_ms) {
    auto& frames = early_votes_[std::string(from)];
    if (frames.size() < statements_max) frames.emplace(frame);
    return {};
  }
  if (closes_ms != round_.window.closes_ms) return {};
  const auto same = round_.by_statement.find(std::string(vote->sealed.body));
  const bool known = same != round_.by_statement.end() && same->second.contains(std::string(from));
  if (known || round_.accused.contains(std::string(from)) || tiresome(from)) return {};
  if (!options_.verifies(from, vote->sealed)) {
    ++round_.forged[std::string(from)];
    return "not signed by a key of it";
  }
  if (from == options_.gateway && !voted() && round_.keeping.empty()) {
    out_.adopt = std::string(frame);
    restore_vote(closes_ms, std::string(frame));
  }
  count(
      from, vote->sealed.body,
      {std::string(vote->sealed.key_id), std::string(vote->sealed.signature), std::string(frame)});
  proceed();
  return {};
}

// REQUIRES: the signature was verified, or is ours.
void Book::count(std::string_view gateway, std::string_view statement, Vote vote) {
  const std::string who(gateway), what(statement);
  std::size_t others = 0;
  for (const auto& [body, votes] : round_.by_statement) {
    const auto at = votes.find(who);
    if (at == votes.end() || body == what) continue;
    ++others;
    if (round_.accused.insert(who).second)
      out_.proofs.push_back({who, round_.window.closes_ms, at->second.frame, vote.frame});
  }
  if (others >= statements_max) return;
  round_.by_statement[what].emplace(who, std::move(vote));
  seal_if_enough(what);
}

void Book::seal_if_enough(const std::string& statement) {
  const auto& votes = round_.by_statement[statement];
  if (votes.size() < quorum() || round_.sealed == statement) return;
  std::vector<wire::WindowSeal::By> by;
  for (const auto& [gateway, vote] : votes) by.push_back({gateway, vote.key_id, vote.signature});
  take_seal(statement, wire::encode_window_seal(statement, by), round_.window.closes_ms);
}

// Who brings what is forged again and again is not looked at until the next round.
bool Book::tiresome(std::string_view gateway) const {
  const auto at = round_.forged.find(gateway);
  return at != round_.forged.end() && at->second >= forged_max;
}

std::string Book::on_seal(std::string_view from, std::string_view bytes) {
  if (tiresome(from)) return {};
  const auto seal = wire::decode_window_seal(bytes, options_.wire);
  if (!seal) return to_string(seal.error());
  if (!ours(seal->statement)) return "of other members, or of a window that is none here";
  const std::string statement(seal->body);
  const auto held = sealed_.find(seal->statement.closes_ms);
  if (held != sealed_.end() && held->second == statement) return {};
  const auto good = static_cast<std::size_t>(std::count_if(
      seal->cosigned.begin(), seal->cosigned.end(), [&](const wire::WindowSeal::By& by) {
        return options_.verifies(by.gateway, {seal->body, by.key_id, by.signature});
      }));
  if (good < seal->cosigned.size()) {
    ++round_.forged[std::string(from)];
    return "a signature in it is not by its member's key";
  }
  if (good < quorum()) {
    return "of " + std::to_string(good) + " members, where " + std::to_string(quorum()) +
           " make a seal";
  }
  take_seal(statement, std::string(bytes), seal->statement.closes_ms);
  proceed();
  return {};
}

void Book::take_seal(const std::string& statement, std::string bytes, std::uint64_t closes_ms) {
  const auto held = sealed_.find(closes_ms);
  if (held != sealed_.end()) {
    if (held->second != statement) out_.contradictions.push_back(std::move(bytes));
    return;
  }
  sealed_[closes_ms] = statement;
  if (sealed_.size() > seals_remembered) sealed_.erase(sealed_.begin());
  out_.seals.push_back(std::move(bytes));
  if (closes_ms != round_.window.closes_ms) return;
  round_.sealed = statement;
  round_.sealed_at_ms = now_ms_;
}

std::string Book::memory() const {
  std::string out = std::to_string(round_.window.closes_ms) + ' ' + std::to_string(now_ms_);
  const auto add = [&](std::string_view text) { (out += '\n') += wire::sha256(text).view(); };
  const auto flag = [&](bool b) { out += b ? '1' : '0'; };
  const auto all_of = [&](const auto& frames) {
    for (const auto& [at, text] : frames) add(text);
    out += ';';
  };
  for (const Candidate& c : round_.candidates) add(c.gateway + c.statement), flag(c.bad);
  out += ';';
  for (const auto& [statement, votes] : round_.by_statement) {
    add(statement);
    for (const auto& [gateway, vote] : votes) add(gateway);
  }
  out += ';' + std::to_string(round_.accused.size()) + ' ' + round_.looking;
  for (const auto& [gateway, times] : round_.forged) out += gateway + std::to_string(times);
  flag(round_.frozen), flag(round_.offered), flag(round_.withdrawn);
  add(round_.keeping), add(round_.sealed);
  out += std::to_string(round_.sealed_at_ms);
  all_of(voted_), all_of(sealed_);
  for (const auto& [gateway, frames] : early_votes_)
    for (const std::string& frame : frames) add(frame);
  for (const auto& [gateway, c] : early_candidates_) add(gateway + c.statement);
  return out;
}

std::vector<std::string> Book::cosigned() const {
  const std::map<std::string, Vote>* most = nullptr;
  for (const auto& [statement, votes] : round_.by_statement) {
    if (most == nullptr || votes.size() > most->size()) most = &votes;
  }
  std::vector<std::string> out;
  if (most == nullptr) return out;
  for (const auto& [gateway, vote] : *most) out.push_back(gateway);
  return out;
}

}  // namespace tributary::sealing
