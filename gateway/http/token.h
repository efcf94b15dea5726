// SPDX-License-Identifier: Apache-2.0
// What http.token_file holds: who knows it may read and change. It can be replaced while others
// ask. Its promise: from then on nobody gets in with what it was before.
//
//   auto token = std::make_shared<Token>("0123456789abcdef");
//   if (!token->is(given)) refuse();
//   token->replace(another);  // number() is another, too
//
// Thread-safety: all of it from any thread.
#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/http/secret.h"

namespace tributary::http {

class Token {
 public:
  explicit Token(std::string value = {}) : value_(std::move(value)) {}

  void replace(std::string value) {
    const std::lock_guard lock(mutex_);
    if (value == value_) return;
    value_ = std::move(value);
    ++number_;
  }
  // False: there is none, and nobody has it.
  bool wanted() const {
    const std::lock_guard lock(mutex_);
    return !value_.empty();
  }
  bool is(std::string_view given) const {
    const std::lock_guard lock(mutex_);
    return !value_.empty() && same_secret(given, value_);
  }
  // Of how many there have been: for what was let in once and goes on.
  std::uint64_t number() const {
    const std::lock_guard lock(mutex_);
    return number_;
  }

 private:
  mutable std::mutex mutex_;
  std::string value_;         // guarded by mutex_
  std::uint64_t number_ = 1;  // guarded by mutex_
};

}  // namespace tributary::http
