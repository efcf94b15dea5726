// SPDX-License-Identifier: Apache-2.0
// Writes random histories of replicas, with what ours show after each step, for a foreign program
// to replay.
//
//   oracle_histories --through crdt|gateway --seed N --count M [--steps K]
//
//   history <seed> <replicas>
//   add|remove <replica> <element>      up|down <replica> <amount>
//   send <replica> <message>            the message is the replica's state as it stands
//   take <replica> <message>            any message, also an old one, also again
//   shows <replica> <counter> <elements, sorted, with commas between; "-": none>
//   end                                 nothing is missing
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>

#include "tests/oracles/crdt_replica.h"
#include "tests/oracles/site.h"

namespace tributary::oracles {
namespace {

template <class Replica>
class History {
 public:
  History(std::uint64_t seed, typename Replica::Reached& reached) : random_(seed) {
    const std::size_t replicas = 2 + below(3);
    for (std::size_t i = 0; i < replicas; ++i) replicas_.emplace_back(i, random_, reached);
    std::printf("history %lu %zu\n", seed, replicas);
  }

  void run(std::size_t steps) {
    for (std::size_t i = 0; i < steps; ++i) step();
    // At the end everybody hears everything: the last to hear shows what all must show.
    for (int round = 0; round < 2; ++round) {
      for (std::size_t from = 0; from < replicas_.size(); ++from) {
        send(from);
        for (std::size_t to = 0; to < replicas_.size(); ++to) {
          if (to != from) take(to, messages_.size() - 1);
        }
      }
    }
  }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

  void step() {
    const std::size_t r = below(replicas_.size()), what = below(100);
    const std::string element(30, static_cast<char>('a' + below(6)));  // long: sets are cut
    if (what < 26) {
      std::printf("add %zu %s\n", r, element.c_str());
      replicas_[r].add(element);
    } else if (what < 46) {
      std::printf("remove %zu %s\n", r, element.c_str());
      replicas_[r].remove(element);
    } else if (what < 58) {
      const bool up = below(3) != 0;
      const std::uint64_t amount = 1 + below(9);
      std::printf("%s %zu %lu\n", up ? "up" : "down", r, amount);
      replicas_[r].count(up, amount);
    } else if (what < 75 || messages_.empty()) {
      return send(r);
    } else {  // mostly one of the newest
      const std::size_t newest = std::min<std::size_t>(messages_.size(), 4);
      return take(r, messages_.size() - 1 - below(what < 92 ? newest : messages_.size()));
    }
    show(r);
  }

  void send(std::size_t from) {
    std::printf("send %zu %zu\n", from, messages_.size());
    messages_.push_back(replicas_[from].send());
  }

  void take(std::size_t to, std::size_t message) {
    std::printf("take %zu %zu\n", to, message);
    replicas_[to].take(messages_[message]);
    show(to);
  }

  void show(std::size_t r) {
    std::string elements;
    for (const std::string& e : replicas_[r].elements())
      elements += (elements.empty() ? "" : ",") + e;
    std::printf("shows %zu %s %s\n", r, replicas_[r].counter().c_str(),
                elements.empty() ? "-" : elements.c_str());
  }

  std::mt19937_64 random_;
  std::deque<Replica> replicas_;
  std::vector<typename Replica::Message> messages_;
};

// False when the histories did not try what they are for.
template <class Replica>
bool write(std::uint64_t seed, std::uint64_t count, std::size_t steps) {
  typename Replica::Reached reached;
  for (std::uint64_t s = seed; s < seed + count; ++s) History<Replica>(s, reached).run(steps);
  if (count < 20) return true;
  for (const std::string& what : Replica::must_reach) {
    if (reached[what] > 0) continue;
    std::fprintf(stderr, "never reached: %s\n", what.c_str());
    return false;
  }
  return true;
}

int usage() {
  std::fputs("usage: oracle_histories --through crdt|gateway --seed N --count M [--steps K]\n",
             stderr);
  return 2;
}

int main(int argc, char** argv) {
  std::string through;
  std::uint64_t seed = 1, count = 1, steps = 40;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) return usage();
    if (name == "--through")
      through = argv[i + 1];
    else if (name == "--seed")
      seed = std::strtoull(argv[i + 1], nullptr, 10);
    else if (name == "--count")
      count = std::strtoull(argv[i + 1], nullptr, 10);
    else if (name == "--steps")
      steps = std::strtoull(argv[i + 1], nullptr, 10);
    else
      return usage();
  }
  try {
    bool tried = false;
    if (through == "crdt")
      tried = write<CrdtReplica>(seed, count, steps);
    else if (through == "gateway")
      tried = write<Site>(seed, count, steps);
    else
      return usage();
    if (!tried) return 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::puts("end");
  return ::testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed() ? 1 : 0;
}

}  // namespace
}  // namespace tributary::oracles

int main(int argc, char** argv) {
  return tributary::oracles::main(argc, argv);
}
