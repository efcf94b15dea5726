// SPDX-License-Identifier: Apache-2.0
// What gateways send each other around packs: numbered batches and parts of retained state.
#include "tests/fuzz/fuzz.h"
#include "transports/wire/ack.h"
#include "transports/wire/evidence.h"
#include "transports/wire/pack.h"

using namespace tributary;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const auto batch = wire::decode_batch(bytes, {});
  const auto state = wire::decode_state_part(bytes, {});
  require(!(batch && state), "a message has one reading");
  if (batch) require(wire::encode(*batch) == bytes, "a batch has one encoding");
  if (state) {
    require(wire::encode(*state) == bytes, "a state part has one encoding");
    require(state->bucket < wire::bucket_count && state->part < state->parts, "in range");
  }
  if (!batch && !state) {
    require(batch.error().offset <= size && state.error().offset <= size, "errors are inside");
    return 0;
  }
  const auto pack = wire::decode_pack(batch ? batch->pack : state->pack, {});
  if (!pack) return 0;
  for (const std::string_view e : pack->envelopes) {
    const auto sealed = wire::decode_sealed(e, {});
    const auto envelope = wire::decode_envelope(e, {});
    require(!envelope || sealed, "what is an envelope is sealed");
    const auto evidence = wire::decode_evidence(e, {});
    require(!evidence || (wire::is_evidence(e) && !sealed), "evidence is no envelope");
    require(!evidence || wire::encode_evidence(evidence->first, evidence->second) == e,
            "evidence has one encoding");
  }
  return 0;
}
