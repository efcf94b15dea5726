// SPDX-License-Identifier: Apache-2.0
#include "crdt/add_run.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tributary::crdt {
namespace {

constexpr std::size_t op_size = sizeof(std::uint64_t), end_size = sizeof(std::uint32_t);

template <class T>
void store(std::byte* to, const T& value) {
  std::memcpy(to, &value, sizeof value);
}

}  // namespace

AddRun::AddRun(const AddRun& other) {
  if (other.size() == 0) return;
  const Head theirs = other.head();
  rebuild(theirs.size, other.bytes());
  set_head({theirs.size, theirs.size, static_cast<std::uint32_t>(other.bytes())});
  std::memcpy(ops(), other.ops(), theirs.size * op_size);
  std::memcpy(ends(), other.ends(), theirs.size * end_size);
  std::memcpy(text(), other.text(), other.bytes());
}

void AddRun::set_head(const Head& head) {
  store(block_.get(), head);
}
void AddRun::set_op(std::size_t i, std::uint64_t op) {
  store(ops() + i * op_size, op);
}
void AddRun::set_end(std::size_t i, std::uint32_t end) {
  store(ends() + i * end_size, end);
}
void AddRun::move_ends(std::size_t from, std::int64_t by) {
  for (std::size_t i = from; i < size(); ++i) {
    set_end(i, static_cast<std::uint32_t>(end_of(i) + by));
  }
}

std::size_t AddRun::lower_bound(std::uint64_t wanted) const {
  std::size_t first = 0, count = size();
  while (count > 0) {
    const std::size_t half = count / 2;
    if (op(first + half) < wanted) {
      first += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return first;
}

void AddRun::push_back(std::uint64_t op, std::string_view element) {
  const std::size_t begin = bytes(), end = begin + element.size();
  reserve(size() + 1, end);
  std::memcpy(text() + begin, element.data(), element.size());
  Head h = head();
  const std::size_t at = h.size++;
  set_head(h);
  set_op(at, op);
  set_end(at, static_cast<std::uint32_t>(end));
}

void AddRun::insert(std::size_t at, std::uint64_t op, std::string_view element) {
  if (at == size()) return push_back(op, element);
  reserve(size() + 1, bytes() + element.size());
  const std::size_t behind = size() - at, begin = begin_of(at), bytes_behind = bytes() - begin;
  std::memmove(text() + begin + element.size(), text() + begin, bytes_behind);
  std::memcpy(text() + begin, element.data(), element.size());
  std::memmove(ops() + (at + 1) * op_size, ops() + at * op_size, behind * op_size);
  std::memmove(ends() + (at + 1) * end_size, ends() + at * end_size, behind * end_size);
  Head h = head();
  ++h.size;
  set_head(h);
  set_op(at, op);
  set_end(at, static_cast<std::uint32_t>(begin + element.size()));
  move_ends(at + 1, static_cast<std::int64_t>(element.size()));
}

void AddRun::replace(std::size_t at, std::string_view element) {
  const std::uint64_t op = this->op(at);
  erase(at);
  insert(at, op, element);
}

void AddRun::erase(std::size_t at) {
  const std::size_t begin = begin_of(at), end = end_of(at), behind = size() - at - 1;
  std::memmove(text() + begin, text() + end, bytes() - end);
  std::memmove(ops() + at * op_size, ops() + (at + 1) * op_size, behind * op_size);
  std::memmove(ends() + at * end_size, ends() + (at + 1) * end_size, behind * end_size);
  Head h = head();
  --h.size;
  set_head(h);
  move_ends(at, static_cast<std::int64_t>(begin) - static_cast<std::int64_t>(end));
}

AddRun AddRun::split_off(std::size_t from) {
  AddRun behind;
  behind.reserve(size() - from, bytes() - begin_of(from));
  for (std::size_t i = from; i < size(); ++i) behind.push_back(op(i), element(i));
  Head h = head();
  h.size = static_cast<std::uint32_t>(from);
  set_head(h);
  shrink_to_fit();
  return behind;
}

void AddRun::shrink_to_fit() {
  if (size() == 0) {
    block_.reset();
  } else if (head().room > size() || head().bytes_room > bytes()) {
    rebuild(size(), bytes());
  }
}

// The first time exactly what is asked for, since most runs stay at one add; then with room to
// grow.
void AddRun::reserve(std::size_t adds, std::size_t bytes) {
  if (block_ == nullptr) return rebuild(adds, bytes);
  const Head h = head();
  if (adds <= h.room && bytes <= h.bytes_room) return;
  rebuild(adds <= h.room ? h.room : std::max<std::size_t>(adds, 2 * std::size_t{h.room}),
          bytes <= h.bytes_room ? h.bytes_room : bytes + bytes / 2);
}

void AddRun::rebuild(std::size_t adds, std::size_t bytes) {
  AddRun made;
  made.block_ = std::make_unique_for_overwrite<std::byte[]>(sizeof(Head) + bytes +
                                                            adds * (op_size + end_size));
  const Head next{static_cast<std::uint32_t>(size()), static_cast<std::uint32_t>(adds),
                  static_cast<std::uint32_t>(bytes)};
  made.set_head(next);
  if (size() > 0) {
    std::memcpy(made.ops(), ops(), size() * op_size);
    std::memcpy(made.ends(), ends(), size() * end_size);
    std::memcpy(made.text(), text(), this->bytes());
  }
  block_ = std::move(made.block_);
}

}  // namespace tributary::crdt
