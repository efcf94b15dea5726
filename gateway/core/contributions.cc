// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/contributions.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "transports/wire/scalar.h"

namespace tributary::core {
namespace {

constexpr std::size_t elements_max = 20;
constexpr std::size_t value_bytes_max = 1'024;
constexpr std::uint64_t json_integer_max = std::uint64_t{1} << 53;

std::string number(crdt::uint128 v, bool negative = false) {
  const std::string text = (negative ? "-" : "") + crdt::to_string(v);
  return v <= crdt::uint128{json_integer_max} ? text : '"' + text + '"';
}

std::string flag(bool v) {
  return v ? "true" : "false";
}

std::string_view bytes_of(std::string_view element) {
  return element;
}
std::string_view bytes_of(const crdt::AddMap::Add& add) {
  return add.element;
}

// The first of them in order.
template <class Elements>
std::string elements(const Elements& all) {
  std::vector<std::string_view> sorted;
  sorted.reserve(all.size());
  for (const auto& one : all) sorted.push_back(bytes_of(one));
  const std::size_t shown = std::min(sorted.size(), elements_max);
  std::partial_sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(shown),
                    sorted.end());
  std::string out = "{\"size\":" + std::to_string(all.size()) + ",\"elements\":[";
  for (std::size_t i = 0; i < shown; ++i) {
    out += (i > 0 ? "," : "") + wire::json_of_bytes(sorted[i]);
  }
  return out + ']';
}

std::string json_of(const GCounter&, ActorRef, const crdt::GCounterPart& part) {
  return "{\"value\":" + number(part.p) + '}';
}

std::string json_of(const PnCounter&, ActorRef, const crdt::PnCounterPart& part) {
  const bool negative = part.n > part.p;
  return "{\"value\":" + number(negative ? part.n - part.p : part.p - part.n, negative) +
         ",\"up\":" + number(part.p) + ",\"down\":" + number(part.n) + '}';
}

std::string json_of(const GSet&, ActorRef, const crdt::GSetPart& part) {
  return elements(part.elements) + '}';
}

std::string json_of(const OrSet&, ActorRef, const OrSet::Part& part) {
  return elements(part.live) + ",\"removed_of_others\":" + std::to_string(part.foreign.size()) +
         '}';
}

std::string json_of(const LwwRegister& all, ActorRef actor, const crdt::LwwPart& part) {
  const auto winner = all.winner();
  std::string value = wire::json_of_scalar(part.value);
  if (value.size() > value_bytes_max) value = "{\"size\":" + std::to_string(value.size()) + '}';
  return "{\"value\":" + value + ",\"op\":" + number(part.op) + ",\"at\":" + number(part.hlc.ms()) +
         ",\"held\":" + flag(part.hlc > all.horizon()) +
         ",\"shown\":" + flag(winner && winner->actor == actor) + '}';
}

// `shown`: the same without what does not count.
template <class Value>
std::vector<ContributionView> page(const Value& value, const Value& shown,
                                   std::string_view after_device, std::uint64_t after_epoch,
                                   std::size_t max) {
  std::vector<ActorRef> actors;
  for (const auto& entry : value.parts()) {
    const crdt::Actor& a = entry.first.record->name;
    if (std::pair<std::string_view, std::uint64_t>(a.device, a.epoch) >
        std::pair(after_device, after_epoch)) {
      actors.push_back(entry.first);
    }
  }
  const std::size_t count = std::min(max, actors.size());
  std::partial_sort(actors.begin(), actors.begin() + static_cast<std::ptrdiff_t>(count),
                    actors.end());
  std::vector<ContributionView> out;
  for (std::size_t i = 0; i < count; ++i) {
    const ActorRef actor = actors[i];
    std::string json = json_of(shown, actor, *value.part(actor));
    if (actor.record->excluded) json.insert(json.size() - 1, ",\"excluded\":true");
    out.push_back({actor.record->name.device, actor.record->name.epoch, std::move(json)});
  }
  return out;
}

}  // namespace

std::vector<ContributionView> contributions_of(const KeyState& key, std::string_view after_device,
                                               std::uint64_t after_epoch, std::size_t max) {
  return key.visit([&](const auto& value) -> std::vector<ContributionView> {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (!has_parts<Value>) {
      return {};
    } else if (!key.marks.doubted) {
      return page(value, value, after_device, after_epoch, max);
    } else {
      const KeyState rest = key.without_excluded();
      return page(value, rest.as<Value>(), after_device, after_epoch, max);
    }
  });
}

}  // namespace tributary::core
