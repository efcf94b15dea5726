// SPDX-License-Identifier: Apache-2.0
// A short run of adds: what AddMap is made of. One add of a short element lies in the run itself,
// as those of deltas nearly always do; more lie in one allocation: their operations, ascending,
// then where each element ends, then the elements behind each other.
//
//   AddRun run;
//   run.insert(run.lower_bound(7), 7, "badge-17");
//   run.element(0);                                     // "badge-17", until the next change
//
// Positions are those of an array: each call REQUIRES that its position is there. All elements of a
// run have less than 2^32 bytes together. Views also end where the run moves. Not thread-safe.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tributary::crdt {

class AddRun {
 public:
  AddRun() = default;
  AddRun(const AddRun&);
  AddRun(AddRun&& other) noexcept { take(other); }
  AddRun& operator=(AddRun&& other) noexcept;
  ~AddRun() { release(); }

  // Of its operations, or smaller: what a search for a run looks at, without a look at its block.
  std::uint64_t first() const { return first_; }

  std::size_t size() const { return in_block() ? field(size_at) : kind_ == empty ? 0 : 1; }
  std::size_t bytes() const { return size() == 0 ? 0 : end_of(size() - 1); }  // of all elements
  std::uint64_t op(std::size_t i) const {
    return in_block() ? load<std::uint64_t>(ops() + i * sizeof(std::uint64_t)) : first_;
  }
  std::string_view element(std::size_t i) const {
    const std::uint32_t begin = begin_of(i);
    return {(in_block() ? text() : here_) + begin, end_of(i) - begin};
  }
  std::size_t lower_bound(std::uint64_t op) const;  // the first at op or behind it, or size()

  void push_back(std::uint64_t op, std::string_view element);
  void insert(std::size_t at, std::uint64_t op, std::string_view element);
  void replace(std::size_t at, std::string_view element);
  void erase(std::size_t at);
  AddRun split_off(std::size_t from);  // what stands at `from` and behind it
  void shrink_to_fit();

 private:
  // A block begins with: how many adds there are, and for how many adds and bytes there is room.
  static constexpr std::size_t size_at = 0, room_at = 4, bytes_room_at = 8, head_size = 12;

  static constexpr std::size_t here_max = 23;
  static constexpr std::uint8_t empty = 0xFF, block = 0xFE;  // else the size of the one element

  template <class T>
  static T load(const void* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  bool in_block() const { return kind_ == block; }
  std::byte* head() const { return load<std::byte*>(here_); }
  std::uint32_t field(std::size_t at) const { return load<std::uint32_t>(head() + at); }
  std::uint32_t end_of(std::size_t i) const {
    return in_block() ? load<std::uint32_t>(ends() + i * sizeof(std::uint32_t)) : kind_;
  }
  std::uint32_t begin_of(std::size_t i) const { return i == 0 ? 0 : end_of(i - 1); }
  std::byte* ops() const { return head() + head_size; }
  std::byte* ends() const { return ops() + field(room_at) * sizeof(std::uint64_t); }
  char* text() const {
    return reinterpret_cast<char*>(ends() + field(room_at) * sizeof(std::uint32_t));
  }
  void set_size(std::size_t size);
  void set_op(std::size_t i, std::uint64_t op);
  void set_end(std::size_t i, std::uint32_t end);
  void move_ends(std::size_t from, std::int64_t by);
  void reserve(std::size_t adds, std::size_t bytes);
  void rebuild(std::size_t adds, std::size_t bytes);
  void allocate(std::size_t adds, std::size_t bytes);
  void copy_into_block(const AddRun&);
  void take(AddRun& other) noexcept;
  void release() noexcept {
    if (in_block()) delete[] head();
  }

  std::uint64_t first_ = 0;
  alignas(std::byte*) char here_[here_max];  // the one element, or the address of the block
  std::uint8_t kind_ = empty;
};

}  // namespace tributary::crdt
