// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/record.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <initializer_list>

#include "transports/wire/envelope.h"
#include "transports/wire/reader.h"
#include "transports/wire/writer.h"

namespace tributary::wire {
namespace {

using Code = DecodeError::Code;

constexpr std::size_t role_bytes_max = 16;
constexpr std::size_t key_bytes = 32;
constexpr std::string_view kind_key = "key";

bool known_role(std::string_view role) {
  return role == "device" || role == "gateway";
}

constexpr std::string_view kind_grant = "grant";
constexpr std::size_t pattern_bytes_max = 256;
constexpr std::uint64_t operations_all = 15;

// The kind, which is one of those wanted, and whether the record has as many fields as they have.
bool read_kind(Reader& r, std::initializer_list<std::string_view> wanted, std::size_t fields_wanted,
               std::string_view& kind) {
  std::size_t fields = 0;
  if (!r.array(fields, id_bytes_max, 1, "record")) return false;
  if (fields == 0) return r.fail(Code::type, "record");
  if (!r.str(kind, role_bytes_max, "record.kind")) return false;
  if (std::find(wanted.begin(), wanted.end(), kind) == wanted.end())
    return r.fail(Code::version, "record.kind");
  return fields == fields_wanted || r.fail(Code::type, "record");
}
bool read_kind(Reader& r, std::string_view wanted, std::size_t fields_wanted) {
  std::string_view kind;
  return read_kind(r, {wanted}, fields_wanted, kind);
}

bool read_types(Reader& r, std::vector<std::uint8_t>& out) {
  std::size_t n = 0;
  if (!r.array(n, type_max, 1, "grant.types")) return false;
  std::uint64_t before = 0;
  for (; n > 0; --n) {
    std::uint64_t type = 0;
    if (!r.uint_in(type, 1, type_max, "grant.types")) return false;
    if (type <= before) return r.fail(Code::not_canonical, "grant.types");
    out.push_back(static_cast<std::uint8_t>(before = type));
  }
  return true;
}

bool read_grant_record(Reader& r, GrantRecord& out) {
  std::uint64_t operations = 0;
  if (!read_kind(r, kind_grant, 9) || !r.str(out.members, pattern_bytes_max, "grant.members"))
    return false;
  if (!valid_member_pattern(out.members)) return r.fail(Code::utf8, "grant.members");
  if (!r.str(out.keys, pattern_bytes_max, "grant.keys")) return false;
  if (!valid_key_pattern(out.keys)) return r.fail(Code::utf8, "grant.keys");
  if (!read_types(r, out.types) || !r.uint(operations, "grant.operations")) return false;
  if (operations == 0) return r.fail(Code::range, "grant.operations");
  if (operations > operations_all) return r.fail(Code::version, "grant.operations");
  out.operations = static_cast<std::uint8_t>(operations);
  return r.uint(out.since_ms, "grant.since") && r.uint(out.burst, "grant.burst") &&
         r.uint(out.per_hour, "grant.per_hour") && r.uint(out.bytes_max, "grant.bytes_max") &&
         r.end("record");
}

bool read_key_record(Reader& r, KeyRecord& out) {
  if (!read_kind(r, kind_key, 4)) return false;
  if (!r.str(out.role, role_bytes_max, "record.role")) return false;
  if (!known_role(out.role)) return r.fail(Code::version, "record.role");
  if (!r.id(out.id, "record.id") || !r.bin(out.key, key_bytes, "record.key")) return false;
  if (out.key.size() != key_bytes) return r.fail(Code::range, "record.key");
  return r.end("record");
}

constexpr std::string_view kind_closing = "closing";
constexpr std::string_view kind_closing_key = "closing-key";
constexpr std::string_view kind_settlement = "settlement";

bool read_closing_record(Reader& r, ClosingRecord& out) {
  std::string_view kind;
  if (!read_kind(r, {kind_closing, kind_closing_key}, 3, kind)) return false;
  if (!r.id(out.device, "closing.device")) return false;
  if (kind == kind_closing) {
    if (!r.uint(out.epoch.emplace(), "closing.epoch")) return false;
    return r.end("record");
  }
  if (!r.bin(out.key, key_bytes, "closing.key")) return false;
  if (out.key.size() != key_bytes) return r.fail(Code::range, "closing.key");
  return r.end("record");
}

bool read_hashes(Reader& r, std::vector<Hash>& out, const char* where) {
  std::size_t n = 0;
  if (!r.array(n, SettlementRecord::hashes_max, 1, where)) return false;
  for (; n > 0; --n) {
    Hash hash;
    if (!r.hash(hash, where)) return false;
    if (!out.empty() && hash <= out.back()) return r.fail(Code::not_canonical, where);
    out.push_back(hash);
  }
  return true;
}

bool read_settlement_record(Reader& r, SettlementRecord& out) {
  return read_kind(r, kind_settlement, 6) && r.id(out.device, "settlement.device") &&
         r.uint(out.id, "settlement.id") &&
         r.uint_in(out.part, 1, SettlementRecord::parts_max, "settlement.part") &&
         r.uint_in(out.parts, out.part, SettlementRecord::parts_max, "settlement.parts") &&
         read_hashes(r, out.hashes, "settlement.hashes") && r.end("record");
}

constexpr std::string_view kind_withdrawal = "withdrawal";
constexpr std::string_view kind_exemption = "exemption";

bool read_withdrawal_record(Reader& r, WithdrawalRecord& out) {
  return read_kind(r, kind_withdrawal, 2) && r.hash(out.grant, "withdrawal.grant") &&
         r.end("record");
}

bool read_exemption_record(Reader& r, ExemptionRecord& out) {
  return read_kind(r, kind_exemption, 6) && r.hash(out.grant, "exemption.grant") &&
         r.uint(out.id, "exemption.id") &&
         r.uint_in(out.part, 1, ExemptionRecord::parts_max, "exemption.part") &&
         r.uint_in(out.parts, out.part, ExemptionRecord::parts_max, "exemption.parts") &&
         read_hashes(r, out.hashes, "exemption.hashes") && r.end("record");
}

constexpr std::string_view kind_removal = "removal";

bool read_removal_record(Reader& r, RemovalRecord& out) {
  if (!read_kind(r, kind_removal, 5) || !r.key(out.key, Limits{}.key_bytes_max, "removal.key"))
    return false;
  if (out.key.front() == '$') return r.fail(Code::range, "removal.key");
  return r.id(out.device, "removal.device") && r.uint(out.epoch, "removal.epoch") &&
         r.uint_in(out.op, 1, ~std::uint64_t{0}, "removal.op") && r.end("record");
}

// Of a settlement and an exemption, whose last four fields are the same.
template <class Record>
void write_list(Writer& w, const Record& r) {
  assert(r.part >= 1 && r.part <= r.parts && r.parts <= Record::parts_max);
  assert(r.hashes.size() <= Record::hashes_max);
  assert(std::adjacent_find(r.hashes.begin(), r.hashes.end(), std::greater_equal<>()) ==
         r.hashes.end());
  w.uint(r.id);
  w.uint(r.part);
  w.uint(r.parts);
  w.array(r.hashes.size());
  for (const Hash& hash : r.hashes) w.bin(hash.view());
}

}  // namespace

std::string operator_id(std::string_view gateway) {
  return ("operator-" + std::string(gateway)).substr(0, id_bytes_max);
}

std::string encode(const KeyRecord& record) {
  assert(known_role(record.role) && valid_id(record.id) && record.key.size() == key_bytes);
  Writer w;
  w.array(4);
  w.str(kind_key);
  w.str(record.role);
  w.str(record.id);
  w.bin(record.key);
  return w.take();
}

Result<KeyRecord, DecodeError> decode_key_record(std::string_view bytes) {
  Reader r(bytes);
  KeyRecord out;
  if (!read_key_record(r, out)) return Failure{r.error()};
  return out;
}

std::string encode(const GrantRecord& g) {
  assert(valid_member_pattern(g.members) && valid_key_pattern(g.keys));
  assert(g.operations > 0 && g.operations <= operations_all);
  Writer w;
  w.array(9);
  w.str(kind_grant);
  w.str(g.members);
  w.str(g.keys);
  w.array(g.types.size());
  for (const std::uint8_t type : g.types) w.uint(type);
  w.uint(g.operations);
  w.uint(g.since_ms);
  w.uint(g.burst);
  w.uint(g.per_hour);
  w.uint(g.bytes_max);
  return w.take();
}

Result<GrantRecord, DecodeError> decode_grant_record(std::string_view bytes) {
  Reader r(bytes);
  GrantRecord out;
  if (!read_grant_record(r, out)) return Failure{r.error()};
  return out;
}

std::string encode(const ClosingRecord& c) {
  assert(valid_id(c.device) && c.epoch.has_value() != (c.key.size() == key_bytes));
  Writer w;
  w.array(3);
  w.str(c.epoch ? kind_closing : kind_closing_key);
  w.str(c.device);
  if (c.epoch) {
    w.uint(*c.epoch);
  } else {
    w.bin(c.key);
  }
  return w.take();
}

Result<ClosingRecord, DecodeError> decode_closing_record(std::string_view bytes) {
  Reader r(bytes);
  ClosingRecord out;
  if (!read_closing_record(r, out)) return Failure{r.error()};
  return out;
}

std::string encode(const SettlementRecord& s) {
  assert(valid_id(s.device));
  Writer w;
  w.array(6);
  w.str(kind_settlement);
  w.str(s.device);
  write_list(w, s);
  return w.take();
}

Result<SettlementRecord, DecodeError> decode_settlement_record(std::string_view bytes) {
  Reader r(bytes);
  SettlementRecord out;
  if (!read_settlement_record(r, out)) return Failure{r.error()};
  return out;
}

std::string encode(const WithdrawalRecord& record) {
  Writer w;
  w.array(2);
  w.str(kind_withdrawal);
  w.bin(record.grant.view());
  return w.take();
}

Result<WithdrawalRecord, DecodeError> decode_withdrawal_record(std::string_view bytes) {
  Reader r(bytes);
  WithdrawalRecord out;
  if (!read_withdrawal_record(r, out)) return Failure{r.error()};
  return out;
}

std::string encode(const ExemptionRecord& e) {
  Writer w;
  w.array(6);
  w.str(kind_exemption);
  w.bin(e.grant.view());
  write_list(w, e);
  return w.take();
}

Result<ExemptionRecord, DecodeError> decode_exemption_record(std::string_view bytes) {
  Reader r(bytes);
  ExemptionRecord out;
  if (!read_exemption_record(r, out)) return Failure{r.error()};
  return out;
}

std::string encode(const RemovalRecord& record) {
  Writer w;
  w.array(5);
  w.str(kind_removal);
  w.str(record.key);
  w.str(record.device);
  w.uint(record.epoch);
  w.uint(record.op);
  return w.take();
}

Result<RemovalRecord, DecodeError> decode_removal_record(std::string_view bytes) {
  Reader r(bytes);
  RemovalRecord out;
  if (!read_removal_record(r, out)) return Failure{r.error()};
  return out;
}

bool valid_member_pattern(std::string_view pattern) {
  const auto fine = [](char c) { return c == '*' || c == '?' || valid_id({&c, 1}); };
  return !pattern.empty() && pattern.size() <= id_bytes_max &&
         std::all_of(pattern.begin(), pattern.end(), fine);
}

bool valid_key_pattern(std::string_view pattern) {
  // A pattern's own characters are a key's, too.
  return pattern.size() <= pattern_bytes_max && valid_key(pattern) && pattern.front() != '$';
}

}  // namespace tributary::wire
