// SPDX-License-Identifier: Apache-2.0
// Keeps what was really issued, so that what gateways show can be judged.
//
//   oracle.issued({device, epoch}, n, operation, hlc);
//   oracle.promised({device, epoch}, n);      // up to n can no longer be lost: they must be
//   counted Expected e = oracle.expected()[{"hall/people", Type::pncounter}];
//
// Memory: one entry a contribution, plus the operations that are not promised yet.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "crdt/actor.h"
#include "crdt/hlc.h"
#include "firmware-sim/devices/operation.h"

namespace tributary::fleet {

using KeyType = std::pair<std::string, wire::Type>;

// What a gateway must show for one key: between `low` and `high`, which are equal when nothing is
// uncertain.
struct Expected {
  std::uint64_t operations = 0;         // promised operations on it
  std::uint64_t operations_unsure = 0;  // those that may count or not
  __extension__ typedef __int128 Total;
  Total low = 0, high = 0;          // counters
  std::set<std::string> must, may;  // sets: must ⊆ shown ⊆ may
  std::set<std::string> values;     // register: canonical bytes, one of these
};

class Oracle {
 public:
  void issued(const crdt::Actor& actor, std::uint64_t op, const devices::Operation& operation,
              crdt::Hlc hlc);
  void promised(const crdt::Actor& actor, std::uint64_t upto);
  // Operations after `op` that were never promised did not leave the device before it lost them:
  // they never were, and their numbers are free.
  void forget_above(const crdt::Actor& actor, std::uint64_t op);

  std::map<KeyType, Expected> expected() const;
  std::uint64_t operations() const { return operations_; }  // issued, promised or not
  std::uint64_t unsure() const;                             // issued, not promised

 private:
  struct Pending {
    std::uint64_t op = 0;
    devices::Operation operation;
    crdt::Hlc hlc;
  };
  struct Part {
    std::uint64_t operations = 0;
    std::uint64_t p = 0, n = 0;
    std::set<std::string> elements;
    std::uint64_t op = 0;  // register
    crdt::Hlc hlc;
    std::string value;
  };
  struct Log {
    std::map<KeyType, Part> parts;  // of promised operations
    std::deque<Pending> pending;
  };
  static void apply(Part& part, const Pending& p);
  static void add_parts(const Log& log, std::map<KeyType, Expected>& out);

  std::map<crdt::Actor, Log> logs_;
  std::uint64_t operations_ = 0;
};

}  // namespace tributary::fleet
