// SPDX-License-Identifier: Apache-2.0
// An envelope, as it comes from the wire: what is accepted has one encoding, and lower limits only
// ever refuse.
#include "transports/wire/envelope.h"

#include "tests/fuzz/fuzz.h"

using namespace tributary;
using fuzz::require;

namespace {

wire::Limits tight() {
  wire::Limits l;
  l.sealed_bytes_max = 300;
  l.body_bytes_max = 200;
  l.entries_max = 2;
  l.key_bytes_max = 8;
  l.element_bytes_max = 4;
  l.scalar_bytes_max = 6;
  l.items_max = 2;
  l.depth_max = 2;
  return l;
}

void check(const wire::Envelope& e, std::string_view bytes) {
  require(*e.bytes == bytes, "an envelope is kept verbatim");
  require(e.hash == wire::sha256(e.sealed.body), "its identity is the hash of its body");
  require(e.delta.is_signed != e.sealed.signature.empty(), "signed when there is a signature");
  require(wire::encode_delta(e.delta) == e.sealed.body, "a body has one encoding");
  wire::Delta again = e.delta;
  std::size_t offset = e.sealed.body.size();
  for (const wire::Entry& x : e.delta.entries) offset -= x.bytes;
  for (wire::Entry& x : again.entries) {
    const std::size_t size = x.bytes;
    x = wire::entry_at(e.sealed.body, offset, again.device, again.epoch, again.to);
    require(x.bytes == size, "an entry has one size");
    offset += size;
  }
  require(wire::encode_delta(again) == e.sealed.body, "an entry reads the same again");
  require(wire::seal(e.sealed.body, e.sealed.key_id, e.sealed.signature) == bytes,
          "a frame has one encoding");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const auto envelope = wire::decode_envelope(bytes, {});
  const auto sealed = wire::decode_sealed(bytes, {});
  if (envelope) {
    check(*envelope, bytes);
    require(sealed && sealed->body == envelope->sealed.body, "what is an envelope is sealed");
  } else {
    require(envelope.error().offset <= size, "an error is inside of the message");
    require(!wire::to_string(envelope.error()).empty(), "an error has words");
  }
  const wire::Limits lower = tight();
  if (const auto strict = wire::decode_envelope(bytes, lower)) {
    require(bool(envelope), "a lower limit accepts nothing more");
    require(size <= lower.sealed_bytes_max && strict->delta.entries.size() <= lower.entries_max,
            "lower limits hold");
  }
  return 0;
}
