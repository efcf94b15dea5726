// SPDX-License-Identifier: Apache-2.0
// The OR-Set at many elements, the history that peers.py has other libraries do as well.
//
//   orset_at_scale ELEMENTS OPERATIONS ROUNDS
//
// In each round, ten actors, small handles as a gateway has them, write in turn. Two replicas hold
// "element-00000000" … up to ELEMENTS. Then OPERATIONS more are added at the first (`add_s`) and
// applied at the second (`apply_s`) one by one; the first OPERATIONS are removed at the first
// (`remove_s`) and that is applied (`apply_removal_s`); an empty replica takes the whole state
// (`join_s`). Prints a line of JSON a round, in CPU seconds, with the size that is left and the sum
// of its elements' numbers. The first round asks the kernel for memory that later ones may use
// again.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "crdt/orset.h"
#include "tests/bench/peers.h"

namespace tributary::bench {
namespace {

using Set = crdt::OrSet<std::uint8_t>;

int run(std::size_t elements, std::size_t operations) {
  std::vector<std::uint8_t> actors;
  for (std::uint8_t a = 0; a < 10; ++a) actors.push_back(a);
  Set first, second, third;
  for (std::size_t i = 0; i < elements; ++i)
    second.join(first.add(actors[i % 10], i / 10 + 1, element(i)));
  std::vector<std::string> more, gone;
  for (std::size_t i = 0; i < operations; ++i) {
    more.push_back(element(elements + i));
    gone.push_back(element(i));
  }
  std::vector<Set> said, unsaid;
  said.reserve(operations);
  unsaid.reserve(operations);
  const double add = seconds([&] {
    for (std::size_t i = 0; i < operations; ++i)
      said.push_back(first.add(actors[i % 10], (elements + i) / 10 + 1, more[i]));
  });
  const double apply = seconds([&] {
    for (const Set& delta : said) second.join(delta);
  });
  const double remove = seconds([&] {
    for (std::size_t i = 0; i < operations; ++i)
      unsaid.push_back(first.remove(actors[i % 10], gone[i]));
  });
  const double apply_removal = seconds([&] {
    for (const Set& delta : unsaid) second.join(delta);
  });
  const double join = seconds([&] { third.join(second); });
  unsigned long long sum = 0;
  for (const std::string& e : third.elements()) sum += std::strtoull(e.c_str() + 8, nullptr, 10);
  std::printf(
      "{\"add_s\":%.6f,\"apply_s\":%.6f,\"remove_s\":%.6f,\"apply_removal_s\":%.6f,\"join_s\":%.6f,"
      "\"size\":%zu,\"sum\":%llu}\n",
      add, apply, remove, apply_removal, join, third.size(), sum);
  return first == second && second == third ? 0 : 1;
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "orset_at_scale ELEMENTS OPERATIONS ROUNDS\n");
    return 2;
  }
  int status = 0;
  for (unsigned long round = std::strtoul(argv[3], nullptr, 10); round > 0 && status == 0;
       --round) {
    status = tributary::bench::run(std::strtoul(argv[1], nullptr, 10),
                                   std::strtoul(argv[2], nullptr, 10));
  }
  return status;
}
