// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/runner.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <numeric>

#include "tests/simulation/world.h"

namespace tributary::simulation {
namespace {

constexpr rlim_t cpu_s_max = 120;  // of one seed: it hangs

std::uint64_t cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& t) {
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(t.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

void put(Finished& f, const std::string& wrong) {
  std::snprintf(f.wrong, sizeof f.wrong, "%s", wrong.c_str());
}

Finished run_here(const Plan& plan, const How& how) {
#ifdef TRIBUTARY_PLANTED
  planted_bug = how.bug;
#endif
  World world(plan, how.print);
  const Outcome o = world.run();
  Finished f;
  put(f, o.wrong);
  f.trace = o.trace;
  f.simulated_ms = o.simulated_ms;
  f.converged_ms = o.converged_ms;
  f.exchanges = o.exchanges;
  f.operations = o.operations;
  f.misfortunes = o.misfortunes;
  f.events = o.events;
  f.cpu_us = cpu_us();
  f.reached = o.reached;
  return f;
}

struct Child {
  pid_t pid = -1;
  int out = -1, err = -1;
};

Child start(const Plan& plan, const How& how) {
  int out[2], err[2];
  if (pipe(out) != 0 || pipe(err) != 0) {
    std::perror("sim: pipe");
    std::exit(2);
  }
  std::fflush(stdout);
  const pid_t pid = fork();
  if (pid < 0) {
    std::perror("sim: fork");
    std::exit(2);
  }
  if (pid == 0) {
    dup2(err[1], 2);
    rlimit limit{cpu_s_max, cpu_s_max};
    setrlimit(RLIMIT_CPU, &limit);
    rlimit core{0, 0};
    setrlimit(RLIMIT_CORE, &core);
    Finished f = run_here(plan, how);
    std::fflush(stdout);
    const ssize_t written = write(out[1], &f, sizeof f);
    _exit(written == static_cast<ssize_t>(sizeof f) ? 0 : 3);
  }
  close(out[1]);
  close(err[1]);
  return {pid, out[0], err[0]};
}

Finished finish(const Child& child) {
  Finished f;
  std::size_t got = 0;
  auto* bytes = reinterpret_cast<char*>(&f);
  for (ssize_t n = 1; got < sizeof f && n > 0;
       got += static_cast<std::size_t>(std::max<ssize_t>(n, 0))) {
    n = read(child.out, bytes + got, sizeof f - got);
  }
  std::string said;
  char buffer[512];
  for (ssize_t n = 0; (n = read(child.err, buffer, sizeof buffer)) > 0;) {
    if (said.size() < 400) said.append(buffer, static_cast<std::size_t>(n));
  }
  int status = 0;
  waitpid(child.pid, &status, 0);
  close(child.out);
  close(child.err);
  if (got == sizeof f && WIFEXITED(status) && WEXITSTATUS(status) == 0) return f;
  f = Finished{};
  std::replace(said.begin(), said.end(), '\n', ' ');
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
    put(f, "takes more than 120 s of CPU");
  } else {
    put(f, (WIFSIGNALED(status) ? "ended by signal " + std::to_string(WTERMSIG(status))
                                : "ended with status " + std::to_string(WEXITSTATUS(status))) +
               ": " + said);
  }
  return f;
}

}  // namespace

Finished run_apart(const Plan& plan, const How& how) {
  return finish(start(plan, how));
}

void for_each_seed(const Seeds& seeds,
                   const std::function<bool(std::uint64_t, const Finished&)>& take) {
  // One process at a time in each slot; results are taken in the order of the seeds, so that the
  // same seeds print the same whatever the number of jobs.
  std::map<std::uint64_t, Child> running;
  std::uint64_t next = seeds.first;
  const std::uint64_t end = seeds.first + seeds.count;
  bool going = true;
  for (std::uint64_t seed = seeds.first; seed < end && going; ++seed) {
    for (; next < end && running.size() < std::max(1U, seeds.jobs); ++next) {
      running[next] = start(seeds.plan(next), seeds.how);
    }
    const Child child = running[seed];
    running.erase(seed);
    going = take(seed, finish(child));
  }
  for (const auto& [seed, child] : running) {
    kill(child.pid, SIGKILL);
    finish(child);
  }
}

std::vector<std::size_t> minimise(const Plan& plan, const How& how) {
  std::vector<std::size_t> kept(plan.misfortunes.size());
  std::iota(kept.begin(), kept.end(), std::size_t{0});
  const auto fails = [&](const std::vector<std::size_t>& places) {
    Plan smaller = plan;
    smaller.keep(places);
    return !run_apart(smaller, how).ok();
  };
  if (fails({})) return {};
  for (std::size_t chunk = std::max<std::size_t>(kept.size() / 2, 1);;
       chunk = std::max<std::size_t>(chunk / 2, 1)) {
    bool smaller = false;
    for (std::size_t at = 0; at < kept.size();) {
      std::vector<std::size_t> without(kept.begin(),
                                       kept.begin() + static_cast<std::ptrdiff_t>(at));
      without.insert(without.end(),
                     kept.begin() + static_cast<std::ptrdiff_t>(std::min(at + chunk, kept.size())),
                     kept.end());
      if (fails(without)) {
        kept = std::move(without);
        smaller = true;
      } else {
        at += chunk;
      }
    }
    if (chunk == 1 && !smaller) return kept;
  }
}

}  // namespace tributary::simulation
