// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/hardware.h"

#include <cassert>
#include <utility>

namespace tributary::simulation {

using storage::Variant;

void Hardware::replace(storage::Image image) {
  vfs_.reset();
  disk_ = std::make_unique<storage::Disk>(std::move(image));
  disk_->restart_record(false);
  vfs_ = std::make_unique<storage::RecordingVfs>(*disk_);
  armed_ = Crash::none;
  slow_until_ms = 0;
}

void Hardware::arm(Crash crash, std::uint64_t commits) {
  armed_ = crash;
  commits_left_ = commits;
  disk_->restart_record();
}

std::uint64_t Hardware::pause(std::uint64_t now_ms) {
  const std::uint64_t usual = random_.pause(static_cast<double>(commit_ms));
  return now_ms < slow_until_ms ? usual + random_.between(200, 5'000) : usual;
}

bool Hardware::strikes_now() {
  return armed_ != Crash::none && commits_left_ <= 1;
}

// Somewhere within the last commit, which began at that step of the record.
void Hardware::crash(std::size_t from_step) {
  storage::Replay at(disk_->record());
  const std::uint64_t steps = disk_->record().steps.size();
  at.advance_to(random_.between(from_step, steps));
  Variant variant = Variant::written;
  if (armed_ == Crash::power_cut) {
    constexpr Variant cuts[] = {Variant::dropped, Variant::torn, Variant::reordered};
    variant = cuts[random_.below(3)];
  }
  const std::uint64_t seed = random_.next();
  wreck = at.cut(variant, seed);
  lost_unsynced = variant != Variant::written && *wreck != at.cut(Variant::written, seed);
  armed_ = Crash::none;
}

void SimDisk::commit(core::Ticket ticket, std::shared_ptr<const core::Commit> rows) {
  assert(!job_);
  const std::uint64_t now_ms = ears_.now_ms();
  ears_.asked(*rows);
  job_ = Job{ticket, std::move(rows), now_ms + box_.pause(now_ms)};
}

std::vector<app::Disk::Reply> SimDisk::take_replies() {
  if (!job_ || job_->due_ms > ears_.now_ms() || box_.wreck) return {};
  Job job = std::move(*job_);
  job_.reset();
  const std::size_t began = box_.disk().now();
  Reply reply{Reply::Kind::commit, job.ticket, writer_.commit(*job.rows), 0, store_->file_bytes()};
  if (box_.strikes_now()) {
    box_.crash(began);
    return {};
  }
  if (box_.commits_left_ > 0) --box_.commits_left_;
  if (reply.error) {
    ears_.failed();
  } else {
    ears_.durable(*job.rows);
  }
  std::vector<Reply> out;
  out.push_back(std::move(reply));
  return out;
}

}  // namespace tributary::simulation
