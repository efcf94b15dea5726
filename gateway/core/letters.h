// SPDX-License-Identifier: Apache-2.0
// Dead letters that are heard again, until it is known what became of them. Its promise: each that
// is held ends in one outcome, and in a good one only when nothing of it was refused and all of it
// is durable.
//
//   letters.hold(id);                           // the letter itself, and each envelope in it
//   letters.refuse(id, "memory: …");            // what is wrong with one of them
//   letters.settle(id, out.letters);            // for each hold(): the last one makes the outcome
//
// Number 0 is no letter: nothing comes of it.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/types.h"

namespace tributary::core {

class Letters {
 public:
  // The one whose bytes are being read; 0: none is.
  std::uint64_t reading = 0;

  void hold(std::uint64_t id) {
    if (id != 0) open_[id].parts += 1;
  }
  void refuse(std::uint64_t id, std::string_view why) {
    const auto at = open_.find(id);
    if (at != open_.end() && at->second.refused.empty()) at->second.refused = why;
  }
  void settle(std::uint64_t id, std::vector<LetterOutcome>& out) {
    const auto at = open_.find(id);
    if (at == open_.end() || --at->second.parts > 0) return;
    out.push_back({id, std::move(at->second.refused)});
    open_.erase(at);
  }

 private:
  struct Open {
    std::uint32_t parts = 0;  // never 0 between two calls
    std::string refused;
  };
  std::map<std::uint64_t, Open> open_;
};

}  // namespace tributary::core
