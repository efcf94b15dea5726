// SPDX-License-Identifier: Apache-2.0
// A gateway with a past, beside a peer that heard all the same: copies of its files from moments of
// its life, everything it ever acknowledged, and what both keep at the broker.
//
//   Site site(seed);
//   Disk disk(site.moments.front().image);         // an old copy
//   Life life(disk);  life.boot();
//   EXPECT_EQ(site.backs(life.held()), "");         // claims no more than it holds
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/storage/support/field.h"
#include "tests/storage/support/life.h"

namespace tributary::storage {

class Site {
 public:
  explicit Site(std::uint64_t seed);

  struct Moment {
    Image image;  // as it lies there while it runs, with a log
    Held held;
  };
  std::vector<Moment> moments;  // the last one is the newest
  Image closed;                 // after a stop: no log
  Image of_peer;                // the other gateway's, with a log
  Held truth;
  std::vector<Upload> uploads;
  Broker peer_retained, own_retained;

  // "" when all that is claimed to be received is held, actor by actor, as it once was; or what is
  // claimed too much.
  std::string backs(const Held&) const;

 private:
  using Actor = std::pair<std::string, std::uint64_t>;
  void hear(int batches);
  void hear(const Upload&);
  void leave_free_pages();
  bool backed(const Actor&, std::uint64_t op, const Held&) const;

  Field field_;
  Disk disk_, other_;
  Life life_{disk_}, peer_{other_, {.gateway = "g2", .incarnation = 88}};
  std::map<std::string, Actor> owners_;  // of every envelope there ever was, by hash
  std::vector<Acked> history_;
};

}  // namespace tributary::storage
