// SPDX-License-Identifier: Apache-2.0
// Our reader of deltas against a slow one that was written from the page: both take a body or both
// refuse it, and they read the same.
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reference.h"

using namespace tributary;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = fuzz::text_of(data, size);
  const auto ours = wire::decode_delta(body, {});
  const fuzz::ReferenceDelta theirs(body);
  require(!ours || theirs.accepted(), "what our reader takes, the reference takes");
  require(ours || !theirs.accepted(), "what our reader refuses, the reference refuses");
  if (ours) require(theirs.same(*ours), "both read the same");
  return 0;
}
