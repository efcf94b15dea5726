// SPDX-License-Identifier: Apache-2.0
// Elements by the operation that added them, ascending: what is live in one actor's part of an
// OR-Set. Sorted runs of up to 64 adds whose bytes lie behind each other, so an element of 16 bytes
// costs about 30.
//
//   AddMap live;
//   live.insert(7, "badge-17");
//   for (const auto& [op, element] : live) …              // element is a string_view
//   live.erase(live.find(7));
//
// Adding behind the last is O(1), anything else O(log n) and moving at most one run. Views and
// iterators last until the next change, or until the map moves. Elements are at most 2^32 - 1 bytes
// in a run. Not thread-safe.
#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

#include "crdt/add_run.h"
#include "crdt/small_vector.h"

namespace tributary::crdt {

class AddMap {
 public:
  struct Add {
    std::uint64_t op = 0;
    std::string_view element;
    friend bool operator==(const Add&, const Add&) = default;
  };
  class const_iterator;
  using value_type = Add;

  AddMap() = default;
  AddMap(std::initializer_list<Add> adds) {
    for (const Add& add : adds) insert(add.op, add.element);
  }
  AddMap(const AddMap&) = default;
  AddMap(AddMap&& other) noexcept
      : runs_(std::move(other.runs_)), size_(std::exchange(other.size_, 0)) {}
  AddMap& operator=(AddMap other) noexcept;
  ~AddMap() = default;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  const_iterator begin() const;
  const_iterator end() const;

  const_iterator lower_bound(std::uint64_t op) const;  // the first at op or behind it
  const_iterator upper_bound(std::uint64_t op) const;  // the first behind op
  const_iterator find(std::uint64_t op) const;         // end() when it is not there
  bool contains(std::uint64_t op) const;

  bool insert(std::uint64_t op, std::string_view element);   // false: op is there, and stays
  void replace(std::uint64_t op, std::string_view element);  // REQUIRES: op is there
  const_iterator erase(const_iterator at);                   // what comes behind it

  friend bool operator==(const AddMap&, const AddMap&);

 private:
  struct Place {  // the end: a run behind the last, 0; small, so that it stays in a register
    std::uint32_t run = 0, slot = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };
  Place lower(std::uint64_t op) const;
  void append(std::uint64_t op, std::string_view element);
  void split(std::size_t run);

  SmallVector<AddRun> runs_;  // none is empty; all of a run is below first() of the next
  std::size_t size_ = 0;
};

class AddMap::const_iterator {
 public:
  using iterator_category = std::input_iterator_tag;  // gives values, not references
  using iterator_concept = std::forward_iterator_tag;
  using value_type = Add;
  using difference_type = std::ptrdiff_t;
  using reference = Add;
  struct pointer {
    Add add;
    const Add* operator->() const { return &add; }
  };

  const_iterator() = default;
  Add operator*() const {
    const AddRun& run = map_->runs_[at_.run];
    return {run.op(at_.slot), run.element(at_.slot)};
  }
  pointer operator->() const { return {**this}; }
  std::uint64_t op() const { return map_->runs_[at_.run].op(at_.slot); }
  const_iterator& operator++() {
    if (++at_.slot == map_->runs_[at_.run].size()) at_ = {at_.run + 1, 0};
    return *this;
  }
  const_iterator operator++(int) {
    const const_iterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const const_iterator&, const const_iterator&) = default;

 private:
  friend class AddMap;
  const_iterator(const AddMap* map, Place at) : map_(map), at_(at) {}

  const AddMap* map_ = nullptr;
  Place at_;
};

inline AddMap::const_iterator AddMap::begin() const {
  return {this, {0, 0}};
}
inline AddMap::const_iterator AddMap::end() const {
  return {this, {static_cast<std::uint32_t>(runs_.size()), 0}};
}
inline AddMap::const_iterator AddMap::lower_bound(std::uint64_t op) const {
  return {this, lower(op)};
}
inline AddMap::const_iterator AddMap::upper_bound(std::uint64_t op) const {
  return op == std::numeric_limits<std::uint64_t>::max() ? end() : lower_bound(op + 1);
}
inline AddMap::const_iterator AddMap::find(std::uint64_t op) const {
  const const_iterator at = lower_bound(op);
  return at != end() && at.op() == op ? at : end();
}
inline bool AddMap::contains(std::uint64_t op) const {
  return find(op) != end();
}

}  // namespace tributary::crdt
