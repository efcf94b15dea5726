// SPDX-License-Identifier: Apache-2.0
// What the model can be told to do wrong around the shipping code, to show that it would be seen;
// how it says that something is wrong; and what a run must have reached to count.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tributary::exhaustive {

enum class Fault : std::uint8_t {
  none,
  commit_is_a_lie,   // commits are answered, but nothing is written
  disk_loses_a_row,  // an envelope is lost when another is written beside it
  disk_overwrites,   // a device's newer envelope takes the place of its older ones
  crash_tears,       // a crash leaves half of the commit that was under way
  memory_forgets,    // only the first save of a device is kept
  state_unread,      // what gateways retain never reaches another
  count_
};
inline constexpr std::array<std::string_view, static_cast<std::size_t>(Fault::count_)> fault_names =
    {"none",        "commit-is-a-lie", "disk-loses-a-row", "disk-overwrites",
     "crash-tears", "memory-forgets",  "state-unread"};

// What happened in a transition.
enum class Reached : std::uint8_t {
  crash_before_commit,   // a gateway crashed with a commit under way that did not happen
  crash_after_commit,    // … that did, but it was not told
  crash_at_rest,         // … with nothing under way
  commit_failed,         // a commit failed and was asked for again
  commit_failed_done,    // … although it had happened
  duplicate,             // an envelope arrived that was there already
  duplicate_in_commit,   // … while it waited for its commit
  queued_behind_commit,  // an envelope arrived while a commit was under way
  gap_opened,            // operations were received beyond ones that are missing
  gap_filled,
  superseded,        // an envelope left the live set
  relayed,           // a batch told a gateway something
  state_read,        // a retained state told a gateway something
  state_in_commit,   // … or was there to be read while its owner had a commit under way
  ack_lost_word,     // an ack that was overtaken by a newer one arrived
  reboot_loses,      // a device rebooted and lost operations that it never sent
  reboot_keeps,      // … and lost nothing
  late_delta,        // a delta for a gateway that stayed behind, or a sign of life
  removed_by_other,  // a device retired an add because another device had removed it
  parts,             // a delta went out in parts
  healed,            // everything in flight was lost, and yet all agreed
  count_
};
inline constexpr std::size_t reached_count = static_cast<std::size_t>(Reached::count_);
inline constexpr std::array<std::string_view, reached_count> reached_names = {
    "crash before a commit",
    "crash after a commit, untold",
    "crash at rest",
    "commit failed",
    "commit failed, yet done",
    "duplicate",
    "duplicate during its commit",
    "queued behind a commit",
    "gap opened",
    "gap filled",
    "envelope superseded",
    "relayed",
    "state read",
    "state read during a commit of its owner",
    "ack overtaken",
    "reboot lost operations",
    "reboot lost nothing",
    "late delta",
    "add retired for another device",
    "delta in parts",
    "healed after the loss of all in flight"};

constexpr std::uint32_t bit(Reached r) {
  return 1u << static_cast<unsigned>(r);
}

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace tributary::exhaustive
