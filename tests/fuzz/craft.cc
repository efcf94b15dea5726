// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/craft.h"

#include <map>
#include <set>
#include <utility>

#include "transports/wire/scalar.h"

namespace tributary::fuzz {
namespace {

constexpr std::string_view devices[] = {"a", "b", "c", "d"};
constexpr std::string_view keys[] = {"k", "plant/line", "s", "t"};
constexpr std::string_view elements[] = {"", "x", "y", "yy"};
constexpr std::uint64_t span_max = 12;  // of operations: they meet again and again

std::uint64_t between(Script& script, std::uint64_t min, std::uint64_t max) {
  const std::uint64_t width = max - min;
  return width == ~std::uint64_t{0} ? script.number() : min + script.number() % (width + 1);
}

wire::Payload craft_orset(Script& script, const wire::Delta& d, const wire::Entry& e) {
  wire::OrSetPayload out;
  std::map<std::uint64_t, std::string_view> adds;
  std::set<std::uint64_t> removed;
  std::set<wire::OrSetPayload::Foreign> foreign;
  const std::uint64_t counts = script.byte();
  for (std::uint64_t n = counts % 4; n > 0; --n)
    adds[between(script, e.lo + 1, e.hi)] = elements[script.below(std::size(elements))];
  for (std::uint64_t n = e.lo == 0 ? 0 : counts / 4 % 4; n > 0; --n)
    removed.insert(between(script, 1, e.lo));
  for (std::uint64_t n = counts / 16 % 3; n > 0; --n) {
    const wire::OrSetPayload::Foreign f{craft_device(script), script.below(3),
                                        1 + script.below(span_max)};
    if (f.device != d.device || f.epoch != d.epoch) foreign.insert(f);
  }
  for (const auto& add : adds) out.adds.push_back({add.first, add.second});
  out.removed.assign(removed.begin(), removed.end());
  out.foreign.assign(foreign.begin(), foreign.end());
  return out;
}

wire::Payload craft_lww(Script& script, const wire::Delta& d, Arena& arena) {
  static const std::string values[] = {"\xC0", "\xC3", "\x07", *wire::encode_scalar(21.5),
                                       *wire::encode_scalar(std::string("text"))};
  const std::uint64_t op = between(script, 1, d.to);
  const std::uint64_t ahead_ms = script.below(3) == 0 ? script.number() * 1'000 : 0;
  const std::uint64_t at_ms = 1'700'000'000'000 + ahead_ms % (std::uint64_t{1} << 40);
  return wire::LwwPayload{op, crdt::Hlc::at(at_ms, static_cast<std::uint16_t>(script.byte())),
                          arena.keep(values[script.below(std::size(values))])};
}

wire::Payload craft_payload(Script& script, const wire::Delta& d, const wire::Entry& e,
                            Arena& arena) {
  switch (e.type) {
    case 1:
      return wire::GCounterPayload{between(script, 1, ~std::uint64_t{0})};
    case 2: {
      const std::uint64_t p = script.number();
      return wire::PnCounterPayload{p, between(script, p == 0 ? 1 : 0, ~std::uint64_t{0})};
    }
    case 3: {
      std::set<std::string_view> some;
      for (std::uint64_t n = script.below(4); n > 0; --n)
        some.insert(elements[script.below(std::size(elements))]);
      return wire::GSetPayload{{some.begin(), some.end()}};
    }
    case 4:
      return craft_orset(script, d, e);
    case 5:
      return craft_lww(script, d, arena);
    default:
      return wire::UnknownPayload{script.one_in(2) ? "\x90" : "\x07"};
  }
}

void craft_entries(Script& script, wire::Delta& d, Arena& arena) {
  static constexpr std::uint8_t types[] = {1, 2, 3, 4, 4, 4, 5, 17};
  std::set<std::pair<std::string_view, std::uint8_t>> names;
  for (std::uint64_t n = script.below(4); n > 0; --n) {
    const std::string_view key = craft_key(script);
    names.emplace(key, types[script.below(std::size(types))]);
  }
  for (const auto& name : names) {
    wire::Entry e;
    e.key = name.first;
    e.type = name.second;
    const bool whole = e.type == 1 || e.type == 2 || e.type == 5;
    e.lo = whole || script.one_in(2) ? 0 : between(script, 0, d.to - 1);
    e.hi = whole || script.one_in(2) ? d.to : between(script, e.lo + 1, d.to);
    e.payload = craft_payload(script, d, e, arena);
    d.entries.push_back(std::move(e));
  }
}

}  // namespace

std::string_view craft_device(Script& script) {
  return devices[script.below(std::size(devices))];
}

std::string_view craft_key(Script& script) {
  return keys[script.below(std::size(keys))];
}

wire::Delta craft_delta(Script& script, Arena& arena) {
  wire::Delta d;
  d.fleet = fleet;
  d.device = devices[script.below(std::size(devices) - 1)];
  d.epoch = script.below(2) + 1;
  d.from = script.below(span_max);
  d.to = d.from + 1 + script.below(span_max);
  d.id = script.below(3);
  const std::uint64_t cut = script.byte();
  d.parts = cut < 192 ? 1 : 1 + static_cast<std::uint32_t>(cut % 3);
  d.part = 1 + static_cast<std::uint32_t>(script.byte() % d.parts);
  d.hlc = crdt::Hlc::at(1'700'000'000'000 + d.to, 0);
  craft_entries(script, d, arena);
  return d;
}

wire::Head craft_head(Script& script) {
  wire::Head h;
  h.fleet = fleet;
  h.gateway = script.one_in(4) ? "gw" : "peer";
  h.incarnation = script.below(2);
  h.session = script.below(3);
  h.number = script.number();
  h.hlc = crdt::Hlc::at(1'700'000'000'000 + script.number() % 100'000, 0);
  h.types = {1, 2, 3, 4, 5};
  if (script.one_in(3)) h.types = {1, 2};
  for (std::uint64_t n = script.below(4); n > 0; --n) {
    wire::BucketHead& b = h.buckets[script.below(wire::bucket_count)].emplace();
    b.digest.bytes[0] = script.byte();
    b.live = script.number();
    if (script.one_in(3)) b.unknown = b.digest;
    if (script.one_in(4)) continue;
    b.published = b.digest;
    b.parts = std::uint32_t{1} << script.below(17);
  }
  return h;
}

}  // namespace tributary::fuzz
