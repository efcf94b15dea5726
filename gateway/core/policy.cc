// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/policy.h"

#include "crdt/planted.h"

namespace tributary::core {
namespace {

constexpr std::size_t keys_named_max = 16;

// Of adds of others, and nothing else: what the admin may do in everybody's sets.
bool only_removes(const wire::Entry& entry) {
  const auto* set = std::get_if<wire::OrSetPayload>(&entry.payload);
  return set != nullptr && set->adds.empty() && set->removed.empty() && entry.key.front() != '$';
}

// Whether the keys may be written by this device at all.
std::optional<Denial> reserved(const Trust& trust, const wire::Delta& d) {
  const bool admin = trust.on() && d.device == wire::admin_id;
  Denial denial{Reject::reserved_key,
                admin ? "the admin writes keys below $fleet/, and elsewhere only removes from sets"
                      : "keys that begin with $ are reserved for the fleet",
                {}};
  for (const wire::Entry& entry : d.entries) {
    const bool fine = admin ? entry.key.starts_with(wire::registry_prefix) || only_removes(entry)
                            : entry.key.front() != '$';
    if (!fine && denial.keys.size() < keys_named_max) {
      denial.keys.emplace_back(std::string(entry.key), entry.type);
    }
  }
  return denial.keys.empty() ? std::nullopt : std::optional(std::move(denial));
}

// Refused are: what is closed and not settled, no signature, a key that is not (yet) enrolled, what
// no grant allows, a wrong signature; in the order of what they cost.
std::optional<Denial> not_trusted(const Trust& trust, const wire::Envelope& e, bool held) {
  if (!trust.on()) return std::nullopt;
  const std::string device(e.delta.device);
  if (!trust.settlements().valid(e.delta.device, e.delta.epoch, e.sealed.key_id, e.hash)) {
    return Denial{
        Reject::closed,
        trust.settlements().closed(e.delta.device, e.delta.epoch)
            ? "closed: the admin has settled what counts of this epoch of '" + device + "'"
            : "closed: the admin has settled what counts of this key of '" + device + "'",
        {}};
  }
  if (e.sealed.signature.empty()) {
    if (!trust.required() && device != wire::admin_id) return std::nullopt;
    return Denial{Reject::no_signature,
                  "this fleet requires signatures: sign with the key of '" + device + "'",
                  {}};
  }
  if (!trust.knows(device, e.sealed.key_id) && !planted(Bug::believe_signatures)) {
    return Denial{Reject::stranger, "the registry has no such key of '" + device + "' (yet)", {}};
  }
  if (trust.permissions() && device != wire::admin_id) {
    if (auto denial = trust.grants().denied(e.delta, e.hash)) return denial;
  }
  if (held || trust.check(e) == Trust::Finding::good) return std::nullopt;
  return Denial{Reject::bad_signature, "the signature is not by the key of '" + device + "'", {}};
}

}  // namespace

Result<Authorised, Denial> authorise(const Options& options, const Trust& trust,
                                     const Principal& who, wire::Envelope&& e, bool held) {
  const wire::Delta& d = e.delta;
  if (d.fleet != options.fleet) {
    return Failure{
        Denial{Reject::fleet,
               "made for fleet '" + std::string(d.fleet) + "', this is '" + options.fleet + "'",
               {}}};
  }
  if (!who.device.empty() && who.device != d.device) {
    return Failure{Denial{Reject::wrong_device,
                          "a device may only speak for itself: the topic says '" +
                              std::string(who.device) + "', the envelope '" +
                              std::string(d.device) + "'",
                          {}}};
  }
  if (auto denial = reserved(trust, d)) return Failure{std::move(*denial)};
  if (auto denial = not_trusted(trust, e, held)) return Failure{std::move(*denial)};
  return Authorised(std::move(e), !held);
}

bool glob_matches(std::string_view pattern, std::string_view id) {
  std::size_t p = 0, i = 0, star = std::string_view::npos, mark = 0;
  while (i < id.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == id[i])) {
      ++p, ++i;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++, mark = i;
    } else if (star != std::string_view::npos) {
      p = star + 1, i = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace tributary::core
