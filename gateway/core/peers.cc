// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/peers.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

#include "crdt/planted.h"
#include "gateway/core/digest.h"

namespace tributary::core {
namespace {

// Retained messages asked for at one time; brokers cut a replay at about 1,000.
constexpr std::size_t parts_in_flight_max = 256;
// A difference that outlasts this many settle times is fetched although traffic goes on.
constexpr std::uint64_t patience = 10;
constexpr std::uint64_t retry_max_ms = 60'000;
constexpr std::uint32_t fetch_doublings_max = 3;
constexpr std::uint32_t named_parts_max = 16;  // more are asked for with a wildcard, always

wire::Hash digest_of(const std::optional<wire::BucketHead>& head) {
  static const wire::Hash nothing = LtHash{}.digest();
  return head ? head->digest : nothing;
}

std::optional<wire::Hash> unknown_of(const std::optional<wire::BucketHead>& head) {
  return head ? head->unknown : std::nullopt;
}

}  // namespace

void Peers::on_status(Instant now, LinkId link, const Status& s) {
  if (s.gateway == options_.gateway) return;
  const Name name{s.gateway, link};
  if (peers_.count(name) == 0 && peers_.size() >= peers_max) return;
  Peer& p = peers_[name];
  if (s.session != p.status_session && s.at_ms < p.status_at_ms)
    return;  // a late will of an earlier life
  p.status_session = s.session;
  p.status_at_ms = s.at_ms;
  // Back again, and we were here: it compares and asks itself.
  if (s.online && !p.online && p.head && !p.missed)
    p.not_before_ms = now.mono_ms + options_.settle_ms;
  if (s.online != p.online) wake(now);
  p.online = s.online;
  p.answers = s.answers;
  p.heard_ms = now.mono_ms;
  if (std::exchange(p.awaits_status, false)) heard(p, now);
}

std::optional<crdt::Hlc> Peers::same_head(LinkId link, std::string_view gateway,
                                          std::string_view bytes) const {
  const auto at = peers_.find(Name{std::string(gateway), link});
  if (at == peers_.end() || !at->second.head || at->second.head->bytes != bytes)
    return std::nullopt;
  return at->second.head->hlc;
}

void Peers::on_same_head(Instant now, LinkId link, std::string_view gateway, Counters& counters) {
  const auto at = peers_.find(Name{std::string(gateway), link});
  assert(at != peers_.end() && at->second.head && gateway != options_.gateway);
  Peer& p = at->second;
  counters.heads_in += 1;
  p.heard_ms = now.mono_ms;
  if (!p.behind()) p.behind_since_ms = now.mono_ms;
  if (std::exchange(p.awaits_head, false)) heard(p, now);
  wake(now);
}

void Peers::on_head(Instant now, LinkId link, const wire::Head& head, std::string_view bytes,
                    Counters& counters) {
  const Name name{std::string(head.gateway), link};
  const bool own = head.gateway == options_.gateway;
  if (own && head.session == session_) return;
  if (peers_.count(name) == 0 && peers_.size() >= peers_max) return;
  counters.heads_in += 1;
  Peer& p = peers_[name];
  p.heard_ms = now.mono_ms;
  if (p.batch_session != head.session && !(p.head && p.head->session == head.session)) {
    p.missed = true;
  }
  const bool was_behind = p.behind();
  const std::uint64_t changed = changed_buckets(p, head);
  p.look |= changed;
  if (p.head) {
    p.head->take(head, changed);
  } else {
    p.head =
        HeadInfo{head.incarnation, head.session, head.number, head.types, head.buckets, {}, {}};
  }
  p.head->hlc = head.hlc;
  p.head->bytes = bytes;
  if (!was_behind) p.behind_since_ms = now.mono_ms;
  if (std::exchange(p.awaits_head, false)) heard(p, now);
  if (own) {
    for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
      if (head.buckets[b] && head.buckets[b]->parts > 0)
        inherited_.emplace_back(b, head.buckets[b]->parts);
    }
  }
  wake(now);
}

