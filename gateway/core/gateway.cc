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
    case Reject::closed:
      return "closed";
    case Reject::withdrawn:
      return "withdrawn";
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
      people(wire::operator_id(o.gateway)),
      incarnation(incarnation_),
      session(session_),
      trust(options),
      announcer(options, {base + '/' + options.gateway, incarnation_, session_}, keys, live),
      peers(options, session_, base),
      reconciler(options, base, live),
      views(options,
            [this](std::span<const KeyState* const> keys_shown) { return show(keys_shown); }) {
  assert(wire::valid_id(options.fleet) && wire::valid_id(options.gateway));
  options.root = root;
}

void Gateway::Impl::notice(Notice::Level level, std::string_view kind, std::string text) {
  constexpr std::size_t notices_max = 256;  // in one Output: the log is not a queue
  if (out.notices.size() < notices_max) out.notices.push_back({level, kind, std::move(text)});
}

void Gateway::Impl::publish_status(LinkId id, bool online, std::uint64_t wall_ms) {
  if (!links.at(id).connected) return;
  Status s;
  s.gateway = options.gateway;
  s.online = online && !said_goodbye;  // a link that comes back afterwards is told the same
  s.incarnation = incarnation;
  s.session = session;
  s.at_ms = wall_ms;
  s.version = options.version;
  s.degraded = degraded;
  s.answers = options.asks && online;
  const auto& signer = options.trust.signer;
  out.publishes.push_back({id, base + '/' + options.gateway + "/status",
                           signer ? to_json(s, options.fleet, *signer) : to_json(s), true, true});
}

void Gateway::Impl::see(Instant now) {
  seen = now;
  if (started) keys.set_time(now.mono_ms);
  keys.set_horizon(crdt::Hlc::at(now.wall_ms + options.clock_ahead_max_ms, 0xFFFF));
}

void Gateway::Impl::run_timers(Instant now) {
  see(now);
  if (!started) return;
  if (in_flight && !in_flight->asked && now.mono_ms >= in_flight->retry_at_ms) ask(now);
  if (registry_grew) retry_waiting(now);
  leave_rotten();
  if (flush_due(now)) flush(now);
  if (quiet()) make_room();
  const bool leaves = stopping && !said_goodbye && quiet() && pending.empty();
  if (leaves) {  // who comes next under this name may have another disk, or an older one
    announcer.hurry(now);
    views.hurry();
  }
  if (quiet() && !settling) run_publishers(now);
  if (leaves) {
    for (LinkId l = 0; l < links.size(); ++l) publish_status(l, false, now.wall_ms);
    said_goodbye = true;
  }
}

const Peers::OurHeads& Gateway::Impl::our_heads() {
  for (std::uint64_t left = announcer.stale(); left != 0; left &= left - 1)
    announcer.head_of(static_cast<std::uint32_t>(std::countr_zero(left)));
  const std::uint64_t renewed = announcer.take_renewed();
  for (std::uint64_t left = renewed; left != 0; left &= left - 1) {
    const auto b = static_cast<std::uint32_t>(std::countr_zero(left));
    heads[b] = announcer.head_of(b);
  }
  peers.ours_changed(renewed);
  return heads;
}

// REQUIRES: quiet().
void Gateway::Impl::run_peers(Instant now) {
  if (now.mono_ms >= peers.deadline() && (announcer.stale() == 0 || keys.prepare_digests())) {
    const bool settled = pending.empty() && now.mono_ms >= last_news_ms + options.settle_ms;
    peers.envelope_bytes(live.size() == 0 ? 0 : live.bytes() / live.size());
    peers.run(now, our_heads(), settled, out, counters);
    for (const Peers::AskDue& due : peers.take_asks()) reconciler.ask(due, out);
  }
  for (const Peers::Name& name : reconciler.run(now, pending.empty(), out, counters))
    peers.answered(now, name);
}

