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
constexpr std::uint32_t growth_bits = 2;  // four times as many after each that was too small,
constexpr std::size_t fewer = 16;         // or so many times fewer buckets
constexpr int asks_max = 8;               // in turn: reading takes less time than more of them
constexpr double almost = 0.9;            // what was learned of some buckets is not exact
constexpr auto apart_max = static_cast<std::uint64_t>(wire::sketch_cells_max / cells_for_each);
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

// `more`: by how much the numbers of envelopes differ. `each`: apart in a bucket, if that is known.
std::size_t cells_for(int buckets, std::uint64_t more, double each) {
  // An actor that changed has one envelope here and a newer one there.
  const double apart =
      std::max({2 * changed_actors(buckets), 1.2 * static_cast<double>(more), each * buckets});
  const std::size_t cells = static_cast<std::size_t>(cells_for_each * apart) + cells_min;
  return (cells + wire::sketch_quarters - 1) & ~(wire::sketch_quarters - 1);
}

struct Size {
  std::size_t buckets = 0, cells = 0;
};

// After so many sketches that were too small, of which `size` was the first.
Size grown(Size size, std::uint32_t times) {
  for (std::uint32_t i = 0; i < times; ++i) {
    const bool too_large = size.cells << growth_bits > wire::sketch_cells_max;
    if (i > 0 && size.buckets >= fewer) {
      size.buckets /= fewer;
    } else if (too_large && size.buckets > 1) {
      size.buckets = std::max<std::size_t>(1, size.buckets >> growth_bits);
    } else {
      size.cells <<= growth_bits;
    }
  }
  return size;
}

std::uint64_t mixed(std::uint64_t v) {  // SplitMix64
  v = (v ^ v >> 30) * 0xBF58476D1CE4E5B9;
  v = (v ^ v >> 27) * 0x94D049BB133111EB;
  return v ^ v >> 31;
}

}  // namespace

std::uint64_t Peers::not_asked_about(const Peer& p, std::uint64_t due) {
  std::uint64_t out = 0;
  for (std::uint64_t left = due; left != 0; left &= left - 1) {
    const auto b = static_cast<std::uint32_t>(std::countr_zero(left));
    const wire::BucketHead& head = *p.head->buckets[b];
    if (p.buckets[b].asked != std::pair(head.digest, head.unknown)) out |= left & -left;
  }
  return out;
}

// The first of them: so many at most, and no more than a sketch can tell apart.
Peers::Share Peers::share(const Peer& p, std::uint64_t due, std::size_t buckets,
                          const OurHeads& ours) {
  Share out;
  for (std::uint64_t left = due; left != 0 && buckets != 0; left &= left - 1, --buckets) {
    const auto b = static_cast<std::uint32_t>(std::countr_zero(left));
    const std::uint64_t here = live_of(ours[b]), there = p.head->buckets[b]->live;
    const std::uint64_t more = std::min(std::max(here, there) - std::min(here, there), apart_max);
    if (out.buckets != 0 && out.apart + more > apart_max) break;
    out.buckets |= left & -left;
    out.here += here;
    out.there += std::min<std::uint64_t>(there, 1u << 30);
    out.apart += more;
    out.unreadable |= p.buckets[b].failures > 0;
  }
  return out;
}

// More would be more than half of what reading moves. Whoever lacks most of it reads, too.
std::size_t Peers::cells_that_pay(const Share& s) const {
  if (s.unreadable) return wire::sketch_cells_max;
  if (2 * s.here < s.there) return 0;
  const std::size_t state_bytes = s.there * envelope_bytes_ / state_packs_to;
  return std::min(state_bytes / worth / wire::sketch_cell_bytes, wire::sketch_cells_max);
}

// Asked is about what was not asked about before, when that moves less than reading it; or when
// reading it failed.
Peers::Plan Peers::plan_ask(Peer& p, std::uint64_t due, Instant now, const OurHeads& ours) const {
  if (!options_.asks || !p.online || !p.answers || now.mono_ms < p.silent_until_ms) return {};
  const std::uint64_t fresh = not_asked_about(p, due);
  if (fresh == 0) return {};
  Plan plan = p.apart ? learned(p, fresh, ours) : guessed(p, fresh, ours);
  plan.later = plan.buckets != 0 ? fresh & ~plan.buckets : 0;
  if (plan.buckets != 0) return plan;
  p.growth = 0;
  p.apart.reset();
  return {};
}

