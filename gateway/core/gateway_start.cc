// SPDX-License-Identifier: Apache-2.0
// Start-up: everything is rebuilt from the live envelopes, each of which proves itself by its hash.
// And what people ask.
#include <algorithm>
#include <cassert>
#include <cstring>

#include "crdt/planted.h"
#include "gateway/core/coding.h"
#include "gateway/core/contributions.h"
#include "gateway/core/gateway_impl.h"

namespace tributary::core {

void Gateway::Impl::quarantine(EnvelopeRow&& row, std::string reason) {
  notice(Notice::Level::error, "quarantine",
         "envelope in row " + std::to_string(row.row) + " of " + row.device + ": " + reason +
             "; set aside, and fetched again from peers");
  quarantined.push_back({0, row.row, std::move(row.hash), std::move(reason), std::move(row.bytes)});
}

// What the admin wrote may stand in rows that follow: unless this is the `last` time of asking, it
// is looked at again.
void Gateway::Impl::restore(EnvelopeRow&& row, bool last) {
  assert(!started);
  next_row = std::max(next_row, row.row + 1);
  if (wire::is_evidence(row.bytes)) {
    if (!restore_evidence(row, last)) restored_strangers.push_back(std::move(row));
    return;
  }
  auto e = wire::decode_envelope(std::string_view(row.bytes), options.wire);
  if (!e) return quarantine(std::move(row), "damaged: " + to_string(e.error()));
  if (e->hash.view() != row.hash)
    return quarantine(std::move(row), "damaged: its hash is another one");
  if (e->delta.fleet != options.fleet) return quarantine(std::move(row), "of another fleet");
  if (trust.on() && !e->sealed.signature.empty()) {
    const Trust::Finding finding = trust.check(*e);
    if (finding == Trust::Finding::stranger) {
      if (!last) return restored_strangers.push_back(std::move(row));
      if (trust.knows(e->delta.device))
        return quarantine(std::move(row), "damaged: it names a key that its device does not have");
      // Its record may come yet. Its row stays where it is until then.
      if (!rows_of_strangers.emplace(e->hash, row.row).second)
        return rows_to_erase.push_back(row.row);
      const std::string topic = root + "/up/" + std::string(e->delta.device);
      return waiting.keep({std::move(*e), {no_link, false, false, false}, topic});
    }
    if (finding != Trust::Finding::good)
      return quarantine(std::move(row), "damaged: its signature is wrong");
  } else if (trust.required()) {
    return quarantine(std::move(row), "not signed, where signatures are required");
  }
  learn(e->delta);
  ActorRecord& actor = actors.intern(e->delta.device, e->delta.epoch);
  // One row more than its actor's row says, or of a key of which others' rows left memory again.
  // They were read a moment ago: it is to start again when they cannot be.
  Cold cold;
  if (actor.cold) cold.actors.push_back(&actor);
  name_resting(e->delta, cold.keys);
  if (!cold.empty() && !warm_early(std::move(cold))) return live.found_rotten();
  if (const LiveEnvelope* const held = live.find(e->hash)) {
    if (held->row != row.row) rows_to_erase.push_back(row.row);
    return;
  }
  std::uint64_t first = 0;
  std::memcpy(&first, e->hash.bytes.data(), sizeof first);
  Found& f = found[&actor];
  if (early && f.count == 0) early->begun.push_back(&actor);
  f.count += 1;
  f.sum += first;
  const std::vector<KeyState*> of_entries = apply_entries(actor, e->delta, 0);
  recent.insert(e->hash);
  for (const Dropped& gone : live.insert(*e, actor, of_entries, row.row, true)) {
    rows_to_erase.push_back(gone.row);
    touch(actor);
  }
  make_room_early();
}

void Gateway::Impl::restore(ActorRow&& row) {
  assert(!started);
  next_actor_row = std::max(next_actor_row, row.row + 1);
  restored_actors.push_back(std::move(row));
}

// nullopt: not what row_of() made.
std::optional<Gateway::Impl::Received> Gateway::Impl::received_of(const ActorRow& row) {
  Reader r(row.intake);
  const std::uint8_t version = r.u8();
  Received out;
  out.count = r.u64();
  out.sum = r.u64();
  if (version == 2) out.silent = r.bytes(r.u32());
  const bool known = version == 1 || version == 2;
  auto intake = r.ok() && known ? Intake::decode(r.rest()) : std::nullopt;
  if (!intake) return std::nullopt;
  out.intake = std::move(*intake);
  return out;
}

// An intake rests on the actor's live envelopes. False: the disk does not hold those that it was
// stored with.
bool Gateway::Impl::adopt(Instant now, const ActorRow& row, ActorRecord& actor) {
  auto received = received_of(row);
  if (!received) return false;
  const auto at = found.find(&actor);
  const Found held = at == found.end() ? Found{} : at->second;
  // Beside them the disk may have what they supersede: what had waited for its signer.
  const bool whole = held.are(*received) || Found{actor.live_count, actor.live_sum}.are(*received);
  if (!(whole || planted(Bug::keep_intake_after_rot))) return false;
  actor.intake = std::move(received->intake);
  acks.restore_silent(actor, received->silent, options.wire);
  actor.look_for_gap(now.mono_ms, true);
  return true;
}

// What was received from an actor of which the disk lacks something is forgotten whole: the device
// sends again, which costs a message; a wrong acknowledgement would cost data.
void Gateway::Impl::start(Instant now) {
  assert(!started);
  see(now);
  for (EnvelopeRow& row : std::exchange(restored_strangers, {})) restore(std::move(row), true);
  keys.digests().use_one_thread();
  for (QuarantineRow& q : quarantined) q.at_ms = now.wall_ms;
  for (const ActorRow& row : restored_actors) {
    ActorRecord& actor = actors.intern(row.device, row.epoch);
    if (early && early->whole.contains(&actor)) continue;
    actor.row = row.row;
    actor.heard_at_ms = row.heard_at_ms;
    if (adopt(now, row, actor)) continue;
    notice(Notice::Level::warning, "intake",
           "what was received from " + row.device +
               " is forgotten: its envelopes on the disk are not those it rests on");
    touch(actor);
  }
  early.reset();
  for (const auto& [actor, held] : found) {
    if (actor->row == 0) touch(*actor);
  }
  restored_actors.clear();
  found.clear();
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
    if (live.size(b) > 0) announcer.changed(now, b);
  }
  for (const ForeignRemoval& f : keys.take_foreign()) acks.removed(f);
  keys.take_released();
  views.changed(now, keys.take_changed());
  next_sweep_ms = now.mono_ms + options.cleanup_interval_ms;
  started = true;
  registry_grew = false;  // by what was restored: nobody waits yet
  for (wire::Envelope& e : std::exchange(from_file, {})) take_from_file(now, std::move(e));
  run_timers(now);
}

