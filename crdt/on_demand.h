// SPDX-License-Identifier: Apache-2.0
// A container that is nearly always empty: a pointer until somebody asks to change it.
//
//   OnDemand<std::set<int>> rare;
//   rare->empty();                                      // true, and nothing was allocated
//   rare.make().insert(7);
//
// Equal contents are equal, whether allocated or not. Not thread-safe.
#pragma once
#include <memory>

namespace tributary::crdt {

template <class T>
class OnDemand {
 public:
  OnDemand() = default;
  OnDemand(const OnDemand& other)
      : held_(other.held_ == nullptr ? nullptr : std::make_unique<T>(*other.held_)) {}
  OnDemand(OnDemand&&) noexcept = default;
  OnDemand& operator=(const OnDemand& other) { return *this = OnDemand(other); }
  OnDemand& operator=(OnDemand&&) noexcept = default;
  ~OnDemand() = default;

  bool made() const { return held_ != nullptr; }
  const T& operator*() const { return made() ? *held_ : none(); }
  const T* operator->() const { return &**this; }
  T& make() {
    if (!made()) held_ = std::make_unique<T>();
    return *held_;
  }
  void reset() { held_.reset(); }

  friend bool operator==(const OnDemand& a, const OnDemand& b) { return *a == *b; }

 private:
  static const T& none() {
    static const T empty;
    return empty;
  }

  std::unique_ptr<T> held_;
};

}  // namespace tributary::crdt
