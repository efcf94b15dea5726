// SPDX-License-Identifier: Apache-2.0
// One shipping gateway on a bench, with a disk that holds just what was committed, and an oracle
// that looks at everything it says. What must hold, always:
//
//   - an ack names only what rows on the disk say was received, and only operations whose deltas
//   were
//     all in finished commits;
//   - what was acknowledged is still there after a restart;
//   - when nothing is in flight, memory, what the disk rebuilds, and the join of all that was ever
//     accepted (with nothing collected, in another order) have one digest;
//   - a head tells the digests of what the disk rebuilds, bucket by bucket;
//   - what is published can be read, on topics that a broker takes.
//
//   Bench bench;  bench.boot();  bench.connect(0);
//   bench.receive(0, bench.topic("up/a"), envelope, false);
//   bench.pass(60);  bench.commit_done();
//   bench.settle();                            // aborts when something does not hold
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/interval_set.h"
#include "gateway/core/gateway.h"
#include "gateway/core/intake.h"

namespace tributary::fuzz {

using Bytes = std::shared_ptr<const std::string>;

// What survives a crash.
struct Disk {
  std::map<std::uint64_t, core::EnvelopeRow> envelopes;
  std::map<std::uint64_t, core::ActorRow> actors;
  std::uint64_t incarnation = 1;
  std::size_t quarantined = 0;

  void apply(const core::Commit&);
};

class Bench {
 public:
  Bench();
  ~Bench();

  // --- lives
  void boot();
  void crash();
  void wipe();  // crash, and the disk is gone
  // A bit of one row rots while the gateway is off; some bits, some bytes away. REQUIRES: crashed.
  void rot(std::uint64_t row_number, std::uint64_t at, std::uint8_t bits);
  bool running() const { return gateway_ != nullptr; }

  // --- events
  void connect(core::LinkId);
  void disconnect(core::LinkId);
  void receive(core::LinkId, std::string topic, std::string payload, bool retained);
  void pass(std::uint64_t ms);  // its deadlines in between
  void step_clock(std::int64_t by_ms);
  void commit_done();
  void commit_failed(bool happened_anyway);
  void stop();

  // --- what it asked for
  // The retained messages of its own that a broker would replay now, by (link, topic).
  const std::map<std::pair<core::LinkId, std::string>, std::string>& retained() const {
    return retained_;
  }
  const std::vector<core::Subscription>& subscriptions() const { return subscriptions_; }
  std::string topic(std::string_view below_root) const {
    return "tributary/v1/demo/" + std::string(below_root);
  }

  // Everything connected and committed, and time enough; then every rule is checked.
  void settle();
  // The rules for a quiet moment. Does nothing while something is in flight.
  void check_quiet();

  // REQUIRES: changed by others before the first boot only.
  Disk disk;

 private:
  struct Merged;  // state rebuilt from envelopes
  struct Cut {    // the parts of one delta
    std::uint64_t from = 0, to = 0, id = 0;
    std::uint32_t parts = 0;
    friend auto operator<=>(const Cut&, const Cut&) = default;
  };
  struct Received {  // of one actor, by finished commits
    std::map<Cut, std::map<std::uint32_t, bool>> partly;
    crdt::IntervalSet whole;
    std::uint64_t acknowledged = 0;
  };
  using Actor = std::pair<std::string, std::uint64_t>;

  core::Instant now() const { return {mono_ms_, wall_ms_}; }
  std::vector<Bytes> candidates(core::LinkId, const std::string& topic, const std::string& payload,
                                bool& upload) const;
  void perform();
  void look_at(const core::Publish&);
  void check_ack(std::string_view payload);
  void check_head(std::string_view payload);
  void check_commit();
  void count_committed();
  std::optional<core::Intake> intake_on_disk(const Actor&) const;
  Merged& on_disk();

  core::Options options_;
  std::unique_ptr<core::Gateway> gateway_;
  std::uint64_t mono_ms_ = 1'000'000, wall_ms_ = 1'700'000'000'000, session_ = 0;
  std::optional<core::CommitRequest> waiting_;
  bool retrying_ = false;        // the commit in flight failed and will be asked for again
  bool torn_pack_ = false;       // the commit took a part of a pack: nobody knows which
  std::vector<Bytes> accepted_;  // by this life, after what it started from
  std::size_t asked_ = 0;        // of accepted_: in the commit in flight, or committed
  std::size_t counted_ = 0;      // of accepted_: in `received_`
  std::map<Actor, Received> received_;
  std::map<std::pair<core::LinkId, std::string>, std::string> retained_;
  std::vector<core::Subscription> subscriptions_;
  std::unique_ptr<Merged> merged_;  // what the disk rebuilds; null: to be made anew
  unsigned checks_ = 0;             // the expensive ones are rationed
};

}  // namespace tributary::fuzz