bool Peers::on_state(Instant now, LinkId link, const wire::StatePart& s,
                     const wire::Hash& plain_hash, Counters& counters) {
  const auto at = peers_.find(Name{std::string(s.gateway), link});
  if (at == peers_.end() || s.bucket >= wire::bucket_count) return false;
  BucketTrack& track = at->second.buckets[s.bucket];
  if (!track.fetch) return false;
  counters.state_parts_in += 1;
  Fetch& f = *track.fetch;
  if (f.parts != s.parts) f.got.clear();  // it was cut anew
  f.parts = s.parts;
  f.got[s.part] = plain_hash;
  f.all.reset();
  at->second.heard_ms = now.mono_ms;
  if (f.got.size() == f.parts) wake(now);
  return true;
}

void Peers::read_again(Instant now) {
  for (auto& [name, peer] : peers_) {
    for (BucketTrack& b : peer.buckets) b.fetched.reset();
    peer.look = all_buckets;
  }
  wake(now);
}

void Peers::disconnected(LinkId link, Output& out) {
  for (auto& [name, peer] : peers_) {
    if (name.second != link) continue;
    peer.missed = true;
    peer.online = false;
    peer.asking.reset();
    peer.not_before_ms = never;
    for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
      // The session would subscribe again by itself, and get all of it once more.
      if (peer.buckets[b].fetch) end(name, peer.buckets[b], b, out);
    }
    peer.look = all_buckets;
  }
}

// What was known of a peer is of before: its status and head are replayed now.
void Peers::connected(Instant now, LinkId link) {
  for (auto& [name, peer] : peers_) {
    if (name.second != link) continue;
    peer.awaits_status = peer.awaits_head = true;
    peer.not_before_ms = now.mono_ms + options_.settle_ms;
    wake(now);
  }
}

void Peers::heard(Peer& p, Instant now) {
  if (!p.awaits_status && !p.awaits_head) p.not_before_ms = std::min(p.not_before_ms, now.mono_ms);
}

void Peers::HeadInfo::take(const wire::Head& head, std::uint64_t changed) {
  incarnation = head.incarnation;
  session = head.session;
  number = head.number;
  types = head.types;
  for (std::uint64_t left = changed; left != 0; left &= left - 1) {
    const auto b = static_cast<std::uint32_t>(std::countr_zero(left));
    buckets[b] = head.buckets[b];
  }
}

std::uint64_t Peers::changed_buckets(const Peer& p, const wire::Head& head) {
  if (!p.head || p.head->types != head.types) return all_buckets;
  std::uint64_t out = 0;
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
    if (p.head->buckets[b] != head.buckets[b]) out |= std::uint64_t{1} << b;
  }
  return out;
}

void Peers::ours_changed(std::uint64_t buckets) {
  if (buckets == 0) return;
  for (auto& [name, peer] : peers_) peer.look |= buckets;
}

bool Peers::differs(const Peer& p, std::uint32_t b, const OurHeads& ours) const {
  if (!p.head) return false;
  const auto& theirs = p.head->buckets[b];
  if (!theirs || !theirs->published) return false;
  if (theirs->digest != digest_of(ours[b])) return true;
  static const std::vector<std::uint8_t> types = {1, 2, 3, 4, 5};
  if (p.head->types == types) return theirs->unknown != unknown_of(ours[b]);
  return theirs->unknown.has_value();  // comparable only between those who know the same types
}

bool Peers::whole(Fetch& f, const wire::BucketHead& head) {
  if (planted(Bug::trust_truncated_replay)) return head.published && !f.got.empty();
  if (!head.published || f.parts == 0 || f.got.size() != f.parts) return false;
  if (!f.all) {
    std::string all;
    for (const auto& [part, hash] : f.got) all += hash.view();
    f.all = wire::sha256(all);
  }
  return *f.all == *head.published;
}

