// SPDX-License-Identifier: Apache-2.0
// Hashing for states: a table that numbers different values in the order in which they come, and a
// map from one word to another. Values are compared whole: two states are never taken for one
// because their hashes are equal.
//
//   Table<State> seen;
//   auto [index, fresh] = seen.add(state);    // State has hash() and same(other)
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

namespace tributary::exhaustive {

constexpr std::uint64_t mixed(std::uint64_t v) {
  v ^= v >> 32;
  v *= 0xD6E8FEB86659FD93u;
  v ^= v >> 32;
  v *= 0xD6E8FEB86659FD93u;
  return v ^ v >> 32;
}

template <class T>
class Table {
 public:
  std::pair<std::uint32_t, bool> add(const T& value) {
    if (2 * (items_.size() + 1) > slots_.size()) grow();
    std::size_t at = value.hash() & (slots_.size() - 1);
    for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
      if (items_[slots_[at] - 1].same(value)) return {slots_[at] - 1, false};
    }
    items_.push_back(value);
    slots_[at] = static_cast<std::uint32_t>(items_.size());
    return {slots_[at] - 1, true};
  }
  bool contains(const T& value) const {
    if (slots_.empty()) return false;
    for (std::size_t at = value.hash() & (slots_.size() - 1); slots_[at] != 0;
         at = (at + 1) & (slots_.size() - 1)) {
      if (items_[slots_[at] - 1].same(value)) return true;
    }
    return false;
  }
  const T& operator[](std::size_t index) const { return items_[index]; }
  std::size_t size() const { return items_.size(); }

 private:
  void grow() {
    slots_.assign(slots_.empty() ? 1024 : 2 * slots_.size(), 0);
    for (std::uint32_t i = 0; i < items_.size(); ++i) {
      std::size_t at = items_[i].hash() & (slots_.size() - 1);
      while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = i + 1;
    }
  }
  std::vector<T> items_;
  std::vector<std::uint32_t> slots_;  // index + 1; 0: free
};

// Words to words.
class WordMap {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  std::uint32_t find(std::uint64_t key) const {
    if (slots_.empty()) return none;
    for (std::size_t at = mixed(key) & (slots_.size() - 1); slots_[at].second != none;
         at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].first == key) return slots_[at].second;
    }
    return none;
  }
  // REQUIRES: the key is not there, and value is not `none`.
  void put(std::uint64_t key, std::uint32_t value) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    place(key, value);
    ++size_;
  }

 private:
  void place(std::uint64_t key, std::uint32_t value) {
    std::size_t at = mixed(key) & (slots_.size() - 1);
    while (slots_[at].second != none) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {key, value};
  }
  void grow() {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> old(
        slots_.empty() ? 1024 : 2 * slots_.size(), {0, none});
    old.swap(slots_);
    for (const auto& [key, value] : old) {
      if (value != none) place(key, value);
    }
  }
  std::vector<std::pair<std::uint64_t, std::uint32_t>> slots_;
  std::size_t size_ = 0;
};

}  // namespace tributary::exhaustive
