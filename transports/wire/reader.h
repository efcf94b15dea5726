// SPDX-License-Identifier: Apache-2.0
// The strict cursor that every decoder of this folder stands on. One promise: it reads only the
// canonical MessagePack of docs/protocol.md section 1, never past the end, and checks a declared
// count or size against its limit before anybody can allocate for it. Internal to transports/wire.
//
//   Reader r(bytes);
//   std::size_t n = 0;
//   if (!r.array(n, entries_max, 7, "delta.entries")) return Failure{r.error()};
//
// Every call returns false after recording what is wrong; the first error is kept, and views point
// into `bytes`.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "transports/wire/bytes.h"
#include "transports/wire/envelope.h"

namespace tributary::wire {

// valid_key() of one that comes after another valid one, with which it begins alike so far: devices
// send their keys in order, and most differ from the one before in a few characters.
bool valid_key_after(std::string_view before, std::size_t same, std::string_view key);

// How many bytes both begin with.
inline std::size_t alike(std::string_view a, std::string_view b) {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t n = 0;
  for (std::uint64_t x = 0, y = 0; n + sizeof x <= most; n += sizeof x) {
    std::memcpy(&x, a.data() + n, sizeof x);
    std::memcpy(&y, b.data() + n, sizeof y);
    if (x != y) break;
  }
  while (n < most && a[n] == b[n]) ++n;
  return n;
}

class Reader {
 public:
  // `base` is added to the offsets in errors: the place of `bytes` in the message they are cut
  // from.
  explicit Reader(std::string_view bytes, std::size_t base = 0)
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()), base_(base) {}

  // A header that announces `n` items; refuses n > max, then n that can't fit at `item_bytes` (the
  // least) each.
  bool array(std::size_t& n, std::size_t max, std::size_t item_bytes, const char* where);
  bool map(std::size_t& n, std::size_t max, std::size_t item_bytes, const char* where);
  // Exactly n, else `type`.
  bool array_of(std::size_t n, const char* where) {
    return n < 16 && next_is(static_cast<unsigned char>(0x90 | n)) ? step()
                                                                   : any_array_of(n, where);
  }

  bool uint(std::uint64_t& v, const char* where) {
    if (at_ == end_ || static_cast<unsigned char>(*at_) >= 0x80)
      return uint16(v) || any_uint(v, where);
    v = static_cast<unsigned char>(*at_);
    return step();
  }
  // min ≤ v ≤ max, else `range`
  bool uint_in(std::uint64_t& v, std::uint64_t min, std::uint64_t max, const char* where) {
    return uint(v, where) && ((v >= min && v <= max) || fail(DecodeError::Code::range, where));
  }
  // Passes over these bytes, if they are what comes next; nothing is not.
  bool same(std::string_view bytes) {
    if (bytes.empty() || remaining() < bytes.size() ||
        std::memcmp(at_, bytes.data(), bytes.size()) != 0)
      return false;
    last_ = at_;
    at_ += bytes.size();
    return true;
  }
  bool boolean(bool& v, const char* where);
  bool str(std::string_view& v, std::size_t max, const char* where);
  bool bin(std::string_view& v, std::size_t max, const char* where);
  bool id(std::string_view& v, const char* where);
  bool key(std::string_view& v, std::size_t max, const char* where);
  // Any text: whoever asks has looked at its characters before, or will.
  bool unchecked_key(std::string_view& v, std::size_t max, const char* where) {
    return text(v, max, where);
  }
  bool hash(Hash& v, const char* where) { return plain_hash(v) || any_hash(v, where); }
  // A hash, or an empty bin: then `present` is false.
  bool optional_hash(Hash& v, bool& present, const char* where) {
    return (present = plain_hash(v)) || empty_bin() || any_optional_hash(v, present, where);
  }

  // Any canonical value nested at most `depth` arrays and maps deep; `exact` gets its bytes.
  bool value(std::string_view& exact, std::size_t depth, const char* where);
  // A value that is no array and no map, of at most `max` bytes.
  bool scalar(std::string_view& exact, std::size_t max, const char* where);

