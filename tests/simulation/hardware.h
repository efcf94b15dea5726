// SPDX-License-Identifier: Apache-2.0
// The machine under a simulated gateway: a disk that outlives its processes, with SQLite and the
// shipping store on it, in virtual time. A commit takes a while, and may be the last thing that
// happens: then `wreck` holds the files as the next start finds them.
//
//   Hardware box(seed);
//   box.arm(Hardware::Crash::power_cut);      // in the middle of the next commit
//   … pump.turn() …
//   if (box.wreck) { pump.reset(); box.replace(*std::exchange(box.wreck, {})); }
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/app/disk.h"
#include "tests/simulation/random.h"
#include "tests/storage/support/recording_vfs.h"
#include "tests/storage/support/replay.h"

namespace tributary::simulation {

class Hardware {
 public:
  enum class Crash : std::uint8_t {
    none,
    killed,     // the process: what was written stays
    power_cut,  // the machine: what was not synced is lost, torn or reordered
  };

  explicit Hardware(std::uint64_t seed, storage::Image image = {}) : random_(seed) {
    replace(std::move(image));
  }

  storage::Disk& disk() { return *disk_; }
  storage::RecordingVfs& vfs() { return *vfs_; }
  // Other files. REQUIRES: no store is open.
  void replace(storage::Image image);

  // `commits`: the crash comes in so many commits, this one counted; the disk is recorded from now.
  void arm(Crash crash, std::uint64_t commits = 1);
  void disarm() { armed_ = Crash::none; }
  std::optional<storage::Image> wreck;
  bool lost_unsynced = false;  // the wreck lacks something that had been written

  std::uint64_t commit_ms = 3;  // on average
  std::uint64_t slow_until_ms = 0;

 private:
  friend class SimDisk;
  std::uint64_t pause(std::uint64_t now_ms);
  bool strikes_now();
  void crash(std::size_t from_step);

  Random random_;
  std::unique_ptr<storage::Disk> disk_;
  std::unique_ptr<storage::RecordingVfs> vfs_;
  Crash armed_ = Crash::none;
  std::uint64_t commits_left_ = 0;
};

// The app::Disk over it.
class SimDisk final : public app::Disk {
 public:
  struct Ears {
    std::function<std::uint64_t()> now_ms;
    std::function<void(const core::Commit&)> asked;
    std::function<void(const core::Commit&)> durable;  // before the core hears of it
    std::function<void()> failed;
  };
  SimDisk(std::unique_ptr<store::Store> store, Hardware& box, Ears ears)
      : box_(box), store_(std::move(store)), writer_(*store_), ears_(std::move(ears)) {}

  void commit(core::Ticket ticket, std::shared_ptr<const core::Commit> rows) override;
  void snapshot(std::uint64_t, std::string) override {}  // nobody asks for one here
  std::vector<Reply> take_replies() override;
  Result<core::ReadRows, store::Error> read(const core::RowsWanted& rows) override {
    return store_->read(rows);
  }

  bool idle() const { return !job_; }
  std::optional<std::uint64_t> next_ms() const {
    return job_ ? std::optional(job_->due_ms) : std::nullopt;
  }
  store::Store& store() { return *store_; }

 private:
  struct Job {
    core::Ticket ticket = 0;
    std::shared_ptr<const core::Commit> rows;
    std::uint64_t due_ms = 0;
  };
  Hardware& box_;
  std::unique_ptr<store::Store> store_;
  app::StoreWriter writer_;
  Ears ears_;
  std::optional<Job> job_;
};

}  // namespace tributary::simulation
