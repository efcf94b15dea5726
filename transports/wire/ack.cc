// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/ack.h"

#include <algorithm>
#include <cassert>

#include "transports/wire/reader.h"
#include "transports/wire/writer.h"

namespace tributary::wire {
namespace {

using Code = DecodeError::Code;

constexpr std::uint64_t u64_max = ~std::uint64_t{0};
constexpr const char* tag = "ack";

class AckReader {
 public:
  AckReader(Reader& r, const Limits& limits) : r_(r), limits_(limits) {}

  bool read(Ack& a) {
    std::string_view kind;
    if (!r_.array_of(7, "ack") || !r_.str(kind, id_bytes_max, "ack.kind")) return false;
    if (kind != tag) return r_.fail(Code::type, "ack.kind");
    std::size_t n = 0;
    if (!r_.id(a.fleet, "ack.fleet") || !r_.id(a.gateway, "ack.gateway") ||
        !r_.uint(a.incarnation, "ack.incarnation") || !r_.uint(a.hlc.packed, "ack.hlc") ||
        !r_.id(a.device, "ack.device") || !r_.array(n, ack_actors_max, 8, "ack.actors"))
      return false;
    a.actors.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      if (!r_.array_of(7, "ack.actor") || !r_.uint(a.actors[i].epoch, "ack.epoch")) return false;
      if (i > 0 && a.actors[i].epoch <= a.actors[i - 1].epoch)
        return r_.fail(Code::not_canonical, "ack.epoch");
      if (!read_actor(a.actors[i])) return false;
    }
    return r_.end("ack");
  }

 private:
  bool read_actor(ActorAck& a) {
    std::uint64_t flags = 0;
    bool has_hash = false;
    if (!r_.uint(a.op, "ack.op") || !r_.optional_hash(a.hash, has_hash, "ack.hash")) return false;
    if (has_hash != (a.op != 0)) return r_.fail(Code::range, "ack.hash");
    if (!read_points(a.points) || !r_.uint_in(flags, 0, 1, "ack.flags")) return false;
    a.send_from_zero = flags == 1;
    return read_removals(a.removals) && read_refusals(a.refusals);
  }

  bool read_points(std::vector<Point>& points) {
    std::size_t n = 0;
    if (!r_.array(n, ack_points_max, 4, "ack.points")) return false;
    points.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      if (!r_.array_of(2, "ack.point") || !r_.uint_in(points[i].op, 1, u64_max, "ack.point.op"))
        return false;
      if (i > 0 && points[i].op <= points[i - 1].op)
        return r_.fail(Code::not_canonical, "ack.point.op");
      if (!r_.hash(points[i].hash, "ack.point.hash")) return false;
    }
    return true;
  }

  bool read_removals(std::vector<std::string_view>& removals) {
    std::size_t n = 0;
    if (!r_.array(n, ack_removals_max, 2, "ack.removals")) return false;
    removals.resize(n);
    for (std::string_view& e : removals)
      if (!r_.bin(e, limits_.sealed_bytes_max, "ack.removal")) return false;
    return true;
  }

  bool read_refusals(std::vector<Refusal>& refusals) {
    std::size_t n = 0;
    if (!r_.array(n, ack_refusals_max, 4, "ack.refusals")) return false;
    refusals.resize(n);
    for (Refusal& f : refusals)
      if (!r_.array_of(3, "ack.refusal") || !r_.uint_in(f.to, 1, u64_max, "ack.refusal.to") ||
          !read_keys(f) || !r_.str(f.rule, refusal_rule_bytes_max, "ack.refusal.rule"))
        return false;
    return true;
  }

  bool read_keys(Refusal& f) {
    std::size_t n = 0;
    if (!r_.array(n, refusal_keys_max, 4, "ack.refusal.keys")) return false;
    f.keys.resize(n);
    for (auto& key : f.keys) {
      std::uint64_t type = 0;
      if (!r_.array_of(2, "ack.refusal.key") ||
          !r_.key(key.first, limits_.key_bytes_max, "ack.refusal.key") ||
          !r_.uint_in(type, 1, type_max, "ack.refusal.type"))
        return false;
      key.second = static_cast<std::uint8_t>(type);
    }
    return true;
  }

  Reader& r_;
  const Limits& limits_;
};

