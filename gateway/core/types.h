// SPDX-License-Identifier: Apache-2.0
// What goes into the core and what comes out: plain values. Everything in an Output is safe to do
// at once, in any order, and may be lost: devices send again, peers compare digests. Only the
// commit must be answered.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/core/commit.h"
#include "gateway/core/histogram.h"
#include "transports/signing/seal.h"
#include "transports/wire/envelope.h"
#include "transports/wire/pack.h"

namespace tributary::core {

// The caller's clocks. `mono_ms` never goes back and drives the timers; `wall_ms` is the time of
// day and stamps registers.
struct Instant {
  std::uint64_t mono_ms = 0;
  std::uint64_t wall_ms = 0;
};

using LinkId = std::uint32_t;
using Ticket = std::uint64_t;

// One broker, as the core sees it.
struct LinkOptions {
  std::string name;
  bool devices = true;  // hear devices here, and acknowledge to them
  bool peers = true;    // exchange with other gateways here
  std::vector<std::string> hears = {
      "*"};  // device ids this gateway answers to: patterns with * and ?
  // Its session is several, which share what they hear of devices and batches: out of order, and
  // never without what we published ourselves, so batches are subscribed to peer by peer.
  bool several = false;
};

// What a fleet asks of those who speak in it: docs/security.md. Fixed for a fleet.
enum class Signatures : std::uint8_t {
  off,      // nothing is verified, and there is no registry
  accept,   // what is signed must be signed well; what is not is taken as it is
  require,  // only what is signed, and signed well
};

struct TrustOptions {
  Signatures signatures = Signatures::off;
  signing::PublicBytes admin_key{};       // the root of trust; vetted
  bool permissions = false;               // what no grant of the registry allows is refused
  std::optional<signing::Signer> signer;  // this gateway's own, for heads, statuses and acks
  // What an actor says of which two signed stories are proved is kept and not shown; false: it
  // counts, and is shown as what it is.
  bool exclude_equivocators = false;
};

// What may change while it runs: for what is taken in from then on.
struct Limits {
  std::uint32_t pending_envelopes_max = 20'000;  // above it accepting() is false
  std::uint32_t actors_max = 200'000;
  std::uint32_t keys_max = 1'000'000;
  // Estimated memory per type (by wire::Type; 0: types not known), and of everything with the live
  // envelopes.
  static constexpr std::size_t unlimited = std::size_t{1} << 60;
  std::array<std::size_t, 6> type_bytes_max = {unlimited, unlimited, unlimited,
                                               unlimited, unlimited, unlimited};
  std::size_t total_bytes_max = unlimited;
  // Above it, as from three quarters of a limit on, what is at rest leaves memory, where it can be
  // read back (Gateway::read_back_with).
  std::size_t warm_bytes_max = unlimited;
  std::uint64_t clock_ahead_max_ms = 5'000;
};

struct Options : Limits {
  std::string fleet;
  std::string gateway;
  std::string version = "0";                  // shown in the status
  std::string root = "tributary/v1/<fleet>";  // "<fleet>" is replaced
  wire::Limits wire;
  TrustOptions trust;

  std::uint32_t batch_envelopes_max = 100;
  std::uint32_t batch_timeout_ms = 50;
  std::size_t pending_bytes_max = 64u << 20;

  std::uint32_t sync_interval_min_ms = 250;
  std::uint32_t sync_interval_max_ms = 30'000;
  std::uint32_t settle_ms = 1'500;
  std::uint32_t state_interval_min_ms = 2'000;
  std::size_t state_part_bytes = 262'144;
  // Bucket state of as many, and of one bucket at least, is published in one call.
  std::size_t state_envelopes_at_once = 4'096;
  wire::Codec codec = wire::Codec::lz4;
  std::uint32_t fetch_timeout_ms = 10'000;
  bool asks = true;  // asks peers that are online, and answers them; false: as older versions
  std::uint32_t listen_ms =
      1'500;  // after the first connect: hear what the broker retains before announcing

