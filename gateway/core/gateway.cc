// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/gateway.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "crdt/planted.h"
#include "gateway/core/gateway_impl.h"

namespace tributary::core {
namespace {

std::string root_of(const Options& options) {
  std::string root = options.root;
  if (const std::size_t at = root.find("<fleet>"); at != std::string::npos)
    root.replace(at, 7, options.fleet);
  return root;
}

}  // namespace

std::string_view name(Reject r) {
  switch (r) {
    case Reject::size:
      return "too-large";
    case Reject::topic:
      return "topic";
    case Reject::not_heard:
      return "not-heard";
    case Reject::malformed:
      return "malformed";
    case Reject::version:
      return "version";
    case Reject::fleet:
      return "other-fleet";
    case Reject::wrong_device:
      return "wrong-device";
    case Reject::reserved_key:
      return "reserved-key";
    case Reject::limit:
      return "limit";
    case Reject::memory:
      return "memory-limit";
    case Reject::peer:
      return "peer";
    case Reject::no_signature:
      return "no-signature";
    case Reject::stranger:
      return "unknown-signer";
    case Reject::bad_signature:
      return "bad-signature";
    case Reject::not_permitted:
      return "not-permitted";
    case Reject::throttled:
      return "throttled";
    case Reject::count_:
      break;
  }
  return "other";
}

Gateway::Impl::Impl(const Options& o, std::uint64_t incarnation_, std::uint64_t session_)
    : options(o),
      root(root_of(o)),
      base(root + "/gw"),
      incarnation(incarnation_),
      session(session_),
      trust(options),
      announcer(options, {base + '/' + options.gateway, incarnation_, session_}, keys, live),
      peers(options, session_, base),
      views(options) {
  assert(wire::valid_id(options.fleet) && wire::valid_id(options.gateway));
  options.root = root;
}

void Gateway::Impl::notice(Notice::Level level, std::string_view kind, std::string text) {
  constexpr std::size_t notices_max = 256;  // in one Output: the log is not a queue
  if (out.notices.size() < notices_max) out.notices.push_back({level, kind, std::move(text)});
}

void Gateway::Impl::connected(Instant now, LinkId id) {
  Link& link = links.at(id);
  link.connected = true;
  link.announce_all = link.listen_until_ms == never || !planted(Bug::no_reannounce);
  if (link.listen_until_ms == never) {
    link.listen_until_ms = link.options.peers ? now.mono_ms + options.listen_ms : now.mono_ms;
  }
  link.old_views_until_ms = now.mono_ms + old_views_ms;
  publish_status(id, true, now.wall_ms);
}

void Gateway::Impl::subscribe_all(LinkId id) {
  const Link& link = links.at(id);
  out.subscriptions.push_back({id, own_views(), true, true});
  if (link.options.devices) out.subscriptions.push_back({id, root + "/up/+", true, false});
  if (!link.options.peers) return;
  for (const char* what : {"/+/status", "/+/head", "/+/delta"})
    out.subscriptions.push_back({id, base + what, true, true});
}

void Gateway::Impl::listen_to_old_views(Instant now, LinkId id) {
  links.at(id).hears_old_views = true;
  links.at(id).old_views_until_ms = now.mono_ms + old_views_ms;
  out.subscriptions.push_back({id, own_views(), true, true});
}

void Gateway::Impl::publish_status(LinkId id, bool online, std::uint64_t wall_ms) {
  if (!links.at(id).connected) return;
  Status s;
  s.gateway = options.gateway;
  s.online = online;
  s.incarnation = incarnation;
  s.session = session;
  s.at_ms = wall_ms;
  s.version = options.version;
  s.degraded = degraded;
  const auto& signer = options.trust.signer;
  out.publishes.push_back({id, base + '/' + options.gateway + "/status",
                           signer ? to_json(s, options.fleet, *signer) : to_json(s), true, true});
}

void Gateway::Impl::see(Instant now) {
  seen = now;
  keys.set_horizon(crdt::Hlc::at(now.wall_ms + options.clock_ahead_max_ms, 0xFFFF));
}

void Gateway::Impl::run_timers(Instant now) {
  see(now);
  if (in_flight && !in_flight->asked && now.mono_ms >= in_flight->retry_at_ms) ask(now);
  if (registry_grew) retry_waiting(now);
  if (flush_due(now)) flush(now);
  if (quiet()) run_publishers(now);
  if (stopping && !said_goodbye && quiet() && pending.empty()) {
    for (LinkId l = 0; l < links.size(); ++l) publish_status(l, false, now.wall_ms);
    said_goodbye = true;
  }
}

const Peers::OurHeads& Gateway::Impl::our_heads() {
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) announcer.head_of(b);
  const std::uint64_t renewed = announcer.take_renewed();
  for (std::uint64_t left = renewed; left != 0; left &= left - 1) {
    const auto b = static_cast<std::uint32_t>(std::countr_zero(left));
    heads[b] = announcer.head_of(b);
  }
  peers.ours_changed(renewed);
  return heads;
}

