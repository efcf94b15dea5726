// SPDX-License-Identifier: Apache-2.0
// What will be done to whom, and when: all of it drawn from one seed before anything starts.
//
//   const Plan plan = draw({.kind = Kind::killed, .kills = 150}, seed);
//   for (const Step& step : plan.tracks.at("g1")) …
//   std::cout << plan.text();
//
// Promise: same wishes and seed, same plan. (What the processes are doing at that moment is up to
// the machine.)
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tributary::processes {

enum class What : std::uint8_t {
  // to a gateway
  kill,             // -9 after `amount` ms of life
  kill_acked,       // -9 `amount` ms after the life's first acknowledgement
  storm,            // `amount` times -9 within the first milliseconds of a life, in a row
  kill_commit,      // -9 as soon as its log on the disk is written
  kill_checkpoint,  // SIGTERM, then -9 as soon as the log is copied back into the database
  term,             // SIGTERM under load: must end clean, in time
  hangup,           // SIGHUP under load: must go on
  stop,             // SIGSTOP for `amount` ms
  flip,             // between two lives: bits of its database or log are flipped,
  truncate,         // … one of them is cut,
  remove,           // … both are deleted,
  old_copy,         // … both are replaced by what they were earlier
  newer_schema,  // … its database says that a newer version wrote it, and is what it was after that
  other_version,  // `amount` ms of another version's program, if there is one, on the same database
  full_disk,      // its disk is filled for `amount` ms, then freed
  slow_disk,      // every sync takes `amount` ms
  starve,         // small memory caps, and a device that sends more than they allow, heard by the
                  // gateways of the bits in `amount`
  // to the broker
  broker_kill,    // -9, its database kept
  broker_forget,  // -9, its database deleted
  broker_damage,  // -9, its database damaged
  broker_stop,    // SIGSTOP for `amount` ms
  broker_term,
  // to the fleet
  fleet_kill,  // -9, and started again with what it had saved
  fleet_stop,  // SIGSTOP for `amount` ms
  fleet_term,  // SIGTERM; -9 when it has not ended after `amount` ms; and started again as above
};
inline constexpr std::size_t what_count = static_cast<std::size_t>(What::fleet_term) + 1;
const char* name(What what);

struct Step {
  What what = What::kill;
  std::uint32_t wait_ms = 0;  // before it
  std::uint32_t amount = 0;
  std::uint64_t seed = 0;  // of what the step itself draws
};

enum class Kind : std::uint8_t {
  // Files stay whole. Some devices have no memory, so that only gateways know what they
  // acknowledged: the strictest oracle.
  killed,
  // Databases are damaged, disks fill, memory is short. All devices have a memory: what a destroyed
  // database alone had acknowledged is still owed by them.
  damaged,
};

struct Wishes {
  Kind kind = Kind::killed;
  std::uint32_t kills = 150;       // -9 of gateways, at least
  std::uint32_t stop_ms = 30'000;  // of the longest SIGSTOP; the others are shorter
};

struct Plan {
  Wishes wishes;
  std::uint64_t seed = 0;
  std::map<std::string, std::vector<Step>> tracks;  // g1 g2 g3 broker fleet: each at its own pace
  std::string small_disk;                           // the gateway whose disk gets filled, if any
  std::string text() const;
};

Plan draw(const Wishes& wishes, std::uint64_t seed);

}  // namespace tributary::processes
