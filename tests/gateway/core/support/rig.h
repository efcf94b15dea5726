// SPDX-License-Identifier: Apache-2.0
// One shipping gateway on a bench: its clock is turned by hand, its disk answers when told to, and
// everything it says is kept. No broker, no network.
//
//   Rig rig;  rig.boot();
//   rig.up("a", envelope({.to = 1}, {counter("k", 1, 5)}));
//   rig.pass(60);                       // the batch is due: a commit is asked for
//   rig.commit();                       // and done
//   EXPECT_EQ(rig.ack("a")->actors[0].op, 1u);
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/core/gateway.h"
#include "tests/gateway/core/support/craft.h"
#include "tests/gateway/core/support/world.h"
#include "transports/wire/ack.h"

namespace tributary::core::testing {

class Rig {
 public:
  static Options defaults(std::string gateway = "gw");
  // Whatever can leave memory does, as soon as it is committed.
  static Options cold(Options o = defaults());
  explicit Rig(Options options = defaults(), std::vector<LinkOptions> links = {{"local"}});

  // Starts from the disk and, when `online`, connects every link.
  void boot(bool online = true);
  // The same, reading actors first and answering meanwhile what `between` two rows makes it hear.
  void boot_early(const std::function<void()>& between);
  void crash();  // what was not committed is gone
  void reboot() { crash(), boot(); }

  void connect(LinkId link = 0);
  void disconnect(LinkId link = 0);
  void stop();

  // The registry's file; what is wrong with it.
  std::string registry(std::string_view pack);
  // A message from a device; from anybody.
  void up(std::string_view device, std::string payload, LinkId link = 0);
  void hear(std::string topic, std::string payload, bool retained = false, LinkId link = 0);

  // Another gateway, "other", is heard on a link: there is somebody to relay to.
  void meet(LinkId link = 0);

  // A dead letter from a device, heard again; what becomes of letters is in `letters`.
  void again(std::uint64_t letter, std::string_view device, std::string payload, LinkId link = 0);

  // Time goes on, the gateway's own deadlines in between. Fails when it asks for the past again and
  // again.
  void pass(std::uint64_t ms);
  // Answers the commit that waits, if one does: done, or not.
  void commit();
  void fail(std::string reason = "disk full");
  // pass() with every commit done at once.
  void run(std::uint64_t ms);
  // The usual case: deliver, join, commit, answer.
  void settle() { run(60); }

  bool committing() const { return waiting_.has_value(); }
  // Nothing is joined that is not on the disk: no commit waits, and none failed since.
  bool quiet() const { return !waiting_ && !failed_; }
  const CommitRequest& waiting() const { return *waiting_; }
  Instant now() const { return now_; }
  void set_clock(std::uint64_t wall_ms) { now_.wall_ms = wall_ms; }

  // The newest ack for a device since the last call, decoded; nothing when none was sent.
  struct HeardAck {
    std::string bytes;
    wire::Ack ack;
    std::vector<wire::ActorAck>& actors = ack.actors;
  };
  std::unique_ptr<HeardAck> ack(std::string_view device);
  // What was published since the last call, on topics that begin with `prefix` (below the root).
  std::vector<Publish> take(std::string_view prefix);
  std::vector<Subscription> take_subscriptions();
  std::string digest() { return gateway->summary().digest; }
  std::string shows(std::string_view key, wire::Type type) const;
  std::uint64_t rejected(Reject r) const {
    return gateway->counters().rejected[static_cast<std::size_t>(r)];
  }
  // What the disk alone rebuilds.
  std::unique_ptr<Core> on_disk() const;
  std::string topic(std::string_view below_root) const {
    return "tributary/v1/demo/" + std::string(below_root);
  }

  Options options;
  std::vector<LinkOptions> links;
  Disk disk;
  std::unique_ptr<Gateway> gateway;
  std::vector<Publish> published;
  std::vector<Subscription> subscriptions;
  std::vector<Notice> notices;
  std::vector<LetterOutcome> letters;
  std::vector<ValueRow> values;  // that were shown to who looks on
  // What a broker would retain, by (link, topic).
  std::map<std::pair<LinkId, std::string>, std::string> retained;
  bool commits_at_once = false;
  std::function<void(const Commit&)> on_commit;  // each, once the disk has it
  bool reads_back = true;    // what is at rest may leave memory: Limits::warm_bytes_max says when
  bool shares_work = false;  // with a second thread; it is told then before what comes
  bool unreadable = false;   // the disk does not give it back
  std::uint64_t session = 0;

 private:
  void make();
  void perform();
  void finish_commit();
  std::optional<ReadRows> read_back(const RowsWanted&) const;
  std::optional<CommitRequest> waiting_;
  bool failed_ = false;
  Instant now_{1'000'000, 1'700'000'000'000};
};

}  // namespace tributary::core::testing