void Peers::run(Instant now, const OurHeads& ours, bool settled, Output& out, Counters& counters) {
  next_run_ms_ = never;
  if (planted(Bug::ignore_gaps_and_heads)) return;
  for (auto& [name, peer] : peers_) {
    if (!peer.head) continue;
    heed_missing_batches(peer, now, counters);
    heed_silence(peer, now, counters);
    std::uint64_t due = 0;
    const std::uint64_t look = std::exchange(peer.look, 0) | std::exchange(peer.waiting, 0);
    for (std::uint64_t left = look; left != 0; left &= left - 1) {
      const auto b = static_cast<std::uint32_t>(std::countr_zero(left));
      if (visit(name, peer, b, now, ours, settled, out, counters)) due |= std::uint64_t{1} << b;
      const BucketTrack& t = peer.buckets[b];
      if (t.fetch || t.differs_since_ms != never) peer.waiting |= std::uint64_t{1} << b;
    }
    if (due != 0) start_all(name, peer, due, now, ours, out, counters);
    if (peer.waiting != 0) continue;
    peer.apart.reset();
    if (now.mono_ms >= peer.not_before_ms) peer.missed = false;
  }
}

void Peers::forget_own_past(LinkId link, Output& out) {
  const auto at = peers_.find(Name{options_.gateway, link});
  if (at == peers_.end()) return;
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
    BucketTrack& t = at->second.buckets[b];
    if (t.fetch) end(at->first, t, b, out);
  }
  at->second = Peer{};
}

