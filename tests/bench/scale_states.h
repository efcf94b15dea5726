// SPDX-License-Identifier: Apache-2.0
// The states of bench_scale: made by the shipping SDK, taken by the shipping core, committed to
// SQLite at synchronous=FULL, and loaded again. One thread, but for the loading.
//
//   for (const State& s : states(usual)) Measured m = measure(s, directory);
#pragma once
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace tributary::bench {

// How much of everything.
struct Sizes {
  std::size_t few, many;                // devices
  std::size_t elements, more_elements;  // of sets
  std::size_t cameras;                  // registers of 64 KB
};
inline constexpr Sizes usual{10'000, 100'000, 100'000, 1'000'000, 200};
inline constexpr Sizes quick{1'000, 10'000, 10'000, 100'000, 20};
inline constexpr std::size_t keys = 101;    // of each of few devices, against one
inline constexpr std::size_t packets = 11;  // of each of few devices, against one

struct Rig;

struct State {
  std::string name;
  std::size_t operations;
  std::function<void(Rig&)> feed;
  bool rests = false;  // all that can leave memory has, when it is measured
};

struct Measured {
  std::string name;
  std::size_t operations = 0, parts = 0, live_envelopes = 0, live_bytes = 0, memory = 0, file = 0;
  double feed_s = 0, start_s = 0;
};

// "gcounter-10k", and of each "gcounter-10k-x-101".
std::string name_of(const std::string& what, std::size_t n);
std::string name_of(const std::string& what, std::size_t devices, std::size_t of_each);

std::vector<State> states(const Sizes&);
// Ends the program when what was loaded is not what was stored.
Measured measure(const State&, const std::filesystem::path& directory);

}  // namespace tributary::bench