// --- what people ask

namespace {

constexpr std::size_t watched_bytes_max = 4'096;  // many of them go out at once

constexpr std::size_t asked_bytes_max = std::size_t{1} << 20;

// `shown` as Shown has it.
ValueView view_of(const KeyState& k, const KeyState* shown, std::size_t bytes_max) {
  return {.key = k.key,
          .type = k.type,
          .json = shown == nullptr ? "null" : display_json(*shown, bytes_max),
          .contributors = k.contributors(),
          .at_ms = k.changed_at_ms,
          .unread = shown == nullptr};
}

std::vector<ValueView> views_of(const std::vector<const KeyState*>& keys, const Shown& shown,
                                std::size_t bytes_max) {
  std::vector<ValueView> out;
  out.reserve(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i)
    out.push_back(view_of(*keys[i], shown.keys[i], bytes_max));
  return out;
}

}  // namespace

Summary Gateway::summary() const {
  Summary s = figures();
  s.digest = wire::to_hex(impl_->keys.digests().all().view());
  return s;
}

Summary Gateway::figures() const {
  Summary s;
  s.incarnation = impl_->incarnation;
  s.session = impl_->session;
  s.degraded = !impl_->degraded.empty();
  s.degraded_reason = impl_->degraded;
  s.announced = std::any_of(impl_->links.begin(), impl_->links.end(),
                            [](const Impl::Link& l) { return l.announced; });
  s.actors = impl_->actors.size();
  s.keys = impl_->keys.size();
  s.parts = impl_->keys.parts();
  s.live_envelopes = impl_->live.size() - impl_->evidence.all().size();
  s.equivocators = impl_->evidence.all().size();
  s.live_bytes = impl_->live.bytes();
  s.cold_actors = impl_->live.cold_actors();
  s.cold_envelopes = impl_->live.cold_envelopes();
  s.cold_keys = impl_->keys.resting();
  s.memory_bytes = impl_->memory();
  s.pending = impl_->pending_count;
  s.waiting = impl_->waiting.size();
  s.registered_keys = impl_->trust.size();
  s.settlements = impl_->trust.settlements().size() + impl_->trust.grants().withdrawal_records();
  const auto older = [](const auto& a, const auto& b) { return a.since_ms() < b.since_ms(); };
  if (!impl_->pending.empty()) {
    s.oldest_ms =
        impl_->stuck == 0
            ? impl_->pending.front().since_ms()
            : std::min_element(impl_->pending.begin(), impl_->pending.end(), older)->since_ms();
  }
  if (impl_->in_flight) {
    for (const std::uint64_t ms : impl_->in_flight->received_ms)
      s.oldest_ms = s.oldest_ms == 0 ? ms : std::min(s.oldest_ms, ms);
  }
  s.state_bytes = impl_->keys.total_bytes();
  for (std::size_t t = 0; t < s.type_bytes.size(); ++t)
    s.type_bytes[t] = impl_->keys.bytes(static_cast<std::uint8_t>(t));
  return s;
}

