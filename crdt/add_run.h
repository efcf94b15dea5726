// SPDX-License-Identifier: Apache-2.0
// A short run of adds in one allocation: their operations, ascending, then where each element ends,
// then the elements behind each other. What AddMap is made of.
//
//   AddRun run;
//   run.insert(run.lower_bound(7), 7, "badge-17");
//   run.element(0);                                     // "badge-17", until the next change
//
// Positions are those of an array: each call REQUIRES that its position is there. All elements of a
// run have less than 2^32 bytes together. Not thread-safe.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace tributary::crdt {

class AddRun {
 public:
  AddRun() = default;
  AddRun(const AddRun&);
  AddRun(AddRun&&) noexcept = default;
  AddRun& operator=(AddRun&&) noexcept = default;
  ~AddRun() = default;

  std::size_t size() const { return block_ == nullptr ? 0 : head().size; }
  std::size_t bytes() const { return size() == 0 ? 0 : end_of(size() - 1); }  // of all elements
  std::uint64_t op(std::size_t i) const {
    return load<std::uint64_t>(ops() + i * sizeof(std::uint64_t));
  }
  std::string_view element(std::size_t i) const {
    const std::uint32_t begin = begin_of(i);
    return {text() + begin, end_of(i) - begin};
  }
  std::size_t lower_bound(std::uint64_t op) const;  // the first at op or behind it, or size()

  void push_back(std::uint64_t op, std::string_view element);
  void insert(std::size_t at, std::uint64_t op, std::string_view element);
  void replace(std::size_t at, std::string_view element);
  void erase(std::size_t at);
  AddRun split_off(std::size_t from);  // what stands at `from` and behind it
  void shrink_to_fit();

 private:
  struct Head {
    std::uint32_t size = 0, room = 0;  // adds there, and for which there is room
    std::uint32_t bytes_room = 0;
  };

  template <class T>
  static T load(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  Head head() const { return load<Head>(block_.get()); }
  void set_head(const Head&);
  std::uint32_t end_of(std::size_t i) const {
    return load<std::uint32_t>(ends() + i * sizeof(std::uint32_t));
  }
  std::uint32_t begin_of(std::size_t i) const { return i == 0 ? 0 : end_of(i - 1); }
  std::byte* ops() const { return block_.get() + sizeof(Head); }
  std::byte* ends() const { return ops() + head().room * sizeof(std::uint64_t); }
  char* text() const {
    return reinterpret_cast<char*>(ends() + head().room * sizeof(std::uint32_t));
  }
  void set_op(std::size_t i, std::uint64_t op);
  void set_end(std::size_t i, std::uint32_t end);
  void move_ends(std::size_t from, std::int64_t by);
  void reserve(std::size_t adds, std::size_t bytes);
  void rebuild(std::size_t adds, std::size_t bytes);

  std::unique_ptr<std::byte[]> block_;  // Head, operations, ends, elements; null: empty
};

}  // namespace tributary::crdt