// REQUIRES: quiet(): digests and buckets are of what the disk rebuilds.
void Gateway::Impl::run_publishers(Instant now) {
  views.changed(now, keys.take_changed());
  if (now.mono_ms >= peers.deadline()) {
    const bool settled = pending.empty() && now.mono_ms >= last_news_ms + options.settle_ms;
    peers.run(now, our_heads(), settled, out, counters);
  }
  std::vector<Announcer::LinkView> to;
  std::vector<LinkId> shown;
  bool all = false;
  for (LinkId l = 0; l < links.size(); ++l) {
    Link& link = links[l];
    if (!link.connected) continue;
    if (link.hears_old_views && now.mono_ms >= link.old_views_until_ms) {
      // A replay is cut where a queue is full: once more, until nothing is left to clear.
      link.hears_old_views = std::exchange(link.cleared_old_views, false);
      if (link.hears_old_views) {
        listen_to_old_views(now, l);
      } else {
        out.subscriptions.push_back({l, own_views(), false, false});
      }
    }
    if (!link.announced)
      link.announced = now.mono_ms >= link.listen_until_ms && !peers.recovering(l);
    if (!link.announced) continue;
    shown.push_back(l);
    if (now.mono_ms >= link.reannounce_ms) {
      link.reannounce_ms = never;
      link.announce_all = true;
      listen_to_old_views(now, l);
    }
    if (link.announce_all) {
      views.announce_all(now);
      peers.forget_own_past(l, out);
    }
    if (link.options.peers) {
      to.push_back({l, link.batch_number, link.announce_all});
      all |= link.announce_all;
    }
    link.announce_all = false;
  }
  if (!to.empty() && (all || now.mono_ms >= announcer.deadline())) {
    announcer.run(now, clock.tick(now.wall_ms), to, out, counters);
  }
  if (!shown.empty()) views.run(now, shown, out, counters);
}

std::uint64_t Gateway::Impl::next_deadline() const {
  std::uint64_t at = never;
  const auto heed = [&](std::uint64_t t) { at = std::min(at, t); };
  if (in_flight) {
    if (!in_flight->asked) heed(in_flight->retry_at_ms);
    return at;  // all else waits for it
  }
  if (pending_since_ms != never) heed(pending_since_ms + options.batch_timeout_ms);
  if (registry_grew) heed(0);
  if (const auto held = keys.next_release()) {  // a register from the future: when its time comes
    const std::uint64_t ms = held->ms() - std::min(held->ms(), options.clock_ahead_max_ms);
    heed(seen.mono_ms + ms - std::min(ms, seen.wall_ms));
  }
  if (!dead_letters.empty()) heed(dead_letter_window_ms + 1'000);
  heed(views.rows_deadline());
  heed(next_sweep_ms);
  const bool any_connected =
      std::any_of(links.begin(), links.end(), [](const Link& l) { return l.connected; });
  if (!any_connected) return at;
  heed(peers.deadline());
  bool any_shown = false, any_announced = false;
  for (LinkId id = 0; id < links.size(); ++id) {
    const Link& l = links[id];
    any_shown |= l.connected && l.announced;
    any_announced |= l.connected && l.announced && l.options.peers;
    if (l.connected && l.hears_old_views) heed(l.old_views_until_ms);
    if (l.connected && l.announced) heed(l.reannounce_ms);
    // While it recovers its own past, the end of that fetch is what it waits for.
    if (l.connected && !l.announced && !peers.recovering(id)) heed(l.listen_until_ms);
  }
  if (any_shown) heed(views.deadline());
  if (any_announced) heed(announcer.deadline());
  return at;
}

void Gateway::Impl::stop(Instant now) {
  stopping = true;
  run_timers(now);
}

// --- the face: gateway.h

Gateway::Gateway(const Options& options, std::uint64_t incarnation, std::uint64_t session)
    : impl_(std::make_unique<Impl>(options, incarnation, session)) {}
Gateway::~Gateway() = default;

LinkId Gateway::attach(const LinkOptions& options) {
  Impl::Link link;
  link.options = options;
  impl_->links.push_back(std::move(link));
  const auto id = static_cast<LinkId>(impl_->links.size() - 1);
  impl_->subscribe_all(id);
  return id;
}

void Gateway::restore(EnvelopeRow&& row) {
  impl_->restore(std::move(row), false);
}
void Gateway::restore(ActorRow&& row) {
  impl_->restore(std::move(row));
}
void Gateway::start(Instant now) {
  impl_->start(now);
}

void Gateway::connected(Instant now, LinkId link) {
  impl_->connected(now, link);
  impl_->run_timers(now);
}
void Gateway::disconnected(Instant, LinkId link) {
  impl_->links.at(link).connected = false;
  impl_->peers.disconnected(link);
}
void Gateway::receive(Instant now, Inbound&& in) {
  impl_->see(now);
  impl_->receive(now, std::move(in));
}
void Gateway::committed(Instant now, Ticket ticket) {
  impl_->committed(now, ticket);
  impl_->run_timers(now);
}
void Gateway::commit_failed(Instant now, Ticket ticket, std::string reason) {
  impl_->commit_failed(now, ticket, std::move(reason));
}
void Gateway::tick(Instant now) {
  impl_->run_timers(now);
}
void Gateway::stop(Instant now) {
  impl_->stop(now);
}
bool Gateway::stopped() const {
  return impl_->said_goodbye;
}

Output Gateway::take_output() {
  for (const Publish& p : impl_->out.publishes)
    impl_->counters.bytes_out += p.topic.size() + p.payload.size();
  return std::exchange(impl_->out, {});
}
std::optional<std::uint64_t> Gateway::deadline() const {
  const std::uint64_t at = impl_->next_deadline();
  return at == Impl::never ? std::nullopt : std::optional(at);
}
bool Gateway::accepting() const {
  return impl_->pending.size() < impl_->options.pending_envelopes_max &&
         impl_->pending_bytes < impl_->options.pending_bytes_max;
}
const Counters& Gateway::counters() const {
  return impl_->counters;
}
std::string Gateway::registry(Instant now, std::string_view pack) {
  return impl_->registry(now, pack);
}
std::vector<OffenderView> Gateway::offenders() const {
  std::vector<OffenderView> out;
  for (const auto& [who, offender] : impl_->trust.offenders()) out.push_back(offender);
  return out;
}
const std::string& Gateway::root() const {
  return impl_->root;
}

}  // namespace tributary::core