// The bytes that a body still has for removals and refusals.
class Room {
 public:
  explicit Room(std::size_t actors) {
    const std::size_t fixed = 512 + actors * actor_bytes_max;
    static_assert(512 + ack_actors_max * actor_bytes_max < Limits{}.body_bytes_max);
    left_ = Limits{}.body_bytes_max - fixed;
  }
  bool take(std::size_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }

 private:
  // An actor without them: seven headers, two numbers, a hash, 16 points of 44 bytes.
  static constexpr std::size_t actor_bytes_max = 800;
  std::size_t left_ = 0;
};

template <class T, class Fits>
std::vector<const T*> choose(const std::vector<T>& from, std::size_t max, Fits fits) {
  std::vector<const T*> chosen;
  for (const T& x : from)
    if (chosen.size() < max && fits(x)) chosen.push_back(&x);
  return chosen;
}

std::size_t size_of(const Refusal& f) {
  std::size_t n = 16 + refusal_rule_bytes_max;
  for (const auto& key : f.keys) n += 2 + str_size(key.first.size());
  return n;
}

// At most `max` bytes, cut between code points.
std::string_view shortened(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
  return text.substr(0, max);
}

void write_points(Writer& w, const std::vector<Point>& points) {
  assert(points.size() <= ack_points_max);
  w.array(points.size());
  std::uint64_t last = 0;
  for (const Point& p : points) {
    assert(p.op > last);
    w.array(2);
    w.uint(p.op);
    w.hash(p.hash);
    last = p.op;
  }
}

void write_refusal(Writer& w, const Refusal& f) {
  assert(f.to >= 1);
  const std::size_t keys = std::min(f.keys.size(), refusal_keys_max);
  w.array(3);
  w.uint(f.to);
  w.array(keys);
  for (std::size_t i = 0; i < keys; ++i) {
    const auto& key = f.keys[i];
    assert(valid_key(key.first) && key.second >= 1 && key.second <= type_max);
    w.array(2);
    w.str(key.first);
    w.uint(key.second);
  }
  w.str(shortened(f.rule, refusal_rule_bytes_max));
}

void write_actor(Writer& w, const ActorAck& a, Room& room) {
  w.array(7);
  w.uint(a.epoch);
  w.uint(a.op);
  w.bin(a.op == 0 ? std::string_view() : a.hash.view());
  write_points(w, a.points);
  w.uint(a.send_from_zero ? 1 : 0);
  const auto removals = choose(a.removals, ack_removals_max,
                               [&](std::string_view e) { return room.take(bin_size(e.size())); });
  w.array(removals.size());
  for (const std::string_view* e : removals) w.bin(*e);
  const auto refusals =
      choose(a.refusals, ack_refusals_max, [&](const Refusal& f) { return room.take(size_of(f)); });
  w.array(refusals.size());
  for (const Refusal* f : refusals) write_refusal(w, *f);
}

}  // namespace

std::string encode_body(const Ack& a) {
  assert(valid_id(a.fleet) && valid_id(a.gateway) && valid_id(a.device));
  const std::size_t actors = std::min(a.actors.size(), ack_actors_max);
  Room room(actors);
  Writer w;
  constexpr std::size_t usual_actor_bytes = 96;
  w.reserve(64 + a.fleet.size() + a.gateway.size() + a.device.size() + actors * usual_actor_bytes);
  w.array(7);
  w.str(tag);
  w.str(a.fleet);
  w.str(a.gateway);
  w.uint(a.incarnation);
  w.uint(a.hlc.packed);
  w.str(a.device);
  w.array(actors);
  for (std::size_t i = 0; i < actors; ++i) {
    assert(i == 0 || a.actors[i - 1].epoch < a.actors[i].epoch);
    write_actor(w, a.actors[i], room);
  }
  return w.take();
}

Result<Ack, DecodeError> decode_ack(std::string_view bytes, const Limits& limits) {
  const Result<Sealed, DecodeError> sealed = decode_sealed(bytes, limits);
  if (!sealed) return Failure{sealed.error()};
  Reader r(sealed->body, static_cast<std::size_t>(sealed->body.data() - bytes.data()));
  Ack out;
  if (!AckReader(r, limits).read(out)) return Failure{r.error()};
  return out;
}

}  // namespace tributary::wire
