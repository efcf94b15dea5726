// SPDX-License-Identifier: Apache-2.0
// ./run sim: seeds in, verdicts out.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/simulation/commit.h"
#include "tests/simulation/planted.h"
#include "tests/simulation/runner.h"

namespace tributary::simulation {
namespace {

struct Arguments {
  std::uint64_t seed = 0, first = 0, seeds = 0;
  std::vector<std::string> keep;  // numbers, or "none"
  std::string bug, commit;
  bool trace = false, planted = false, speed = false, sometimes = false, twice = false;
  PlantedRun table{};
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
};

double hours_of(std::uint64_t ms) {
  return static_cast<double>(ms) / 3'600'000;
}

void print_reached(const Reached& reached) {
  for (std::size_t i = 0; i < Reached::count_; ++i) {
    const auto s = static_cast<Reached::State>(i);
    std::printf("  %-48s %12" PRIu64 "\n", Reached::name(s), reached.count(s));
  }
}

// What failed, as small as it gets, and how to see it again.
void print_failure(const Plan& plan, const Finished& f, const Arguments& a, const How& how) {
  std::printf("\nseed %" PRIu64 " FAILS: %s\n  %s\n  commit %s\n", plan.seed, f.wrong,
              describe(plan).c_str(), a.commit.c_str());
  std::fflush(stdout);
  const std::vector<std::size_t> kept = minimise(plan, how);
  std::string keep = "none";
  for (std::size_t i = 0; i < kept.size(); ++i) {
    keep = (i == 0 ? "" : keep + ",") + std::to_string(kept[i]);
  }
  std::printf("  of %zu misfortunes it needs %zu:\n", plan.misfortunes.size(), kept.size());
  for (const std::size_t at : kept) {
    std::printf("  %4zu %s\n", at, describe(plan.misfortunes[at]).c_str());
  }
  std::printf("  again: ./run sim --seed %" PRIu64 "%s --keep %s%s --trace\n", plan.seed,
              a.speed ? " --speed" : "", keep.c_str(),
              a.bug.empty() ? "" : (" --bug " + a.bug).c_str());
}

std::vector<std::size_t> places(const std::vector<std::string>& keep) {
  std::vector<std::size_t> out;
  for (const std::string& word : keep) {
    if (word != "none") out.push_back(std::stoul(word));
  }
  return out;
}

int run_one(const Arguments& a, const How& how) {
  Plan plan = a.speed ? speed_plan(a.seed) : make_plan(a.seed);
  if (!a.keep.empty()) plan.keep(places(a.keep));
  std::printf("seed %" PRIu64 ": %s\n", a.seed, describe(plan).c_str());
  for (const Misfortune& m : plan.misfortunes) std::printf("  %s\n", describe(m).c_str());
  const Finished f = run_apart(plan, how);
  std::printf("trace %016" PRIx64 "  %.2f h simulated in %.2f s of CPU, %" PRIu64
              " operations, converged %.1f s after the heal, in %" PRIu64 " heads and %" PRIu64
              " reads of a gateway at most (allowed: %" PRIu64 " and %" PRIu64 ")\n",
              f.trace, hours_of(f.simulated_ms), static_cast<double>(f.cpu_us) / 1e6, f.operations,
              static_cast<double>(f.converged_ms) / 1e3, f.exchanges.heads, f.exchanges.reads,
              exchanges_max.heads, exchanges_max.reads);
  if (a.sometimes) print_reached(f.reached);
  if (f.ok()) {
    std::puts("every promise held");
    return 0;
  }
  if (a.keep.empty()) {
    print_failure(plan, f, a, how);
  } else {
    std::printf("FAILS: %s\n", f.wrong);
  }
  return 1;
}

struct Told {
  std::string trace;
  bool ok = false;
};

// This program once more, as a process of its own: with other addresses than this one has.
Told run_started_anew(const std::string& arguments) {
  Told told;
  char self[4'096] = {};
  if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0) return told;
  std::FILE* pipe = popen(("'" + std::string(self) + "' " + arguments).c_str(), "r");
  if (pipe == nullptr) return told;
  for (char line[1'024]; std::fgets(line, sizeof line, pipe) != nullptr;) {
    if (std::strncmp(line, "trace ", 6) == 0) told.trace = std::string(line + 6, 16);
  }
  told.ok = pclose(pipe) == 0;
  return told;
}

int run_twice(const Arguments& a) {
  for (std::uint64_t seed = a.first; seed < a.first + a.seeds; ++seed) {
    const std::string arguments = "--seed " + std::to_string(seed) + (a.speed ? " --speed" : "") +
                                  (a.bug.empty() ? "" : " --bug " + a.bug);
    const Told one = run_started_anew(arguments), two = run_started_anew(arguments);
    std::printf("seed %" PRIu64 "  %s  %s\n", seed, one.trace.c_str(), two.trace.c_str());
    if (one.trace.empty() || one.trace != two.trace) {
      std::puts("the same seed ran in two ways: ./run sim --seed N --trace twice, and compare");
      return 1;
    }
    if (!one.ok || !two.ok) {
      std::printf("and it FAILS: ./run sim %s\n", arguments.c_str());
      return 1;
    }
  }
  return 0;
}

int run_batch(const Arguments& a, const How& how) {
  Seeds seeds{a.first, a.seeds, a.jobs, how, make_plan};
  if (a.speed) seeds.plan = speed_plan;
  Reached reached;
  std::uint64_t done = 0, failed = 0, simulated = 0, cpu = 0, operations = 0, misfortunes = 0;
  std::vector<std::uint64_t> converged;
  Exchanges most;
  for_each_seed(seeds, [&](std::uint64_t seed, const Finished& f) {
    ++done;
    reached += f.reached;
    simulated += f.simulated_ms;
    cpu += f.cpu_us;
    operations += f.operations;
    misfortunes += f.misfortunes;
    converged.push_back(f.converged_ms);
    most.heads = std::max(most.heads, f.exchanges.heads);
    most.reads = std::max(most.reads, f.exchanges.reads);
    if (!f.ok() && ++failed <= 3) print_failure(seeds.plan(seed), f, a, how);
    if (done % 1'000 == 0) {
      std::printf("%" PRIu64 " seeds, %.0f h, %" PRIu64 " failed\n", done, hours_of(simulated),
                  failed);
      std::fflush(stdout);
    }
    return failed < 20;
  });
  std::sort(converged.begin(), converged.end());
  std::printf("\ncommit %s\nseeds %" PRIu64 " to %" PRIu64 ": %" PRIu64 " failed\n",
              a.commit.c_str(), a.first, a.first + done - 1, failed);
  std::printf("simulated %.1f h in %.1f min of CPU: %.0f h a CPU-minute\n", hours_of(simulated),
              static_cast<double>(cpu) / 60e6,
              hours_of(simulated) / (static_cast<double>(cpu) / 60e6));
  std::printf("operations %" PRIu64 ", misfortunes %" PRIu64
              ", converged after the heal: median %.1f s, slowest %.1f s\n",
              operations, misfortunes, static_cast<double>(converged[converged.size() / 2]) / 1e3,
              static_cast<double>(converged.back()) / 1e3);
  std::printf("until then a gateway announced %" PRIu64 " heads and made %" PRIu64
              " reads at most; allowed are %" PRIu64 " and %" PRIu64 "\n",
              most.heads, most.reads, exchanges_max.heads, exchanges_max.reads);
  if (a.sometimes) {
    std::puts("reached, times:");
    print_reached(reached);
    for (const Reached::State s : reached.missing()) {
      std::printf("never reached: %s: these seeds prove nothing about it\n", Reached::name(s));
      ++failed;
    }
  }
  return failed == 0 ? 0 : 1;
}

int run(int argc, char** argv) {
  Arguments a;
  CLI::App app(
      "The deterministic simulator: shipping gateways, devices, store and formats in virtual time, "
      "against everything that can go wrong.",
      "./run sim");
  app.add_option("--seed", a.seed, "one seed, told in full; a failure is made small");
  app.add_option("--keep", a.keep, "with --seed: only these of its misfortunes, by their number")
      ->delimiter(',')
      ->check([](const std::string& word) {
        const bool number = !word.empty() && word.size() < 10 &&
                            word.find_first_not_of("0123456789") == std::string::npos;
        return number || word == "none" ? "" : "numbers with commas between them, or none: " + word;
      });
  app.add_flag("--trace", a.trace, "with --seed: everything that happens");
  app.add_option("--seeds", a.seeds, "so many seeds (500)");
  app.add_option("--first", a.first,
                 "from this one (drawn by chance, and printed; 1 with --planted)");
  app.add_flag("--sometimes", a.sometimes,
               "fail when an interesting state was never reached by any of the seeds");
  app.add_flag("--twice", a.twice,
               "run each seed in two processes of this program and compare the traces");
  app.add_flag("--speed", a.speed, "the fleet of the speed figure: 5 gateways, 50 devices");
  app.add_flag("--planted", a.planted, "the table of planted bugs: how many seeds find each");
  app.add_option("--bug", a.bug, "with this planted bug");
  app.add_option("--planted-seeds", a.table.seeds_max,
                 "give up on a bug after so many seeds (1200)");
  app.add_option("--shares", a.table.shares, "of the planted bugs only one of so many shares")
      ->check(CLI::PositiveNumber);
  app.add_option("--turn", a.table.turn, "which one (the number of this commit)");
  app.add_option("--jobs", a.jobs, "processes at once");
  app.add_option("--commit", a.commit, "what to call this tree in reports (as git does)");
  CLI11_PARSE(app, argc, argv);
  if (a.commit.empty()) a.commit = commit_name();
  How how;
  how.print = a.trace;
  if (!a.bug.empty()) {
    const auto bug = bug_named(a.bug);
    if (!bug) {
      std::fprintf(stderr, "sim: no such planted bug, or a build without: %s\n", a.bug.c_str());
      return 2;
    }
    how.bug = *bug;
  }
  if (a.planted) {
    if (app.count("--first") != 0) a.table.first = a.first;
    if (app.count("--turn") == 0) a.table.turn = commit_number();
    a.table.jobs = a.jobs;
    return planted_table(a.table);
  }
  if (app.count("--first") == 0) a.first = std::random_device{}() % 1'000'000'000 + 1;
  if (a.seeds == 0) a.seeds = a.speed ? 4 : 500;
  if (app.count("--seed") != 0) return run_one(a, how);
  if (a.twice) return run_twice(a);
  return run_batch(a, how);
}

}  // namespace
}  // namespace tributary::simulation

int main(int argc, char** argv) {
  return tributary::simulation::run(argc, argv);
}
