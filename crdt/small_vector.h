// SPDX-License-Identifier: Apache-2.0
// A std::vector whose first element lies in itself: for what nearly always has one, like the
// intervals of an operation number or the parts of a delta. Costs no allocation up to one element
// and 8 bytes beside that.
//
//   SmallVector<Interval> intervals;
//   intervals.push_back({0, 12});                       // here
//   intervals.push_back({20, 25});                      // both on the heap
//
// The interface is that of std::vector, as far as it is used. Pointers and iterators last until the
// next change, or until the vector moves. At most 2^32 - 1 elements. Not thread-safe.
#pragma once
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <type_traits>
#include <utility>

namespace tributary::crdt {

template <class T>
class SmallVector {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T>);

 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  SmallVector() noexcept {}
  SmallVector(std::initializer_list<T> values) {
    reserve(values.size());
    for (const T& value : values) push_back(value);
  }
  SmallVector(const SmallVector& other) {
    reserve(other.size_);
    std::uninitialized_copy(other.begin(), other.end(), data());
    size_ = other.size_;
  }
  SmallVector(SmallVector&& other) noexcept { take(other); }
  SmallVector& operator=(const SmallVector& other) {
    if (&other != this) *this = SmallVector(other);
    return *this;
  }
  SmallVector& operator=(SmallVector&& other) noexcept {
    if (&other == this) return *this;
    release();
    take(other);
    return *this;
  }
  ~SmallVector() { release(); }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return room_; }
  T* data() { return room_ == 1 ? &one_ : many_; }
  const T* data() const { return room_ == 1 ? &one_ : many_; }
  iterator begin() { return data(); }
  iterator end() { return data() + size_; }
  const_iterator begin() const { return data(); }
  const_iterator end() const { return data() + size_; }
  T& operator[](std::size_t i) { return data()[i]; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  T& front() { return *data(); }
  const T& front() const { return *data(); }
  T& back() { return data()[size_ - 1]; }
  const T& back() const { return data()[size_ - 1]; }

  void reserve(std::size_t room) {
    if (room > room_) move_to(room);
  }
  template <class... Args>
  T& emplace_back(Args&&... args) {
    if (size_ < room_) return *std::construct_at(data() + size_++, std::forward<Args>(args)...);
    T made(std::forward<Args>(args)...);  // before what it may be made of moves
    move_to(2 * std::size_t{room_});
    return *std::construct_at(data() + size_++, std::move(made));
  }
  void push_back(T value) { emplace_back(std::move(value)); }
  iterator insert(const_iterator at, T value) {
    const std::ptrdiff_t i = at - begin();
    emplace_back(std::move(value));
    std::rotate(begin() + i, end() - 1, end());
    return begin() + i;
  }
  void pop_back() { std::destroy_at(data() + --size_); }
  iterator erase(const_iterator first, const_iterator last) {
    const iterator hole = begin() + (first - begin());
    const iterator stays = std::move(hole + (last - first), end(), hole);
    std::destroy(stays, end());
    size_ = static_cast<std::uint32_t>(stays - begin());
    return hole;
  }
  iterator erase(const_iterator at) { return erase(at, at + 1); }

  friend bool operator==(const SmallVector& a, const SmallVector& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  void release() {
    std::destroy(begin(), end());
    if (room_ > 1) std::allocator<T>{}.deallocate(many_, room_);
  }
  void take(SmallVector& other) noexcept {  // REQUIRES: nothing is held here
    size_ = std::exchange(other.size_, 0);
    room_ = std::exchange(other.room_, 1);
    if (room_ > 1) {
      many_ = other.many_;
    } else if (size_ > 0) {
      std::construct_at(&one_, std::move(other.one_));
      std::destroy_at(&other.one_);
      other.many_ = nullptr;
    }
  }
  void move_to(std::size_t room) {  // REQUIRES: room > 1
    assert(room <= 0xFFFFFFFFu);
    T* const to = std::allocator<T>{}.allocate(room);
    std::uninitialized_move(begin(), end(), to);
    const std::uint32_t size = size_;
    release();
    many_ = to;
    size_ = size;
    room_ = static_cast<std::uint32_t>(room);
  }

  std::uint32_t size_ = 0, room_ = 1;  // room of 1: one_, else many_
  union {
    T one_;
    T* many_ = nullptr;
  };
};

}  // namespace tributary::crdt
