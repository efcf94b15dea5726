// SPDX-License-Identifier: Apache-2.0
#include "tests/processes/gateway_player.h"

#include <csignal>

#include "tests/processes/damage.h"

namespace tributary::processes {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t storage_ends_max = 50;  // in a row

}  // namespace

GatewayPlayer::GatewayPlayer(Node& node, Stage& stage, const SmallDisk* disk)
    : node_(node), stage_(stage), disk_(disk), watch_(node.data()) {}

void GatewayPlayer::play(const std::vector<Step>& steps) {
  for (const Step& step : steps) keeps_copy_ = keeps_copy_ || step.what == What::old_copy;
  again();
  for (const Step& step : steps) {
    if (!stage_.pause(std::chrono::milliseconds(step.wait_ms)) || !alive()) return;
    random_.seed(step.seed);
    perform(step);
    if (stage_.failed()) return;
  }
  alive();
}

void GatewayPlayer::finish() {
  if (!node_.running() || stage_.failed()) return;
  if (node_.end(SIGTERM, clean_end_max)) return;
  stage_.fail(node_.name() + " did not end clean at the end: status " +
              std::to_string(node_.status()) + "\n" + node_.last_words());
}

void GatewayPlayer::perform(const Step& step) {
  switch (step.what) {
    case What::kill:
      return kill_after(std::chrono::milliseconds(step.amount));
    case What::kill_acked:
      return kill_acked(step);
    case What::storm:
      return storm(step);
    case What::kill_commit:
      return kill_in_commit(step);
    case What::kill_checkpoint:
      return kill_in_checkpoint();
    case What::term:
      return end_clean(SIGTERM, "gateway: SIGTERM under load, clean and in time", clean_end_max);
    case What::hangup:
      return hang_up();
    case What::stop:
      return stop(step);
    case What::flip:
    case What::truncate:
    case What::remove:
    case What::old_copy:
      return damage(step);
    case What::newer_schema:
      return newer_schema();
    case What::other_version:
      return other_version(step);
    case What::full_disk:
      return full_disk(step);
    case What::slow_disk:
      return slow_disk(step);
    case What::starve:
      return starve(step);
    default:
      stage_.fail(std::string(name(step.what)) + " is nothing to do to a gateway");
  }
}

void GatewayPlayer::again(const Life& life) {
  node_.start(life);
}

bool GatewayPlayer::alive() {
  for (std::uint32_t n = 0; n < storage_ends_max; ++n) {
    if (node_.running()) return true;
    if (!may_end_ || node_.status() != storage_status) break;
    stage_.count("gateway: ended with status 5 and was started again");
    again();
    stage_.pause(20ms);
  }
  stage_.fail(node_.name() + " ended by itself with status " + std::to_string(node_.status()) +
              ":\n" + node_.last_words());
  return false;
}

bool GatewayPlayer::until(std::chrono::milliseconds deadline, const std::string& what,
                          const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (!alive() || !stage_.pause(5ms)) return false;
    if (std::chrono::steady_clock::now() < end) continue;
    stage_.fail(node_.name() + ": " + what + " did not happen in " +
                std::to_string(deadline.count()) + " ms:\n" + node_.last_words());
    return false;
  }
  return true;
}

void GatewayPlayer::kill_after(std::chrono::microseconds life) {
  if (!stage_.pause(life) || !alive()) return;
  node_.kill();
  if (keeps_copy_ && !has_copy_) has_copy_ = keep_copy(node_.data(), node_.data() / "old");
  again();
}

void GatewayPlayer::kill_acked(const Step& step) {
  // With the broker away there is nothing to acknowledge: then it is any kill.
  for (int n = 0; n < 200 && !node_.acknowledged(); ++n) {
    if (!stage_.pause(5ms) || !alive()) return;
  }
  kill_after(std::chrono::milliseconds(step.amount));
}

