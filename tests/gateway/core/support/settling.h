// SPDX-License-Identifier: Apache-2.0
// A gateway that hears what the admin settles, and starts again when it has to, as the daemon does.
//
//   class MyTest : public SettlingTest { … };
//   hear(records(wire::settlements_key, {closing("a", 1)}, 4));
//   EXPECT_EQ(restarts, 1);
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "tests/gateway/core/support/enrolled.h"
#include "transports/wire/record.h"

namespace tributary::core::testing {

// An envelope of the admin with these records of a set, as operations from + 1 ….
inline std::string records(std::string_view key, std::vector<std::string> all, std::uint64_t from) {
  std::sort(all.begin(), all.end());
  std::vector<std::string_view> elements;
  for (const std::string& one : all) elements.push_back(keep(one));
  const Frame f{.device = wire::admin_id, .from = from, .to = from + all.size()};
  return by("admin", f, {grown(key, from, f.to, std::move(elements))});
}

// The hashes of these envelopes, as lists have them.
inline std::vector<wire::Hash> hashes_of(const std::vector<std::string>& envelopes) {
  std::vector<wire::Hash> out;
  for (const std::string& e : envelopes) out.push_back(hash_of(e));
  std::sort(out.begin(), out.end());
  return out;
}

class SettlingTest : public ::testing::Test {
 protected:
  explicit SettlingTest(Options options = enrolled()) : rig(std::move(options)) {}

  // From a peer, and what follows.
  void hear(const std::string& envelope) {
    rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", ++number, {envelope}));
    go_on();
  }
  // A gateway that has settled is started again.
  void go_on() {
    rig.settle();
    while (rig.gateway->starts_again()) {
      ++restarts;
      rig.reboot();
      rig.settle();
    }
  }
  // What is on the disk now, then these events in every order, and all of them once more, as others
  // still say them: afterwards `check` holds, and memory and disk have one digest, always the same.
  template <class Check>
  void in_every_order(const std::vector<std::string>& events, Check check) {
    const Disk before = rig.disk;
    std::vector<std::size_t> order(events.size());
    std::iota(order.begin(), order.end(), 0);
    std::string digest;
    do {
      std::string shown;
      for (const std::size_t i : order) shown += std::to_string(i);
      SCOPED_TRACE(shown);
      rig.crash();
      rig.disk = before;
      rig.boot();
      for (const std::size_t i : order) hear(events[i]);
      for (const std::string& e : events) hear(e);
      check();
      if (digest.empty()) digest = rig.digest();
      ASSERT_EQ(rig.digest(), digest);
      ASSERT_EQ(rig.on_disk()->digest(), digest);
      ASSERT_TRUE(rig.gateway->offenders().empty()) << "peers are late, not bad";
    } while (!HasFatalFailure() && std::next_permutation(order.begin(), order.end()));
  }
  std::vector<std::string> stored(std::string_view device) const {
    std::vector<std::string> out;
    for (const auto& [row, e] : rig.disk.envelopes) {
      if (e.device == device) out.push_back(e.bytes);
    }
    return out;
  }
  std::string parts() const { return rig.shows("parts", wire::Type::gcounter); }

  Rig rig;
  std::uint64_t number = 0;
  int restarts = 0;
};

}  // namespace tributary::core::testing
