// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/reconciler.h"

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

namespace tributary::core {
namespace {

constexpr std::size_t asked_max = 16;   // that wait; who is turned away reads what is retained
constexpr std::size_t own_max = 1'024;  // peers on links
// Answers may take this much of a link, in bytes/ms, and the owner thread's time this often.
constexpr std::size_t answer_rate = 256;
constexpr std::uint64_t answer_pause_min_ms = 50;
// What is given back waits so long at most for what came to be joined.
constexpr std::uint64_t give_back_max_ms = 2'000;

template <class F>
void each_stored(const LiveSet& live, std::uint64_t buckets, F f) {
  for (; buckets != 0; buckets &= buckets - 1) {
    live.each(static_cast<std::uint32_t>(std::countr_zero(buckets)), [&](const LiveSet::Item& e) {
      if (e.stored()) f(e);
    });
  }
}

// Packs what fits, and what the disk gives; false: not all.
bool pack(const LiveSet& live, std::span<const LiveSet::Item> envelopes, wire::Codec codec,
          std::string& out) {
  constexpr std::size_t read_at_once = 64;
  std::vector<LiveSet::Bytes> chosen;
  std::size_t bytes = 0;
  bool full = false;
  for (std::size_t at = 0; !full && at < envelopes.size(); at += read_at_once) {
    const auto some = envelopes.subspan(at, std::min(read_at_once, envelopes.size() - at));
    const auto read = live.read(some);
    full = !read;
    for (std::size_t i = 0; !full && i < some.size(); ++i) {
      const LiveSet::Bytes& one = (*read)[i];
      full = !chosen.empty() && bytes + one->size() > Peers::answer_bytes_max;
      if (full) break;
      bytes += one->size();
      chosen.push_back(one);
    }
  }
  std::vector<std::string_view> views;
  views.reserve(chosen.size());
  for (const LiveSet::Bytes& one : chosen) views.push_back(*one);
  out = wire::encode_pack(views, codec);
  return chosen.size() == envelopes.size();
}

}  // namespace

wire::Sketch Reconciler::sketch(std::uint64_t token, std::uint64_t buckets,
                                std::size_t cells) const {
  wire::Sketch out(cells);
  each_stored(live_, buckets,
              [&](const LiveSet::Item& e) { out.add(wire::sketch_id(token, *e.hash)); });
  return out;
}

std::vector<LiveSet::Item> Reconciler::called(std::uint64_t token, std::uint64_t buckets,
                                              const std::vector<std::uint64_t>& ids) const {
  std::vector<LiveSet::Item> out;
  if (ids.empty()) return out;
  each_stored(live_, buckets, [&](const LiveSet::Item& e) {
    if (std::binary_search(ids.begin(), ids.end(), wire::sketch_id(token, *e.hash)))
      out.push_back(e);
  });
  // Also what is written on a wire is to depend on no order of arrival.
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return *a.hash < *b.hash; });
  return out;
}

std::string Reconciler::topic(const char* what, const std::string& to) const {
  return base_ + '/' + options_.gateway + '/' + what + '/' + to;
}

void Reconciler::ask(const Peers::AskDue& due, Output& out) {
  if (own_.count(due.peer) == 0 && own_.size() >= own_max) return;
  own_[due.peer] = Own{due.token, due.buckets};
  const std::string cells = sketch(due.token, due.buckets, due.cells).bytes();
  wire::Ask ask;
  ask.gateway = options_.gateway;
  ask.token = due.token;
  ask.buckets = due.buckets;
  ask.cells = cells;
  out.publishes.push_back(
      {due.peer.second, topic("ask", due.peer.first), wire::encode(ask), false, true});
}

void Reconciler::on_ask(Instant now, const Name& from, const wire::Ask& ask, Counters& counters) {
  if (from.first == options_.gateway) return;  // a clone
  if (asked_.count(from) == 0 && asked_.size() >= asked_max) return;
  counters.asks_in += 1;
  asked_[from] = Asked{ask.token, ask.buckets, std::string(ask.cells), ++orders_};
  next_answer_ms_ = std::max(next_answer_ms_, now.mono_ms);
}