void GatewayPlayer::storm(const Step& step) {
  stage_.count("gateway: storms of kills in start-up");
  for (std::uint32_t n = 0; n < step.amount; ++n) {
    if (!stage_.pause(std::chrono::microseconds(random_() % 25'000)) || !alive()) return;
    node_.kill();
    again();
  }
}

void GatewayPlayer::kill_in_commit(const Step& step) {
  if (!stage_.pause(std::chrono::milliseconds(step.amount)) || !alive()) return;
  watch_.forget();
  const bool hit = watch_.written("gateway.db-wal", 500ms);
  if (!stage_.pause(std::chrono::microseconds(random_() % 500)) || !alive()) return;
  node_.kill();
  if (hit) stage_.count("gateway: kill -9, of these in a commit");
  again();
}

// At its end a gateway copies its log back into the database; on a slow disk that can be hit.
void GatewayPlayer::kill_in_checkpoint() {
  node_.kill();
  again({.slow_sync_ms = 20});
  if (!until(connect_max, "connecting", [&] { return node_.connected(); })) return;
  for (int n = 0; n < 60 && !node_.acknowledged(); ++n) {
    if (!stage_.pause(5ms) || !alive()) return;
  }
  watch_.forget();
  node_.signal(SIGTERM);
  bool hit = false;
  for (int n = 0; n < 100 && !hit && node_.running(); ++n) hit = watch_.written("gateway.db", 20ms);
  if (!hit || !node_.running()) {
    if (node_.running()) node_.kill();
    stage_.count("gateway: checkpoints that were over before the kill");
  } else {
    node_.kill();
    stage_.count("gateway: kill -9, of these in a checkpoint");
  }
  again();
}

void GatewayPlayer::end_clean(int signal, const char* counted, std::chrono::milliseconds limit,
                              Then then) {
  // Before that the signal ends it like any program.
  if (!until(connect_max, "connecting", [&] { return node_.connected(); })) return;
  stage_.pause(std::chrono::milliseconds(random_() % 100));
  if (!alive()) return;
  if (node_.end(signal, limit)) {
    stage_.count(counted);
  } else {
    stage_.fail(node_.name() + " did not end clean in time: status " +
                std::to_string(node_.status()) + "\n" + node_.last_words());
  }
  if (then == Then::again) again();
}

// A reload: it says so, and the same life goes on acknowledging.
void GatewayPlayer::hang_up() {
  if (!until(connect_max, "connecting", [&] { return node_.connected(); })) return;
  stage_.pause(std::chrono::milliseconds(random_() % 100));
  if (!alive()) return;
  node_.signal(SIGHUP);
  if (!until(10'000ms, "reloading", [&] { return node_.said("reloaded: "); })) return;
  const std::uint64_t before = node_.acks();
  if (!until(20'000ms, "acknowledging after SIGHUP", [&] { return node_.acks() > before; })) return;
  stage_.count("gateway: SIGHUP under load, the same life goes on");
}

void GatewayPlayer::stop(const Step& step) {
  if (!until(connect_max, "connecting", [&] { return node_.connected(); })) return;
  node_.signal(SIGSTOP);
  stage_.pause(std::chrono::milliseconds(step.amount));
  node_.signal(SIGCONT);
  stage_.count("gateway: SIGSTOP and SIGCONT");
  stage_.at_least("gateway: longest SIGSTOP, ms", step.amount);
  // By itself, without a new life.
  const std::uint64_t before = node_.acks();
  until(20'000ms, "acknowledging after SIGCONT", [&] { return node_.acks() > before; });
}

void GatewayPlayer::damage(const Step& step) {
  may_end_ = true;
  if (!stage_.pause(std::chrono::milliseconds(step.amount)) || !alive()) return;
  node_.kill();
  const bool log = random_() % 3 == 0;
  const auto file = node_.data() / (log ? "gateway.db-wal" : "gateway.db");
  bool done = true;
  if (step.what == What::flip) done = flip_bits(file, random_);
  if (step.what == What::truncate) done = cut(file, random_);
  if (step.what == What::remove) remove_database(node_.data());
  if (step.what == What::old_copy) {
    done = has_copy_ && put_back(node_.data() / "old", node_.data());
    has_copy_ = false;  // the next one is a newer one
  }
  if (done) stage_.count(std::string("gateway: database damaged, ") + name(step.what));
  again();
}

void GatewayPlayer::slow_disk(const Step& step) {
  if (!alive()) return;
  node_.kill();
  again({.slow_sync_ms = step.amount});
  const std::uint64_t before = node_.acks();
  // Slow is no reason not to acknowledge.
  if (!until(20'000ms, "acknowledging on a slow disk", [&] { return node_.acks() > before + 5; })) {
    return;
  }
  stage_.count("gateway: slow disks");
  if (random_() % 2 == 0) {
    node_.kill();  // surely in a sync
    again();
  } else {
    end_clean(SIGTERM, "gateway: SIGTERM on a slow disk, clean and in time", 2 * clean_end_max);
  }
}

}  // namespace tributary::processes
