// SPDX-License-Identifier: Apache-2.0
// A delta body, alone: one encoding, sizes told right, ids and keys by the rules.
#include "tests/fuzz/fuzz.h"
#include "transports/wire/envelope.h"

using namespace tributary;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = fuzz::text_of(data, size);
  const auto delta = wire::decode_delta(body, {});
  if (!delta) {
    require(delta.error().offset <= size, "an error is inside of the body");
    return 0;
  }
  require(wire::encode_delta(*delta) == body, "a body has one encoding");
  require(wire::valid_id(delta->fleet) && wire::valid_id(delta->device), "ids are ids");
  for (const wire::Entry& e : delta->entries) {
    require(wire::encoded_size(e) == e.bytes, "the size of an entry is known before it is encoded");
    require(wire::valid_key(e.key), "keys are keys");
    require(e.lo < e.hi && e.hi <= delta->to, "an entry lies within its delta");
  }
  const std::string sealed = wire::seal(body);
  const auto envelope = wire::decode_envelope(sealed, {});
  require(bool(envelope) != delta->is_signed, "an unsigned body makes an unsigned envelope");
  return 0;
}
