// SPDX-License-Identifier: Apache-2.0
// `tributary policy withdraw`: a grant allows nothing any more, but to what stays valid
// (docs/security.md).
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "gateway/app/clock.h"
#include "gateway/app/keyring_command.h"
#include "gateway/app/settling.h"
#include "gateway/core/glob.h"
#include "gateway/core/grants.h"
#include "gateway/core/settlements.h"
#include "gateway/keyring/keyring.h"
#include "transports/wire/record.h"

namespace tributary::app {
namespace {

namespace kr = keyring;
using nlohmann::json;

struct WithdrawArguments : SettlingArguments {
  std::string grant;
};

// Enough digits for people: of 64.
constexpr std::size_t digits_min = 8, digits_shown = 16;

// The record of the grant whose name begins with these digits.
std::string record_of(const kr::Keyring& ring, const std::string& digits) {
  constexpr const char* advice = "\n  `tributary policy list` shows their names";
  const bool hex = digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex || digits.size() < digits_min) {
    throw Trouble(Exit::usage, "\"" + digits + "\" names no grant: give " +
                                   std::to_string(digits_min) +
                                   " or more of its hexadecimal digits" + advice);
  }
  std::vector<std::string> found;
  for (const std::string& record : ring.grants()) {
    if (wire::to_hex(wire::sha256(record).view()).starts_with(digits)) found.push_back(record);
  }
  if (found.size() == 1) return found.front();
  throw Trouble(Exit::negative, found.empty()
                                    ? "no grant is named " + digits + "…" + advice
                                    : std::to_string(found.size()) + " grants are named " + digits +
                                          "…\n  give more digits");
}

// Which envelopes need a grant: are allowed with it, and not without.
class Need {
 public:
  Need(const kr::Keyring& ring, const wire::Hash& grant) {
    std::vector<std::string> others;
    for (const std::string& record : ring.settlements()) {
      const auto w = wire::decode_withdrawal_record(record);
      const auto e = wire::decode_exemption_record(record);
      if ((!w || w->grant != grant) && (!e || e->grant != grant)) others.push_back(record);
    }
    for (core::Grants* grants : {&with_, &without_}) {
      take(*grants, wire::grants_key, ring.grants());
      take(*grants, wire::settlements_key, others);
    }
    take(without_, wire::settlements_key, {wire::encode(wire::WithdrawalRecord{grant})});
    take(settlements_, wire::settlements_key, others);
  }
  bool operator()(const wire::Envelope& e) const {
    const wire::Delta& d = e.delta;
    return settlements_.valid(d.device, d.epoch, e.sealed.key_id, e.hash) &&
           !with_.denied(d, e.hash) && without_.denied(d, e.hash);
  }

