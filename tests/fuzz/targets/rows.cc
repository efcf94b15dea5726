// SPDX-License-Identifier: Apache-2.0
// A gateway that starts from any rows: sound ones, rotten ones, some of another fleet, some twice,
// and intakes that rest on other envelopes than those that are there.
#include <set>

#include "gateway/core/coding.h"
#include "tests/fuzz/bench.h"
#include "tests/fuzz/craft.h"

using namespace tributary;
using fuzz::Script;

namespace {

constexpr std::size_t rows_max = 16;
constexpr std::uint8_t settles_one_in = 64;

core::EnvelopeRow envelope_row(Script& script, std::uint64_t number) {
  fuzz::Arena arena;
  wire::Delta d = fuzz::craft_delta(script, arena);
  const std::uint64_t wrong = script.below(16);
  if (wrong == 1) d.fleet = "other";
  core::EnvelopeRow row;
  row.row = number;
  row.device = d.device;
  row.epoch = d.epoch;
  row.from = d.from;
  row.to = d.to;
  row.bytes = wire::seal(wire::encode_delta(d));
  row.hash = wire::sha256(wire::decode_sealed(row.bytes, {})->body).view();
  if (wrong == 2) row.bytes[script.byte() % row.bytes.size()] ^= static_cast<char>(script.byte());
  if (wrong == 3) row.hash[0] ^= 1;
  if (wrong == 4) row.hash.clear();
  if (wrong == 5) row.bytes = script.bytes(200);
  return row;
}

core::ActorRow actor_row(Script& script, std::uint64_t number) {
  core::ActorRow row;
  row.row = number;
  row.device = fuzz::craft_device(script);
  row.epoch = 1 + script.below(2);
  core::Intake intake;
  for (std::uint64_t n = script.below(4); n > 0; --n) {
    core::Intake::Receipt r;
    r.from = script.below(12);
    r.to = r.from + 1 + script.below(12);
    r.parts = 1 + static_cast<std::uint32_t>(script.below(2));
    intake.record(r);
  }
  core::Writer w;
  w.u8(script.one_in(8) ? 2 : 1);
  w.u64(script.below(3));
  w.u64(script.number());
  w.bytes(script.one_in(8) ? std::string(script.bytes(64)) : intake.encode());
  row.intake = w.finish();
  if (script.one_in(8)) row.intake = script.bytes(64);
  return row;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script script(data, size);
  fuzz::Bench bench;
  std::set<std::pair<std::string, std::uint64_t>> names;
  for (std::uint64_t n = 1; n <= rows_max && !script.done(); ++n) {
    if (script.below(4) != 3) {
      bench.disk.envelopes[n] = envelope_row(script, n);
      continue;
    }
    const core::ActorRow row = actor_row(script, n);
    if (names.emplace(row.device, row.epoch).second) bench.disk.actors[n] = row;
  }
  bench.boot();
  // What peers hear of it takes most of the time, and `core` looks at that as well.
  if (size > 0 && data[size - 1] % settles_one_in == 0) bench.settle();
  bench.crash();
  bench.boot();
  return 0;
}
