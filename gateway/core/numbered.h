// SPDX-License-Identifier: Apache-2.0
// Things that are named by small numbers: four bytes where a pointer takes eight, in tables that
// have one for every entry of every envelope. What a thing's number was is used again when it has
// gone.
//
//   Numbered<LiveEnvelope> envelopes;
//   const std::uint32_t n = envelopes.add(std::make_unique<LiveEnvelope>());
//   envelopes[n].row = 7;
//   envelopes.remove(n);
//
// Addresses last as long as the thing. Not thread-safe.
#pragma once
#include <cassert>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace tributary::core {

template <class T>
class Numbered {
 public:
  std::uint32_t add(std::unique_ptr<T> thing) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(things_.size()));
      things_.emplace_back();
    }
    const std::uint32_t number = free_.back();
    free_.pop_back();
    things_[number] = std::move(thing);
    return number;
  }
  // REQUIRES, as remove(): it is there.
  T& operator[](std::uint32_t number) const {
    assert(things_[number] != nullptr);
    return *things_[number];
  }
  void remove(std::uint32_t number) {
    assert(things_[number] != nullptr);
    things_[number].reset();
    free_.push_back(number);
  }

 private:
  std::vector<std::unique_ptr<T>> things_;
  std::vector<std::uint32_t> free_;
};

}  // namespace tributary::core
