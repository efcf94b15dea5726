// SPDX-License-Identifier: Apache-2.0
// Records of the fleet's registry, as gateways read them, and the signed tail of a status.
#include "transports/wire/record.h"

#include <algorithm>
#include <iterator>

#include "gateway/core/glob.h"
#include "gateway/core/grants.h"
#include "gateway/core/settlements.h"
#include "gateway/core/status.h"
#include "tests/fuzz/fuzz.h"
#include "transports/wire/ack.h"

using namespace tributary;
using fuzz::require;

namespace {

// Whatever a grant says, asking it is safe, and it allows nothing to those that it does not name.
void ask(const wire::GrantRecord& grant, std::string_view bytes) {
  wire::Entry records;
  records.key = wire::grants_key;
  records.payload = wire::GSetPayload{{bytes, bytes}};
  core::Grants grants;
  require(grants.take(records) == 1, "a grant counts once");
  wire::Entry entry;
  entry.key = "a/b";
  entry.type = 2;
  entry.hi = 1;
  entry.payload = wire::PnCounterPayload{grant.burst | 1, grant.per_hour};
  wire::Delta d;
  d.device = "sensor-7";
  d.to = 1;
  d.hlc = crdt::Hlc::at(grant.since_ms + grant.per_hour % 1'000);
  const std::string why = grants.denied(d, entry);
  require(why.size() <= wire::refusal_rule_bytes_max, "a rule fits a refusal");
  const bool named = core::glob_matches(grant.members, d.device);
  require(named || !why.empty(), "a grant is for its members alone");
  const wire::Hash kept = wire::sha256("kept");
  const std::string withdrawal = wire::encode(wire::WithdrawalRecord{wire::sha256(bytes)});
  const std::string exemption =
      wire::encode(wire::ExemptionRecord{wire::sha256(bytes), 1, 1, 1, {kept}});
  records.key = wire::settlements_key;
  records.payload = wire::GSetPayload{{exemption, withdrawal}};
  require(grants.take(records) == 2, "it is withdrawn once");
  require(!grants.denied(d, entry).empty(), "a withdrawn grant allows nothing new");
  require(grants.denied(d, entry).size() <= wire::refusal_rule_bytes_max, "a rule fits a refusal");
  require(grants.denied(d, entry, kept).empty() == why.empty(), "and what it did to what is kept");
}

// Whatever a record says, it counts once in one place, and never against the admin.
void settle(std::string_view bytes) {
  wire::Entry records;
  records.key = wire::settlements_key;
  records.payload = wire::GSetPayload{{bytes, bytes}};
  core::Settlements settlements;
  core::Grants grants;
  require(settlements.take(records) + grants.take(records) == 1, "a record counts once");
  require(!settlements.closed(wire::admin_id, 1), "the admin is never closed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const auto key = wire::decode_key_record(bytes);
  const auto grant = wire::decode_grant_record(bytes);
  const auto closing = wire::decode_closing_record(bytes);
  const auto settlement = wire::decode_settlement_record(bytes);
  const auto withdrawal = wire::decode_withdrawal_record(bytes);
  const auto exemption = wire::decode_exemption_record(bytes);
  const auto removal = wire::decode_removal_record(bytes);
  const bool kinds[] = {static_cast<bool>(key),        static_cast<bool>(grant),
                        static_cast<bool>(closing),    static_cast<bool>(settlement),
                        static_cast<bool>(withdrawal), static_cast<bool>(exemption),
                        static_cast<bool>(removal)};
  require(std::count(std::begin(kinds), std::end(kinds), true) <= 1, "a record is of one kind");
  if (key) require(wire::encode(*key) == bytes, "a key's record has one encoding");
  if (!key) require(key.error().offset <= size, "an error is inside of the record");
  if (grant) {
    require(wire::encode(*grant) == bytes, "a grant has one encoding");
    ask(*grant, bytes);
  }
  if (closing) require(wire::encode(*closing) == bytes, "a closing has one encoding");
  if (settlement) require(wire::encode(*settlement) == bytes, "a settlement has one encoding");
  if (withdrawal) require(wire::encode(*withdrawal) == bytes, "a withdrawal has one encoding");
  if (exemption) require(wire::encode(*exemption) == bytes, "an exemption has one encoding");
  if (removal) require(wire::encode(*removal) == bytes, "a removal has one encoding");
  const bool of_admin = (closing && closing->device == wire::admin_id) ||
                        (settlement && settlement->device == wire::admin_id);
  if ((closing || settlement || withdrawal || exemption) && !of_admin) settle(bytes);
  const core::StatusSeal seal = core::status_seal(bytes);
  require(seal.body.size() <= size && seal.signature.size() <= size,
          "a seal is inside of its text");
  return 0;
}
