// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/planted.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <vector>

#include "tests/simulation/runner.h"

namespace tributary::simulation {
namespace {

struct Planted {
  Bug bug;
  const char* name;
};

constexpr Planted all[] = {
    {Bug::ack_before_commit, "ack-before-commit"},
    {Bug::ack_duplicate_early, "ack-duplicate-early"},
    {Bug::part_one_for_the_whole, "part-one-for-the-whole"},
    {Bug::hole_as_contiguous, "hole-as-contiguous"},
    {Bug::keep_intake_after_rot, "keep-intake-after-rot"},
    {Bug::skip_duplicate_check, "skip-duplicate-check"},
    {Bug::overwrite_instead_of_join, "overwrite-instead-of-join"},
    {Bug::drop_held_register, "drop-held-register"},
    {Bug::show_future_register, "show-future-register"},
    {Bug::collect_live_envelope, "collect-live-envelope"},
    {Bug::collect_foreign_removal, "collect-foreign-removal"},
    {Bug::forget_foreign_early, "forget-foreign-early"},
    {Bug::count_what_comes_back, "count-what-comes-back"},
    {Bug::pass_over_blindly, "pass-over-blindly"},
    {Bug::wake_alone, "wake-alone"},
    {Bug::no_reannounce, "no-reannounce"},
    {Bug::trust_truncated_replay, "trust-truncated-replay"},
    {Bug::head_of_uncommitted, "head-of-uncommitted"},
    {Bug::relay_loop, "relay-loop"},
    {Bug::ignore_gaps_and_heads, "ignore-gaps-and-heads"},
    {Bug::believe_signatures, "believe-signatures"},
    {Bug::forget_waiting, "forget-waiting"},
    {Bug::keep_settled, "keep-settled"},
    {Bug::allow_withdrawn, "allow-withdrawn"},
    {Bug::forget_silent, "forget-silent"},
    {Bug::convict_by_bytes, "convict-by-bytes"},
    {Bug::convict_at_hi, "convict-at-hi"},
    {Bug::keep_first_evidence, "keep-first-evidence"},
    {Bug::commit_without_sync, "commit-without-sync"},
    {Bug::retry_after_failed_sync, "retry-after-failed-sync"},
    {Bug::carry_over, "carry-over"},
    {Bug::reuse_epoch, "reuse-epoch"},
    {Bug::send_before_save, "send-before-save"},
    {Bug::ack_without_hash, "ack-without-hash"},
    {Bug::twin_by_bytes, "twin-by-bytes"},
    {Bug::believe_points, "believe-points"},
    {Bug::split_with_one_interval, "split-with-one-interval"},
};
static_assert(std::size(all) + 1 == static_cast<std::size_t>(Bug::count_), "one row for each bug");

}  // namespace

#ifdef TRIBUTARY_PLANTED

std::optional<Bug> bug_named(const std::string& name) {
  for (const Planted& p : all) {
    if (name == p.name) return p.bug;
  }
  return std::nullopt;
}

int planted_table(const PlantedRun& run) {
  std::vector<std::uint64_t> counts;
  std::size_t missed = 0;
  if (run.shares > 1) {
    std::printf("share %" PRIu64 " of %" PRIu64 "; again: ./run sim --planted --shares %" PRIu64
                " --turn %" PRIu64 "\n",
                run.turn % run.shares + 1, run.shares, run.shares, run.turn);
  }
  std::printf("%-28s %8s  %s\n", "planted bug", "seeds", "found by seed, because");
  for (const Planted& p : all) {
    if (static_cast<std::uint64_t>(&p - all) % run.shares != run.turn % run.shares) continue;
    std::uint64_t tried = 0;
    std::string why;
    for_each_seed({run.first, run.seeds_max, run.jobs, {p.bug, false}, make_plan},
                  [&](std::uint64_t seed, const Finished& f) {
                    ++tried;
                    if (!f.ok()) why = std::to_string(seed) + "  " + f.wrong;
                    return f.ok();
                  });
    if (why.empty()) {
      ++missed;
      std::printf("%-28s %8s  NOT FOUND in %" PRIu64 " seeds\n", p.name, "-", tried);
    } else {
      counts.push_back(tried);
      std::printf("%-28s %8" PRIu64 "  %.150s\n", p.name, tried, why.c_str());
    }
    std::fflush(stdout);
  }
  std::sort(counts.begin(), counts.end());
  std::printf("%zu of %zu found, median %" PRIu64 " seeds, from seed %" PRIu64 "\n", counts.size(),
              counts.size() + missed, counts.empty() ? 0 : counts[counts.size() / 2], run.first);
  return missed == 0 ? 0 : 1;
}

#else

std::optional<Bug> bug_named(const std::string&) {
  return std::nullopt;
}

int planted_table(const PlantedRun&) {
  std::puts("sim: this build has no planted bugs: sim_planted has");
  return 77;
}

#endif

}  // namespace tributary::simulation