// REQUIRES: quiet(): digests and buckets are of what the disk rebuilds.
void Gateway::Impl::run_publishers(Instant now) {
  views.changed(now, keys.take_changed());
  run_peers(now);
  std::vector<Announcer::LinkView> to;
  std::vector<LinkId> shown;
  bool due = false;
  for (LinkId l = 0; l < links.size(); ++l) {
    if (!links[l].connected || !speaks(now, l)) continue;
    shown.push_back(l);
    prepare(now, l);
    if (links[l].options.peers) {
      to.push_back({l, links[l].batch_number, links[l].again, links[l].head_due});
      due |= links[l].again != 0 || links[l].head_due;
    }
    links[l].again = 0;
    links[l].head_due = false;
  }
  if (!to.empty() && (due || now.mono_ms >= announcer.deadline())) {
    const std::uint64_t unread = announcer.run(now, clock.tick(now.wall_ms), to, out, counters);
    for (const Announcer::LinkView& link : to) links[link.id].again |= link.again & unread;
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
  if (settling && said_goodbye) return never;
  if (registry_grew || (live.rotten() && !settling)) heed(0);
  if (started) heed(batch_due(seen).value_or(never));
  if (pending_since_ms != never)
    heed(only_stuck(seen) ? unreadable_until_ms : pending_since_ms + options.batch_timeout_ms);
  if (settle_due() || !keys.wished().empty()) heed(unreadable_until_ms);
  if (!dead_letters.empty()) heed(dead_letter_window_ms + 1'000);
  heed(views.rows_deadline());
  heed(value_rows_due_ms);
  heed(heard_due_ms);
  heed(next_sweep_ms);
  if (const auto held = keys.next_release()) {  // a register from the future: when its time comes
    const std::uint64_t ms = held->ms() - std::min(held->ms(), options.clock_ahead_max_ms);
    heed(seen.mono_ms + ms - std::min(ms, seen.wall_ms));
  }
  const bool any_connected =
      std::any_of(links.begin(), links.end(), [](const Link& l) { return l.connected; });
  if (!any_connected) return at;
  heed(peers.deadline());
  heed(reconciler.deadline());
  bool any_shown = false, any_announced = false;
  for (LinkId id = 0; id < links.size(); ++id) {
    const Link& l = links[id];
    if (!l.connected) continue;
    const bool speaking = l.announced && l.recall_until_ms == never;
    any_shown |= speaking;
    any_announced |= speaking && l.options.peers;
    heed(link_deadline(id));
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

void Gateway::read_back_with(ReadBack read_back) {
  impl_->live.read_back_with(std::move(read_back), impl_->options.wire);
}
void Gateway::share_work_with(Share share) {
  impl_->share = std::move(share);
}

void Gateway::restore_on_two_threads() {
  impl_->keys.digests().use_two_threads();
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
void Gateway::begin_early(Instant now, std::uint64_t last_row) {
  impl_->begin_early(now, last_row);
}
std::vector<crdt::Actor> Gateway::lacking() {
  return impl_->lacking();
}
void Gateway::all_of(const crdt::Actor& actor) {
  impl_->all_of(actor);
}
void Gateway::commit_early(Instant now) {
  impl_->commit_early(now);
}

void Gateway::connected(Instant now, LinkId link) {
  impl_->connected(now, link);
  impl_->run_timers(now);
}
void Gateway::disconnected(Instant, LinkId link) {
  impl_->disconnected(link);
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
void Gateway::set_limits(const Limits& limits) {
  static_cast<Limits&>(impl_->options) = limits;  // the parts look there, too
}
void Gateway::stop(Instant now) {
  impl_->stop(now);
}
bool Gateway::stopped() const {
  return impl_->said_goodbye;
}
bool Gateway::starts_again() const {
  return impl_->settling && impl_->said_goodbye;
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
void Gateway::expect_more(Instant now) {
  constexpr std::uint64_t expected_ms = 10;
  impl_->more_until_ms = now.mono_ms + expected_ms;
}
bool Gateway::accepting() const {
  return impl_->pending_count < impl_->options.pending_envelopes_max &&
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
