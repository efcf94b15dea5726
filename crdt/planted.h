// SPDX-License-Identifier: Apache-2.0
// Bugs planted on purpose, so that the tests can show that they would be found. In every product
// build planted() is a constant false and leaves no trace in the code; the simulator's second build
// (-DTRIBUTARY_PLANTED) asks at run time which one to have.
//
//   if (planted(Bug::ack_before_commit)) acks.send(…);      // never in a product
//
// Not a feature switch: nothing but the simulator's planted-bug table may set one.
#pragma once
#include <cstdint>

namespace tributary {

enum class Bug : std::uint8_t {
  none,
  // the gateway: acknowledging
  ack_before_commit,       // acknowledges what it joined, before the disk has it
  ack_duplicate_early,     // acknowledges a duplicate while its original is in flight
  part_one_for_the_whole,  // takes part 1 of n for the delta
  hole_as_contiguous,      // acknowledges the highest operation, over a gap
  keep_intake_after_rot,   // keeps what was received although its envelopes rotted
  // the gateway: joining and collecting
  skip_duplicate_check,       // stores again what it holds
  overwrite_instead_of_join,  // the last message wins
  drop_held_register,         // forgets a reading from the future instead of holding it
  show_future_register,       // shows it at once
  collect_live_envelope,      // a containing interval is enough to collect
  collect_foreign_removal,    // collects entries without a look at their foreign removals
  forget_foreign_early,       // drops a removal once the add's owner has written again
  count_what_comes_back,      // adds to a counter what only comes back from the disk
  pass_over_blindly,          // drops what waits for whatever its device said next
  wake_alone,                 // brings back of a set at rest what its first writer said
  // the gateway: peers
  no_reannounce,           // trusts the broker to remember over a reconnect
  trust_truncated_replay,  // takes what arrived of a bucket for all of it
  head_of_uncommitted,     // announces digests of what is joined and not yet committed
  relay_loop,              // relays back to where it came from
  ignore_gaps_and_heads,   // never fetches what a batch it missed brought
  // signatures
  believe_signatures,  // takes a signature for a good one without verifying it
  forget_waiting,      // never looks again at what came before its signer's record
  keep_settled,        // goes on counting what it holds of what the admin closed
  allow_withdrawn,     // asks a withdrawn grant like any other
  forget_silent,       // does not keep an envelope without entries to show it
  // contradictions
  convict_by_bytes,     // takes two bodies for one operation for two stories
  convict_at_hi,        // compares at the entries' ends instead of the deltas'
  keep_first_evidence,  // keeps the pair that it saw first, not the smallest
  // the store
  commit_without_sync,      // answers before the disk has it
  retry_after_failed_sync,  // goes on with the same file after a failed sync
  // the device
  carry_over,               // takes its counts along into a fresh epoch
  reuse_epoch,              // without its memory it goes on under its old epoch
  send_before_save,         // sends what its memory does not know yet
  ack_without_hash,         // takes an acknowledgement without a look at the hash
  twin_by_bytes,            // takes its own other encoding for a twin's
  believe_points,           // with signatures on, takes a gateway's word for what its twin sent
  split_with_one_interval,  // gives all pieces of a large set the whole interval
  count_
};

#ifdef TRIBUTARY_PLANTED
inline Bug planted_bug = Bug::none;  // set once, before anything runs
inline bool planted(Bug bug) {
  return planted_bug == bug;
}
#else
constexpr bool planted(Bug) {
  return false;
}
#endif

}  // namespace tributary
