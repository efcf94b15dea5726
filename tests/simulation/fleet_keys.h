// SPDX-License-Identifier: Apache-2.0
// The keys of a fleet that signs, all from one seed: admin, gateways, devices, and gateways gone
// bad that were enrolled like any other.
//
//   FleetKeys keys(random, {"g1", "g2"}, {"dev-0-a", "dev-1-b"});
//   setup.core.trust = keys.trust("g1");
//   registry = keys.registry(false);        // without those that are enrolled late
#pragma once
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "firmware-sim/sdk/device.h"
#include "gateway/core/types.h"
#include "tests/simulation/random.h"
#include "transports/signing/seal.h"

namespace tributary::simulation {

class FleetKeys {
 public:
  static constexpr std::uint64_t admin_epoch = 1;

  // The second half of the devices is enrolled late.
  FleetKeys(Random& random, const std::vector<std::string>& gateways,
            const std::vector<std::string>& devices, std::size_t traitors = 0);
  static std::string traitor(std::size_t index) { return "evil-" + std::to_string(index); }

  core::TrustOptions trust(const std::string& gateway) const;
  const signing::Signer& signer(const std::string& id) const { return signers_.at(id); }
  std::vector<sdk::MemberKey> members() const;
  // Everybody is enrolled when `late`; what was settled follows, and what it carries.
  std::string registry(bool late) const;
  // Permissions are on from now on, and each device may do all. REQUIRES: before all else.
  void permit();
  // Closes these epochs of a device, but for these envelopes. Returns the records. REQUIRES: once.
  std::vector<std::string> settle(const std::string& device, const std::set<std::uint64_t>& epochs,
                                  const std::vector<std::string>& stay);
  // Withdraws the grant of a device, but for these envelopes. The same.
  std::vector<std::string> withdraw(const std::string& device,
                                    const std::vector<std::string>& stay);
  // The records, in the order of the operations that wrote them: first the grants, then the keys,
  // last what was settled.
  const std::vector<std::string>& grants() const { return grants_; }
  const std::vector<std::string>& records() const { return records_; }

 private:
  const signing::Signer& make(Random& random, const std::string& id);
  void enroll(Random& random, const std::string& role, const std::string& id);
  std::string envelope(std::size_t from, std::string_view key,
                       std::vector<std::string> records) const;
  template <class Record>
  void settle(Record list, const std::vector<std::string>& stay);

  std::map<std::string, signing::Signer> signers_;
  std::vector<std::string> records_, devices_, grants_;
  std::set<std::string> gateways_;
  std::vector<std::string> settled_, carried_;
  std::size_t early_ = 0;
};

}  // namespace tributary::simulation
