// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/record.h"

#include <cassert>

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

bool read_key_record(Reader& r, KeyRecord& out) {
  std::size_t fields = 0;
  std::string_view kind;
  if (!r.array(fields, id_bytes_max, 1, "record")) return false;
  if (fields == 0) return r.fail(Code::type, "record");
  if (!r.str(kind, role_bytes_max, "record.kind")) return false;
  if (kind != kind_key) return r.fail(Code::version, "record.kind");
  if (fields != 4) return r.fail(Code::type, "record");
  if (!r.str(out.role, role_bytes_max, "record.role")) return false;
  if (!known_role(out.role)) return r.fail(Code::version, "record.role");
  if (!r.id(out.id, "record.id") || !r.bin(out.key, key_bytes, "record.key")) return false;
  if (out.key.size() != key_bytes) return r.fail(Code::range, "record.key");
  return r.end("record");
}

}  // namespace

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

}  // namespace tributary::wire
