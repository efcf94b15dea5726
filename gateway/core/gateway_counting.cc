// SPDX-License-Identifier: Apache-2.0
// Nearly all that a known device says: each of its counters, a little further. That takes no more
// memory, contradicts nothing and supersedes what it said before, all of which is seen at one look;
// and of several that wait, only the last need be joined. Anything else goes the long way
// (gateway_commit.cc).
#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "crdt/planted.h"
#include "gateway/core/entry_part.h"
#include "gateway/core/gateway_impl.h"

namespace tributary::core {
namespace {

bool is_counter(const wire::Entry& e) {
  return std::holds_alternative<wire::GCounterPayload>(e.payload) ||
         std::holds_alternative<wire::PnCounterPayload>(e.payload);
}

bool no_less(const wire::Entry& now, const wire::Entry& before) {
  return now.type == before.type && now.key == before.key && is_counter(before) &&
         covers(now, before);
}

// Of one actor: the same counters, each no less, later.
bool goes_beyond(const wire::Delta& now, const wire::Delta& before) {
  return now.to > before.to && std::equal(now.entries.begin(), now.entries.end(),
                                          before.entries.begin(), before.entries.end(), no_less);
}

}  // namespace

bool Gateway::Impl::counts_on(const wire::Envelope& e) {
  const wire::Delta& d = e.delta;
  ActorRecord* const actor = actors.find(d.device, d.epoch);
  return actor != nullptr && !d.entries.empty() && keys.counts_on(*actor, d, counting_on) &&
         live.comes_after(d, counting_on);
}

std::vector<Dropped> Gateway::Impl::count_on(const wire::Envelope& e, ActorRecord& actor,
                                             std::uint64_t wall_ms, bool looked) {
  [[maybe_unused]] const bool still = looked || counts_on(e);
  assert(still);
  for (std::size_t i = 0; i < counting_on.size(); ++i) {
    const wire::Entry& x = e.delta.entries[i];
    keys.count_on(actor, counting_on[i], x, wall_ms);
    counters.entries[x.type] += 1;
  }
  return live.insert_after(e, actor, counting_on, next_row++);
}

// Of the first `n` that wait, each one's next of the same actor, where it may be passed over for
// that: a place in `pending` as it is now, 0 where there is none. Empty: of none.
std::vector<std::size_t> Gateway::Impl::nexts(std::size_t n) const {
  // Where envelopes are signed, what was overtaken is kept for who has a twin; and a row of a
  // stranger is erased with the envelope that takes its place.
  if (options.trust.signer || !rows_of_strangers.empty()) return {};
  std::vector<std::size_t> places(n, 0);
  absl::flat_hash_map<std::pair<std::string_view, std::uint64_t>, std::size_t> last;
  for (std::size_t i = n; i-- > 0;) {
    const wire::Delta& d = pending[i].envelope.envelope().delta;
    const auto [at, first] = last.try_emplace({d.device, d.epoch}, i);
    if (first) continue;
    places[i] = std::exchange(at->second, i);
  }
  return places;
}

// Whether what comes next of the same actor says all that `d` does, and will be joined. REQUIRES:
// `d` counts on, so neither what comes next nor anything that supersedes it is held: it would come
// after `d`.
bool Gateway::Impl::passed_over(const wire::Delta& d, const Pending& next) const {
  const wire::Envelope& e = next.envelope.envelope();
  return next.envelope.verified() && !next.source.own_past &&
         (planted(Bug::pass_over_blindly) || goes_beyond(e.delta, d));
}

void Gateway::Impl::pass_over(Instant now, const wire::Delta& d, ActorRecord& actor,
                              Pending& next) {
  const bool blindly = planted(Bug::pass_over_blindly);
  assert(blindly || !live.contains(next.envelope.envelope().hash));
  for (const wire::Entry& x : d.entries) counters.entries[x.type] += 1;
  counters.superseded += 1;
  counters.passed_over += 1;
  next.counts_on = !blindly;
  last_news_ms = now.mono_ms;
  touch(actor);
}

}  // namespace tributary::core
