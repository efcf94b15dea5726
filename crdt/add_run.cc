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
  if (other.size() == 1) push_back(other.op(0), other.element(0));
  if (other.size() < 2) return;
  first_ = other.first_;
  allocate(other.size(), other.bytes());
  copy_into_block(other);
}
AddRun& AddRun::operator=(AddRun&& other) noexcept {
  if (&other == this) return *this;
  release();
  take(other);
  return *this;
}
void AddRun::take(AddRun& other) noexcept {  // REQUIRES: nothing is held here
  first_ = other.first_;
  std::memcpy(here_, other.here_, sizeof here_);
  kind_ = std::exchange(other.kind_, empty);
}

void AddRun::set_size(std::size_t size) {
  store(head() + size_at, static_cast<std::uint32_t>(size));
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
  if (size() == 0) first_ = op;
  if (kind_ == empty && element.size() <= here_max) {
    std::memcpy(here_, element.data(), element.size());
    kind_ = static_cast<std::uint8_t>(element.size());
    return;
  }
  const std::size_t at = size(), begin = bytes(), end = begin + element.size();
  reserve(at + 1, end);
  std::memcpy(text() + begin, element.data(), element.size());
  set_op(at, op);
  set_end(at, static_cast<std::uint32_t>(end));
  set_size(at + 1);
}

void AddRun::insert(std::size_t at, std::uint64_t op, std::string_view element) {
  if (at == size()) return push_back(op, element);
  reserve(size() + 1, bytes() + element.size());
  first_ = std::min(first_, op);  // not before: it may have been the operation of the one add
  const std::size_t behind = size() - at, begin = begin_of(at), bytes_behind = bytes() - begin;
  std::memmove(text() + begin + element.size(), text() + begin, bytes_behind);
  std::memcpy(text() + begin, element.data(), element.size());
  std::memmove(ops() + (at + 1) * op_size, ops() + at * op_size, behind * op_size);
  std::memmove(ends() + (at + 1) * end_size, ends() + at * end_size, behind * end_size);
  set_size(size() + 1);
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
  if (!in_block()) {
    kind_ = empty;
    return;
  }
  const std::size_t begin = begin_of(at), end = end_of(at), behind = size() - at - 1;
  std::memmove(text() + begin, text() + end, bytes() - end);
  std::memmove(ops() + at * op_size, ops() + (at + 1) * op_size, behind * op_size);
  std::memmove(ends() + at * end_size, ends() + (at + 1) * end_size, behind * end_size);
  set_size(size() - 1);
  move_ends(at, static_cast<std::int64_t>(begin) - static_cast<std::int64_t>(end));
}

AddRun AddRun::split_off(std::size_t from) {
  if (!in_block()) return from == 0 ? std::move(*this) : AddRun();
  AddRun behind;
  behind.reserve(size() - from, bytes() - begin_of(from));
  for (std::size_t i = from; i < size(); ++i) behind.push_back(op(i), element(i));
  set_size(from);
  shrink_to_fit();
  return behind;
}

void AddRun::shrink_to_fit() {
  if (!in_block()) return;
  if (size() == 0) {
    release();
    kind_ = empty;
  } else if (field(room_at) > size() || field(bytes_room_at) > bytes()) {
    rebuild(size(), bytes());
  }
}

// The first time exactly what is asked for, since most runs stay at one add; then with room to
// grow.
void AddRun::reserve(std::size_t adds, std::size_t bytes) {
  if (kind_ == empty) return allocate(adds, bytes);
  const std::size_t room = in_block() ? field(room_at) : 1;
  const std::size_t bytes_room = in_block() ? field(bytes_room_at) : 0;
  if (adds <= room && bytes <= bytes_room) return;
  rebuild(adds <= room ? room : std::max(adds, 2 * room),
          bytes <= bytes_room ? bytes_room : bytes + bytes / 2);
}

void AddRun::rebuild(std::size_t adds, std::size_t bytes) {
  AddRun made;
  made.first_ = first_;
  made.allocate(adds, bytes);
  made.copy_into_block(*this);
  *this = std::move(made);
}

void AddRun::allocate(std::size_t adds, std::size_t bytes) {  // REQUIRES: nothing is held
  auto* const made = new std::byte[head_size + adds * (op_size + end_size) + bytes];
  std::memcpy(here_, &made, sizeof made);
  kind_ = block;
  set_size(0);
  store(head() + room_at, static_cast<std::uint32_t>(adds));
  store(head() + bytes_room_at, static_cast<std::uint32_t>(bytes));
}

// REQUIRES: an empty block with room for it.
void AddRun::copy_into_block(const AddRun& other) {
  if (!other.in_block()) return push_back(other.op(0), other.element(0));
  set_size(other.size());
  std::memcpy(ops(), other.ops(), other.size() * op_size);
  std::memcpy(ends(), other.ends(), other.size() * end_size);
  std::memcpy(text(), other.text(), other.bytes());
}

}  // namespace tributary::crdt