 private:
  static void take(auto& records, std::string_view key, const std::vector<std::string>& elements) {
    wire::Entry entry;
    entry.key = key;
    entry.payload = wire::GSetPayload{{elements.begin(), elements.end()}};
    records.take(entry);
  }
  core::Grants with_, without_;
  core::Settlements settlements_;
};

struct Plan {
  Envelopes before, after;      // all that counts of the grant's members
  std::size_t needing = 0;      // of those before, that need the grant
  Envelopes stay;               // of those that need it
  std::size_t kept_before = 0;  // that stay because they were kept earlier
  std::set<KeyName> keys;       // that the needing ones are about
};

Plan plan_of(const kr::Keyring& ring, const WithdrawArguments& a, const wire::Hash& grant,
             const Need& needs, const Inquiry& inquiry) {
  Plan out;
  const auto heed = [&](const wire::Envelope& e) {
    for (const wire::Entry& entry : e.delta.entries)
      out.keys.emplace(std::string(entry.key), entry.type);
  };
  for (const auto& [hash, e] : inquiry.held) {
    const bool exempt = ring.exempt(grant, hash);
    if (!needs(e)) {
      out.after.emplace(hash, e);
    } else {
      heed(e);
      if (ring.withdrawn(grant) && !exempt) continue;  // it counts no more already
      ++out.needing;
      if (exempt || a.keep == "found") out.stay.emplace(hash, e);
      if (exempt && a.keep != "found" && inquiry.to_keep.count(hash) == 0) ++out.kept_before;
    }
    out.before.emplace(hash, e);
  }
  for (const auto& [hash, e] : inquiry.to_keep) {
    if (!needs(e)) continue;
    heed(e);
    out.stay.emplace(hash, e);
  }
  out.after.insert(out.stay.begin(), out.stay.end());
  return out;
}

// Who of the fleet it is for.
std::vector<std::string> named_by(const kr::Keyring& ring, std::string_view members) {
  std::vector<std::string> out;
  const auto name = [&](const std::string& id) {
    if (core::glob_matches(members, id)) out.push_back(id);
  };
  for (const kr::Member& member : ring.members()) {
    if (member.role == kr::Role::viewer) continue;
    name(member.id);
    if (member.role == kr::Role::gateway) name(wire::operator_id(member.id));
  }
  return out;
}

std::string listed(const std::vector<std::string>& ids) {
  constexpr std::size_t ids_shown = 8;
  std::string out;
  for (std::size_t i = 0; i < std::min(ids.size(), ids_shown); ++i)
    out += (i == 0 ? "" : ", ") + ids[i];
  if (ids.size() > ids_shown) out += " and " + std::to_string(ids.size() - ids_shown) + " more";
  return ids.empty() ? "nobody who is enrolled" : out;
}

Exit withdraw(const WithdrawArguments& a) {
  kr::Keyring ring(a.dir);
  const std::string bytes = record_of(ring, a.grant);
  const wire::Hash grant = wire::sha256(bytes);
  const auto record = wire::decode_grant_record(bytes);
  if (!record) throw Trouble(Exit::negative, "a newer version made that grant: use that");
  const Need needs(ring, grant);
  Inquiry inquiry(ring, a, std::string(record->members),
                  [&needs](const wire::Envelope& e) { return needs(e); });
  const Plan plan = plan_of(ring, a, grant, needs, inquiry);
  if (plan.kept_before > 0) {
    inquiry.doubts.push_back(std::to_string(plan.kept_before) +
                             " envelopes were kept before, and what was kept stays valid for good");
  }
  const auto returning = returning_elements(plan.before, plan.after, inquiry);
  const std::string id = wire::to_hex(grant.view());
  const std::vector<std::string> named = named_by(ring, record->members);
  const std::string headline = "grant " + id.substr(0, digits_shown) + " of '" +
                               std::string(record->members) + "' for '" +
                               std::string(record->keys) + "' is withdrawn, from " + listed(named) +
                               "; of " + std::to_string(plan.needing) + " envelopes that need it " +
                               std::to_string(plan.stay.size()) + " stay valid";
  const json about = {{"grant", id},    {"members", record->members}, {"keys", record->keys},
                      {"named", named}, {"envelopes", plan.needing},  {"stay", plan.stay.size()}};
  // Nothing needs it, and nothing is shown.
  const Envelopes none;
  const bool any = !plan.keys.empty();
  show(ring.fleet(), a,
       {headline, about, any ? plan.before : none, any ? plan.after : none, returning, plan.keys},
       inquiry.doubts);
  if (!may_write(a, inquiry.doubts)) return Exit::ok;
  std::vector<wire::Envelope> stay;
  for (const auto& [hash, e] : plan.stay) stay.push_back(e);
  const auto now_s = static_cast<std::int64_t>(wall_now_ms() / 1'000);
  const bool withdrawn = ring.withdraw(grant, stay, now_s);
  if (!keep_removed(ring, a, returning, now_s) && !withdrawn) {
    std::fprintf(stderr, "tributary: all of that is withdrawn already; nothing was written\n");
    return Exit::ok;
  }
  ring.save(now_s);
  std::fprintf(stderr,
               "tributary: withdrawn; bring %s to a gateway, which reads it by itself and starts "
               "again without what counts no more\n",
               ring.registry_file().c_str());
  return Exit::ok;
}

}  // namespace

void add_withdraw(CLI::App& policy, Commands& commands) {
  auto a = std::make_shared<WithdrawArguments>();
  CLI::App* app = policy.add_subcommand(
      "withdraw", "end a grant: it allows nothing any more, but for what stays valid");
  app->add_option("grant", a->grant, "its name, as `tributary policy list` shows it: 8 digits do")
      ->required();
  add_settling_options(*app, *a);
  app->footer(examples({"tributary policy list --dir plant.fleet",
                        "tributary policy withdraw 1f3870be274f6c49 --dir plant.fleet --dry-run",
                        "tributary policy withdraw 1f3870be --dir plant.fleet --keep monday.jsonl",
                        "tributary policy withdraw 1f3870be --dir plant.fleet --keep none"}));
  commands.push_back({app, telling([a] { return withdraw(*a); })});
}

}  // namespace tributary::app
