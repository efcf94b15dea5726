// SPDX-License-Identifier: Apache-2.0
// A shipping gateway on a shipping store on a Disk, from one start to a power cut, run by hand in
// virtual time. It commits as the daemon's store thread does, and remembers what was acknowledged
// when: an Acked for each commit that the store said is safe.
//
//   Disk disk;
//   Broker broker;
//   Life life(disk, {.gateway = "g1"});
//   ASSERT_EQ(life.boot(), "");
//   life.connect(broker);
//   life.up("a", envelope({.to = 1}, {counter("k", 1, 5)}));
//   life.run(60);
//   life.acked().back().digest;
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/core/gateway.h"
#include "gateway/store/store.h"
#include "tests/storage/support/recording_vfs.h"

namespace tributary::storage {

inline const std::string database = "/data/gateway.db";

// What brokers retain; nothing else of them is needed here.
struct Broker {
  std::map<std::string, std::string> retained;
};

// (device, epoch) → highest contiguous operation.
using Points = std::map<std::pair<std::string, std::uint64_t>, std::uint64_t>;

// What a gateway holds, all that must survive.
struct Held {
  std::string digest;
  std::set<std::string> envelopes;  // hashes
  Points points;
  friend bool operator==(const Held&, const Held&) = default;
};

struct Acked {
  std::size_t step = 0;  // of the disk's record, after which it was acknowledged
  Held held;
};

struct LifeOptions {
  std::string gateway = "g1";
  std::uint32_t checkpoint_pages = 40;
  bool full_sync = true;
  std::uint64_t incarnation = 77;  // of the database, should one have to be made
};

class Life {
 public:
  explicit Life(Disk& disk, LifeOptions options = {});

  // Opens and restores as the daemon does at its start, once more after a damaged database was
  // moved aside. "" or why not.
  std::string boot();
  bool running() const { return gateway_ != nullptr; }
  void connect(Broker& broker);
  void up(const std::string& device, std::string envelope);
  void hear(std::string topic, std::string payload, bool retained = false);
  // Virtual time goes on; commits are done, or fail, at once.
  void run(std::uint64_t ms);
  // Runs until nothing waits for the disk any more; false when it still does after `ms`.
  bool settle(std::uint64_t ms = 60'000);
  // Closes the database in order; forgets the gateway.
  void close();

  Held held() const;
  static std::string digest_of_nothing();
  const std::vector<Acked>& acked() const { return acked_; }
  core::Gateway& gateway() { return *gateway_; }
  store::Store& store() { return *store_; }
  bool created() const { return created_; }
  bool lost() const { return lost_; }  // the store said corrupt or foreign: the daemon would end
  const std::vector<store::Error>& errors() const { return errors_; }
  bool noticed(std::string_view kind) const { return kinds_.count(std::string(kind)) != 0; }
  // The newest acknowledged operation that a device was told of, by (device, epoch).
  const Points& told() const { return told_; }

 private:
  std::optional<store::Error> open();
  std::optional<store::Error> restore();
  void perform();
  void commit(core::CommitRequest&& request);
  std::optional<store::Error> write(const core::Commit& rows);
  void publish(core::Publish& p);
  void subscribe(const core::Subscription& s);

  Disk& disk_;
  RecordingVfs vfs_;
  LifeOptions options_;
  core::Options core_options_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<core::Gateway> gateway_;
  Broker* broker_ = nullptr;
  core::Instant now_{1'000'000, 1'700'000'000'000};
  std::vector<core::Subscription> subscriptions_;
  std::vector<Acked> acked_;
  std::vector<store::Error> errors_;
  std::set<std::string> kinds_;
  Points told_;
  bool created_ = false, lost_ = false, must_reopen_ = false;
};

}  // namespace tributary::storage
