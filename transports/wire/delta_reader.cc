// SPDX-License-Identifier: Apache-2.0
// The strict reader of deltas: docs/protocol.md section 3.
#include <algorithm>
#include <cassert>

#include "transports/wire/envelope.h"
#include "transports/wire/reader.h"

namespace tributary::wire {
namespace {

using Code = DecodeError::Code;

constexpr std::uint64_t u64_max = ~std::uint64_t{0};
constexpr std::size_t entry_bytes_min = 6;  // the least an entry takes
constexpr std::size_t foreign_bytes_min = 4;

class DeltaReader {
 public:
  DeltaReader(Reader& r, const Limits& limits) : r_(r), limits_(limits) {}

  bool read(Delta& d) {
    return r_.array_of(11, "delta") && read_head(d) && read_entries(d) && r_.end("delta");
  }
  // `again`: it was read before, from the same bytes.
  bool read_entry(const Delta& d, const Entry* previous, Entry& e, bool again = false) {
    const std::size_t start = r_.offset();
    std::size_t same = 0;
    if (!r_.array_of(5, "entry") || !read_key(previous, same, e, again)) return false;
    const bool read =
        r_.same(frame_) ? take_frame(d, previous, same, e) : read_frame(d, previous, same, e);
    if (!read || !read_payload(d, e)) return false;
    e.bytes = r_.offset() - start;
    return true;
  }

 private:
  bool read_head(Delta& d) {
    std::uint64_t part = 0, parts = 0;
    if (!r_.id(d.fleet, "delta.fleet") || !r_.boolean(d.is_signed, "delta.signed") ||
        !r_.id(d.device, "delta.device") || !r_.uint(d.epoch, "delta.epoch") ||
        !r_.uint_in(d.from, 0, u64_max - 1, "delta.from") ||
        !r_.uint_in(d.to, d.from + 1, u64_max, "delta.to") || !r_.uint(d.id, "delta.id") ||
        !r_.uint_in(part, 1, parts_max, "delta.part") ||
        !r_.uint_in(parts, part, parts_max, "delta.parts") || !r_.uint(d.hlc.packed, "delta.hlc"))
      return false;
    d.part = static_cast<std::uint32_t>(part);
    d.parts = static_cast<std::uint32_t>(parts);
    return true;
  }

  // Type and interval.
  bool read_frame(const Delta& d, const Entry* previous, std::size_t same, Entry& e) {
    const std::size_t start = r_.offset();
    std::uint64_t type = 0;
    if (!r_.uint_in(type, 1, type_max, "entry.type")) return false;
    e.type = static_cast<std::uint8_t>(type);
    if (!in_order(previous, e, same)) return false;
    // Counters and registers are sent whole: their interval is always (0, to].
    const bool whole = type == 1 || type == 2 || type == 5;
    if (!r_.uint_in(e.lo, 0, whole ? 0 : d.to - 1, "entry.lo") ||
        !r_.uint_in(e.hi, whole ? d.to : e.lo + 1, d.to, "entry.hi"))
      return false;
    if (whole) frame_ = r_.since(start), type_of_frame_ = e.type;
    return true;
  }
  // The next entry of that type in the same delta has these bytes, too.
  bool take_frame(const Delta& d, const Entry* previous, std::size_t same, Entry& e) {
    e.type = type_of_frame_;
    e.hi = d.to;
    return in_order(previous, e, same);
  }
  bool in_order(const Entry* previous, const Entry& e, std::size_t same) {
    return previous == nullptr || before(*previous, e, same) ||
           r_.fail(Code::not_canonical, "delta.entries");
  }

  bool read_entries(Delta& d) {
    std::size_t n = 0;
    if (!r_.array(n, limits_.entries_max, entry_bytes_min, "delta.entries")) return false;
    d.entries.reserve(n);
    for (std::size_t i = 0; i < n; ++i) {
      const Entry* const previous = i > 0 ? &d.entries.back() : nullptr;
      if (!read_entry(d, previous, d.entries.emplace_back())) return false;
    }
    return true;
  }

  // `same`: with how many bytes it begins as the one before.
  bool read_key(const Entry* previous, std::size_t& same, Entry& e, bool again) {
    constexpr const char* where = "entry.key";
    if (again) return r_.unchecked_key(e.key, limits_.key_bytes_max, where);
    if (previous == nullptr) return r_.key(e.key, limits_.key_bytes_max, where);
    if (!r_.unchecked_key(e.key, limits_.key_bytes_max, where)) return false;
    same = alike(previous->key, e.key);
    return valid_key_after(previous->key, same, e.key) || r_.fail(Code::utf8, where);
  }

  static bool before(const Entry& a, const Entry& b, std::size_t same) {
    if (same == b.key.size()) return same == a.key.size() && a.type < b.type;
    if (same == a.key.size()) return true;
    return static_cast<unsigned char>(a.key[same]) < static_cast<unsigned char>(b.key[same]);
  }

  bool read_payload(const Delta& d, Entry& e) {
    switch (e.type) {
      case 1:
        return read(e.payload.emplace<GCounterPayload>());
      case 2:
        return read(e.payload.emplace<PnCounterPayload>());
      case 3:
        return read(e.payload.emplace<GSetPayload>());
      case 4:
        return read(d, e, e.payload.emplace<OrSetPayload>());
      case 5:
        return read(d, e.payload.emplace<LwwPayload>());
      default:
        return r_.value(e.payload.emplace<UnknownPayload>().bytes, limits_.depth_max,
                        "entry.payload");
    }
  }

