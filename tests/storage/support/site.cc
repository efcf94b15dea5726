// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/support/site.h"

#include <gtest/gtest.h>

#include "tests/gateway/core/support/craft.h"

namespace tributary::storage {

Site::Site(std::uint64_t seed) : field_(seed) {
  EXPECT_EQ(life_.boot() + peer_.boot(), "");
  for (int i = 0; i < 10; ++i) {
    hear(7);
    if (i == 8) life_.run(6'000);  // rows for people
    moments.push_back({disk_.image(), life_.held()});
  }
  hear(3);
  leave_free_pages();
  EXPECT_TRUE(life_.settle() && peer_.settle());
  truth = life_.held();
  moments.push_back({disk_.image(), truth});
  of_peer = other_.image();
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
    for (const Upload& u : field_.next()) hear(u);
    life_.run(60);
    peer_.run(60);
  }
}

void Site::hear(const Upload& u) {
  life_.up(u.device, u.bytes);
  peer_.up(u.device, u.bytes);
  uploads.push_back(u);
  const auto e = wire::decode_envelope(std::string_view(u.bytes), wire::Limits{});
  if (e) owners_[std::string(e->hash.view())] = {std::string(e->delta.device), e->delta.epoch};
}

// A set that was large and is small: the pages of its first envelope are free, and stay so.
void Site::leave_free_pages() {
  core::testing::Adds adds;
  for (std::uint64_t op = 1; op <= 16; ++op) {
    adds.push_back({op, core::testing::keep(std::string(1'000, static_cast<char>('a' + op)))});
  }
  const auto say = [&](std::uint64_t from, std::uint64_t to, core::testing::Adds live) {
    const core::testing::Frame frame{.device = "bulk", .epoch = 99, .from = from, .to = to};
    const auto entry = core::testing::set("bulk", 0, to, std::move(live));
    hear({"bulk", core::testing::envelope(frame, {entry})});
    life_.run(60);
    peer_.run(60);
  };
  say(0, 16, adds);
  say(16, 17, {{17, "x"}});
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
