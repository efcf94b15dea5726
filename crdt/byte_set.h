// SPDX-License-Identifier: Apache-2.0
// A set of byte strings that only grows: one pool of bytes, and an index of places in it. An
// element costs its bytes, one or two for its length, and about 12 in the index; a copy is two
// blocks.
//
//   ByteSet seen;
//   seen.insert("badge-17");                            // true: it is new
//   for (std::string_view element : seen) …             // in the order of insertion
//
// Views and iterators last until the next insertion, or until the set moves. Elements of up to
// 2^32 - 1 bytes, a pool of up to 2^40. Not thread-safe.
#pragma once
#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/semilattice.h"

namespace tributary::crdt {

class ByteSet {
 public:
  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = std::string_view;

    const_iterator() = default;
    std::string_view operator*() const { return record(at_).bytes; }
    const_iterator& operator++() {
      at_ = record(at_).next;
      return *this;
    }
    const_iterator operator++(int) {
      const const_iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const_iterator, const_iterator) = default;

   private:
    friend class ByteSet;
    explicit const_iterator(const char* at) : at_(at) {}
    const char* at_ = nullptr;
  };
  using iterator = const_iterator;
  using value_type = std::string_view;

  ByteSet() = default;
  ByteSet(std::initializer_list<std::string_view> elements) {
    insert(elements.begin(), elements.end());
  }

  // True when it is new.
  bool insert(std::string_view bytes) {
    if (indexed()) {
      const std::uint64_t hash = hash_of(bytes);
      const std::size_t slot = slot_of(bytes, hash);
      if (slots_[slot] != free) return false;
      slots_[slot] = append(bytes) | tag_of(hash);
      if (8 * size_ > 7 * slots_.size()) index();
      return true;
    }
    if (contains(bytes)) return false;
    append(bytes);
    if (size_ > scanned_max) index();
    return true;
  }
  template <class It>
  void insert(It first, It last) {
    for (; first != last; ++first) insert(std::string_view(*first));
  }

  // O(1).
  bool contains(std::string_view bytes) const {
    if (indexed()) return slots_[slot_of(bytes, hash_of(bytes))] != free;
    return std::find(begin(), end(), bytes) != end();
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const_iterator begin() const { return const_iterator(pool_.data()); }
  const_iterator end() const { return const_iterator(pool_.data() + pool_.size()); }

  friend bool operator==(const ByteSet& a, const ByteSet& b) {
    return a.size_ == b.size_ && std::all_of(a.begin(), a.end(), [&](std::string_view element) {
             return b.contains(element);
           });
  }

 private:
  // In a slot: a place in the pool, from 1, and above it a part of the element's hash, so that
  // another element is seldom looked at.
  static constexpr std::uint64_t free = 0;
  static constexpr unsigned place_bits = 40;
  static constexpr std::uint64_t place_mask = (std::uint64_t{1} << place_bits) - 1;
  static constexpr std::size_t scanned_max = 8;  // so few are found without an index

  struct Record {
    std::string_view bytes;
    const char* next;
  };
  // Its length in LEB128, then its bytes.
  static Record record(const char* at) {
    std::size_t size = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at++);
      size |= std::size_t{byte & 0x7FU} << shift;
      if (byte < 0x80) break;
    }
    return {{at, size}, at + size};
  }

  static std::uint64_t hash_of(std::string_view bytes) { return BytesHash{}(bytes); }
  static std::uint64_t tag_of(std::uint64_t hash) { return hash & ~place_mask; }

  bool indexed() const { return !slots_.empty(); }
  // Where it is, or the free slot where it would be.
  std::size_t slot_of(std::string_view bytes, std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = hash & mask;
    for (; slots_[slot] != free; slot = (slot + 1) & mask) {
      const std::uint64_t held = slots_[slot];
      if ((held & ~place_mask) != tag_of(hash)) continue;
      if (record(pool_.data() + (held & place_mask) - 1).bytes == bytes) break;
    }
    return slot;
  }

  // Its place.
  std::uint64_t append(std::string_view bytes) {
    assert(bytes.size() <= 0xFFFFFFFFU && pool_.size() < place_mask - bytes.size());
    constexpr std::size_t length_max = 5;
    const std::size_t needed = pool_.size() + length_max + bytes.size();
    if (needed > pool_.capacity()) pool_.reserve(std::max(needed, pool_.size() + pool_.size() / 4));
    const std::uint64_t place = pool_.size() + 1;
    for (std::size_t rest = bytes.size();; rest >>= 7U) {
      pool_.push_back(static_cast<char>((rest & 0x7FU) | (rest > 0x7F ? 0x80U : 0U)));
      if (rest <= 0x7F) break;
    }
    pool_.append(bytes);
    ++size_;
    return place;
  }

  void index() {
    const std::size_t room = std::bit_ceil(size_ + size_ / 2);  // two thirds full at most
    std::vector<std::uint64_t> fresh(room, free);
    const std::size_t mask = room - 1;
    for (const char* at = pool_.data(); at != pool_.data() + pool_.size();) {
      const Record one = record(at);
      const std::uint64_t hash = hash_of(one.bytes);
      std::size_t slot = hash & mask;
      while (fresh[slot] != free) slot = (slot + 1) & mask;
      fresh[slot] = static_cast<std::uint64_t>(at - pool_.data() + 1) | tag_of(hash);
      at = one.next;
    }
    slots_.swap(fresh);
  }

  std::string pool_;
  std::vector<std::uint64_t> slots_;  // a power of two, or none for few elements
  std::size_t size_ = 0;
};

}  // namespace tributary::crdt
