// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/grants.h"

#include <algorithm>

#include "crdt/planted.h"
#include "gateway/core/glob.h"

namespace tributary::core {
namespace {

using Record = wire::GrantRecord;

constexpr std::size_t keys_named_max = 16;
constexpr std::size_t key_shown_bytes = 60;
constexpr std::uint64_t hour_ms = 3'600'000;

const char* name(std::uint8_t operation) {
  switch (operation) {
    case Record::add:
      return "add to";
    case Record::take:
      return "take from";
    case Record::set:
      return "write";
    default:
      return "add to or take from";
  }
}

// "sensors/{id}/*" for sensor-7 → "sensors/sensor-7/*"
std::string with_id(std::string_view pattern, std::string_view id) {
  constexpr std::string_view place = "{id}";
  std::string out(pattern);
  for (std::size_t at = 0; (at = out.find(place, at)) != std::string::npos; at += id.size())
    out.replace(at, place.size(), id);
  return out;
}

}  // namespace

// One operation that an entry does, and how much of it.
struct Grants::Wanted {
  std::uint8_t operation = 0;
  std::optional<std::uint64_t> sum;  // of a counter
  std::uint64_t bytes = 0;           // of anything else
  std::uint64_t at_ms = 0;           // the delta's hlc
};

std::size_t Grants::take(const wire::Entry& entry) {
  const auto* set = std::get_if<wire::GSetPayload>(&entry.payload);
  if (set == nullptr) return 0;
  const bool of_grants = entry.key == wire::grants_key;
  if (!of_grants && entry.key != wire::settlements_key) return 0;
  std::size_t fresh = 0;
  for (const std::string_view element : set->elements) {
    if (known_.find(element) != known_.end()) continue;
    if (of_grants ? !take_grant(element) : !withdrawals_.take(element)) continue;
    known_.emplace(element);
    ++fresh;
  }
  return fresh;
}

bool Grants::take_grant(std::string_view record) {
  const auto r = wire::decode_grant_record(record);
  if (!r) return false;
  grants_.push_back({wire::sha256(record), std::string(r->members), std::string(r->keys), r->types,
                     r->operations, r->since_ms, r->burst, r->per_hour, r->bytes_max});
  return true;
}

std::vector<std::string> Grants::take_withdrawn() {
  std::vector<std::string> out;
  for (const wire::Hash& id : withdrawals_.take_changed()) {
    for (const Grant& g : grants_) {
      if (g.id == id) out.push_back(g.members);
    }
  }
  return out;
}

bool Grants::covers(const Grant& g, const wire::Delta& d, const wire::Entry& e) {
  const bool type = g.types.empty() || std::binary_search(g.types.begin(), g.types.end(), e.type);
  if (!type || !glob_matches(g.members, d.device)) return false;
  return g.keys.find('{') == std::string::npos ? glob_matches(g.keys, e.key)
                                               : glob_matches(with_id(g.keys, d.device), e.key);
}

bool Grants::within(const Grant& g, const Wanted& w) {
  if ((g.operations & w.operation) == 0) return false;
  if (!w.sum) return w.bytes <= g.bytes_max;
  if (g.burst == Record::unbounded) return true;
  using Wide = unsigned __int128;
  const std::uint64_t passed = w.at_ms - std::min(w.at_ms, g.since_ms);
  return *w.sum <= Wide{g.burst} + Wide{g.per_hour} * passed / hour_ms;
}

// An entry does several operations at most, and each must be allowed whole.
std::vector<Grants::Wanted> Grants::wanted_of(const wire::Delta& d, const wire::Entry& e) {
  std::vector<Wanted> wanted;
  const auto want = [&](std::uint8_t operation, std::optional<std::uint64_t> sum = std::nullopt) {
    wanted.push_back({operation, sum, e.bytes, d.hlc.ms()});
  };
  if (const auto* g = std::get_if<wire::GCounterPayload>(&e.payload)) {
    want(Record::add, g->p);
  } else if (const auto* pn = std::get_if<wire::PnCounterPayload>(&e.payload)) {
    if (pn->p > 0) want(Record::add, pn->p);
    if (pn->n > 0) want(Record::take, pn->n);
  } else if (std::holds_alternative<wire::GSetPayload>(e.payload)) {
    want(Record::add);
  } else if (const auto* set = std::get_if<wire::OrSetPayload>(&e.payload)) {
    if (!set->adds.empty()) want(Record::add);
    if (!set->removed.empty() || !set->foreign.empty()) want(Record::take);
    if (wanted.empty()) want(Record::add | Record::take);  // it came and went
  } else {
    want(std::holds_alternative<wire::LwwPayload>(e.payload) ? Record::set : Record::other);
  }
  return wanted;
}

Grants::Answer Grants::answer(const Wanted& w, const wire::Delta& d, const wire::Entry& e,
                              const wire::Hash& envelope) const {
  Answer out = Answer::none;
  for (const Grant& g : grants_) {
    if ((g.operations & w.operation) == 0 || !covers(g, d, e)) continue;
    if (within(g, w)) {
      if (withdrawals_.in_force(g.id, envelope) || planted(Bug::allow_withdrawn))
        return Answer::allowed;
      out = Answer::withdrawn;
    } else if (out == Answer::none && !withdrawals_.withdrawn(g.id)) {
      out = Answer::more;
    }
  }
  return out;
}

Grants::Answer Grants::answer(const wire::Delta& d, const wire::Entry& e,
                              const wire::Hash& envelope, std::string& why) const {
  Answer worst = Answer::allowed;
  for (const Wanted& w : wanted_of(d, e)) {
    const Answer one = answer(w, d, e, envelope);
    if (one <= worst) continue;
    worst = one;
    const std::string who = "'" + std::string(d.device) + "' ";
    const std::string what = std::string(name(w.operation)) + " " + wire::type_name(e.type) + " '" +
                             std::string(e.key.substr(0, key_shown_bytes)) + "'";
    why = one == Answer::none   ? "no grant lets " + who + what
          : one == Answer::more ? "more than any grant lets " + who + what
                                : "the grant that let " + who + what + " was withdrawn";
  }
  return worst;
}

std::string Grants::denied(const wire::Delta& d, const wire::Entry& e,
                           const wire::Hash& envelope) const {
  std::string why;
  answer(d, e, envelope, why);
  return why;
}

std::optional<Denial> Grants::denied(const wire::Delta& d, const wire::Hash& envelope) const {
  Denial out{Reject::withdrawn, {}, {}};
  for (const wire::Entry& e : d.entries) {
    std::string why;
    const Answer found = answer(d, e, envelope, why);
    if (found == Answer::allowed) continue;
    if (found != Answer::withdrawn) out.reason = Reject::not_permitted;
    if (out.rule.empty()) out.rule = std::move(why);
    if (out.keys.size() < keys_named_max) out.keys.emplace_back(std::string(e.key), e.type);
  }
  return out.rule.empty() ? std::nullopt : std::optional(std::move(out));
}

}  // namespace tributary::core