  bool read(GCounterPayload& c) { return r_.uint_in(c.p, 1, u64_max, "gcounter.p"); }

  bool read(PnCounterPayload& c) {
    return r_.array_of(2, "pncounter") && r_.uint(c.p, "pncounter.p") &&
           r_.uint(c.n, "pncounter.n") && ((c.p | c.n) != 0 || r_.fail(Code::range, "pncounter"));
  }

  bool read(GSetPayload& s) {
    std::size_t n = 0;
    if (!r_.array(n, limits_.items_max, 2, "gset")) return false;
    s.elements.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      if (!r_.bin(s.elements[i], limits_.element_bytes_max, "gset.element")) return false;
      if (i > 0 && !(s.elements[i - 1] < s.elements[i]))
        return r_.fail(Code::not_canonical, "gset.element");
    }
    return true;
  }

  bool read(const Delta& d, const Entry& e, OrSetPayload& s) {
    return r_.array_of(3, "orset") && read_adds(e, s) && read_removed(e, s) && read_foreign(d, s);
  }

  bool read_adds(const Entry& e, OrSetPayload& s) {
    std::size_t n = 0;
    if (!r_.map(n, limits_.items_max, 3, "orset.adds")) return false;
    s.adds.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      if (!r_.uint_in(s.adds[i].op, e.lo + 1, e.hi, "orset.adds.op")) return false;
      if (i > 0 && s.adds[i].op <= s.adds[i - 1].op)
        return r_.fail(Code::not_canonical, "orset.adds.op");
      if (!r_.bin(s.adds[i].element, limits_.element_bytes_max, "orset.adds.element")) return false;
    }
    return true;
  }

  bool read_removed(const Entry& e, OrSetPayload& s) {
    std::size_t n = 0;
    if (!r_.array(n, limits_.items_max, 1, "orset.removed")) return false;
    s.removed.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      if (!r_.uint_in(s.removed[i], 1, e.lo, "orset.removed")) return false;
      if (i > 0 && s.removed[i] <= s.removed[i - 1])
        return r_.fail(Code::not_canonical, "orset.removed");
    }
    return true;
  }

  bool read_foreign(const Delta& d, OrSetPayload& s) {
    std::size_t n = 0;
    if (!r_.array(n, limits_.items_max, foreign_bytes_min, "orset.foreign")) return false;
    s.foreign.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      OrSetPayload::Foreign& f = s.foreign[i];
      if (!r_.array_of(3, "orset.foreign") || !r_.id(f.device, "orset.foreign.device") ||
          !r_.uint(f.epoch, "orset.foreign.epoch") ||
          !r_.uint_in(f.op, 1, u64_max, "orset.foreign.op"))
        return false;
      if (f.device == d.device && f.epoch == d.epoch) return r_.fail(Code::range, "orset.foreign");
      if (i > 0 && !(s.foreign[i - 1] < f)) return r_.fail(Code::not_canonical, "orset.foreign");
    }
    return true;
  }

  bool read(const Delta& d, LwwPayload& p) {
    return r_.array_of(3, "lww") && r_.uint_in(p.op, 1, d.to, "lww.op") &&
           r_.uint(p.hlc.packed, "lww.hlc") &&
           r_.scalar(p.value, limits_.scalar_bytes_max, "lww.value");
  }

  Reader& r_;
  const Limits& limits_;
  std::string_view frame_;  // of the last counter or register; empty: there was none
  std::uint8_t type_of_frame_ = 0;
};

Result<Delta, DecodeError> read_delta(std::string_view body, std::size_t base,
                                      const Limits& limits) {
  Reader r(body, base);
  Delta d;
  if (!DeltaReader(r, limits).read(d)) return Failure{r.error()};
  return d;
}

}  // namespace

Result<Delta, DecodeError> decode_delta(std::string_view body, const Limits& limits) {
  if (body.size() > limits.body_bytes_max) return Failure{DecodeError{Code::limit, 0, "delta"}};
  return read_delta(body, 0, limits);
}

Entry entry_at(std::string_view body, std::size_t offset, std::string_view device,
               std::uint64_t epoch, std::uint64_t to) {
  static constexpr Limits limits;
  assert(offset < body.size());
  Reader r(body.substr(offset), offset);
  Delta of;
  of.device = device;
  of.epoch = epoch;
  of.to = to;
  Entry e;
  const bool read = DeltaReader(r, limits).read_entry(of, nullptr, e, true);
  assert(read);
  (void)read;
  return e;
}

Result<Envelope, DecodeError> decode_envelope(std::shared_ptr<const std::string> bytes,
                                              const Limits& limits) {
  assert(bytes);
  Result<Sealed, DecodeError> sealed = decode_sealed(*bytes, limits);
  if (!sealed) return Failure{sealed.error()};
  const auto base = static_cast<std::size_t>(sealed->body.data() - bytes->data());
  Result<Delta, DecodeError> delta = read_delta(sealed->body, base, limits);
  if (!delta) return Failure{delta.error()};
  // A frame whose signature was stripped (or added) is not what its maker sealed.
  if (delta->is_signed == sealed->signature.empty())
    return Failure{DecodeError{Code::range, base, "delta.signed"}};
  Envelope out;
  out.hash = sha256(sealed->body);
  out.sealed = *sealed;
  out.delta = std::move(*delta);
  out.bytes = std::move(bytes);
  return out;
}

}  // namespace tributary::wire
