// SPDX-License-Identifier: Apache-2.0
// "Sometimes" assertions: states that a batch of seeds must have met at least once. A batch that
// never crashed inside a commit has proved nothing about crashes inside commits, so it fails.
//
//   reached.note(Reached::gap_filled);
//   batch += reached;   for (State s : batch.missing()) …
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tributary::simulation {

class Reached {
 public:
  enum State : std::uint8_t {
    crash_in_commit,
    power_cut_lost_unsynced,  // … and what was written and not synced was gone
    gap_seen,                 // a batch of a peer was missed
    gap_filled,               // … and what was in it came by a fetch or an answer, and was kept
    bucket_fetched,
    truncated_replay,          // a bucket arrived in part only
    older_incarnation_head,    // a head of a gateway that has lost its disk since
    bootstrap_from_dead_peer,  // an empty gateway fetched what a gateway that is off had left
    own_past_recovered,
    quarantined,
    intake_forgotten,
    database_set_aside,
    disk_full_met,
    degraded_recovered,
    shed,  // a stalled gateway let messages go
    duplicate_dropped,
    relayed_duplicate,
    superseded_before_commit,
    passed_over,  // an envelope was not joined: the next of its device said all of it
    delta_in_parts,
    register_held,
    register_released,
    foreign_removal_made,
    foreign_removal_taken,  // an owner retired what another had removed
    foreign_removal_forgotten,
    send_from_zero_asked,
    twin_found,
    memoryless_reboot,
    unsaved_lost,  // operations that no memory had saved were gone at a reboot
    broker_forgot,
    broker_rolled_back,
    one_way_partition,
    clone_ran,
    old_copy_ran,
    bad_signature_refused,
    unsigned_refused,
    waited_for_registry,     // its signer was enrolled later
    forger_throttled,        // its messages were not looked at any more
    outnumbered,             // more gateways gone bad than true ones
    alone,                   // one true gateway of five
    unproven_point_ignored,  // a gateway claimed what no signature of the device showed
    signed_twin_found,
    retained_cleared,     // a gateway took back parts that it no longer needs
    came_back_from_disk,  // an actor that had left memory
    ask_answered,
    ask_unclear,      // the sketch was too small for the difference
    ask_lost,         // no answer came: what is retained was read
    older_peer,       // a gateway that asks beside one that does not know asks
    head_remembered,  // after a reconnect the broker still had the newest head
    contradiction_found,
    contradiction_proved,  // … by two signatures
    contradiction_heard,   // by a gateway that had seen one side of it at most
    forged_evidence_refused,
    settled,            // a gateway held what the admin has closed, and started again without it
    closed_refused,     // a device went on in an epoch that was closed
    withdrawn_refused,  // or although its grant was withdrawn
    withdrawn_muted,    // … and left out what it heard it may say no more
    count_
  };
  static const char* name(State);

  void note(State s, std::uint64_t times = 1) { counts_[s] += times; }
  std::uint64_t count(State s) const { return counts_[s]; }
  Reached& operator+=(const Reached& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    return *this;
  }
  std::vector<State> missing() const {
    std::vector<State> out;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] == 0) out.push_back(static_cast<State>(i));
    }
    return out;
  }

 private:
  std::array<std::uint64_t, count_> counts_{};
};

}  // namespace tributary::simulation
