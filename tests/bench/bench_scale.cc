// SPDX-License-Identifier: Apache-2.0
// The gateway's core and store at the sizes that users asked about: time, memory and start-up,
// printed as a table.
//
//   bench_scale [--quick] [--json] [--only TEXT] [DIR]
//     --quick      a tenth of everything: that it runs
//     --json       one line of JSON instead of the table
//     --only TEXT  the states whose names hold TEXT
//     DIR          where the databases go (a temporary directory when left out)
//
// Each row: a fleet's state is made by the shipping SDK or codec, taken by the shipping core,
// committed to SQLite at synchronous=FULL, and loaded again. `memory` is what is allocated for core
// and state once all has settled (glibc's mallinfo2: without what the allocator keeps for later).
// The last lines divide it by differences of two states, so that what a gateway takes anyway is in
// none: what a device, a part, an element of 16 bytes and a live envelope cost; and what they cost
// at rest, when they are on the disk alone.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/scale_states.h"

namespace tributary::bench {
namespace {

void print_row(const Measured& m) {
  std::printf(
      "%-26s %9zu ops %7.2f s feed %9zu parts %8zu live %7.1f MB live %8.1f MB memory %6.2f s "
      "start %6.1f MB file\n",
      m.name.c_str(), m.operations, m.feed_s, m.parts, m.live_envelopes,
      static_cast<double>(m.live_bytes) / 1e6, static_cast<double>(m.memory) / 1e6, m.start_s,
      static_cast<double>(m.file) / 1e6);
  std::fflush(stdout);
}

struct Cost {
  std::string of;
  double bytes;
};

// Of what was measured; a cost whose states were left out is left out.
std::vector<Cost> costs(const std::vector<Measured>& all, const Sizes& n) {
  std::vector<Cost> out;
  const auto state = [&](const std::string& name) {
    return std::find_if(all.begin(), all.end(), [&](const Measured& m) { return m.name == name; });
  };
  // What `more` has beyond `less`, divided by how many of it there are.
  const auto difference = [&](const std::string& more, const std::string& less,
                              std::size_t Measured::*what,
                              std::size_t count) -> std::optional<double> {
    const auto a = state(more), b = state(less);
    if (a == all.end() || b == all.end()) return std::nullopt;
    return (static_cast<double>((*a).*what) - static_cast<double>((*b).*what)) /
           static_cast<double>(count);
  };
  const auto say = [&](const std::string& of, std::optional<double> bytes) {
    if (bytes) out.push_back({of, *bytes});
  };
  for (const char* name : {"gcounter", "pncounter", "lww"})
    say(std::string(name) + " part", difference(name_of(name, n.few, keys), name_of(name, n.few, 1),
                                                &Measured::memory, n.few * (keys - 1)));
  const auto device = difference(name_of("gcounter", n.many, 1), name_of("gcounter", n.few, 1),
                                 &Measured::memory, n.many - n.few);
  if (device && !out.empty() && out.front().of == "gcounter part")
    say("device with its first envelope", *device - out.front().bytes);
  say("device at rest", difference(name_of("at-rest", n.many, 1), name_of("at-rest", n.few, 1),
                                   &Measured::memory, n.many - n.few));
  say("counter part at rest",
      difference(name_of("at-rest", n.few, keys), name_of("at-rest", n.few, 1), &Measured::memory,
                 n.few * (keys - 1)));
  const std::string many = name_of("one-by-one", n.few, packets),
                    one = name_of("at-once", n.few, packets);
  say("live envelope beside its parts",
      difference(many, one, &Measured::memory, n.few * (packets - 1)));
  say("live envelope, its bytes alone",
      difference(many, one, &Measured::live_bytes, n.few * (packets - 1)));
  for (const std::size_t size : {n.elements, n.more_elements}) {
    for (const char* name : {"gset", "orset"}) {
      if (const auto at = state(name_of(name, size)); at != all.end())
        say(std::string(name) + " element, of " + std::to_string(size),
            static_cast<double>(at->memory) / static_cast<double>(size));
    }
  }
  return out;
}

void print_json(const std::vector<Measured>& all, const std::vector<Cost>& bytes) {
  const char* comma = "";
  std::printf("{\"states\":[");
  for (const Measured& m : all) {
    std::printf(
        "%s{\"name\":\"%s\",\"operations\":%zu,\"parts\":%zu,\"live_envelopes\":%zu,"
        "\"live_bytes\":%zu,\"memory_bytes\":%zu,\"file_bytes\":%zu,\"feed_s\":%.3f,"
        "\"start_s\":%.3f}",
        comma, m.name.c_str(), m.operations, m.parts, m.live_envelopes, m.live_bytes, m.memory,
        m.file, m.feed_s, m.start_s);
    comma = ",";
  }
  comma = "";
  std::printf("],\"costs\":[");
  for (const Cost& c : bytes) {
    std::printf("%s{\"of\":\"%s\",\"bytes\":%.1f}", comma, c.of.c_str(), c.bytes);
    comma = ",";
  }
  std::puts("]}");
}

struct Arguments {
  bool quick = false, json = false;
  std::string only, directory;
};

// Nothing, with a word to stderr, when they are not meant for this program.
std::optional<Arguments> parse(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view a = argv[i];
    if (a == "--quick") {
      out.quick = true;
    } else if (a == "--json") {
      out.json = true;
    } else if (a == "--only" && i + 1 < argc) {
      out.only = argv[++i];
    } else if (a.starts_with('-') || !out.directory.empty()) {
      std::fprintf(stderr, "bench_scale: what is %s?\n", argv[i]);
      return std::nullopt;
    } else if (!std::filesystem::is_directory(a)) {
      std::fprintf(stderr, "bench_scale: %s is no directory\n", argv[i]);
      return std::nullopt;
    } else {
      out.directory = a;
    }
  }
  return out;
}

int run_all(const Arguments& arguments, const std::filesystem::path& dir) {
  const Sizes& sizes = arguments.quick ? quick : usual;
  std::vector<Measured> all;
  for (const State& s : states(sizes)) {
    if (s.name.find(arguments.only) == std::string::npos) continue;
    all.push_back(measure(s, dir));
    if (!arguments.json) print_row(all.back());
  }
  if (all.empty()) {
    std::fprintf(stderr, "bench_scale: no state is called like %s\n", arguments.only.c_str());
    return 2;
  }
  const std::vector<Cost> bytes = costs(all, sizes);
  if (arguments.json) {
    print_json(all, bytes);
  } else {
    for (const Cost& c : bytes) std::printf("%8.1f B  %s\n", c.bytes, c.of.c_str());
  }
  return 0;
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  using namespace tributary::bench;
  const std::optional<Arguments> arguments = parse(argc, argv);
  if (!arguments) {
    std::fprintf(stderr, "bench_scale [--quick] [--json] [--only TEXT] [DIR]\n");
    return 2;
  }
  if (!arguments->directory.empty()) return run_all(*arguments, arguments->directory);
  std::string made = (std::filesystem::temp_directory_path() / "tributary-bench-XXXXXX").string();
  if (mkdtemp(made.data()) == nullptr) {
    std::perror("bench_scale");
    return 5;
  }
  const int status = run_all(*arguments, made);
  std::filesystem::remove_all(made);
  return status;
}
