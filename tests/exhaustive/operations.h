// SPDX-License-Identifier: Apache-2.0
// What devices do in the model, as one letter each, and what a gateway may show of it. The judge
// knows nothing of envelopes or joins: it counts letters.
//
//   Logs logs{"ia", "ir"};                        // the numbered operations of both devices
//   Known known{{1, 2}, {2, 2}};                  // all of them up to 1 and 2, some up to 2 and 2
//   std::string wrong = judge(shown, known, logs); // "" or what may not be
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tributary::exhaustive {

// i  adds to a counter              u, d  up and down
// a  adds x to an OR-Set            r  removes x again: the device's own add
// f  removes the other's first add  s  inserts into a G-Set
// w  writes a register              l  adds a long element, so that a delta goes out in parts
// R  an add of its own that another removed is retired: nobody's program, an ack asked for it
inline constexpr std::string_view letters = "iudarfswl";

using Logs = std::array<std::string, 2>;
using Ops = std::array<std::uint64_t, 2>;  // one operation number for each device

// What a gateway has heard: everything up to `all`, something up to `some`.
struct Known {
  Ops all{}, some{};
};

// What a gateway shows. `strange` is set when it is nothing that anybody could have meant.
struct Shown {
  std::uint64_t counter = 0;
  std::int64_t net = 0;
  std::uint32_t grown = 0;  // bit 8 * device + operation
  bool x = false;
  std::uint32_t long_ones = 0;  // like `grown`
  std::uint64_t reading = 0;    // 100 * (device + 1) + operation; 0: none
  std::string strange{};
  friend bool operator==(const Shown&, const Shown&) = default;
};

// The number that the first add of x has in a program; 0: it has none.
std::uint64_t first_add(std::string_view program);
// How much one operation of a device adds to counters: the sums of both never look alike.
constexpr std::uint64_t amount(std::size_t device) {
  return device == 0 ? 1 : 10;
}

// `first` are the adds that the letter f means, by their owner.
std::string judge(const Shown&, const Known&, const Logs&, const Ops& first);
std::string text(const Shown&);

}  // namespace tributary::exhaustive
