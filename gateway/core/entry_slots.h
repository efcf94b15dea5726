// SPDX-License-Identifier: Apache-2.0
// Where the live entries of a part are (live_index.h), in a word of eight bytes; and such words by
// the place of a part in its counter or register, beside which they stand.
//
//   EntrySlot& slot = key.slots.at(place);          // made empty when it is not there
//   if (slot.empty()) slot.set(ref);
//
// Not thread-safe. A reference lasts until at() makes another slot.
#pragma once
#include <algorithm>
#include <cassert>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace tributary::core {

struct EntryRef {
  std::uint32_t envelope = 0;  // its number in the LiveSet
  std::uint32_t offset = 0;    // in its body
  friend auto operator<=>(const EntryRef&, const EntryRef&) = default;
};

// Nothing, one entry, or several that the index keeps elsewhere under a number.
class EntrySlot {
 public:
  bool empty() const { return envelope_ == 0 && where_ == 0; }  // no entry begins a body
  std::optional<EntryRef> one() const {
    if (empty() || envelope_ == several_mark) return std::nullopt;
    return EntryRef{envelope_, where_};
  }
  // REQUIRES: it is not one, and not empty.
  std::uint32_t several() const {
    assert(envelope_ == several_mark);
    return where_;
  }
  void set(const EntryRef& ref) {
    assert(ref.envelope < several_mark && ref.offset != 0 && ref.offset <= where_max);
    envelope_ = ref.envelope;
    where_ = ref.offset & where_max;
  }
  void set_several(std::uint32_t number) {
    assert(number <= where_max);
    envelope_ = several_mark;
    where_ = number & where_max;
  }

  // The part's atom is not in the digest: the Keyspace's own mark, which set() leaves alone.
  bool loose() const { return loose_ != 0; }
  void set_loose(bool loose) { loose_ = loose ? 1 : 0; }

 private:
  static constexpr std::uint32_t several_mark = 0xFFFFFFFF, where_max = 0x7FFFFFFF;
  std::uint32_t envelope_ = 0;
  std::uint32_t where_ : 31 = 0;
  std::uint32_t loose_ : 1 = 0;
};

class EntrySlots {
 public:
  EntrySlot& at(std::uint32_t place) {
    if (place == 0) return first_;
    if (place > others_size_) grow(place);
    return others_[place - 1];
  }
  // nullptr: nothing is there.
  EntrySlot* find(std::uint32_t place) {
    if (place > others_size_) return nullptr;
    EntrySlot& slot = at(place);
    return slot.empty() ? nullptr : &slot;
  }
  // The part there goes, and the one in the last place takes its place. REQUIRES: place <= last.
  void erase(std::uint32_t place, std::uint32_t last) {
    if (last > others_size_) {  // none was ever made there
      if (place <= others_size_) at(place) = EntrySlot{};
      return;
    }
    at(place) = std::exchange(at(last), EntrySlot{});
    if (place == last) at(place) = EntrySlot{};
    if (last > 0) others_size_ = last - 1;
    if (others_room_ > many && 4 * others_size_ < others_room_) resize(others_size_);
  }

 private:
  static constexpr std::uint32_t many = 64;
  // By an eighth: there is one for every part of a fleet.
  void grow(std::uint32_t size) {
    if (size > others_room_) resize(size);
    others_size_ = size;
  }
  void resize(std::uint32_t size) {
    others_room_ = size + size / 8;
    auto other = std::make_unique<EntrySlot[]>(others_room_);
    std::copy_n(others_.get(), others_size_, other.get());
    others_ = std::move(other);
  }
  EntrySlot first_;  // of place 0: most keys have one part
  std::unique_ptr<EntrySlot[]> others_;
  std::uint32_t others_size_ = 0, others_room_ = 0;
};

}  // namespace tributary::core
