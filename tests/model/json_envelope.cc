// SPDX-License-Identifier: Apache-2.0
#include "tests/model/json_envelope.h"

#include "tests/gateway/core/support/craft.h"
#include "transports/wire/scalar.h"

namespace tributary::model {
namespace {

using core::testing::keep;
using nlohmann::json;

struct PayloadToJson {
  json operator()(const wire::GCounterPayload& p) const { return {p.p, 0}; }
  json operator()(const wire::PnCounterPayload& p) const { return {p.p, p.n}; }
  json operator()(const wire::GSetPayload& p) const { return p.elements; }
  json operator()(const wire::OrSetPayload& p) const {
    json adds = json::array(), foreign = json::array();
    for (const auto& a : p.adds) adds.push_back({a.op, a.element});
    for (const auto& f : p.foreign) foreign.push_back({f.device, f.epoch, f.op});
    return {adds, p.removed, foreign};
  }
  json operator()(const wire::LwwPayload& p) const {
    return {p.op, p.hlc.packed, json::parse(wire::json_of_scalar(p.value))};
  }
  json operator()(const wire::UnknownPayload&) const { return nullptr; }
};

core::testing::Adds adds_of(const json& from) {
  core::testing::Adds out;
  for (const json& a : from) out.push_back({a.at(0), keep(a.at(1))});
  return out;
}

core::testing::Foreign foreign_of(const json& from) {
  core::testing::Foreign out;
  for (const json& f : from) out.push_back({keep(f.at(0)), f.at(1), f.at(2)});
  return out;
}

wire::Entry entry_of(const json& x) {
  const std::string_view key = keep(x.at(0));
  const std::uint64_t lo = x.at(2), hi = x.at(3);
  const json& p = x.at(4);
  switch (static_cast<wire::Type>(x.at(1).get<int>())) {
    case wire::Type::gcounter:
      return core::testing::counter(key, hi, p.at(0));
    case wire::Type::pncounter:
      return core::testing::up_down(key, hi, p.at(0), p.at(1));
    case wire::Type::gset: {
      std::vector<std::string_view> elements;
      for (const json& e : p) elements.push_back(keep(e));
      return core::testing::grown(key, lo, hi, std::move(elements));
    }
    case wire::Type::orset:
      return core::testing::set(key, lo, hi, adds_of(p.at(0)), p.at(1), foreign_of(p.at(2)));
    case wire::Type::lww:
      break;
  }
  wire::Entry e = core::testing::reg(key, hi, p.at(0), crdt::Hlc{p.at(1).get<std::uint64_t>()}, 0);
  std::get<wire::LwwPayload>(e.payload).value =
      keep(*wire::encode_scalar(wire::Scalar{p.at(2).get<std::string>()}));
  return e;
}

}  // namespace

json to_json(std::string_view envelope) {
  const wire::Envelope e = core::testing::decoded(envelope);
  const wire::Delta& d = e.delta;
  json entries = json::array();
  for (const wire::Entry& x : d.entries)
    entries.push_back({x.key, x.type, x.lo, x.hi, std::visit(PayloadToJson{}, x.payload)});
  return {{"device", d.device}, {"epoch", d.epoch},
          {"from", d.from},     {"to", d.to},
          {"id", d.id},         {"part", d.part},
          {"parts", d.parts},   {"hash", wire::to_hex(e.hash.view())},
          {"entries", entries}};
}

std::string from_json(const json& made) {
  const std::string device = made.at("device");
  std::vector<wire::Entry> entries;
  for (const json& x : made.at("entries")) entries.push_back(entry_of(x));
  return core::testing::envelope({.device = device,
                                  .epoch = made.at("epoch"),
                                  .from = made.at("from"),
                                  .to = made.at("to"),
                                  .part = made.at("part"),
                                  .parts = made.at("parts"),
                                  .id = made.at("id")},
                                 std::move(entries));
}

}  // namespace tributary::model
