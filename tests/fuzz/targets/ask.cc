// SPDX-License-Identifier: Apache-2.0
// What gateways ask each other and answer, and the sketch in it: a reader does work in proportion
// to its length, and what a sketch tells is what made it.
#include "transports/wire/ask.h"

#include "tests/fuzz/fuzz.h"
#include "transports/wire/pack.h"

using namespace tributary;
using fuzz::require;

namespace {

// What the cells tell gives the cells again: nobody can make them say what is not in them.
void look_at(std::string_view cells) {
  const auto sketch = wire::Sketch::read(cells);
  require(sketch.has_value(), "the cells of an ask are a sketch");
  require(sketch->bytes() == cells, "a sketch has one encoding");
  const auto told = sketch->difference();
  if (!told) return;
  require(told->added.size() + told->missing.size() <= sketch->size(),
          "it tells no more than fits");
  wire::Sketch added(sketch->size()), missing(sketch->size());
  for (const std::uint64_t id : told->added) added.add(id);
  for (const std::uint64_t id : told->missing) missing.add(id);
  added.subtract(missing);
  require(added.bytes() == cells, "what it tells is all that is in it");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const auto ask = wire::decode_ask(bytes, {});
  const auto answer = wire::decode_answer(bytes, {});
  require(!(ask && answer), "a message has one reading");
  if (ask) {
    require(wire::encode(*ask) == bytes, "an ask has one encoding");
    require(ask->buckets != 0, "in range");
    look_at(ask->cells);
  }
  if (answer) {
    require(wire::encode(*answer) == bytes, "an answer has one encoding");
    const auto pack = wire::decode_pack(answer->pack, {});
    if (pack) require(pack->envelopes.size() <= wire::Limits{}.pack_envelopes_max, "in range");
  }
  if (!ask && !answer)
    require(ask.error().offset <= size && answer.error().offset <= size, "errors are inside");
  return 0;
}
