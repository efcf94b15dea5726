// SPDX-License-Identifier: Apache-2.0
// The fleet's registry inside the gateway: learned from the admin's envelopes, whoever brings them;
// what follows when it grows, and when it says that something counts no more.
#include <algorithm>
#include <cassert>

#include "crdt/planted.h"
#include "gateway/core/gateway_impl.h"

namespace tributary::core {

bool Gateway::Impl::registry_whole() const {
  bool whole = true;
  actors.each_epoch(wire::admin_id, [&](const ActorRecord& a) {
    whole &= a.intake.contiguous().op == a.intake.top();
  });
  return whole;
}

void Gateway::Impl::learn(const wire::Delta& d) {
  if (!trust.on() || d.device != wire::admin_id) return;
  for (const wire::Entry& entry : d.entries) {
    const bool grew = trust.take(entry) > 0;
    registry_grew |= grew;
    settled_anew |= grew && entry.key == wire::settlements_key;
  }
}

void Gateway::Impl::retry_waiting(Instant now) {
  registry_grew = false;
  if (planted(Bug::forget_waiting)) return;
  peers.read_again(now);
  for (auto& w : waiting.take()) take_envelope(now, std::move(w.envelope), w.source, w.topic);
}

// The admin's envelopes first; what follows is what the lists among them name, carried along in
// case that no gateway has it any more.
std::string Gateway::Impl::registry(Instant now, std::string_view bytes) {
  const auto pack = wire::decode_pack(bytes, options.wire);
  if (!pack) return to_string(pack.error());
  std::vector<wire::Envelope> good;
  Settlements settlements;
  Grants grants;
  for (const std::string_view one : pack->envelopes) {
    auto e = wire::decode_envelope(one, options.wire);
    if (!e) return to_string(e.error());
    const wire::Delta& d = e->delta;
    if (d.fleet != options.fleet) return "it is of fleet '" + std::string(d.fleet) + "'";
    if (d.device != wire::admin_id) {
      if (!settlements.names(e->hash) && !grants.withdrawals().names(e->hash))
        return "it has an envelope of '" + std::string(d.device) +
               "', who is not the admin, and no settlement names it";
    } else if (trust.check(*e) != Trust::Finding::good) {
      return "it is not signed by the admin key that is configured";
    }
    for (const wire::Entry& entry : d.entries) settlements.take(entry), grants.take(entry);
    good.push_back(std::move(*e));
  }
  for (const wire::Envelope& e : good) learn(e.delta);
  for (wire::Envelope& e : good) {
    if (!started) {
      from_file.push_back(std::move(e));
    } else {
      take_from_file(now, std::move(e));
    }
  }
  return {};
}

void Gateway::Impl::take_from_file(Instant now, wire::Envelope&& e) {
  const std::string topic = root + "/up/" + std::string(e.delta.device);
  take_envelope(now, std::move(e), {no_link, false, false, false}, topic);
}

// Of the actors about which the registry says something new, what is held and not valid.
// nullopt: the disk does not give them now, and it is to be asked again.
std::optional<std::vector<std::uint64_t>> Gateway::Impl::rows_not_valid() {
  for (std::string& device : trust.take_settled()) settled_devices.insert(std::move(device));
  for (std::string& member : trust.take_withdrawn()) withdrawn_members.insert(std::move(member));
  absl::flat_hash_set<const ActorRecord*> concerned;
  actors.each_after({}, 0, [&](const ActorRecord& actor) {
    const std::string& device = actor.name.device;
    if (settled_devices.contains(device) ||
        std::any_of(withdrawn_members.begin(), withdrawn_members.end(),
                    [&](const std::string& pattern) { return glob_matches(pattern, device); })) {
      concerned.insert(&actor);
    }
    return true;
  });
  std::vector<LiveSet::Item> held;
  for (std::uint32_t b = 0; b < wire::bucket_count && !concerned.empty(); ++b) {
    live.each(b, [&](const LiveSet::Item& item) {
      if (!item.evidence() && concerned.contains(item.actor)) held.push_back(item);
    });
  }
  const auto bytes = live.read(held);
  if (!bytes) return std::nullopt;
  settled_devices.clear();
  withdrawn_members.clear();
  std::vector<std::uint64_t> rows;
  if (planted(Bug::keep_settled)) return rows;
  for (std::size_t i = 0; i < held.size(); ++i) {
    const auto e = wire::decode_envelope((*bytes)[i], options.wire);
    assert(e);  // it was read before
    if (!trust.valid(e->delta, e->sealed.key_id, e->hash)) rows.push_back(held[i].row);
  }
  return rows;
}

// Only of a whole registry: what a closing or a withdrawal leaves may be named in the part that is
// missing. Joins cannot be undone. What is not valid any more leaves the disk, and then this
// gateway is to be made anew from what is left there, as at every start; until then it takes
// nothing in and tells nobody anything.
void Gateway::Impl::settle(Instant now) {
  const auto rows = rows_not_valid();
  if (!rows) return unreadable(now);  // it is due again after a pause
  settled_anew = false;
  newest_at.clear();
  std::erase_if(pending, [&](const Pending& p) {
    const wire::Envelope& e = p.envelope.envelope();
    if (trust.valid(e.delta, e.sealed.key_id, e.hash)) return false;
    pending_bytes -= e.bytes->size();
    pending_count -= p.envelopes();
    letters.refuse(p.source.letter,
                   "the admin has settled what counts of its device, or withdrawn its grant");
    return true;
  });
  if (rows->empty()) return;
  notice(Notice::Level::warning, "settled",
         std::to_string(rows->size()) +
             " envelopes are no longer valid: the admin has settled what counts of their devices, "
             "or withdrawn a grant; starting again without them");
  rows_to_erase.insert(rows_to_erase.end(), rows->begin(), rows->end());
  settling = stopping = true;
}

}  // namespace tributary::core
