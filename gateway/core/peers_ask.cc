// SPDX-License-Identifier: Apache-2.0
// When a peer that is online is asked, about what, and with how large a sketch.
#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

#include "gateway/core/peers.h"

namespace tributary::core {
namespace {

constexpr std::size_t cells_min = 32;
// A sketch reads differences up to 1/1.3 of its cells when it is large; a small one needs more.
constexpr double cells_for_each = 1.5;
constexpr std::uint32_t growth_bits = 2;  // four times as many after each that was too small
constexpr std::uint32_t silences_max = 5;
// Retained state is about half as long as its envelopes: alike things side by side.
constexpr std::size_t state_packs_to = 2;
// What is asked is to be worth a round trip.
constexpr std::size_t worth = 2;

std::uint64_t live_of(const std::optional<wire::BucketHead>& head) {
  return head ? head->live : 0;
}

// Linear counting (Whang et al., 1990): how many actors changed, when they are in so many buckets.
double changed_actors(int buckets) {
  constexpr double all = wire::bucket_count;
  return -all * std::log(1 - std::min<double>(buckets, all - 0.5) / all);
}

std::uint64_t mixed(std::uint64_t v) {  // SplitMix64
  v = (v ^ v >> 30) * 0xBF58476D1CE4E5B9;
  v = (v ^ v >> 27) * 0x94D049BB133111EB;
  return v ^ v >> 31;
}

}  // namespace

// Asked is about what was not asked about before, when that moves less than reading it. Whoever
// lacks most of it reads, unless that failed: then what there is, a few buckets at a time.
Peers::Plan Peers::plan_ask(Peer& p, std::uint64_t due, Instant now, const OurHeads& ours) const {
  if (!options_.asks || !p.online || !p.answers || now.mono_ms < p.silent_until_ms) return {};
  Plan plan;
  std::uint64_t mine = 0, theirs = 0, apart = 0;
  bool unreadable = false;
  for (std::uint64_t left = due; left != 0; left &= left - 1) {
    const auto b = static_cast<std::uint32_t>(std::countr_zero(left));
    const BucketTrack& t = p.buckets[b];
    const wire::BucketHead& head = *p.head->buckets[b];
    if (t.asked == std::pair(head.digest, head.unknown)) continue;
    const std::uint64_t here = live_of(ours[b]);
    const std::uint64_t more = std::max(here, head.live) - std::min(here, head.live);
    const auto most = static_cast<std::uint64_t>(wire::sketch_cells_max / cells_for_each);
    if (plan.buckets != 0 && apart + std::min(more, most) > most) break;
    plan.buckets |= std::uint64_t{1} << b;
    mine += here;
    theirs += std::min<std::uint64_t>(head.live, 1u << 30);
    apart += std::min(more, most);
    unreadable |= t.failures > 0;
  }
  if (plan.buckets == 0) return {};
  // An actor that changed has one envelope here and a newer one there.
  const double changed = 2 * changed_actors(std::popcount(plan.buckets));
  const double apart_at_least = std::max(changed, 1.2 * static_cast<double>(apart));
  const auto wanted = static_cast<std::size_t>(cells_for_each * apart_at_least) + cells_min;
  plan.cells = std::min(wanted, wire::sketch_cells_max) << (growth_bits * p.growth);
  plan.cells -= plan.cells % wire::sketch_quarters;
  const std::size_t ask_bytes = plan.cells * wire::sketch_cell_bytes;
  const std::size_t state_bytes = theirs * envelope_bytes_ / state_packs_to;
  const bool pays = 2 * mine >= theirs && worth * ask_bytes <= state_bytes;
  if (plan.cells <= wire::sketch_cells_max && (pays || unreadable)) return plan;
  p.growth = 0;
  return {};
}

void Peers::start_ask(const Name& name, Peer& p, const Plan& plan, Instant now,
                      Counters& counters) {
  if (p.asking) return heed(p.asking->deadline_ms);  // one at a time
  if (now.mono_ms < p.next_ask_ms) return heed(p.next_ask_ms);
  const std::uint64_t patience_ms = std::uint64_t{options_.fetch_timeout_ms / 2}
                                    << std::min(p.silences, 3u);
  const std::uint64_t token = mixed(session_ + ++asks_made_ * 0x9E3779B97F4A7C15);
  p.asking = Asking{token, plan.buckets, now.mono_ms + patience_ms};
  for (std::uint64_t left = plan.buckets; left != 0; left &= left - 1) {
    const auto b = static_cast<std::uint32_t>(std::countr_zero(left));
    const wire::BucketHead& head = *p.head->buckets[b];
    p.buckets[b].asked = std::pair(head.digest, head.unknown);
  }
  asks_.push_back({name, token, plan.buckets, plan.cells});
  counters.asks_out += 1;
  heed(p.asking->deadline_ms);
}

// Lost, or a gateway that says that it answers and does not: what it retains is read instead.
void Peers::heed_silence(Peer& p, Instant now, Counters& counters) {
  if (!p.asking || now.mono_ms < p.asking->deadline_ms) {
    if (p.asking) heed(p.asking->deadline_ms);
    return;
  }
  p.asking.reset();
  p.silences = std::min(p.silences + 1, silences_max);
  p.silent_until_ms = now.mono_ms + (std::uint64_t{options_.fetch_timeout_ms} << p.silences);
  counters.asks_lost += 1;
}

void Peers::on_answer(Instant now, LinkId link, const wire::Answer& answer, Counters& counters) {
  const auto at = peers_.find(Name{std::string(answer.gateway), link});
  if (at == peers_.end()) return;
  Peer& p = at->second;
  p.heard_ms = now.mono_ms;
  if (!p.asking || p.asking->token != answer.token) return;
  const std::uint64_t buckets = std::exchange(p.asking, {})->buckets;
  p.silences = 0;
  // Time to join and commit it, and for the news of that.
  const std::uint64_t soon = now.mono_ms + options_.settle_ms * 2;
  p.next_ask_ms = now.mono_ms;
  if (answer.outcome == wire::Outcome::all) {
    p.missed = false;
    p.next_ask_ms = now.mono_ms + options_.settle_ms;
  }
  if (answer.outcome == wire::Outcome::unclear) {
    counters.asks_unclear += 1;
    p.growth += 1;
  } else {
    p.growth = 0;
  }
  for (std::uint64_t left = buckets; left != 0; left &= left - 1) {
    BucketTrack& t = p.buckets[static_cast<std::uint32_t>(std::countr_zero(left))];
    if (answer.outcome == wire::Outcome::all) {
      t.not_before_ms = std::max(t.not_before_ms, soon);
    } else {
      t.asked.reset();
    }
    if (answer.outcome == wire::Outcome::some)
      t.not_before_ms = now.mono_ms + options_.batch_timeout_ms * 4;
  }
  wake(now);
}

void Peers::answered(Instant now, const Name& name) {
  const auto at = peers_.find(name);
  if (at == peers_.end() || now.mono_ms < at->second.not_before_ms) return;
  at->second.not_before_ms = now.mono_ms + options_.settle_ms * 2;
}

}  // namespace tributary::core