std::optional<ValueView> Gateway::value(std::string_view key, std::uint8_t type) const {
  const KeyState* k = impl_->keys.find(key, type);
  if (k == nullptr) return std::nullopt;
  return view_of(*k, impl_->show({&k, 1}).keys.front(), asked_bytes_max);
}

std::vector<ValueView> Gateway::values(std::string_view after_key, std::uint8_t after_type,
                                       std::size_t max) const {
  const std::vector<const KeyState*> keys = impl_->keys.page(after_key, after_type, max);
  return views_of(keys, impl_->show(keys), asked_bytes_max);
}

std::vector<ContributionView> Gateway::contributions(std::string_view key, std::uint8_t type,
                                                     std::string_view after_device,
                                                     std::uint64_t after_epoch,
                                                     std::size_t max) const {
  const KeyState* k = impl_->keys.find(key, type);
  if (k == nullptr) return {};
  return contributions_of(*k, after_device, after_epoch, max);
}

std::uint64_t Gateway::cold_parts(std::string_view key, std::uint8_t type) const {
  const KeyState* k = impl_->keys.find(key, type);
  if (k == nullptr) return 0;
  return k->rests() ? k->contributors() : k->aside;
}

std::vector<BucketView> Gateway::buckets() const {
  std::vector<BucketView> out(wire::bucket_count);
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
    DigestBook& digests = impl_->keys.digests();
    if (!digests.empty(b)) out[b].digest = wire::to_hex(digests.digest(b).view());
    out[b].envelopes = impl_->live.size(b);
  }
  return out;
}

void Gateway::watch(bool on) {
  impl_->views.watch(on);
}

std::vector<ValueView> Gateway::take_watched(std::size_t max) {
  const std::vector<const KeyState*> keys = impl_->views.take_watched(max);
  return views_of(keys, impl_->show(keys), watched_bytes_max);
}

std::vector<RefusalView> Gateway::refusals(std::string_view after_device, std::size_t max) const {
  return impl_->refusals.after(after_device, max);
}

std::vector<PeerView> Gateway::peers() const {
  return impl_->peers.views(impl_->our_heads());
}

std::vector<DeviceView> Gateway::devices(std::string_view after_device, std::uint64_t after_epoch,
                                         std::size_t max) const {
  std::vector<DeviceView> out;
  impl_->actors.each_after(after_device, after_epoch, [&](const ActorRecord& a) {
    out.push_back({a.name.device,
                   a.name.epoch,
                   a.intake.reached(),
                   a.heard_at_ms,
                   a.live_count,
                   a.live_bytes,
                   a.intake.top(),
                   a.bucket,
                   impl_->trust.settlements().closed(a.name.device, a.name.epoch),
                   a.clock_ms,
                   {},
                   {},
                   a.gap_since_ms});
    for (std::size_t i = 0; i < impl_->relays.size(); ++i) {
      if ((a.through >> i & 1) != 0) out.back().through.push_back(impl_->relays[i]);
    }
    if (const RefusalView* r = impl_->refusals.of(a.name.device)) out.back().refusals = *r;
    return out.size() < max;
  });
  return out;
}

std::optional<std::vector<std::pair<wire::Hash, std::shared_ptr<const std::string>>>>
Gateway::envelopes(std::string_view after_hash, std::size_t max, std::string_view device) const {
  return impl_->live.page(after_hash, max, device);
}

std::optional<Gateway::Frozen> Gateway::freeze() const {
  Frozen out{.live = {},
             .digest = impl_->keys.digests().all(),
             .unknown = impl_->live.unknown_digests().all(),
             .behind = impl_->in_flight ? impl_->in_flight->ticket : 0};
  out.live.reserve(impl_->live.size());
  std::vector<LiveSet::Item> items;
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b)
    impl_->live.each(b, [&](const LiveSet::Item& item) { items.push_back(item); });
  const auto bytes = impl_->live.read(items);
  if (!bytes) return std::nullopt;
  for (std::size_t i = 0; i < items.size(); ++i) out.live.emplace_back(*items[i].hash, (*bytes)[i]);
  return out;
}

bool Gateway::in_flight(Ticket ticket) const {
  return ticket != 0 && impl_->in_flight && impl_->in_flight->ticket == ticket;
}

bool Gateway::signed_by(std::string_view gateway, signing::Kind kind,
                        const wire::Sealed& sealed) const {
  return impl_->trust.on() && impl_->trust.check(kind, gateway, sealed) == Trust::Finding::good;
}

}  // namespace tributary::core
