// SPDX-License-Identifier: Apache-2.0
// Result<T, E>: a value or the reason why there is none (std::expected, which C++20 lacks).
//
//   Result<Delta, Overflow> r = counter.increment(actor, 3);
//   if (!r) return r.error();
//   publish(*r);
#pragma once
#include <cassert>
#include <utility>
#include <variant>

namespace tributary {

template <class E>
struct Failure {
  E error;
};
template <class E>
Failure(E) -> Failure<E>;

template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT
  Result(Failure<E> failure)
      : state_(std::in_place_index<1>, std::move(failure.error)) {}  // NOLINT

  explicit operator bool() const { return state_.index() == 0; }
  // REQUIRES: holds a value.
  T& operator*() {
    assert(*this);
    return std::get<0>(state_);
  }
  const T& operator*() const {
    assert(*this);
    return std::get<0>(state_);
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }
  // REQUIRES: holds an error.
  const E& error() const {
    assert(!*this);
    return std::get<1>(state_);
  }

 private:
  std::variant<T, E> state_;
};

}  // namespace tributary
