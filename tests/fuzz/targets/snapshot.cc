// SPDX-License-Identifier: Apache-2.0
// What a device saved. The first byte says whether the checksum is mended, so that the contents are
// reached; whatever is taken is written again to the same bytes, and a device lives on with it.
#include "firmware-sim/sdk/snapshot.h"

#include "tests/fuzz/fuzz.h"
#include "transports/wire/envelope.h"
#include "transports/wire/pack.h"

using namespace tributary;
using fuzz::require;

namespace {

void live_on(std::string saved) {
  sdk::Options o;
  o.fleet = "demo";
  o.device = "d1";
  o.random = [n = std::uint64_t{5}]() mutable { return ++n; };
  std::string stored;
  o.save = [&stored](std::string_view s) { return stored = std::string(s), true; };
  o.saved = std::move(saved);
  auto device = sdk::Device::open(std::move(o));
  require(bool(device), "what decodes opens");
  const std::uint64_t before = device->last_op();
  require(device->safe() <= before || device->safe() > 0, "it has a point");
  device->time(1'700'000'000'000);
  if (before < ~std::uint64_t{0} - 8) {
    device->counter("parts").add(1);
    device->set("alarms").insert("x");
    device->reg("t").set(1.5);
  }
  for (const sdk::Packet& p : device->poll(1'700'000'001'000)) {
    wire::Pack storage;
    const auto envelopes = wire::split_upload(p.payload, {}, storage);
    require(bool(envelopes), "what it sends is an upload");
    for (const std::string_view e : *envelopes)
      require(bool(wire::decode_envelope(e, {})), "what it sends is an envelope");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string bytes(fuzz::text_of(data + 1, size - 1));
  if (data[0] % 8 != 0) bytes += wire::sha256(bytes).view();
  sdk::Memory memory;
  if (const auto error = sdk::decode_snapshot(bytes, "demo", "d1", memory)) {
    require(!error->text.empty(), "a refusal has words");
    return 0;
  }
  const std::string again = sdk::encode_snapshot("demo", "d1", memory);
  sdk::Memory second;
  require(!sdk::decode_snapshot(again, "demo", "d1", second), "what is written can be read");
  require(sdk::encode_snapshot("demo", "d1", second) == again, "and is the same");
  live_on(std::move(bytes));
  return 0;
}
