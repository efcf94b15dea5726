// SPDX-License-Identifier: Apache-2.0
// Joins of whole states, the same that peers.py has other libraries do as well.
//
//   joins_of gcounter|pncounter|gset|orset|lww SIZE ROUNDS [ACTORS]
//
// Counters: SIZE actors; the other replica heard of them in another order, and of every second one
// counted more. Sets: of SIZE elements by ACTORS actors (10) a quarter is only here, a quarter only
// there, and of the OR-Set's others, by as many other actors each, each sixteenth was removed
// there. A register: SIZE actors write one after the other, and each write is taken in turn. Prints
// a line of JSON a round: CPU seconds of one join (small ones are done many times, each on a copy
// of its own) and what proves its outcome.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "crdt/gcounter.h"
#include "crdt/gset.h"
#include "crdt/lww_register.h"
#include "crdt/orset.h"
#include "crdt/pncounter.h"
#include "tests/bench/peers.h"

namespace tributary::bench {
namespace {

constexpr std::size_t items_of_a_round = 100'000;  // joined, at least

std::size_t times(std::size_t size) {
  return size < items_of_a_round ? items_of_a_round / size : 1;
}

void say(double taken, std::size_t size, unsigned long long proof) {
  std::printf("{\"join_s\":%.9f,\"proof\":%llu}\n", taken / static_cast<double>(times(size)),
              proof);
}

// A permutation: the primes that may be used divide no size that is a power of ten.
std::size_t shuffled(std::size_t i, std::size_t size) {
  return i * 7919 % size;
}

template <class State>
void join(const State& held, const State& there, std::size_t size) {
  std::vector<State> replicas(times(size), held);
  const double taken = seconds([&] {
    for (State& replica : replicas) replica.join(there);
  });
  const State& one = replicas.front();
  if constexpr (requires { one.value(); }) {
    say(taken, size, static_cast<unsigned long long>(one.value()));
  } else {
    unsigned long long sum = 0;
    for (const std::string& e : one.elements()) sum += std::strtoull(e.c_str() + 8, nullptr, 10);
    say(taken, size, sum);
  }
}

void gcounter(std::size_t size) {
  crdt::GCounter<std::uint32_t> held, there;
  for (std::size_t i = 0; i < size; ++i) {
    const auto a = static_cast<std::uint32_t>(i), b = static_cast<std::uint32_t>(shuffled(i, size));
    held.join_part(a, {a + 1ULL});
    there.join_part(b, {b + 1ULL + b % 2});
  }
  join(held, there, size);
}

void pncounter(std::size_t size) {
  crdt::PnCounter<std::uint32_t> held, there;
  for (std::size_t i = 0; i < size; ++i) {
    const auto a = static_cast<std::uint32_t>(i), b = static_cast<std::uint32_t>(shuffled(i, size));
    held.join_part(a, {a + 1ULL, a % 3});
    there.join_part(b, {b + 1ULL + b % 2, b % 3});
  }
  join(held, there, size);
}

using Actor = std::uint32_t;

void gset(std::size_t size, std::size_t actors) {
  crdt::GSet<Actor> held, there;
  for (std::size_t i = 0; i < size; ++i) {
    const auto actor = static_cast<Actor>(i % actors);
    if (i % 4 != 1) held.add(actor, element(i));
    if (i % 4 != 3) there.add(actor, element(i));
  }
  join(held, there, size);
}

void orset(std::size_t size, std::size_t actors) {
  using Set = crdt::OrSet<Actor>;
  Set held, there;
  std::vector<std::uint64_t> ops(3 * actors);
  const auto add = [&](Set& set, std::size_t group, std::size_t i) {
    const std::size_t actor = group * actors + i % actors;
    return set.add(static_cast<Actor>(actor), ++ops[actor], element(i));
  };
  for (std::size_t i = 0; i < size; i += 2) there.join(add(held, 0, i));
  for (std::size_t i = 1; i < size; i += 2) {
    if (i % 4 == 1) add(there, 2, i);
    if (i % 4 == 3) add(held, 1, i);
  }
  for (std::size_t i = 0; i < size; i += 16) there.remove(0, element(i));
  join(held, there, size);
}

void lww(std::size_t size) {
  using Register = crdt::LwwRegister<std::uint32_t>;
  std::vector<Register> replicas(times(size));
  const double taken = seconds([&] {
    for (Register& replica : replicas) {
      for (std::size_t i = 0; i < size; ++i) {
        const auto actor = static_cast<std::uint32_t>(shuffled(i, size));
        replica.join_part(actor, {1, crdt::Hlc{actor + 1ULL}, "21.5"});
      }
    }
  });
  say(taken, size, replicas.front().winner()->hlc.packed);
}

int run(const std::string& type, std::size_t size, std::size_t rounds, std::size_t actors) {
  const std::map<std::string, std::function<void()>> all = {{"gcounter", [=] { gcounter(size); }},
                                                            {"pncounter", [=] { pncounter(size); }},
                                                            {"gset", [=] { gset(size, actors); }},
                                                            {"orset", [=] { orset(size, actors); }},
                                                            {"lww", [=] { lww(size); }}};
  const auto known = all.find(type);
  if (known == all.end() || size == 0 || actors == 0) return 2;
  for (std::size_t i = 0; i < rounds; ++i) known->second();
  return 0;
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  const auto number = [&](int i) { return std::strtoul(argv[i], nullptr, 10); };
  const int status = argc == 4 || argc == 5 ? tributary::bench::run(argv[1], number(2), number(3),
                                                                    argc == 5 ? number(4) : 10)
                                            : 2;
  if (status == 2) {
    std::fprintf(stderr, "joins_of gcounter|pncounter|gset|orset|lww SIZE ROUNDS [ACTORS]\n");
  }
  return status;
}
