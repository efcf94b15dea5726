// SPDX-License-Identifier: Apache-2.0
// The n-th open, read, write, sync, truncate or file call fails, for n = 1 … end, once and for
// ever; and the disk fills up at every point and is freed again. Never a false acknowledgement;
// nothing good is thrown away; once the disk is well, a restart or the next try is exact.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/storage/support/budget.h"
#include "tests/storage/support/field.h"
#include "tests/storage/support/life.h"
#include "tests/storage/support/replay.h"

namespace tributary::storage {
namespace {

using Call = Disk::Call;
using store::Error;

constexpr int batches = 14, batches_before = 4;

const char* name(Call call) {
  constexpr const char* names[] = {"open", "read", "write", "sync", "truncate", "file call"};
  return names[static_cast<std::size_t>(call)];
}

std::vector<std::vector<Upload>> history() {
  Field field(seed());
  std::vector<std::vector<Upload>> out;
  for (int i = 0; i < batches; ++i) out.push_back(field.next());
  return out;
}

const LifeOptions small{.checkpoint_pages = 8};

// What all of the history amounts to.
Held truth(const std::vector<std::vector<Upload>>& all) {
  Disk disk;
  Life life(disk, small);
  EXPECT_EQ(life.boot(), "");
  for (const auto& batch : all) {
    for (const Upload& u : batch) life.up(u.device, u.bytes);
    life.run(60);
  }
  EXPECT_TRUE(life.settle());
  return life.held();
}

// A database that was closed in order, with a past.
Image begun(const std::vector<std::vector<Upload>>& all) {
  Disk disk;
  Life life(disk, small);
  EXPECT_EQ(life.boot(), "");
  for (int i = 0; i < batches_before; ++i) {
    for (const Upload& u : all[static_cast<std::size_t>(i)]) life.up(u.device, u.bytes);
    life.run(60);
  }
  EXPECT_TRUE(life.settle());
  life.close();
  return disk.image();
}

struct Trial {
  std::vector<std::vector<Upload>> all;
  Held truth;
  Image begun;
};

// One life with trouble ahead: everything arrives, whatever the disk says.
void feed(Life& life, const Trial& t) {
  for (const auto& batch : t.all) {
    if (!life.running() || life.lost()) return;
    for (const Upload& u : batch) life.up(u.device, u.bytes);
    life.run(400);
  }
}

// Everything that devices were told is held.
std::string honest(const Life& before, const Held& after) {
  for (const auto& [actor, op] : before.told()) {
    const auto at = after.points.find(actor);
    const std::uint64_t has = at == after.points.end() ? 0 : at->second;
    if (has < op) {
      return "told " + actor.first + " of " + std::to_string(op) + ", has " + std::to_string(has);
    }
  }
  return {};
}

std::string restart(Life& life) {
  std::string wrong = life.boot();
  if (wrong.empty() && life.noticed("quarantine")) wrong = "an envelope was quarantined";
  if (wrong.empty() && life.noticed("intake")) wrong = "an intake was forgotten";
  for (const Error& e : life.errors()) wrong += (wrong.empty() ? "" : "; ") + e.message;
  return wrong;
}

// The disk failed on the way (or not) and is well again: what is there after a restart, and after
// the devices said everything again.
std::string recovers(Disk& disk, const Life& troubled, const Trial& t) {
  for (const auto& [name, bytes] : disk.image()) {
    if (name.find(".corrupt-") != std::string::npos) return "moved aside: " + name;
  }
  Life life(disk, {.checkpoint_pages = 8, .incarnation = 1'000});
  if (std::string wrong = restart(life); !wrong.empty()) return "restart: " + wrong;
  if (std::string wrong = honest(troubled, life.held()); !wrong.empty()) return wrong;
  if (!troubled.acked().empty() && life.created()) return "made anew after an acknowledgement";
  feed(life, t);
  if (!life.settle()) return "does not settle";
  if (life.held().digest != t.truth.digest) return "another digest than the truth";
  if (life.held().points != t.truth.points) return "other points than the truth";
  life.close();
  Life again(disk, small);
  if (std::string wrong = restart(again); !wrong.empty()) return "second restart: " + wrong;
  return again.held().digest == t.truth.digest ? "" : "not the truth after a restart";
}

// The kinds of errors that a healthy file on a failing disk may show. Never `corrupt`, which would
// throw it away, and never `foreign`, which would end the gateway.
std::string fair(const Life& life) {
  for (const Error& e : life.errors()) {
    if (e.kind == Error::Kind::corrupt || e.kind == Error::Kind::foreign ||
        e.kind == Error::Kind::newer || e.kind == Error::Kind::busy) {
      return store::name(e.kind) + std::string(": ") + e.message;
    }
  }
  return life.lost() ? "given up" : "";
}

class Failures : public testing::TestWithParam<Call> {};

// `from_nothing`: the trouble begins with the making of the database.
std::string run_with(const Trial& t, const Disk::Failure& f, bool from_nothing, bool& failed) {
  Disk disk(from_nothing ? Image{} : t.begun);
  disk.fail(f);
  Life life(disk, small);
  const std::string refused = life.boot();
  if (refused.empty()) feed(life, t);
  if (std::string wrong = fair(life); !wrong.empty()) return wrong;
  failed = disk.failed();
  if (refused.empty() && f.times == 1) {
    // The gateway mends itself.
    disk.heal();
    if (!life.settle()) return "does not recover by itself";
    if (life.held().digest != t.truth.digest) return "another digest than the truth, by itself";
  }
  life.close();
  disk.heal();
  return recovers(disk, life, t);
}

TEST_P(Failures, OfTheNthCallAreNeverAFalseAcknowledgement) {
  SCOPED_TRACE(replay_hint());
  Trial t;
  t.all = history();
  t.truth = truth(t.all);
  t.begun = begun(t.all);
  std::size_t tried = 0, struck = 0, total = 0, wrong_count = 0;
  std::string first;
  for (const bool from_nothing : {true, false}) {
    Disk well(from_nothing ? Image{} : t.begun);
    Life quiet(well, small);
    ASSERT_EQ(quiet.boot(), "");
    feed(quiet, t);
    quiet.close();
    const std::uint64_t last = well.calls(GetParam()) + 3;  // beyond the end: no failure, no harm
    total += 2 * last;
    for (const std::size_t n : sample(last, 100)) {
      for (const std::uint64_t times : {std::uint64_t{1}, Disk::for_ever}) {
        bool failed = false;
        const bool half_done = (n + (times == 1)) % 2 == 0;
        const Disk::Failure f{GetParam(), n + 1, times, half_done};
        const std::string wrong = run_with(t, f, from_nothing, failed);
        ++tried;
        struck += failed;
        if (wrong.empty()) continue;
        ++wrong_count;
        const std::string at = std::string(name(GetParam())) + " no. " + std::to_string(n + 1) +
                               (times == 1 ? " once" : " for ever") +
                               (from_nothing ? ", from nothing: " : ": ");
        if (first.empty()) first = at + wrong;
        if (std::getenv("VERBOSE")) std::cout << at << wrong << '\n';
      }
    }
  }
  std::cout << "failed calls tried (" << name(GetParam()) << "): " << tried << " of " << total
            << ", struck: " << struck << ", wrong: " << wrong_count << '\n';
  EXPECT_GT(struck, 0u);
  EXPECT_EQ(wrong_count, 0u) << first;
}

INSTANTIATE_TEST_SUITE_P(EachCall, Failures,
                         testing::Values(Call::open, Call::read, Call::write, Call::sync,
                                         Call::truncate, Call::file),
                         [](const testing::TestParamInfo<Call>& call) {
                           std::string out = name(call.param);
                           std::erase(out, ' ');
                           return out;
                         });

std::string fill(const Trial& t, std::size_t n, bool from_nothing, bool power_cut) {
  Disk disk(from_nothing ? Image{} : t.begun);
  disk.fill_after(n, n % 2 == 0);
  Life life(disk, small);
  const std::string refused = life.boot();
  if (!refused.empty() && life.errors().back().kind != Error::Kind::full) return refused;
  if (refused.empty()) feed(life, t);
  if (std::string wrong = fair(life); !wrong.empty()) return wrong;
  for (const Error& e : life.errors()) {
    if (e.kind != Error::Kind::full) return "not called full: " + e.message;
  }
  if (power_cut) {
    life.close();
    Replay at(disk.record());
    at.advance_to(disk.now());
    Disk left(at.cut(Variant::dropped, 1));
    return recovers(left, life, t);
  }
  disk.heal();
  if (refused.empty()) {
    if (!life.settle()) return "does not recover by itself";
    if (life.held().digest != t.truth.digest) return "another digest than the truth";
  }
  life.close();
  return recovers(disk, life, t);
}

TEST(FullDisk, AtEveryPointAndFreedAgainIsExact) {
  SCOPED_TRACE(replay_hint());
  Trial t;
  t.all = history();
  t.truth = truth(t.all);
  t.begun = begun(t.all);
  std::size_t tried = 0, total = 0, wrong_count = 0;
  std::string first;
  for (const bool from_nothing : {true, false}) {
    Disk well(from_nothing ? Image{} : t.begun);
    Life quiet(well, small);
    ASSERT_EQ(quiet.boot(), "");
    feed(quiet, t);
    quiet.close();
    total += 2 * (well.growing_writes() + 2);
    for (const std::size_t n : sample(well.growing_writes() + 2, 60)) {
      for (const bool power_cut : {false, true}) {
        ++tried;
        const std::string wrong = fill(t, n + 1, from_nothing, power_cut);
        if (wrong.empty()) continue;
        ++wrong_count;
        const std::string at = "full at growing write " + std::to_string(n + 1) +
                               (from_nothing ? ", from nothing" : "") +
                               (power_cut ? ", then a power cut: " : ": ");
        if (first.empty()) first = at + wrong;
        if (std::getenv("VERBOSE")) std::cout << at << wrong << '\n';
      }
    }
  }
  std::cout << "full disks tried: " << tried << " of " << total << ", wrong: " << wrong_count
            << '\n';
  EXPECT_EQ(wrong_count, 0u) << first;
}

struct Cuts {
  std::size_t replays = 0, wrong = 0;
  std::string first;
};

// What a restart finds after a cut at `point` of a life: all that was acknowledged by then.
std::string after_cut(Image image, const std::vector<Acked>& acked, std::size_t point) {
  Disk disk(std::move(image));
  Life life(disk, {.checkpoint_pages = 8, .incarnation = 1'000});
  if (std::string wrong = restart(life); !wrong.empty()) return wrong;
  std::size_t known = 0;
  while (known < acked.size() && acked[known].step <= point) ++known;
  if (known == 0) return {};
  const Points has = life.held().points;
  for (const auto& [actor, op] : acked[known - 1].held.points) {
    const auto found = has.find(actor);
    if (found == has.end() || found->second < op) return "lost " + actor.first;
  }
  return {};
}

void cut_after(const Trial& t, const Disk::Failure& failure, Cuts& cuts) {
  Disk disk(t.begun);
  disk.fail(failure);
  Life life(disk, small);
  if (life.boot().empty()) feed(life, t);
  life.close();
  Replay at(disk.record());
  for (const std::size_t point : sample(disk.now() + 1, 20, 150)) {
    at.advance_to(point);
    for (const Variant v : variants) {
      ++cuts.replays;
      const std::string wrong = after_cut(at.cut(v, seed() + point), life.acked(), point);
      if (wrong.empty()) continue;
      ++cuts.wrong;
      const std::string where = std::string(name(failure.on)) + " no. " +
                                std::to_string(failure.after) + " failed, cut at step " +
                                std::to_string(point) + " (" + storage::name(v) + "): ";
      if (cuts.first.empty()) cuts.first = where + wrong;
      if (std::getenv("VERBOSE")) std::cout << where << wrong << '\n';
    }
  }
}

// Something fails, then the power at any later moment: what the kernel forgot with a failed sync
// must not have been relied on since.
TEST(FailedCall, ThenAPowerCutLosesNothing) {
  SCOPED_TRACE(replay_hint());
  Trial t;
  t.all = history();
  t.truth = truth(t.all);
  t.begun = begun(t.all);
  Disk well(t.begun);
  Life quiet(well, small);
  ASSERT_EQ(quiet.boot(), "");
  feed(quiet, t);
  quiet.close();
  for (const Call call : {Call::sync, Call::write, Call::truncate}) {
    Cuts cuts;
    for (const std::size_t n : sample(well.calls(call), call == Call::sync ? 12 : 4, 40)) {
      cut_after(t, {call, n + 1, 1 + n % 2}, cuts);
    }
    std::cout << "power cuts after a failed " << name(call) << ": " << cuts.replays
              << ", wrong: " << cuts.wrong << '\n';
    EXPECT_EQ(cuts.wrong, 0u) << cuts.first;
  }
}

}  // namespace
}  // namespace tributary::storage
