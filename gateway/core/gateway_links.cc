// SPDX-License-Identifier: Apache-2.0
// What a link is told after a connect. The first time everything, once what an earlier life had
// retained there is read. Later a broker is asked first what it remembers: our own head, which it
// replays, names what it was given, so only what differs is published at once, and what is said to
// be there again slowly, because a broker may have lost a part of it.
#include <algorithm>

#include "crdt/planted.h"
#include "gateway/core/gateway_impl.h"

namespace tributary::core {
namespace {

// Between two buckets that are published once more: all of them within 22 minutes.
constexpr std::uint64_t refresh_pause_ms = 20'000;

}  // namespace

void Gateway::Impl::connected(Instant now, LinkId id) {
  Link& link = links.at(id);
  link.connected = true;
  peers.connected(now, id);
  const bool first = link.listen_until_ms == never;
  if (first) {
    link.announce_all = true;
    link.listen_until_ms = link.options.peers ? now.mono_ms + options.listen_ms : now.mono_ms;
  } else if (!planted(Bug::no_reannounce)) {
    if (link.options.peers && link.announced && !link.announce_all) {
      link.recall_until_ms = now.mono_ms + options.listen_ms;
    } else {
      link.announce_all = true;
    }
  }
  link.old_views_until_ms = now.mono_ms + old_views_ms;
  publish_status(id, true, now.wall_ms);
}

void Gateway::Impl::disconnected(LinkId id) {
  Link& link = links.at(id);
  link.connected = false;
  link.next_refresh_ms = never;
  peers.disconnected(id, out);
  reconciler.disconnected(id);
  if (!link.hears_old_views || !link.announced) return;
  // The session would subscribe again by itself, and get all of them at the worst of times.
  link.hears_old_views = false;
  link.old_views_due = true;
  out.subscriptions.push_back({id, own_views(), false, false});
}

void Gateway::Impl::subscribe_all(LinkId id) {
  const Link& link = links.at(id);
  out.subscriptions.push_back({id, own_views(), true, true});
  // Our acknowledgement is what counts: the broker would wait for another, which says nothing.
  if (link.options.devices) out.subscriptions.push_back({id, root + "/up/+", true, false, false});
  if (!link.options.peers) return;
  for (const char* what : {"/+/status", "/+/head"})
    out.subscriptions.push_back({id, base + what, true, true});
  if (!link.options.several) out.subscriptions.push_back({id, base + "/+/delta", true, true});
  if (!options.asks) return;
  for (const char* what : {"/+/ask/", "/+/answer/"})
    out.subscriptions.push_back({id, base + what + options.gateway, true, true});
}

// What a peer sent before that is missing in its numbers.
void Gateway::Impl::hear_batches(LinkId id, std::string_view gateway) {
  Link& link = links[id];
  if (!link.options.several || gateway == options.gateway) return;
  if (link.heard_by_name.size() >= Peers::peers_max || link.heard_by_name.count(gateway) > 0)
    return;
  link.heard_by_name.emplace(gateway);
  out.subscriptions.push_back({id, base + '/' + std::string(gateway) + "/delta", true, false});
}

void Gateway::Impl::listen_to_old_views(Instant now, LinkId id) {
  Link& link = links.at(id);
  link.hears_old_views = true;
  link.old_views_due = false;
  link.old_views_until_ms = now.mono_ms + old_views_ms;
  out.subscriptions.push_back({id, own_views(), true, true});
}

// A replay is cut where a queue is full: once more, until nothing is left to clear.
void Gateway::Impl::heed_old_views(Instant now, LinkId id) {
  Link& link = links[id];
  if (!link.hears_old_views || now.mono_ms < link.old_views_until_ms) return;
  link.hears_old_views = std::exchange(link.cleared_old_views, false);
  if (link.hears_old_views) return listen_to_old_views(now, id);
  out.subscriptions.push_back({id, own_views(), false, false});
}

// The broker replays the head that we published there, in this life.
void Gateway::Impl::recall(Instant now, LinkId id, const wire::Head& own) {
  Link& link = links[id];
  if (link.recall_until_ms == never) return;
  link.recall_until_ms = never;
  link.again |= announcer.outdated(own);
  link.head_due |= link.again != 0;
  link.views_due = true;
  link.refresh_left = wire::bucket_count;
  link.next_refresh_ms = now.mono_ms + refresh_pause_ms;
}

void Gateway::Impl::refresh(Instant now, LinkId id) {
  Link& link = links[id];
  if (now.mono_ms < link.next_refresh_ms) return;
  if (std::exchange(link.views_due, false)) views.announce_all();
  if (link.old_views_due) listen_to_old_views(now, id);
  const auto bucket = announcer.next_published(link.refresh_at);
  const std::uint32_t steps =
      bucket ? (*bucket + wire::bucket_count - link.refresh_at) % wire::bucket_count + 1
             : wire::bucket_count;
  if (bucket && steps <= link.refresh_left) {
    link.again |= std::uint64_t{1} << *bucket;
    // Also after the next connect it goes on from here.
    link.refresh_at = (*bucket + 1) % wire::bucket_count;
  }
  link.refresh_left -= std::min(link.refresh_left, steps);
  link.next_refresh_ms = link.refresh_left == 0 ? never : now.mono_ms + refresh_pause_ms;
}

// Whether anything retained is published on it yet.
bool Gateway::Impl::speaks(Instant now, LinkId id) {
  Link& link = links[id];
  heed_old_views(now, id);
  if (!link.announced)
    link.announced = now.mono_ms >= link.listen_until_ms && !peers.recovering(id);
  if (!link.announced) return false;
  if (link.recall_until_ms == never) return true;
  if (now.mono_ms < link.recall_until_ms) return false;
  link.recall_until_ms = never;  // it has forgotten
  link.announce_all = true;
  return true;
}

// REQUIRES: speaks().
void Gateway::Impl::prepare(Instant now, LinkId id) {
  Link& link = links[id];
  if (now.mono_ms >= link.reannounce_ms) {
    link.reannounce_ms = never;
    link.announce_all = true;
    link.old_views_due = true;
  }
  refresh(now, id);
  if (!std::exchange(link.announce_all, false)) return;
  views.announce_all();
  peers.forget_own_past(id, out);
  link.again = Announcer::all_buckets;
  link.head_due = true;
  link.next_refresh_ms = never;
  link.views_due = false;
  if (link.old_views_due) listen_to_old_views(now, id);
}

std::uint64_t Gateway::Impl::link_deadline(LinkId id) const {
  const Link& l = links[id];
  std::uint64_t at = never;
  if (l.hears_old_views) at = std::min(at, l.old_views_until_ms);
  if (!l.announced) {
    // While it recovers its own past, the end of that fetch is what it waits for.
    return peers.recovering(id) ? at : std::min(at, l.listen_until_ms);
  }
  if (l.recall_until_ms != never) return std::min(at, l.recall_until_ms);
  return std::min({at, l.reannounce_ms, l.next_refresh_ms});
}

}  // namespace tributary::core
