// SPDX-License-Identifier: Apache-2.0
// `tributary fleet settle`: closes what a device says, but for what stays valid (docs/security.md).
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "gateway/app/clock.h"
#include "gateway/app/keyring_command.h"
#include "gateway/app/settling.h"
#include "gateway/app/text.h"
#include "gateway/keyring/keyring.h"
#include "gateway/keyring/signing_key.h"
#include "transports/signing/seal.h"
#include "transports/wire/record.h"

namespace tributary::app {
namespace {

namespace kr = keyring;
using nlohmann::json;

struct SettleArguments : SettlingArguments {
  std::string device;
  std::vector<std::string> epochs;
  bool close_keys = false;
};

struct Plan {
  std::vector<std::string> epochs;  // for people
  std::vector<wire::ClosingRecord> closings;
  std::vector<kr::PublicBytes> keys;  // what the closings point into
  Envelopes before, stay;
  std::size_t settled_before = 0;  // that stay valid because an earlier settlement says so
};

// The keys to close: all that the registry has of it, but for the one that it is a member with.
std::vector<kr::PublicBytes> keys_to_close(const kr::Keyring& ring, const SettleArguments& a) {
  std::vector<kr::PublicBytes> keys = ring.registered_keys(a.device);
  if (keys.empty()) {
    throw Trouble(Exit::negative,
                  a.device +
                      ": the registry has no key of it\n  `tributary fleet keys` lists "
                      "the members");
  }
  for (const kr::Member& member : ring.members()) {
    if (member.id != a.device || member.role == kr::Role::viewer) continue;
    const std::string file = ring.folder(member.role, member.id) + "/sign.pub";
    std::erase(keys, kr::PublicKey::parse(kr::read_file(file)).bytes);
    if (keys.empty()) {
      throw Trouble(Exit::negative,
                    a.device + ": is a member with its only key\n  first `tributary fleet revoke " +
                        a.device + "`; afterwards it can be enrolled anew, with another");
    }
  }
  return keys;
}

Plan plan_of(const kr::Keyring& ring, const SettleArguments& a, Envelopes before, Envelopes file) {
  Plan out;
  if (a.close_keys) out.keys = keys_to_close(ring, a);
  std::set<std::uint64_t> epochs;
  for (const std::string& text : a.epochs) {
    const auto epoch = parse_hex64(text);
    if (!epoch) {
      throw Trouble(Exit::usage, "\"" + text +
                                     "\" is no epoch\n  as `tributary devices` shows them: "
                                     "16 hexadecimal digits");
    }
    epochs.insert(*epoch);
  }
  if (epochs.empty()) {
    for (const Envelopes* some : {&before, &file}) {
      for (const auto& [hash, e] : *some) epochs.insert(e.delta.epoch);
    }
  }
  if (epochs.empty() && !a.close_keys) {
    throw Trouble(Exit::negative, a.device +
                                      ": nothing is known of it\n  its epochs, by --epoch, can "
                                      "be closed all the same, and its keys by --close-keys");
  }
  // What the closings are about: of a closed key it is in whatever epoch.
  const auto closed = [&](const wire::Envelope& e) {
    return epochs.count(e.delta.epoch) > 0 ||
           std::any_of(out.keys.begin(), out.keys.end(), [&](const kr::PublicBytes& key) {
             return signing::key_id(key) == e.sealed.key_id;
           });
  };
  std::erase_if(before, [&](const auto& item) { return !closed(item.second); });
  std::erase_if(file, [&](const auto& item) { return !closed(item.second); });
  out.before = std::move(before);
  out.stay = a.keep == "found" ? out.before : std::move(file);  // `none`: there is no file
  for (const auto& [hash, e] : out.before) {
    if (ring.settled(hash) && out.stay.emplace(hash, e).second) ++out.settled_before;
  }
  for (const std::uint64_t epoch : epochs) {
    out.epochs.push_back(hex64(epoch));
    out.closings.push_back({a.device, epoch, {}});
  }
  for (const kr::PublicBytes& key : out.keys)
    out.closings.push_back({a.device, std::nullopt, signing::view(key)});
  return out;
}

void show(const kr::Keyring& ring, const SettleArguments& a, const Plan& plan,
          const std::set<Returning>& returning, const Doubts& doubts) {
  const std::string headline = a.device + ": " + std::to_string(plan.epochs.size()) +
                               " epochs and " + std::to_string(plan.keys.size()) +
                               " keys are closed; of " + std::to_string(plan.before.size()) +
                               " envelopes " + std::to_string(plan.stay.size()) + " stay valid";
  const json about = {{"device", a.device},
                      {"epochs", plan.epochs},
                      {"keys_closed", plan.keys.size()},
                      {"envelopes", plan.before.size()},
                      {"stay", plan.stay.size()}};
  show(ring.fleet(), a, {headline, about, plan.before, plan.stay, returning}, doubts);
}

Exit settle(const SettleArguments& a) {
  if (!wire::valid_id(a.device)) throw Trouble(Exit::usage, "\"" + a.device + "\" is no id");
  kr::Keyring ring(a.dir);
  Inquiry inquiry(ring, a, a.device);
  const Plan plan = plan_of(ring, a, std::move(inquiry.held), std::move(inquiry.to_keep));
  if (plan.settled_before > 0) {
    inquiry.doubts.push_back(
        std::to_string(plan.settled_before) +
        " envelopes were settled before, and what was settled stays valid for good");
  }
  const auto returning = returning_elements(plan.before, plan.stay, inquiry);
  show(ring, a, plan, returning, inquiry.doubts);
  if (!may_write(a, inquiry.doubts)) return Exit::ok;
  std::vector<wire::Envelope> stay;
  for (const auto& [hash, e] : plan.stay) stay.push_back(e);
  const auto now_s = static_cast<std::int64_t>(wall_now_ms() / 1'000);
  const bool settled = ring.settle(a.device, plan.closings, stay, now_s);
  if (!keep_removed(ring, a, returning, now_s) && !settled) {
    std::fprintf(stderr, "tributary: all of that is settled already; nothing was written\n");
    return Exit::ok;
  }
  ring.save(now_s);
  std::fprintf(stderr,
               "tributary: settled; bring %s to a gateway, which reads it by itself and starts "
               "again without what counts no more\n",
               ring.registry_file().c_str());
  return Exit::ok;
}

}  // namespace

void add_settle(CLI::App& fleet, Commands& commands) {
  auto a = std::make_shared<SettleArguments>();
  CLI::App* app = fleet.add_subcommand(
      "settle", "close what a device says, but for what stays valid: a stolen key, an end");
  app->add_option("device", a->device, "whose")->required();
  add_settling_options(*app, *a);
  app->add_option("--epoch", a->epochs, "close this epoch only; repeat it")
      ->allow_extra_args(false);
  app->add_flag("--close-keys", a->close_keys,
                "close its signing keys, too: whatever they sign in any epoch; not the one that it "
                "is a member with");
  app->footer(examples({"tributary fleet settle sensor-7 --dir plant.fleet --dry-run",
                        "tributary fleet revoke sensor-7 --dir plant.fleet",
                        "tributary fleet settle sensor-7 --dir plant.fleet --close-keys",
                        "tributary fleet settle sensor-7 --dir plant.fleet --keep monday.jsonl",
                        "tributary fleet settle sensor-7 --dir plant.fleet --keep none"}));
  commands.push_back({app, telling([a] { return settle(*a); })});
}

}  // namespace tributary::app
