// SPDX-License-Identifier: Apache-2.0
// Heads of peers.
#include "tests/fuzz/fuzz.h"
#include "transports/wire/ack.h"

using namespace tributary;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const auto head = wire::decode_head(bytes, {});
  if (!head) {
    require(head.error().offset <= size, "an error is inside of the message");
    return 0;
  }
  const auto sealed = wire::decode_sealed(bytes, {});
  require(sealed && wire::encode_body(*head) == sealed->body, "a head has one encoding");
  for (const auto& bucket : head->buckets)
    require(!bucket || bucket->published.has_value() == (bucket->parts > 0), "published in parts");
  require(!wire::decode_ack(bytes, {}), "a head is no ack");
  return 0;
}