  bool view_enabled = true;
  std::uint32_t view_interval_ms = 500;
  std::uint32_t view_topics_max = 500;
  std::uint32_t values_interval_ms = 5'000;  // of what changed, for people: Output::values
  std::uint32_t cleanup_interval_ms = 60'000;
};

struct Inbound {
  LinkId link = 0;
  std::string topic;
  std::string payload;
  bool retained = false;
  std::uint64_t letter = 0;  // the number of a dead letter that is heard again; 0: it is none
};

// Does work(0) … work(count - 1) in any order, several at once if it likes, and returns when all is
// done. None of them throws, or shares work itself.
using Share = std::function<void(std::size_t count, const std::function<void(std::size_t)>& work)>;

// Of a message that comes next. It lies elsewhere.
struct Upcoming {
  std::string_view topic, payload;
};

// What became of such a letter: every check was made anew.
struct LetterOutcome {
  std::uint64_t letter = 0;
  std::string refused;  // why, or why not yet; empty: all of it is durable
};

struct Publish {
  LinkId link = 0;
  std::string topic;
  std::string payload;
  bool retain = false;
  bool at_least_once = true;  // false: an acknowledgement, which the next on its topic replaces
};

struct Subscription {
  LinkId link = 0;
  std::string filter;
  bool subscribe = true;  // false: unsubscribe
  bool no_local = false;
  bool at_least_once = true;  // false: who publishes there says it again until it is acknowledged
};

// For the log. `kind` is a stable word by which repeats are limited.
struct Notice {
  enum class Level : std::uint8_t { debug, info, warning, error };
  Level level = Level::info;
  std::string_view kind;  // a literal
  std::string text;
};

struct CommitRequest {
  Ticket ticket = 0;
  std::shared_ptr<const Commit> rows;  // the core keeps them, too, to ask again
};

struct Output {
  std::optional<CommitRequest> commit;  // answer with committed() or commit_failed()
  std::vector<Publish> publishes;
  std::vector<Subscription> subscriptions;
  std::vector<Notice> notices;
  std::vector<LetterOutcome> letters;
  std::vector<ValueRow>
      values;  // of what changed, for who looks on; a commit has them, or newer ones
};

// Why something was not taken, each with its counter.
enum class Reject : std::uint8_t {
  size,
  topic,
  not_heard,
  malformed,
  version,
  fleet,
  wrong_device,
  reserved_key,
  limit,
  memory,
  peer,
  no_signature,   // the fleet requires one
  stranger,       // by a key that the registry does not have: waits for it
  bad_signature,  // by a key that it has, and wrong
  not_permitted,  // no grant allows it
  closed,         // its actor is closed, and no settlement names it
  withdrawn,      // the grant that allowed it was withdrawn, and no exemption names it
  throttled,      // not looked at: who brought it has brought too many forgeries
  count_
};
std::string_view name(Reject);

// What was not allowed, and by which rule.
struct Denial {
  Reject reason = Reject::malformed;
  std::string rule;                                        // for people, at most 200 bytes
  std::vector<std::pair<std::string, std::uint8_t>> keys;  // those that broke it; at most 16
};

struct Counters {
  std::uint64_t messages = 0;     // arrived, of any kind
  std::uint64_t envelopes = 0;    // decoded and authorised
  std::uint64_t duplicates = 0;   // known already
  std::uint64_t superseded = 0;   // left the live set
  std::uint64_t passed_over = 0;  // of these: never joined, what waited beside it says all of it
  std::uint64_t operations = 0;   // by which contiguous acknowledged points advanced
  std::uint64_t commits = 0, commit_failures = 0;
  std::uint64_t acks = 0, batches_out = 0, batches_in = 0, gaps = 0;
  std::uint64_t heads_out = 0, heads_in = 0, state_parts_out = 0, state_parts_in = 0;
  std::uint64_t fetches = 0, fetches_incomplete = 0;
  std::uint64_t asks_out = 0, asks_in = 0, answers_out = 0, answers_in = 0;
  std::uint64_t asks_unclear = 0,
                asks_lost = 0;  // of ours: too small for the difference; unanswered
  std::uint64_t views = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t rejected[static_cast<std::size_t>(Reject::count_)] = {};
  std::uint64_t chilled = 0, warmed = 0;   // actors that left memory, and that came back
  std::array<std::uint64_t, 6> entries{};  // joined, by wire::Type; 0: types not known
  // Joined parts of registers that changed something, and of these those that were not shown: a
  // newer write of another actor stood there already.
  std::uint64_t register_writes = 0, register_conflicts = 0;
  std::uint64_t equivocations = 0;  // actors found, or heard, to tell two stories; of this start
  Histogram ack;        // of a device's envelopes: from receive() until they are durable
  Histogram differing;  // of a peer's buckets: how long one was unlike ours
};

// What a person sees of one key.
struct ValueView {
  std::string key;
  std::uint8_t type = 0;
  std::string json;  // the value alone
  std::uint64_t contributors = 0;
  std::uint64_t at_ms = 0;  // wall time of the last change here
  bool unread = false;      // it is on the disk alone, which does not give it now: `json` is null
};

struct PeerView {
  std::string gateway;
  LinkId link = 0;
  bool online = false;
  std::uint64_t incarnation = 0;
  std::uint64_t last_heard_ms = 0;  // mono
  std::uint32_t buckets_differing = 0;
  bool in_step = false;  // equal digests in its newest head
  std::uint32_t fetching = 0;
  std::uint64_t differing_mask = 0, fetching_mask = 0;  // a bit for each bucket
  std::uint64_t differs_since_ms = 0;                   // mono: of the oldest; 0: none is known
};

// What one actor contributes to a key.
struct ContributionView {
  std::string device;
  std::uint64_t epoch = 0;
  std::string json;  // an object: its part, by type (docs/api.md)
};

// Who brought what no honest gateway or device would: forgeries, and what is not signed where that
// is required.
struct OffenderView {
  std::string name;  // "up/<device>" or "gw/<gateway>": the topic that it came on
  std::uint64_t refused = 0;
  std::string why;          // the last: a Reject's name
  std::uint64_t at_ms = 0;  // wall time of the last
};

// Two envelopes of one actor that contradict each other.
struct EvidenceView {
  std::string device;
  std::uint64_t epoch = 0;
  std::string key;
  std::uint8_t type = 0;
  std::string what;           // for people
  bool proof = false;         // both are signed, and verified; otherwise anybody may have made them
  bool excluded = false;      // what the actor says is not shown, for that
  std::string first, second;  // hashes of the two bodies, in hex
  std::uint64_t at_ms = 0;    // wall: when this gateway learned of it; 0: before its start
  std::string bytes;          // docs/protocol.md section 7
};

// Whose messages were refused lately, whatever the reason.
struct RefusalView {
  std::string device;
  std::uint64_t refused = 0;  // since the start, as far as it is remembered
  std::string why;            // the last: a Reject's name
  std::uint64_t at_ms = 0;    // wall time of the last
};

struct BucketView {
  std::string digest;  // hex, empty: the bucket is
  std::uint64_t envelopes = 0;
};

struct DeviceView {
  std::string device;
  std::uint64_t epoch = 0;
  std::uint64_t op = 0;           // contiguous, committed here
  std::uint64_t heard_at_ms = 0;  // wall; 0: never directly
  std::uint64_t live_envelopes = 0;
  std::uint64_t live_bytes = 0;
  std::uint64_t top = 0;  // the highest operation of which anything whole is here; > op: a gap
  std::uint32_t bucket = 0;
  bool closed = false;  // only what a settlement names counts: all of the epoch is closed
  // Its clock when it sealed what it last sent here, less ours when that came: what is positive is
  // a clock ahead; what is negative may be a delay. Of this start.
  std::optional<std::int64_t> clock_ms;
  std::vector<std::string> through;     // gateways that passed on what it said; of this start
  std::optional<RefusalView> refusals;  // of all its epochs
  // Since when (mono) `op` stands still although something above it is here, because what is
  // between is missing; of this start. nullopt: nothing above it is here.
  std::optional<std::uint64_t> gap_since_ms;
};

struct Summary {
  std::uint64_t incarnation = 0, session = 0;
  bool degraded = false;
  bool announced = false;
  std::string degraded_reason;
  std::uint64_t actors = 0, keys = 0, parts = 0, live_envelopes = 0, live_bytes = 0;
  // Of these, on the disk alone; of keys, all that they are worth.
  std::uint64_t cold_actors = 0, cold_envelopes = 0, cold_keys = 0;
  std::uint64_t memory_bytes = 0;  // estimated, of all that grows with the fleet
  std::uint64_t pending = 0;
  std::uint64_t waiting = 0;          // envelopes whose signer is not in the registry yet
  std::uint64_t registered_keys = 0;  // in the registry
  std::uint64_t settlements = 0;      // records of it: closings, withdrawals, and lists
  std::uint64_t equivocators = 0;     // actors that are known to tell two stories
  std::uint64_t oldest_ms = 0;        // mono: when the oldest that is not durable yet came; 0: none
  std::uint64_t state_bytes = 0;      // estimated memory of the merged state
  std::array<std::uint64_t, 6> type_bytes{};  // the same by wire::Type; 0: types not known
  std::string digest;  // hex: SHA-256 over the bucket digests; equal means in step
};

}  // namespace tributary::core