bool Peers::visit(const Name& name, Peer& p, std::uint32_t b, Instant now, const OurHeads& ours,
                  bool settled, Output& out, Counters& counters) {
  BucketTrack& t = p.buckets[b];
  const auto& theirs = p.head->buckets[b];
  if (t.fetch) {
    if (theirs && whole(*t.fetch, *theirs)) {
      t.fetched = theirs->published;
      t.failures = 0;
      end(name, t, b, out);
    } else if (now.mono_ms >= t.fetch->deadline_ms) {
      counters.fetches_incomplete += 1;
      t.failures += 1;
      if (t.fetch->got.empty()) p.by_name = !t.fetch->by_name;
      t.asked.reset();  // what cannot be read may be asked for
      t.not_before_ms =
          now.mono_ms + std::min<std::uint64_t>(retry_max_ms, 500ull << std::min(t.failures, 7u));
      end(name, t, b, out);
    } else {
      heed(t.fetch->deadline_ms);
      return false;
    }
  }
  if (p.asking && (p.asking->buckets >> b & 1) != 0) {
    heed(p.asking->deadline_ms);
    return false;
  }
  // What differs although that state was read is newer than it, or not committed yet.
  const bool differ = differs(p, b, ours);
  if (!differ || t.fetched == theirs->published) {
    if (!differ && t.differs_since_ms != never)
      counters.differing.observe_us((now.mono_ms - t.differs_since_ms) * 1'000);
    t.differs_since_ms = never;
    return false;
  }
  if (t.differs_since_ms == never) t.differs_since_ms = now.mono_ms;
  const std::uint64_t outlasts = t.differs_since_ms + options_.settle_ms * (settled ? 1 : patience);
  const std::uint64_t due =
      std::max({p.missed ? now.mono_ms : outlasts, t.not_before_ms, p.not_before_ms});
  if (now.mono_ms < due && due != never) heed(std::min(due, now.mono_ms + options_.settle_ms));
  return now.mono_ms >= due;
}

void Peers::start_all(const Name& name, Peer& p, std::uint64_t due, Instant now,
                      const OurHeads& ours, Output& out, Counters& counters) {
  const Plan plan = plan_ask(p, due, now, ours);
  if (plan.buckets != 0) start_ask(name, p, plan, now, counters);
  for (std::uint64_t left = due & ~(plan.buckets | plan.later); left != 0; left &= left - 1) {
    const auto b = static_cast<std::uint32_t>(std::countr_zero(left));
    const std::uint32_t parts = p.head->buckets[b]->parts;
    if (parts_in_flight_ > 0 && parts_in_flight_ + parts > parts_in_flight_max)
      return heed(now.mono_ms + 50);
    start(name, p, b, parts, now, out, counters);
  }
}

void Peers::start(const Name& name, Peer& p, std::uint32_t b, std::uint32_t parts, Instant now,
                  Output& out, Counters& counters) {
  BucketTrack& t = p.buckets[b];
  // Twice as long after each failure: on a link that needs longer, giving up and asking anew would
  // only make more to carry.
  const std::uint64_t patience_ms = std::uint64_t{options_.fetch_timeout_ms}
                                    << std::min(t.failures, fetch_doublings_max);
  const bool by_name = p.by_name && parts <= named_parts_max;
  t.fetch = Fetch{now.mono_ms + patience_ms, parts, by_name, 0, {}, {}};
  parts_in_flight_ += parts;
  ask(name, b, *t.fetch, true, out);
  counters.fetches += 1;
  heed(t.fetch->deadline_ms);
}

void Peers::end(const Name& name, BucketTrack& t, std::uint32_t b, Output& out) {
  if (t.fetch) ask(name, b, *t.fetch, false, out);
  forget(t);
}

void Peers::forget(BucketTrack& t) {
  if (!t.fetch) return;
  assert(parts_in_flight_ >= t.fetch->asked);
  parts_in_flight_ -= t.fetch->asked;
  t.fetch.reset();
}

void Peers::ask(const Name& name, std::uint32_t bucket, const Fetch& fetch, bool yes,
                Output& out) const {
  const std::string of_bucket = base_ + '/' + name.first + "/state/" + std::to_string(bucket) + '/';
  if (!fetch.by_name) {
    out.subscriptions.push_back({name.second, of_bucket + '+', yes, false});
    return;
  }
  for (std::uint32_t part = 0; part < fetch.asked; ++part) {
    out.subscriptions.push_back({name.second, of_bucket + std::to_string(part), yes, false});
  }
}

bool Peers::recovering(LinkId link) const {
  const auto at = peers_.find(Name{options_.gateway, link});
  if (at == peers_.end() || !at->second.head) return false;
  // What could not be read whole in some tries is not there: a broker may have lost a part of it.
  constexpr std::uint32_t tries = 3;
  return std::any_of(at->second.buckets.begin(), at->second.buckets.end(),
                     [](const BucketTrack& t) { return t.fetch && t.failures < tries; });
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> Peers::take_inherited() {
  return std::exchange(inherited_, {});
}

std::vector<PeerView> Peers::views(const OurHeads& ours) const {
  std::vector<PeerView> out;
  for (const auto& [name, peer] : peers_) {
    if (name.first == options_.gateway) continue;
    PeerView v;
    v.gateway = name.first;
    v.link = name.second;
    v.online = peer.online;
    v.last_heard_ms = peer.heard_ms;
    if (peer.head) v.incarnation = peer.head->incarnation;
    for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
      if (!peer.head || digest_of(peer.head->buckets[b]) != digest_of(ours[b]) ||
          unknown_of(peer.head->buckets[b]) != unknown_of(ours[b])) {
        v.buckets_differing += 1;
        v.differing_mask |= std::uint64_t{1} << b;
      }
      const BucketTrack& t = peer.buckets[b];
      if (t.fetch || (peer.asking && (peer.asking->buckets >> b & 1) != 0)) {
        v.fetching += 1;
        v.fetching_mask |= std::uint64_t{1} << b;
      }
      if (t.differs_since_ms != never &&
          (v.differs_since_ms == 0 || t.differs_since_ms < v.differs_since_ms))
        v.differs_since_ms = t.differs_since_ms;
    }
    v.in_step = peer.head && v.buckets_differing == 0;
    out.push_back(std::move(v));
  }
  return out;
}

}  // namespace tributary::core