void Reconciler::on_answer(Instant now, const Name& from, const wire::Answer& answer,
                           Counters& counters) {
  counters.answers_in += 1;
  const auto at = own_.find(from);
  if (at == own_.end() || at->second.token != answer.token) return;
  if (!answer.lacks.empty())
    owed_.push_back({from, at->second, answer.lacks, now.mono_ms, now.mono_ms + give_back_max_ms});
  own_.erase(at);  // once for an ask
}

void Reconciler::disconnected(LinkId link) {
  std::erase_if(asked_, [&](const auto& a) { return a.first.second == link; });
  std::erase_if(own_, [&](const auto& o) { return o.first.second == link; });
  std::erase_if(owed_, [&](const Owed& o) { return o.to.second == link; });
}

std::uint64_t Reconciler::deadline() const {
  std::uint64_t at = asked_.empty() ? never : next_answer_ms_;
  for (const Owed& owed : owed_) at = std::min(at, owed.due_ms);
  return at;
}

std::vector<Reconciler::Name> Reconciler::run(Instant now, bool idle, Output& out,
                                              Counters& counters) {
  std::erase_if(owed_, [&](Owed& owed) {
    owed.due_ms = idle ? now.mono_ms : owed.late_ms;
    if (now.mono_ms < owed.due_ms) return false;
    if (give_back(owed, out)) counters.answers_out += 1;
    return true;
  });
  if (asked_.empty() || now.mono_ms < next_answer_ms_) return {};
  const auto first = std::min_element(
      asked_.begin(), asked_.end(),
      [](const auto& a, const auto& b) { return a.second.order < b.second.order; });
  const Name name = first->first;
  const std::size_t bytes = answer(name, first->second, out);
  counters.answers_out += 1;
  asked_.erase(first);
  next_answer_ms_ = now.mono_ms + std::max<std::uint64_t>(answer_pause_min_ms, bytes / answer_rate);
  return {name};
}

std::size_t Reconciler::answer(const Name& to, const Asked& asked, Output& out) const {
  wire::Answer a;
  a.gateway = options_.gateway;
  a.token = asked.token;
  a.outcome = wire::Outcome::unclear;
  wire::Sketch theirs = *wire::Sketch::read(asked.cells);
  theirs.subtract(sketch(asked.token, asked.buckets, theirs.size()));
  auto difference = theirs.difference();
  std::string packed = wire::encode_pack(std::vector<std::string_view>{}, options_.codec);
  if (difference) {
    const auto ours = called(asked.token, asked.buckets, difference->missing);
    // Fewer: cells made by hand, or two envelopes called the same.
    if (ours.size() == difference->missing.size()) {
      const bool whole = pack(live_, ours, options_.codec, packed);
      a.outcome = whole ? wire::Outcome::all : wire::Outcome::some;
      a.lacks = std::move(difference->added);
    }
  }
  a.pack = packed;
  return publish(to, a, out);
}

// Of what the other lacks: what is still live now that what it had is joined.
bool Reconciler::give_back(const Owed& owed, Output& out) const {
  const auto envelopes = called(owed.of.token, owed.of.buckets, owed.lacks);
  if (envelopes.empty()) return false;
  std::string packed;
  pack(live_, envelopes, options_.codec, packed);
  wire::Answer a;
  a.gateway = options_.gateway;
  a.token = owed.of.token;
  a.pack = packed;
  publish(owed.to, a, out);
  return true;
}

std::size_t Reconciler::publish(const Name& to, const wire::Answer& answer, Output& out) const {
  std::string payload = wire::encode(answer);
  const std::size_t bytes = payload.size();
  out.publishes.push_back({to.second, topic("answer", to.first), std::move(payload), false, true});
  return bytes;
}

}  // namespace tributary::core
