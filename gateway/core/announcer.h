// SPDX-License-Identifier: Apache-2.0
// What this gateway lets the brokers retain for its peers: the head, and the state of every bucket
// in parts. Both are made only of committed envelopes, and only what changed is published again.
//
// Pace: a head soon after a change, and again ever more rarely while nothing changes; bucket state
// no faster than its size allows, and at once when traffic has settled, because then a peer that
// missed something waits for it. Large state goes out a few buckets a call, so that commits and
// acknowledgements go between, and while traffic goes on with pauses, so that brokers do other
// things, too; a head that names them follows.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/core/keyspace.h"
#include "gateway/core/live.h"
#include "gateway/core/types.h"

namespace tributary::core {

class Announcer {
 public:
  struct LinkView {  // a link that heads go to
    LinkId id = 0;
    std::uint64_t number = 0;  // the last batch sent on it
    std::uint64_t again = 0;   // a bit for each bucket that its broker may have forgotten
    bool head = false;         // at once: the one there is another, or may be
  };
  static constexpr std::uint64_t all_buckets = ~std::uint64_t{0};
  struct Identity {
    std::string base;  // "<root>/gw/<gateway>"
    std::uint64_t incarnation = 0, session = 0;
  };

  Announcer(const Options& options, Identity identity, Keyspace& keys, LiveSet& live)
      : options_(options), identity_(std::move(identity)), keys_(keys), live_(live) {}

  // A commit changed this bucket.
  void changed(Instant now, std::uint32_t bucket);
  // The bucket's parts that an earlier life left at the broker: those we no longer need will be
  // cleared.
  void inherit(std::uint32_t bucket, std::uint32_t parts);

  // The buckets (a bit each) of which a broker holds something else than what we published last,
  // as our own head there says.
  std::uint64_t outdated(const wire::Head& at_broker);
  // The first bucket from `bucket` on, going round, that holds anything; nullopt: none does.
  std::optional<std::uint32_t> next_published(std::uint32_t bucket) const;

  // When run() has something to do.
  std::uint64_t deadline() const { return std::min(next_head_ms_, state_due()); }
  // All that has changed is due now: we leave.
  void hurry(Instant now);
  // Publishes some of what is due. REQUIRES: no commit is in flight. `hlc` stamps the head. Returns
  // the buckets (a bit each) of which `again` is to be said again: those whose turn comes, and
  // those that the disk did not give, which are due after a pause.
  std::uint64_t run(Instant now, crdt::Hlc hlc, const std::vector<LinkView>& links, Output& out,
                    Counters& counters);

  const std::optional<wire::BucketHead>& head_of(std::uint32_t bucket);
  // The buckets (a bit each) whose head_of() has to be made again.
  std::uint64_t stale() const { return stale_; }
  // The buckets (a bit each) whose head_of() has become another since the last call.
  std::uint64_t take_renewed() { return std::exchange(renewed_, 0); }

 private:
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  struct Bucket {
    bool state_dirty = false;
    std::uint32_t parts = 0;                          // as published
    std::uint32_t retained_parts = 0;                 // topics that may exist at the brokers
    std::vector<wire::Hash> part_hashes, part_names;  // of its bytes, and of who is in it
    std::optional<wire::Hash> published;
    std::optional<wire::BucketHead> head;
  };
  std::optional<wire::BucketHead> make_head(std::uint32_t bucket);
  std::optional<std::size_t> publish_bucket(std::uint32_t b, const std::vector<LinkView>& links,
                                            Output& out, Counters&);
  std::uint32_t parts_for(std::uint32_t b) const;
  struct Slice {
    std::uint32_t part = 0, parts = 0;
  };
  std::size_t publish_part(std::uint32_t b, Slice, const std::string& plain, LinkId, Output&,
                           Counters&) const;
  using Members = std::vector<LiveSet::Item>;
  std::vector<Members> members(std::uint32_t b, std::uint32_t parts) const;
  std::optional<std::string> plain(const Members&) const;
  void begin_round(Instant, std::uint64_t again);
  void publish_some(Instant, const std::vector<LinkView>&, Output&, Counters&);
  void end_round(Instant);
  std::uint64_t state_due() const;
  std::uint64_t round_due() const;
  bool wait_for_state(Instant);
  void publish_head(crdt::Hlc hlc, const LinkView&, Output&, Counters&);
  std::string part_topic(std::uint32_t b, std::uint32_t part) const;

  const Options& options_;
  Identity identity_;
  Keyspace& keys_;
  LiveSet& live_;
  std::array<Bucket, wire::bucket_count> buckets_{};
  std::uint64_t stale_ = all_buckets, renewed_ = 0;
  static_assert(wire::bucket_count <= 64, "a bit for each bucket");
  bool changed_since_head_ = false, head_waited_ = false, hurried_ = false;
  std::uint64_t next_head_ms_ = 0;
  // What is due of bucket state goes out in rounds, a few buckets a call.
  struct Round {
    // Buckets, a bit each. `urgent`, of those left: what a broker may have forgotten.
    std::uint64_t left = 0, urgent = 0;
    std::uint64_t unread = 0;  // the disk did not give it
    bool due = false;          // all that had changed
    bool head = false;         // follows
  };
  Round round_;
  bool dirty_ = false;                  // what has changed since the round began
  std::uint64_t busy_due_ms_ = 0;       // what follows, though traffic goes on
  std::uint64_t settled_ms_ = 0;        // when it has settled, unless more comes
  std::uint64_t round_due_ms_ = 0;      // the next round then, at the earliest
  std::uint32_t head_interval_ms_ = 0;  // of repeating what has not changed
};

}  // namespace tributary::core
