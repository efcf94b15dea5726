// SPDX-License-Identifier: Apache-2.0
// A second reader of deltas, written from docs/protocol.md alone: msgpack-c reads the values, each
// rule of the page is one plain check, and canonical is what comes out the same when it is written
// again. Slow, and shares nothing with transports/wire but the numbers of section 9.
//
//   const ReferenceDelta reference(body);
//   require(reference.accepted() == ours.has_value(), "both take it or both refuse it");
//   if (ours) require(reference.same(*ours), "and read the same");
#pragma once
#include <memory>
#include <string_view>

#include "transports/wire/envelope.h"

namespace tributary::fuzz {

class ReferenceDelta {
 public:
  explicit ReferenceDelta(std::string_view body);
  ~ReferenceDelta();
  ReferenceDelta(const ReferenceDelta&) = delete;
  ReferenceDelta& operator=(const ReferenceDelta&) = delete;

  bool accepted() const { return object_ != nullptr; }
  // REQUIRES: accepted().
  bool same(const wire::Delta&) const;

 private:
  struct Object;
  std::unique_ptr<Object> object_;
};

// Section 1, character by character.
bool reference_utf8(std::string_view text);
bool reference_key(std::string_view key);
bool reference_id(std::string_view id);

}  // namespace tributary::fuzz
