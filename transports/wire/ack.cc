// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/ack.h"

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
  assert(f.to >= 1 && f.keys.size() <= refusal_keys_max);
  assert(f.rule.size() <= refusal_rule_bytes_max);
  w.array(3);
  w.uint(f.to);
  w.array(f.keys.size());
  for (const auto& key : f.keys) {
    assert(valid_key(key.first) && key.second >= 1 && key.second <= type_max);
    w.array(2);
    w.str(key.first);
    w.uint(key.second);
  }
  w.str(f.rule);
}

void write_actor(Writer& w, const ActorAck& a) {
  assert(a.removals.size() <= ack_removals_max && a.refusals.size() <= ack_refusals_max);
  w.array(7);
  w.uint(a.epoch);
  w.uint(a.op);
  w.bin(a.op == 0 ? std::string_view() : a.hash.view());
  write_points(w, a.points);
  w.uint(a.send_from_zero ? 1 : 0);
  w.array(a.removals.size());
  for (const std::string_view e : a.removals) w.bin(e);
  w.array(a.refusals.size());
  for (const Refusal& f : a.refusals) write_refusal(w, f);
}

}  // namespace

std::string encode_body(const Ack& a) {
  assert(valid_id(a.fleet) && valid_id(a.gateway) && valid_id(a.device));
  assert(a.actors.size() <= ack_actors_max);
  Writer w;
  w.array(7);
  w.str(tag);
  w.str(a.fleet);
  w.str(a.gateway);
  w.uint(a.incarnation);
  w.uint(a.hlc.packed);
  w.str(a.device);
  w.array(a.actors.size());
  const ActorAck* previous = nullptr;
  for (const ActorAck& actor : a.actors) {
    assert(!previous || previous->epoch < actor.epoch);
    write_actor(w, actor);
    previous = &actor;
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
