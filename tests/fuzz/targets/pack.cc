// SPDX-License-Identifier: Apache-2.0
// Packs: as they come, as compressed data in a frame that fits, and as plain data that is packed
// here with every codec.
#include "transports/wire/pack.h"

#include "tests/fuzz/fuzz.h"
#include "transports/wire/writer.h"

using namespace tributary;
using fuzz::require;

namespace {

void check(const wire::Pack& pack) {
  require(wire::plain_pack(pack.envelopes) == *pack.plain, "plain data has one encoding");
  for (const wire::Codec codec : {wire::Codec::plain, wire::Codec::lz4, wire::Codec::gzip}) {
    const auto again = wire::decode_pack(wire::encode_pack(*pack.plain, codec), {});
    require(again && *again->plain == *pack.plain, "what is packed unpacks to the same");
    require(again->envelopes == pack.envelopes, "and holds the same envelopes");
  }
}

// Reaches the decompressors with any bytes: the frame says what it must.
void decode_framed(fuzz::Script script) {
  const std::uint64_t codec = script.below(3);
  const std::uint64_t size = script.number() * (1 + script.below(64));
  const std::string_view data = script.rest();
  wire::Writer w;
  w.array(4);
  w.uint(2);
  w.uint(codec);
  w.uint(size);
  w.bin(data);
  const std::string bytes = w.take();
  if (const auto pack = wire::decode_pack(bytes, {})) {
    require(pack->plain->size() == size, "it unpacks to exactly the declared size");
    check(*pack);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const auto pack = wire::decode_pack(bytes, {});
  if (pack) {
    check(*pack);
  } else {
    require(!wire::to_string(pack.error()).empty(), "an error has words");
  }
  wire::Pack storage;
  const auto split = wire::split_upload(bytes, {}, storage);
  require(!pack || (split && *split == pack->envelopes), "an upload may be a pack");
  if (split && !pack) require(split->size() == 1 && split->front() == bytes, "or one envelope");
  wire::Limits lower;
  lower.pack_bytes_max = 64;
  lower.pack_envelopes_max = 2;
  if (const auto strict = wire::decode_pack(bytes, lower)) {
    require(pack && strict->plain->size() <= 64 && strict->envelopes.size() <= 2,
            "lower limits hold, and accept nothing more");
  }
  decode_framed(fuzz::Script(data, size));
  return 0;
}
