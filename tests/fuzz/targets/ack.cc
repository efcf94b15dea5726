// SPDX-License-Identifier: Apache-2.0
// Acknowledgements, as a device reads them.
#include "transports/wire/ack.h"

#include "tests/fuzz/fuzz.h"

using namespace tributary;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const auto ack = wire::decode_ack(bytes, {});
  if (!ack) {
    require(ack.error().offset <= size, "an error is inside of the message");
    return 0;
  }
  const auto sealed = wire::decode_sealed(bytes, {});
  require(sealed && wire::encode_body(*ack) == sealed->body, "an ack has one encoding");
  require(ack->actors.size() <= wire::ack_actors_max, "actors are bounded");
  for (const wire::ActorAck& a : ack->actors) {
    require((a.op == 0) == (a.hash == wire::Hash{}) || a.op > 0, "a hash when there is a point");
    require(a.points.size() <= wire::ack_points_max && a.removals.size() <= wire::ack_removals_max,
            "points and removals are bounded");
  }
  require(!wire::decode_head(bytes, {}), "an ack is no head");
  return 0;
}
