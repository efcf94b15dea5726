// SPDX-License-Identifier: Apache-2.0
// Nearly all that a known device says: each of its counters, a little further. That takes no more
// memory, contradicts nothing and supersedes what it said before, all of which is seen at one look;
// and of several that wait, only the last need be joined. Anything else goes the long way
// (gateway_commit.cc).
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
                                             std::uint64_t wall_ms) {
  assert(counting_on.size() == e.delta.entries.size());
  for (std::size_t i = 0; i < counting_on.size(); ++i) {
    const wire::Entry& x = e.delta.entries[i];
    keys.count_on(actor, counting_on[i], x, wall_ms);
    counters.entries[x.type] += 1;
  }
  return live.insert_after(e, actor, counting_on, next_row++);
}

// The newest of its actor that waits, if it counts on, and `p` says all that it does. Joined after
// `p` it would change nothing, so it need not be joined at all; whom it would contradict is seen by
// that it does not count on. nullptr: there is none.
Gateway::Impl::Pending* Gateway::Impl::passes_over(const Pending& p) {
  // Where envelopes are signed, what was overtaken is kept for who has a twin; and a row of a
  // stranger is erased with the envelope that takes its place.
  if (!started || options.trust.signer || !rows_of_strangers.empty()) return nullptr;
  if (newest_at.empty() && !pending.empty()) return nullptr;
  const wire::Delta& d = p.envelope.envelope().delta;
  const auto [at, first] =
      newest_at.try_emplace(absl::HashOf(d.device, d.epoch), Newest{pending.size(), true});
  if (first) return nullptr;
  Pending& newest = pending[at->second.place];
  const wire::Envelope& before = newest.envelope.envelope();
  const auto may = [](const Pending& one) {
    return one.envelope.verified() && !one.source.own_past;
  };
  if (at->second.alone && before.delta.device == d.device && before.delta.epoch == d.epoch &&
      may(p) && may(newest) && newest.source.letter == 0 &&
      (planted(Bug::pass_over_blindly) || goes_beyond(d, before.delta)) &&
      (!newest.passed_over.empty() || counts_on(before))) {
    return &newest;
  }
  at->second = {pending.size(), false};
  return nullptr;
}

// In its place, or behind all.
void Gateway::Impl::wait(Pending&& p) {
  ++pending_count;
  pending_bytes += p.envelope.envelope().bytes->size();
  Pending* const newest = passes_over(p);
  if (newest == nullptr) return pending.push_back(std::move(p));
  const wire::Envelope& e = newest->envelope.envelope();
  pending_bytes -= e.bytes->size();
  p.passed_over = std::move(newest->passed_over);
  p.passed_over.push_back({receipt_of(e), e.delta.hlc, newest->source, newest->received_ms});
  *newest = std::move(p);
}

// Each had entries like these.
void Gateway::Impl::passed_over(Instant now, ActorRecord& actor, const std::vector<Came>& envelopes,
                                const std::vector<wire::Entry>& entries, InFlight& work) {
  for (const Came& c : envelopes) {
    came(now, actor, c, work);
    recent.insert(c.receipt.hash);
    for (const wire::Entry& x : entries) counters.entries[x.type] += 1;
    counters.superseded += 1;
    counters.passed_over += 1;
  }
}

}  // namespace tributary::core
