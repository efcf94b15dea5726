// SPDX-License-Identifier: Apache-2.0
// Actors that tell two stories: found when what arrives contradicts what is held, heard from peers,
// read from the disk. Joins go on whatever is found; docs/protocol.md section 7 has the rules.
#include <algorithm>
#include <cassert>

#include "gateway/core/gateway_impl.h"

namespace tributary::core {

// Before it is known whether the envelope adds anything: what is superseded at once may still show
// that there are two of its actor.
void Gateway::Impl::look_for_contradiction(Instant now, const wire::Envelope& e, ActorRecord& actor,
                                           const std::vector<KeyState*>& of_entries,
                                           InFlight& work) {
  const auto clash = live.clash(e, actor, of_entries);
  if (!clash) return;
  const auto other = wire::decode_envelope(clash->with->bytes, options.wire);
  assert(other);  // it was read before
  const auto pair = wire::decode_evidence(wire::encode_evidence(e, *other), options.wire);
  if (!pair) return;  // too large together to be passed on
  auto about = contradiction(pair->first.delta, pair->second.delta);
  if (!about) about = clash->about;
  convict(now, *pair, std::move(*about), {no_link, false, false, false}, work);
}

void Gateway::Impl::convict(Instant now, const wire::Evidence& pair, Contradiction about,
                            Source source, InFlight& work) {
  const wire::Delta& d = pair.first.delta;
  ActorRecord& actor = actors.intern(d.device, d.epoch);
  KeptEvidence kept = keep_of(pair, std::move(about), now.wall_ms);
  if (!evidence.better({&actor}, kept)) return;
  if (const KeptEvidence* held = evidence.find({&actor})) {
    const Dropped gone = live.let_go(held->id);
    if (gone.stored) {
      work.rows->erase.push_back(gone.row);
      work.thinned.insert(actor.bucket);
    } else {
      std::erase_if(work.fresh, [&](const Fresh& f) { return f.hash == gone.hash; });
    }
  } else {
    counters.equivocations += 1;
    notice(Notice::Level::error, "equivocation",
           actor.name.device + ", epoch " + std::to_string(actor.name.epoch) +
               ", tells two stories: of '" + kept.about.key + "' " + kept.about.what +
               (kept.proof ? "; both are signed: it was copied or set back, or it lies"
                           : "; nothing is signed, so this does not show who wrote them"));
  }
  work.fresh.push_back({pair.id, &live.keep(pair, actor, next_row++, false), source});
  put_evidence(actor, std::move(kept));
}

KeptEvidence Gateway::Impl::keep_of(const wire::Evidence& pair, Contradiction about,
                                    std::uint64_t at_ms) const {
  const bool proof = trust.on() && pair.first.delta.is_signed && pair.second.delta.is_signed;
  return {pair.id, pair.first.hash, pair.second.hash, pair.bytes, std::move(about), proof, at_ms};
}

void Gateway::Impl::put_evidence(ActorRecord& actor, KeptEvidence kept) {
  const bool exclude = kept.proof && options.trust.exclude_equivocators;
  evidence.put({&actor}, std::move(kept), keys.digests());
  if (exclude) keys.exclude(actor);
}

// Whether both were written by whom they say: nullopt, or why that is not shown.
std::optional<Denial> Gateway::Impl::unproved(const wire::Evidence& pair) const {
  if (pair.first.delta.fleet != options.fleet)
    return Denial{Reject::fleet, "evidence of another fleet", {}};
  if (!contradiction(pair.first.delta, pair.second.delta))
    return Denial{Reject::malformed, "evidence of envelopes that do not contradict each other", {}};
  if (!trust.on()) return std::nullopt;
  for (const wire::Envelope* e : {&pair.first, &pair.second}) {
    switch (trust.check(*e)) {
      case Trust::Finding::good:
        break;
      case Trust::Finding::none:
        if (!trust.required()) break;
        return Denial{Reject::no_signature, "evidence that is not signed", {}};
      case Trust::Finding::stranger:
        return Denial{Reject::stranger, "evidence, whose key the registry does not have (yet)", {}};
      case Trust::Finding::forged:
        return Denial{Reject::bad_signature, "evidence with a wrong signature", {}};
    }
  }
  return std::nullopt;
}

// Of a peer. What a key signed that the registry does not have yet is let go: when the registry
// grows, everything that differs from peers is read again.
void Gateway::Impl::take_evidence(Instant now, std::string_view bytes, Source source,
                                  const std::string& topic) {
  auto pair = wire::decode_evidence(bytes, options.wire);
  if (!pair) return reject(now, Reject::malformed, topic, to_string(pair.error()), bytes);
  if (live.contains(pair->id) || recent.contains(pair->id)) {
    counters.duplicates += 1;
    return;
  }
  if (trust.on() && !may_try(now, topic)) return;
  if (const auto denial = unproved(*pair)) {
    if (denial->reason == Reject::stranger) {
      counters.rejected[static_cast<std::size_t>(denial->reason)] += 1;
      return;
    }
    // No honest gateway passes on what it did not check.
    if (denial->reason != Reject::fleet) trust.blame(brought_by(topic), denial->reason, now);
    return reject(now, denial->reason, topic, denial->rule, bytes);
  }
  if (pending_since_ms == never) pending_since_ms = now.mono_ms;
  pending_bytes += pair->bytes->size();
  pending_evidence.emplace_back(std::move(*pair), source);
}

void Gateway::Impl::join_evidence(Instant now, InFlight& work) {
  for (auto& [pair, source] : std::exchange(pending_evidence, {})) {
    pending_bytes -= pair.bytes->size();
    recent.insert(pair.id);
    const wire::Delta& d = pair.first.delta;
    if (actors.find(d.device, d.epoch) == nullptr && actors.size() >= options.actors_max) continue;
    convict(now, pair, *contradiction(d, pair.second.delta), source, work);
  }
}

// Returns false when its signer is not known, and the row is to be looked at again.
bool Gateway::Impl::restore_evidence(EnvelopeRow& row, bool last) {
  const auto damaged = [&](const std::string& why) {
    quarantine(std::move(row), "damaged evidence: " + why);
    return true;
  };
  const auto pair = wire::decode_evidence(row.bytes, options.wire);
  if (!pair) return damaged(to_string(pair.error()));
  if (pair->id.view() != row.hash) return damaged("its hash is another one");
  if (const auto denial = unproved(*pair)) {
    if (denial->reason == Reject::stranger && !last) return false;
    return damaged(denial->rule);
  }
  const wire::Delta& d = pair->first.delta;
  ActorRecord& actor = actors.intern(d.device, d.epoch);
  if (actor.cold && !warm_early({{&actor}, {}})) {
    live.found_rotten();
    return true;
  }
  KeptEvidence kept = keep_of(*pair, *contradiction(d, pair->second.delta), 0);
  const KeptEvidence* held = evidence.find({&actor});
  if (!evidence.better({&actor}, kept)) {
    rows_to_erase.push_back(row.row);
    return true;
  }
  if (held != nullptr) rows_to_erase.push_back(live.let_go(held->id).row);
  live.keep(*pair, actor, row.row, true);
  put_evidence(actor, std::move(kept));
  return true;
}

std::vector<EvidenceView> Gateway::evidence(std::string_view after_device,
                                            std::uint64_t after_epoch, std::size_t max) const {
  std::vector<EvidenceView> out;
  const std::pair<std::string_view, std::uint64_t> after{after_device, after_epoch};
  for (const auto& [actor, e] : impl_->evidence.all()) {
    if (out.size() >= max) break;
    const crdt::Actor& name = actor.record->name;
    if (std::pair<std::string_view, std::uint64_t>(name.device, name.epoch) <= after) continue;
    out.push_back({name.device, name.epoch, e.about.key, e.about.type, e.about.what, e.proof,
                   actor.record->excluded, wire::to_hex(e.first.view()),
                   wire::to_hex(e.second.view()), e.at_ms, *e.bytes});
  }
  return out;
}

}  // namespace tributary::core
