// SPDX-License-Identifier: Apache-2.0
// An actor's row of the database. The first byte says whether the checksum is mended; what is
// taken is what encode() would write, and goes on recording.
#include "gateway/core/intake.h"

#include "gateway/core/coding.h"
#include "tests/fuzz/fuzz.h"

using namespace tributary;
using fuzz::require;

namespace {

void record(core::Intake intake, fuzz::Script script) {
  for (int n = 0; n < 8 && !script.done(); ++n) {
    core::Intake::Receipt r;
    r.from = script.number() % ~std::uint64_t{0};
    r.to = r.from + 1 + script.number() % (~std::uint64_t{0} - r.from);
    r.id = script.below(3);
    r.parts = 1 + static_cast<std::uint32_t>(script.below(4));
    r.part = 1 + static_cast<std::uint32_t>(script.below(r.parts));
    r.hash.bytes[0] = script.byte();
    const std::uint64_t before = intake.contiguous().op;
    intake.record(r);
    require(intake.contiguous().op >= before, "what was received stays received");
    require(intake.points_above(0, 16).size() <= 16, "points are bounded");
  }
  const auto again = core::Intake::decode(intake.encode());
  require(again && *again == intake, "what is written is read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = fuzz::text_of(data + 1, size - 1);
  record({}, fuzz::Script(bytes));
  if (data[0] % 8 == 0) {
    core::Intake::decode(bytes);
    return 0;
  }
  core::Writer w;
  w.bytes(bytes);
  const std::string row = w.finish();
  const auto intake = core::Intake::decode(row);
  if (!intake) return 0;
  require(intake->encode() == row, "a row has one encoding");
  record(*intake, fuzz::Script(bytes.substr(bytes.size() / 2)));
  return 0;
}
