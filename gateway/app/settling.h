// SPDX-License-Identifier: Apache-2.0
// What gateways hold of devices, and what would count of it: what `fleet settle` and `policy
// withdraw` have in common. A gateway may lie, and so may a file: only what a key of its device has
// signed is looked at.
//
//   Inquiry inquiry(ring, arguments, "sensor-*");        // asks, or reads --from and --keep
//   const std::set<Returning> returning = returning_elements(before, stay, inquiry);
//   show(ring.fleet(), arguments, {headline, about, before, stay, returning, names},
//        inquiry.doubts);
//   if (!may_write(arguments, inquiry.doubts)) return Exit::ok;
//   keep_removed(ring, arguments, returning, now_s);
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/app/client.h"
#include "gateway/keyring/keyring.h"
#include "transports/wire/envelope.h"
#include "transports/wire/record.h"

namespace tributary::app {

struct SettlingArguments {
  Endpoint endpoint;
  std::string dir, from;
  std::string keep = "found";  // or "none", or a file
  std::vector<std::string> gateways;
  bool with_unsigned = false, dry_run = false, force = false, as_json = false;
  bool let_return = false;  // elements that were removed, and would be there again
  std::uint32_t timeout_ms = 5'000;
};
void add_settling_options(CLI::App& app, SettlingArguments& arguments);

// Envelopes, once each, by the hash of their body.
using Envelopes = std::map<wire::Hash, wire::Envelope>;

// What makes it unwise to go on; --force goes on.
using Doubts = std::vector<std::string>;

class Inquiry {
 public:
  using Matters = std::function<bool(const wire::Envelope&)>;
  // Of devices that fit the pattern `whose`; gateways must agree about what `matters`: empty, all.
  // Throws Trouble. REQUIRES: `ring` and `arguments` outlive it.
  Inquiry(const keyring::Keyring& ring, const SettlingArguments& arguments, std::string whose,
          Matters matters = {});
  Inquiry(const Inquiry&) = delete;
  Inquiry& operator=(const Inquiry&) = delete;

  Envelopes held;     // by gateways, all together, or in the file of --from
  Envelopes to_keep;  // in the file that --keep names
  Doubts doubts;

  // All that the first gateway, or the file, holds of a device, whoever signed it.
  std::vector<wire::Envelope> said_by(const std::string& device) const { return said_by_(device); }

 private:
  void take(const std::vector<wire::Envelope>& all, Envelopes& out);
  std::vector<std::string> ask_gateways();
  std::vector<wire::Envelope> held_by(const std::string& gateway, const std::string& device) const;

  const keyring::Keyring& ring_;
  const SettlingArguments& arguments_;
  const std::string whose_;
  const Matters matters_;
  std::map<std::string, std::vector<keyring::PublicBytes>> keys_;  // by device
  std::set<wire::Hash> left_out_;
  std::unique_ptr<Client> client_;
  std::function<std::vector<wire::Envelope>(const std::string&)> said_by_;
};

// An add of another actor that was removed, and would be there again without that removal.
struct Returning {
  std::string key, device;  // whose add
  std::uint64_t epoch = 0, op = 0;
  std::string element;
  wire::RemovalRecord removal() const { return {key, device, epoch, op}; }
  friend auto operator<=>(const Returning&, const Returning&) = default;
};
std::set<Returning> returning_elements(const Envelopes& before, const Envelopes& stay,
                                       const Inquiry& inquiry);
// The admin removes them, unless they may return. False: there was nothing to do.
bool keep_removed(keyring::Keyring& ring, const SettlingArguments& arguments,
                  const std::set<Returning>& returning, std::int64_t now_s);

using KeyName = std::pair<std::string, std::uint8_t>;  // key, type

// What counts before and after, by key.
struct Change {
  std::string headline;  // for people
  nlohmann::json about;  // for programs: an object
  const Envelopes& before;
  const Envelopes& stay;
  const std::set<Returning>& returning;
  std::set<KeyName> names{};  // the keys to show; empty: all
};
void show(const std::string& fleet, const SettlingArguments& arguments, const Change& change,
          const Doubts& doubts);

// False: it is a dry run. Throws Trouble when there are doubts, without --force.
bool may_write(const SettlingArguments& arguments, const Doubts& doubts);

}  // namespace tributary::app
