// SPDX-License-Identifier: Apache-2.0
// exhaustive                       a bounded share of all there is: what a test run takes
// exhaustive --whole               every pair of programs of three operations, with more bounds
// exhaustive --programs ia,ir --crashes 1 --reboots 1 --fails 1 --lates 1 --waiting 1
// exhaustive … --replay "d1.op d1.send g1<d1.1"       one schedule, with what follows each step
// exhaustive … --fault commit-is-a-lie                something around the shipping code goes wrong
// exhaustive --faults                                 every fault must be found
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/exhaustive/schedule.h"
#include "tests/exhaustive/suite.h"

namespace {

using namespace tributary::exhaustive;

struct Arguments {
  bool whole = false, faults = false, single = false;
  Setting setting;
  std::string schedule;
  bool replay = false;
};

[[noreturn]] void usage() {
  std::puts(
      "usage: exhaustive [--whole | --faults | --programs P,Q [--crashes n] [--reboots n]\n"
      "         [--fails n] [--lates n] [--deltas n] [--waiting n] [--states n] [--fault name]\n"
      "         [--replay \"schedule\"]]\n"
      "programs are words of the letters i u d a r f s w l: see operations.h");
  std::exit(2);
}

bool good_program(const std::string& p) {
  return !p.empty() && p.size() <= 5 && p.find_first_not_of(letters) == std::string::npos;
}

void set(Setting& s, const std::string& name, const std::string& value) {
  const auto number = static_cast<std::uint64_t>(std::strtoull(value.c_str(), nullptr, 10));
  const auto small = static_cast<std::uint8_t>(number);
  if (name == "--crashes") {
    s.bounds.crashes = small;
  } else if (name == "--reboots") {
    s.bounds.reboots = small;
  } else if (name == "--fails") {
    s.bounds.fails = small;
  } else if (name == "--lates") {
    s.bounds.lates = small;
  } else if (name == "--deltas") {
    s.bounds.deltas = small;
  } else if (name == "--waiting") {
    s.bounds.waiting = small;
  } else if (name == "--states") {
    s.bounds.states = number;
  } else if (name == "--fault") {
    std::size_t f = 0;
    while (f < fault_names.size() && fault_names[f] != value) ++f;
    if (f == fault_names.size()) usage();
    s.fault = static_cast<Fault>(f);
  } else {
    usage();
  }
}

Arguments parse(int argc, char** argv) {
  Arguments a;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--whole" || name == "--faults") {
      (name == "--whole" ? a.whole : a.faults) = true;
      continue;
    }
    if (i + 1 == argc) usage();
    const std::string value = argv[++i];
    if (name == "--programs") {
      const std::size_t comma = value.find(',');
      if (comma == std::string::npos) usage();
      a.setting.programs = {value.substr(0, comma), value.substr(comma + 1)};
      a.single = good_program(a.setting.programs[0]) && good_program(a.setting.programs[1]);
      if (!a.single) usage();
    } else if (name == "--replay") {
      a.schedule = value;
      a.replay = true;
    } else {
      set(a.setting, name, value);
    }
  }
  if (a.replay && !a.single) usage();
  return a;
}

int run_replay(const Arguments& a) {
  Model model(a.setting);
  const Replay r = replay(model, a.schedule);
  std::printf("%s%s\n", r.trace.c_str(), r.wrong.empty() ? "nothing is wrong" : r.wrong.c_str());
  return r.wrong.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const Arguments a = parse(argc, argv);
  if (a.replay) return run_replay(a);
  if (a.faults) return find_faults() ? 0 : 1;
  if (a.single) return run_suite({a.setting}, false) ? 0 : 1;
  return run_suite(a.whole ? whole_suite() : ordinary_suite(), true) ? 0 : 1;
}
