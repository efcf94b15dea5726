// SPDX-License-Identifier: Apache-2.0
#include "tests/exhaustive/suite.h"

#include <chrono>
#include <cstdio>

#include "tests/exhaustive/schedule.h"

namespace tributary::exhaustive {
namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::string command(const Setting& s) {
  const Bounds& b = s.bounds;
  std::string out = "exhaustive --programs " + s.programs[0] + ',' + s.programs[1];
  const auto option = [&](const char* name, std::uint64_t value) {
    out += std::string(" --") + name + ' ' + std::to_string(value);
  };
  option("crashes", b.crashes);
  option("reboots", b.reboots);
  option("fails", b.fails);
  option("lates", b.lates);
  option("deltas", b.deltas);
  option("waiting", b.waiting);
  if (s.fault != Fault::none)
    out += " --fault " + std::string(fault_names[static_cast<std::size_t>(s.fault)]);
  return out;
}

void print(const char* what, const Report& r, double seconds) {
  std::printf(
      "%-9s %9llu states %10llu transitions %10llu pruned  depth %2u %7llu local %8llu "
      "runs %6.1f s%s\n",
      what, static_cast<unsigned long long>(r.states),
      static_cast<unsigned long long>(r.transitions), static_cast<unsigned long long>(r.pruned),
      r.depth, static_cast<unsigned long long>(r.local_states),
      static_cast<unsigned long long>(r.runs), seconds, r.whole ? "" : "  CUT SHORT");
}

bool covered(const Report& total) {
  bool all = true;
  for (std::size_t i = 0; i < reached_count; ++i) {
    std::printf("  %-42s %12llu\n", std::string(reached_names[i]).c_str(),
                static_cast<unsigned long long>(total.reached[i]));
    all = all && total.reached[i] > 0;
  }
  return all;
}

std::string explain(Model& model, const Report& r) {
  const std::vector<Action> schedule = shortened(model, r.schedule);
  const std::string words = write(model, schedule);
  Model again(model.setting());
  const Replay replayed = replay(again, words);
  std::string out = "WRONG: " + r.wrong + "\nshortest schedule found, of " +
                    std::to_string(schedule.size()) + " steps: " + words + '\n';
  if (!replayed.healing.empty()) out += "then, all works again: " + replayed.healing + '\n';
  out += "which ends: " + (replayed.wrong.empty() ? "well, when started afresh" : replayed.wrong) +
         '\n';
  return out + "replay: " + command(model.setting()) + " --replay \"" + words + "\"\n";
}

}  // namespace

bool run_suite(const std::vector<Setting>& settings, bool cover) {
  const auto begin = std::chrono::steady_clock::now();
  Report total;
  for (const Setting& s : settings) {
    const auto start = std::chrono::steady_clock::now();
    Model model(s);
    const Report r = model.explore();
    total.add(r);
    print((s.programs[0] + ',' + s.programs[1]).c_str(), r, seconds_since(start));
    if (r.wrong.empty()) continue;
    std::fputs(explain(model, r).c_str(), stdout);
    return false;
  }
  print("total", total, seconds_since(begin));
  std::printf("%zu pairs of programs; %llu ways to one local state compared, %llu states healed\n",
              settings.size(), static_cast<unsigned long long>(total.probes),
              static_cast<unsigned long long>(total.healed));
  const bool all = covered(total);
  if (!cover) return true;
  if (!all) std::puts("WRONG: something was never reached, so it was not tried");
  return all && total.whole;
}

bool find_faults() {
  bool all = true;
  for (std::size_t f = 1; f < fault_names.size(); ++f) {
    const auto start = std::chrono::steady_clock::now();
    const Setting s{{"iai", "iri"}, {}, static_cast<Fault>(f)};
    Model model(s);
    const Report r = model.explore();
    const bool found = !r.wrong.empty();
    const std::string words = found ? write(model, shortened(model, r.schedule)) : "";
    Model again(s);
    const Replay replayed = replay(again, words);
    std::printf("%-18s %s in %llu states, %.2f s: %s\n    %s%s%s\n",
                std::string(fault_names[f]).c_str(), found ? "found" : "NOT FOUND",
                static_cast<unsigned long long>(r.states), seconds_since(start),
                replayed.wrong.c_str(), words.c_str(),
                replayed.healing.empty() ? "" : " | all works again: ", replayed.healing.c_str());
    if (found && replayed.wrong.empty()) std::puts("    but its schedule does not replay");
    all = all && found && !replayed.wrong.empty();
  }
  return all;
}

namespace {

Setting setting(std::string first, std::string second, const Bounds& bounds) {
  return {{std::move(first), std::move(second)}, bounds, Fault::none};
}

// Three operations each, in any order and cut into one delta: crashes and reboots anywhere.
constexpr Bounds crashing{.crashes = 1, .reboots = 1, .deltas = 1, .waiting = 1};
// More deltas, so more gaps, and nothing that fails.
constexpr Bounds talkative{.crashes = 0, .reboots = 0, .deltas = 2, .waiting = 0};

}  // namespace

std::vector<Setting> ordinary_suite() {
  return {
      setting("iar", "ari", crashing),
      setting("ia", "ai", {.crashes = 0, .reboots = 0, .waiting = 0}),
      setting("ia", "i", {.crashes = 1, .reboots = 1, .deltas = 2, .waiting = 0}),
      setting("ia", "i", {.crashes = 0, .reboots = 0, .fails = 1, .lates = 1, .deltas = 1}),
      setting("ai", "f", {.crashes = 0, .reboots = 0, .lates = 1, .deltas = 2, .waiting = 0}),
      setting("ll", "l", {.crashes = 1, .reboots = 1, .deltas = 1, .waiting = 0}),
      setting("sud", "usw", {.crashes = 1, .reboots = 0, .deltas = 1, .waiting = 0}),
  };
}

std::vector<Setting> whole_suite() {
  std::vector<Setting> out = ordinary_suite();
  const std::vector<std::string> orders = {"air", "ari", "iar", "ira", "rai", "ria"};
  for (std::size_t i = 0; i < orders.size(); ++i) {
    for (std::size_t j = i; j < orders.size(); ++j)
      out.push_back(setting(orders[i], orders[j], crashing));
  }
  for (const std::string& other : orders) out.push_back(setting("air", other, talkative));
  out.push_back(setting("ia", "i", {.crashes = 1, .reboots = 1, .deltas = 2, .waiting = 1}));
  out.push_back(
      setting("ai", "f", {.crashes = 1, .reboots = 0, .lates = 1, .deltas = 2, .waiting = 0}));
  return out;
}

}  // namespace tributary::exhaustive
