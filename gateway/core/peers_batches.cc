// SPDX-License-Identifier: Apache-2.0
// The numbers of a peer's batches: which have come, which may be under way, and which are missed.
#include <algorithm>
#include <cassert>

#include "gateway/core/peers.h"

namespace tributary::core {
namespace {

// How much longer than settle_ms a missing batch may be under way, once one has come late.
constexpr std::uint64_t late_grace = 4;
// Numbers ahead of a missing one that are kept in mind.
constexpr std::size_t ahead_max = 4'096;

}  // namespace

bool Peers::any_on(LinkId link) const {
  return peers_.size() >= peers_max ||
         std::any_of(peers_.begin(), peers_.end(), [&](const auto& p) {
           return p.first.second == link && p.first.first != options_.gateway;
         });
}

bool Peers::on_batch(Instant now, LinkId link, const wire::Batch& batch, Counters& counters) {
  if (batch.gateway == options_.gateway) return false;
  const Name name{std::string(batch.gateway), link};
  if (peers_.count(name) == 0 && peers_.size() >= peers_max) return false;
  Peer& p = peers_[name];
  p.heard_ms = now.mono_ms;
  p.behind_since_ms = now.mono_ms;
  counters.batches_in += 1;
  if (p.batch_session != batch.session) {
    p.batch_session = batch.session;
    p.batch_number = batch.number;
    p.ahead.clear();
    p.given_up_from = p.given_up_to = 0;
    p.late = false;
    if (batch.number > 1) p.missed = true;
    return true;
  }
  p.note_number(batch.number, now);
  // Whoever has one connection sends and hears them in order: what is missing then is lost.
  if (!p.ahead.empty() && (!p.late || p.ahead.size() > ahead_max)) give_up_on_batches(p, counters);
  if (!p.ahead.empty()) heed(p.ahead.begin()->second + late_grace * options_.settle_ms);
  return true;
}

// Each number once, in whatever order.
void Peers::Peer::note_number(std::uint64_t number, Instant now) {
  if (number <= batch_number) {
    late = late || (number >= given_up_from && number < given_up_to);
    return;
  }
  if (number > batch_number + 1) {
    ahead.emplace(number, now.mono_ms);
    return;
  }
  late = late || !ahead.empty();
  batch_number = number;
  take_ahead();
}

void Peers::Peer::take_ahead() {
  while (!ahead.empty() && ahead.begin()->first <= batch_number + 1) {
    batch_number = std::max(batch_number, ahead.begin()->first);
    ahead.erase(ahead.begin());
  }
}

// On those before the first that has come. REQUIRES: one has.
void Peers::give_up_on_batches(Peer& p, Counters& counters) {
  assert(!p.ahead.empty());
  p.given_up_from = p.batch_number + 1;
  p.given_up_to = p.ahead.begin()->first;
  p.batch_number = p.ahead.begin()->first;
  p.take_ahead();
  p.missed = true;
  counters.gaps += 1;
}

// On a slow link a head overtakes batches that it counts: it is retained, and only the latest one
// is kept waiting. As long as batches come in turn nothing is missing; when they stop short of the
// head's number, the last ones of a burst were lost.
void Peers::heed_missing_batches(Peer& p, Instant now, Counters& counters) {
  const std::uint64_t grace_ms = options_.settle_ms * (p.late ? late_grace : 1);
  while (
      !p.ahead.empty()) {  // those sent on another connection, too, may be late, but not for ever
    const std::uint64_t due = p.ahead.begin()->second + grace_ms;
    if (now.mono_ms < due) {
      heed(due);
      break;
    }
    give_up_on_batches(p, counters);
  }
  if (!p.behind()) return;
  const std::uint64_t due = p.behind_since_ms + grace_ms;
  if (now.mono_ms < due) return heed(due);
  p.given_up_from = p.batch_number + 1;
  p.given_up_to = p.head->number + 1;
  p.missed = true;
  p.batch_number = p.head->number;
  p.ahead.clear();
  counters.gaps += 1;
}

}  // namespace tributary::core