Peers::Plan Peers::if_it_pays(const Share& s, std::uint64_t due, std::size_t cells) const {
  const bool too_long = std::popcount(due) > asks_max * std::popcount(s.buckets) && !s.unreadable;
  return cells > cells_that_pay(s) || too_long ? Plan{} : Plan{s.buckets, cells, 0};
}

// As many buckets as one answer can tell all about.
Peers::Plan Peers::learned(const Peer& p, std::uint64_t due, const OurHeads& ours) const {
  const double each = p.apart->only_we_have + p.apart->only_it_has;
  const double bytes_each = p.apart->only_it_has * static_cast<double>(envelope_bytes_);
  const double buckets = almost * std::min(static_cast<double>(apart_max) / std::max(each, 1.0),
                                           answer_bytes_max / std::max(bytes_each, 1.0));
  const Share s = share(p, due, static_cast<std::size_t>(std::max(buckets, 1.0)), ours);
  return if_it_pays(s, due, cells_for(std::popcount(s.buckets), s.apart, each));
}

// What changed is spread evenly over buckets: when two sketches of all of it were too small, a few
// buckets tell how much it is.
Peers::Plan Peers::guessed(const Peer& p, std::uint64_t due, const OurHeads& ours) const {
  const Share all = share(p, due, wire::bucket_count, ours);
  const int buckets = std::popcount(all.buckets);
  const Size first{static_cast<std::size_t>(buckets),
                   std::min(cells_for(buckets, all.apart, 0), wire::sketch_cells_max)};
  const Size size = grown(first, p.growth);
  if (size.buckets == first.buckets) return if_it_pays(all, due, size.cells);
  const Share few = share(p, due, size.buckets, ours);
  const std::size_t cells =
      std::min(size.cells, cells_that_pay(few)) & ~(wire::sketch_quarters - 1);
  // Hardly more for each bucket than what was too small: reading moves less.
  const Size last = grown(first, p.growth - 1);
  const bool more = cells * last.buckets >= (last.cells * size.buckets) << growth_bits;
  return more ? Plan{few.buckets, cells, 0} : Plan{};
}

void Peers::start_ask(const Name& name, Peer& p, const Plan& plan, Instant now,
                      Counters& counters) {
  if (p.asking) return heed(p.asking->deadline_ms);  // one at a time
  if (now.mono_ms < p.next_ask_ms) return heed(p.next_ask_ms);
  const std::uint64_t patience_ms = std::uint64_t{options_.fetch_timeout_ms / 2}
                                    << std::min(p.silences, 3u);
  const std::uint64_t token = mixed(session_ + ++asks_made_ * 0x9E3779B97F4A7C15);
  p.asking = Asking{token, plan.buckets, now.mono_ms + patience_ms, plan.later == 0};
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

void Peers::on_answer(Instant now, LinkId link, const wire::Answer& answer, std::size_t brought,
                      Counters& counters) {
  const auto at = peers_.find(Name{std::string(answer.gateway), link});
  if (at == peers_.end()) return;
  Peer& p = at->second;
  p.heard_ms = now.mono_ms;
  if (!p.asking || p.asking->token != answer.token) return;
  const Asking asked = *std::exchange(p.asking, {});
  const std::uint64_t buckets = asked.buckets;
  p.silences = 0;
  // Time to join and commit it, and for the news of that.
  const std::uint64_t soon = now.mono_ms + options_.settle_ms * 2;
  p.next_ask_ms = now.mono_ms;
  if (answer.outcome == wire::Outcome::all) {
    if (asked.last) p.missed = false;
    if (asked.last) p.next_ask_ms = now.mono_ms + options_.settle_ms;
  }
  learn(p, answer, brought, std::popcount(buckets));
  if (answer.outcome == wire::Outcome::unclear) counters.asks_unclear += 1;
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

void Peers::learn(Peer& p, const wire::Answer& answer, std::size_t brought, int buckets) {
  if (answer.outcome == wire::Outcome::unclear) {
    p.growth += 1;
    p.apart.reset();
    return;
  }
  p.growth = 0;
  const std::size_t lacks = answer.lacks.size();
  // Not all came: mostly it has a newer one for each that we have.
  if (answer.outcome == wire::Outcome::some) brought = std::max(brought, lacks);
  p.apart = Apart{static_cast<double>(lacks) / buckets, static_cast<double>(brought) / buckets};
}

void Peers::answered(Instant now, const Name& name) {
  const auto at = peers_.find(name);
  if (at == peers_.end() || now.mono_ms < at->second.not_before_ms) return;
  at->second.not_before_ms = now.mono_ms + options_.settle_ms * 2;
}

}  // namespace tributary::core
