// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/support/site.h"

#include <gtest/gtest.h>

namespace tributary::storage {

Site::Site(std::uint64_t seed) : field_(seed) {
  EXPECT_EQ(life_.boot() + peer_.boot(), "");
  for (int i = 0; i < 10; ++i) {
    hear(7);
    if (i == 8) life_.run(6'000);  // rows for people
    moments.push_back({disk_.image(), life_.held()});
  }
  hear(3);
  EXPECT_TRUE(life_.settle() && peer_.settle());
  truth = life_.held();
  moments.push_back({disk_.image(), truth});
  life_.connect(own_retained);
  peer_.connect(peer_retained);
  life_.run(3'000);
  peer_.run(3'000);
  EXPECT_EQ(truth.digest, peer_.held().digest);
  history_ = life_.acked();
  life_.close();
  closed = disk_.image();
}

void Site::hear(int batches) {
  for (int i = 0; i < batches; ++i) {
    for (const Upload& u : field_.next()) {
      life_.up(u.device, u.bytes);
      peer_.up(u.device, u.bytes);
      uploads.push_back(u);
      const auto e = wire::decode_envelope(std::string_view(u.bytes), wire::Limits{});
      if (e) owners_[std::string(e->hash.view())] = {std::string(e->delta.device), e->delta.epoch};
    }
    life_.run(60);
    peer_.run(60);
  }
}

bool Site::backed(const Actor& actor, std::uint64_t op, const Held& is) const {
  for (const Acked& a : history_) {
    const auto then = a.held.points.find(actor);
    if (then == a.held.points.end() || then->second != op) continue;
    bool all = true;
    for (const std::string& hash : a.held.envelopes) {
      all = all && (owners_.at(hash) != actor || is.envelopes.count(hash) != 0);
    }
    if (all) return true;
  }
  return false;
}

std::string Site::backs(const Held& is) const {
  for (const auto& [actor, op] : is.points) {
    if (!backed(actor, op, is)) return "claims what it has not of " + actor.first;
  }
  return {};
}

}  // namespace tributary::storage
