// SPDX-License-Identifier: Apache-2.0
// Which dots carry an element of an OR-Set, asked by the element, without a copy of its bytes: a
// table of hashes and dots; the bytes of a dot are asked of its owner, `bytes_of(dot)`, when hashes
// are alike. Nearly always one dot carries an element; those with more are kept by themselves.
//
//   DotIndex<A> visible;
//   visible.insert(dot, "badge-17", bytes_of);
//   visible.contains("badge-17", bytes_of);              // O(1)
//   visible.erase(dot, "badge-17");
//
// bytes_of(const Dot<A>&) -> std::string_view must know every dot that is in the index. Not
// thread-safe.
#pragma once
#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "crdt/actor.h"
#include "crdt/semilattice.h"

namespace tributary::crdt {

template <class A>
class DotIndex {
 public:
  std::size_t size() const { return single_ + many_.size(); }  // elements, not dots

  // An element with its hash. To make one asks memory for where a search for it begins.
  struct Key {
    std::string_view element;
    std::uint32_t tag = 0;
  };
  Key key(std::string_view element) const {
    const Key key{element, tag_of(element)};
    if (!tags_.empty()) __builtin_prefetch(&tags_[home(key.tag)]);
    return key;
  }

  // Where an element is, or would be. Lasts until the next change.
  struct Place {
    std::size_t at = 0;
    std::uint32_t tag = 0;
    bool taken = false;  // by the one dot that carries it
  };

  template <class BytesOf>
  Place seek(const Key& key, BytesOf&& bytes_of) const {
    Place place{0, key.tag, false};
    if (tags_.empty()) return place;
    for (place.at = home(key.tag); tags_[place.at] != 0; place.at = next(place.at)) {
      if (tags_[place.at] != key.tag || bytes_of(dots_[place.at]) != key.element) continue;
      place.taken = true;
      break;
    }
    return place;
  }
  template <class BytesOf>
  bool contains(std::string_view element, BytesOf&& bytes_of) const {
    return seek(key(element), bytes_of).taken || is_many(element);
  }
  // Several dots carry it.
  bool is_many(std::string_view element) const { return !many_.empty() && many_.contains(element); }

  // f(dot) for each that carries the element, ascending.
  template <class BytesOf, class F>
  void for_each(std::string_view element, BytesOf&& bytes_of, F&& f) const {
    if (const Place place = seek(key(element), bytes_of); place.taken) f(dots_[place.at]);
    if (many_.empty()) return;
    const auto found = many_.find(element);
    if (found == many_.end()) return;
    for (const Dot<A>& dot : found->second) f(dot);
  }

  template <class BytesOf>
  void insert(const Dot<A>& dot, std::string_view element, BytesOf&& bytes_of) {
    insert(dot, key(element), bytes_of);
  }
  template <class BytesOf>
  void insert(const Dot<A>& dot, const Key& key, BytesOf&& bytes_of) {
    if (!many_.empty()) {
      if (const auto found = many_.find(key.element); found != many_.end()) {
        found->second.insert(dot);
        return;
      }
    }
    const Place place = seek(key, bytes_of);
    if (!place.taken) return insert_at(place, dot);
    const Dot<A>& other = dots_[place.at];
    if (other == dot) return;
    many_.emplace(key.element, std::set<Dot<A>>{other, dot});
    remove(place.at);
  }
  // REQUIRES: nothing carries the element of this place.
  void insert_at(const Place& place, const Dot<A>& dot) {
    if (!fits(single_ + 1, tags_.size())) return enter(place.tag, dot);
    tags_[place.at] = place.tag;
    dots_[place.at] = dot;
    ++single_;
  }

  // REQUIRES: the dot is here, with this element.
  void erase(const Dot<A>& dot, std::string_view element) {
    const std::uint32_t tag = tag_of(element);
    if (!many_.empty()) {
      if (const auto found = many_.find(element); found != many_.end()) {
        found->second.erase(dot);
        if (found->second.size() > 1) return;
        const Dot<A> last = *found->second.begin();
        many_.erase(found);
        return enter(tag, last);
      }
    }
    std::size_t at = home(tag);
    while (tags_[at] != tag || !(dots_[at] == dot)) {
      assert(tags_[at] != 0);
      at = next(at);
    }
    remove(at);
  }

  void reserve(std::size_t elements) {
    std::size_t room = std::max(tags_.size(), room_min);
    while (!fits(elements, room)) room = larger(room);
    if (room > tags_.size()) rebuild(room);
  }

 private:
  static constexpr std::size_t room_min = 4;
  static bool fits(std::size_t elements, std::size_t room) { return elements * 5 <= room * 4; }
  // Powers of two, and from `many` on also one and a half times them, which wastes less.
  static std::size_t larger(std::size_t room) {
    constexpr std::size_t many = 1024;
    if (room < many) return 2 * room;
    return std::has_single_bit(room) ? room / 2 * 3 : room / 3 * 4;
  }

  // 0 marks a free slot.
  static std::uint32_t tag_of(std::string_view element) {
    const std::uint64_t hash = BytesHash{}(element);
    return std::max<std::uint32_t>(static_cast<std::uint32_t>(hash >> 32), 1);
  }
  // The high bits of the tag, as many as the table has places.
  std::size_t home(std::uint32_t tag) const {
    return static_cast<std::size_t>((std::uint64_t{tag} * tags_.size()) >> 32);
  }
  std::size_t next(std::size_t at) const { return at + 1 == tags_.size() ? 0 : at + 1; }
  // How many places a search goes on from one to the other.
  std::size_t steps(std::size_t from, std::size_t to) const {
    return to >= from ? to - from : to + tags_.size() - from;
  }

  void enter(std::uint32_t tag, const Dot<A>& dot) {
    reserve(single_ + 1);
    put(tag, Dot<A>(dot));
    ++single_;
  }
  void put(std::uint32_t tag, Dot<A>&& dot) {
    std::size_t at = home(tag);
    while (tags_[at] != 0) at = next(at);
    tags_[at] = tag;
    dots_[at] = std::move(dot);
  }
  // What stands behind moves up, as far as its home allows, so that no search stops too early.
  void remove(std::size_t hole) {
    for (std::size_t at = next(hole); tags_[at] != 0; at = next(at)) {
      if (steps(home(tags_[at]), at) < steps(hole, at)) continue;
      tags_[hole] = tags_[at];
      dots_[hole] = std::move(dots_[at]);
      hole = at;
    }
    tags_[hole] = 0;
    dots_[hole] = {};
    --single_;
    if (single_ * 8 < tags_.size() && tags_.size() > 16 * room_min) rebuild(tags_.size() / 2);
  }
  void rebuild(std::size_t room) {
    const std::vector<std::uint32_t> tags = std::exchange(tags_, std::vector<std::uint32_t>(room));
    std::vector<Dot<A>> dots = std::exchange(dots_, std::vector<Dot<A>>(room));
    for (std::size_t i = 0; i < tags.size(); ++i) {
      if (tags[i] != 0) put(tags[i], std::move(dots[i]));
    }
  }

  // Open addressing with linear search; both are as long, see larger(), or empty.
  std::vector<std::uint32_t> tags_;
  std::vector<Dot<A>> dots_;
  std::size_t single_ = 0;  // elements of one dot: those in the table
  std::unordered_map<std::string, std::set<Dot<A>>, BytesHash, std::equal_to<>>
      many_;  // of two and more
};

}  // namespace tributary::crdt
