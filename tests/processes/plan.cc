// SPDX-License-Identifier: Apache-2.0
#include "tests/processes/plan.h"

#include <algorithm>
#include <array>
#include <random>

namespace tributary::processes {
namespace {

using Random = std::mt19937_64;

std::uint32_t between(Random& random, std::uint32_t low, std::uint32_t high) {
  return low + static_cast<std::uint32_t>(random() % (high - low + 1));
}

Step step(What what, std::uint32_t amount, Random& random) {
  return {what, between(random, 0, 20), amount, random()};
}

// Half of the lives last until they have acknowledged something: there is something to lose.
Step a_kill(Random& random) {
  const std::uint32_t draw = between(random, 0, 99);
  if (draw < 30) return step(What::kill, between(random, 0, 200), random);
  if (draw < 70) return step(What::kill_acked, between(random, 0, 120), random);
  if (draw < 95) return step(What::kill_commit, between(random, 0, 100), random);
  return step(What::kill_checkpoint, between(random, 100, 300), random);
}

std::uint32_t kills_of(const Step& s) {
  switch (s.what) {
    case What::storm:
      return s.amount;
    case What::kill:
    case What::kill_acked:
    case What::kill_commit:
    case What::flip:
    case What::truncate:
    case What::remove:
    case What::old_copy:
      return 1;
    default:
      return 0;  // a checkpoint may be over before it can be hit
  }
}

// `once` in any order, and kills between them until there are enough.
std::vector<Step> gateway_track(std::vector<Step> once, std::uint32_t kills, Random& random) {
  std::vector<Step> track;
  std::uint32_t drawn = 0;
  for (const Step& s : once) drawn += kills_of(s);
  while (drawn < kills) {
    track.push_back(between(random, 0, 9) == 0 ? step(What::storm, between(random, 3, 9), random)
                                               : a_kill(random));
    drawn += kills_of(track.back());
  }
  for (Step& s : once) {
    // Never first: there must be something to lose.
    const std::size_t at = track.size() < 4
                               ? track.size()
                               : between(random, 3, static_cast<std::uint32_t>(track.size()));
    track.insert(track.begin() + static_cast<std::ptrdiff_t>(at), s);
  }
  return track;
}

std::vector<Step> broker_track(std::vector<What> all, Random& random) {
  std::shuffle(all.begin(), all.end(), random);
  std::vector<Step> track;
  for (const What what : all) {
    track.push_back({what, between(random, 1'000, 3'000), between(random, 500, 2'000), random()});
  }
  return track;
}

std::vector<Step> fleet_track(std::vector<What> all, Random& random) {
  std::shuffle(all.begin(), all.end(), random);
  std::vector<Step> track;
  for (const What what : all) {
    track.push_back({what, between(random, 1'500, 4'000), between(random, 500, 5'000), random()});
  }
  return track;
}

void draw_killed(Plan& plan, const std::array<std::string, 3>& order, Random& random) {
  const std::uint32_t each = plan.wishes.kills / 3 + 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::uint32_t stop_ms = i == 0 ? plan.wishes.stop_ms : between(random, 200, 1'500);
    plan.tracks[order[i]] =
        gateway_track({step(What::term, 0, random), step(What::hangup, 0, random),
                       step(What::stop, stop_ms, random), step(What::kill_checkpoint, 200, random),
                       step(What::newer_schema, 0, random),
                       step(What::other_version, between(random, 500, 2'000), random)},
                      each, random);
  }
  plan.tracks["broker"] = broker_track({What::broker_kill, What::broker_forget, What::broker_damage,
                                        What::broker_stop, What::broker_term},
                                       random);
  plan.tracks["fleet"] = fleet_track(
      {What::fleet_kill, What::fleet_kill, What::fleet_kill, What::fleet_stop, What::fleet_term},
      random);
}

void draw_damaged(Plan& plan, const std::array<std::string, 3>& order, Random& random) {
  const std::uint32_t each = plan.wishes.kills / 3 + 1;
  std::vector<Step> damages;
  for (const What what : {What::flip, What::flip, What::truncate, What::truncate, What::remove,
                          What::old_copy, What::old_copy}) {
    damages.push_back(step(what, between(random, 100, 400), random));
  }
  plan.tracks[order[0]] = gateway_track(damages, each, random);
  plan.tracks[order[1]] =
      gateway_track({step(What::full_disk, between(random, 500, 1'500), random),
                     step(What::full_disk, between(random, 500, 1'500), random)},
                    each, random);
  plan.small_disk = order[1];
  // Heard only where databases stay whole: that device ends, and owes nothing after that.
  const auto whole =
      static_cast<std::uint32_t>(1 << (order[1][1] - '1') | 1 << (order[2][1] - '1'));
  plan.tracks[order[2]] = gateway_track(
      {step(What::starve, whole, random), step(What::slow_disk, between(random, 50, 250), random),
       step(What::slow_disk, between(random, 50, 250), random)},
      each, random);
  plan.tracks["broker"] = broker_track({What::broker_kill, What::broker_damage}, random);
  plan.tracks["fleet"] = fleet_track({What::fleet_kill, What::fleet_stop}, random);
}

}  // namespace

const char* name(What what) {
  static constexpr std::array<const char*, what_count> names{
      "kill",        "kill-acked",  "storm",        "kill-commit",   "kill-checkpoint",
      "term",        "hangup",      "stop",         "flip",          "truncate",
      "remove",      "old-copy",    "newer-schema", "other-version", "full-disk",
      "slow-disk",   "starve",      "broker-kill",  "broker-forget", "broker-damage",
      "broker-stop", "broker-term", "fleet-kill",   "fleet-stop",    "fleet-term"};
  return names[static_cast<std::size_t>(what)];
}

Plan draw(const Wishes& wishes, std::uint64_t seed) {
  Plan plan{.wishes = wishes, .seed = seed, .tracks = {}, .small_disk = {}};
  Random random(seed);
  std::array<std::string, 3> order{"g1", "g2", "g3"};
  std::shuffle(order.begin(), order.end(), random);
  if (wishes.kind == Kind::killed) {
    draw_killed(plan, order, random);
  } else {
    draw_damaged(plan, order, random);
  }
  return plan;
}

std::string Plan::text() const {
  std::string out;
  for (const auto& [who, steps] : tracks) {
    out += "  " + who + ":";
    for (const Step& s : steps) {
      out += std::string(" ") + name(s.what) + "(+" + std::to_string(s.wait_ms);
      out += "," + std::to_string(s.amount) + ")";
    }
    out += "\n";
  }
  return out;
}

}  // namespace tributary::processes