  static constexpr std::size_t frame_fields_max = 65'535;  // of a frame that is not known
  // The header of a frame: its number first, for another one may have another number of fields.
  bool frame(std::uint64_t number, std::size_t fields, const char* where,
             const char* where_number = nullptr);
  bool end(const char* where);  // nothing is left, else `trailing`

  // Records an error at the start of what was read last; always false.
  bool fail(DecodeError::Code code, const char* where) { return fail_at(code, where, last_); }
  const DecodeError& error() const { return error_; }
  std::size_t offset() const { return base_ + static_cast<std::size_t>(at_ - begin_); }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  // What was read since `from` (an offset() of this reader).
  std::string_view since(std::size_t from) const {
    return {begin_ + (from - base_), offset() - from};
  }

 private:
  // The shortest forms, which nearly all values have, are read in place; these read any.
  bool any_array_of(std::size_t n, const char* where);
  bool any_uint(std::uint64_t& v, const char* where);
  bool any_hash(Hash& v, const char* where);
  bool any_optional_hash(Hash& v, bool& present, const char* where);
  bool any_text(std::string_view& v, std::size_t max, const char* where);
  bool uint16(std::uint64_t& v) {  // false: it is none, or should be shorter, and nothing was read
    if (remaining() < 3 || !next_is(0xCD) || at_[1] == 0) return false;
    v = std::uint64_t{static_cast<unsigned char>(at_[1])} << 8 | static_cast<unsigned char>(at_[2]);
    last_ = at_;
    at_ += 3;
    return true;
  }
  bool plain_hash(Hash& v) {  // false: it is not, and nothing was read
    constexpr std::size_t header = 2;
    if (remaining() < header + sizeof v.bytes || !next_is(0xC4) || at_[1] != sizeof v.bytes)
      return false;
    std::memcpy(v.bytes.data(), at_ + header, sizeof v.bytes);
    last_ = at_;
    at_ += header + sizeof v.bytes;
    return true;
  }
  bool empty_bin() {  // false: it is not, and nothing was read
    if (remaining() < 2 || !next_is(0xC4) || at_[1] != 0) return false;
    last_ = at_;
    at_ += 2;
    return true;
  }
  bool next_is(unsigned char b) const {
    return at_ != end_ && static_cast<unsigned char>(*at_) == b;
  }
  bool step() {
    last_ = at_++;
    return true;
  }
  bool fail_at(DecodeError::Code code, const char* where, const char* at);
  bool take(unsigned char& b, const char* where);
  bool big_endian(std::uint64_t& v, unsigned width, std::uint64_t least, const char* where);
  bool sized(std::size_t& n, unsigned char b, const unsigned char* leads, unsigned fix,
             unsigned fix_count, const char* where);
  bool bytes(std::string_view& v, std::size_t n, std::size_t max, const char* where);
  bool text(std::string_view& v, std::size_t max, const char* where) {  // any bytes in a str
    if (at_ == end_ || (static_cast<unsigned char>(*at_) & 0xE0) != 0xA0)
      return any_text(v, max, where);
    const std::size_t n = static_cast<unsigned char>(*at_) & 0x1F;
    if (n > max || n >= remaining()) return any_text(v, max, where);
    last_ = at_;
    v = {at_ + 1, n};
    at_ += 1 + n;
    return true;
  }
  bool str_header(std::size_t& n, unsigned char b, const char* where);
  bool bin_header(std::size_t& n, unsigned char b, const char* where);
  bool items(std::size_t n, std::size_t max, std::size_t item_bytes, const char* where);
  bool skip(std::size_t depth, const char* where);
  bool skip_map(std::size_t n, std::size_t depth, const char* where);
  bool skip_leaf(unsigned char b, const char* where);
  bool skip_float(const char* where);
  bool skip_signed(unsigned char b, const char* where);

  const char* begin_;
  const char* at_;
  const char* end_;
  std::size_t base_;
  const char* last_ = begin_;  // where the value read last begins
  DecodeError error_;
};

}  // namespace tributary::wire
