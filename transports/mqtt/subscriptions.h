// SPDX-License-Identifier: Apache-2.0
// What a session subscribes to at every connect: the latest of each filter, in the order in which
// they came.
//
//   Subscriptions standing;
//   standing.add({"up/+", Qos::at_most_once});
//   for (const Subscription& s : standing.all()) …
//
// Not thread-safe.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "transports/session.h"

namespace tributary::transports::mqtt {

struct Subscription {
  std::string filter;
  Qos qos = Qos::at_least_once;
  bool no_local = false;
  bool wanted = true;  // false: an unsubscribe to be sent
};

class Subscriptions {
 public:
  // Behind all others; an earlier one of the same filter goes.
  const Subscription& add(Subscription one) {
    remove(one.filter);
    return all_.emplace_back(std::move(one));
  }
  // False: there was none.
  bool remove(const std::string& filter) {
    return std::erase_if(all_, [&](const Subscription& s) { return s.filter == filter; }) > 0;
  }
  const std::vector<Subscription>& all() const { return all_; }

 private:
  std::vector<Subscription> all_;
};

}  // namespace tributary::transports::mqtt
