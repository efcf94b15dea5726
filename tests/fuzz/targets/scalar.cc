// SPDX-License-Identifier: Apache-2.0
// Values of registers: one encoding each, and JSON that a reader takes.
#include "transports/wire/scalar.h"

#include <nlohmann/json.hpp>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reference.h"

using namespace tributary;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const auto scalar = wire::decode_scalar(bytes);
  if (scalar) {
    const auto again = wire::encode_scalar(*scalar);
    require(again && *again == bytes, "a scalar has one encoding");
  } else {
    require(scalar.error().offset <= size, "an error is inside");
  }
  require(nlohmann::json::accept(wire::json_of_scalar(bytes)), "the JSON of a scalar is JSON");
  const std::string shown = wire::json_of_bytes(bytes);
  const auto element = nlohmann::json::parse(shown, nullptr, false);
  require(!element.is_discarded(), "the JSON of an element is JSON");
  require(element.is_string() == fuzz::reference_utf8(bytes),
          "text as text, other bytes as base64");
  if (element.is_string())
    require(element.get_ref<const std::string&>() == bytes, "and it says the same");
  return 0;
}
