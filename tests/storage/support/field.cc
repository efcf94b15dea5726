// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/support/field.h"

#include "tests/gateway/core/support/craft.h"

namespace tributary::storage {
namespace {

namespace craft = core::testing;

constexpr std::size_t badges_max = 24, alarms_max = 6;

}  // namespace

Field::Field(std::uint64_t seed, std::size_t devices) : random_(seed) {
  for (std::size_t i = 0; i < devices; ++i) {
    Device d;
    d.id = "device-" + std::to_string(i);
    d.epoch = random_();
    devices_.push_back(std::move(d));
  }
}

wire::Entry Field::alarms(Device& d) {
  if (d.alarms.size() >= alarms_max || (!d.alarms.empty() && pick(3) == 0)) {
    d.alarms.erase(std::next(d.alarms.begin(), static_cast<long>(pick(d.alarms.size()))));
  } else {
    d.alarms[d.op] = "alarm-" + std::to_string(pick(20));
  }
  craft::Adds adds;
  for (const auto& [op, element] : d.alarms) adds.push_back({op, craft::keep(element)});
  return craft::set("alarms", 0, d.op, std::move(adds));
}

wire::Entry Field::badges(Device& d, std::uint64_t from) {
  std::vector<std::string_view> fresh;
  for (std::uint64_t more = 1 + pick(6); more > 0 && d.badges.size() < badges_max; --more) {
    d.badges.push_back(std::to_string(random_()) + std::string(900, 'b'));
    fresh.push_back(craft::keep(d.badges.back()));
  }
  const bool complete = pick(3) == 0 || fresh.empty();
  if (!complete) return craft::grown("badges", from, d.op, std::move(fresh));
  std::vector<std::string_view> all;
  for (const std::string& b : d.badges) all.push_back(craft::keep(b));
  return craft::grown("badges", 0, d.op, std::move(all));
}

std::string Field::delta(Device& d) {
  const std::uint64_t from = d.op;
  d.op += 1 + pick(3);
  std::vector<wire::Entry> entries;
  const std::uint64_t what = pick(16) + 1;
  if ((what & 1) != 0) entries.push_back(craft::counter("parts", d.op, d.p += 1 + pick(100)));
  if ((what & 2) != 0) {
    d.n += pick(10);
    entries.push_back(craft::up_down("people", d.op, d.p + 1, d.n));
  }
  if ((what & 4) != 0) entries.push_back(alarms(d));
  if ((what & 8) != 0) entries.push_back(badges(d, from));
  if ((what & 16) != 0 || pick(4) == 0) {
    const auto hlc = crdt::Hlc::at(1'600'000'000'000 + d.op, 0);
    entries.push_back(craft::reg(craft::keep("at/" + d.id), d.op, d.op, hlc, pick(1'000'000)));
  }
  craft::Frame frame;
  frame.device = d.id;
  frame.epoch = d.epoch;
  frame.from = from;
  frame.to = d.op;
  frame.id = random_();
  return craft::envelope(frame, std::move(entries));
}

std::vector<Upload> Field::next() {
  std::vector<Upload> out = std::move(late_);
  late_.clear();
  for (std::uint64_t more = 1 + pick(4); more > 0; --more) {
    Device& d = devices_[pick(devices_.size())];
    Upload u{d.id, delta(d)};
    const std::uint64_t luck = pick(16);
    if (luck == 0) out.push_back({d.id, "no envelope at all " + std::to_string(random_())});
    if (luck == 1) out.push_back(u);
    (luck == 2 || luck == 3 ? late_ : out).push_back(std::move(u));
  }
  return out;
}

}  // namespace tributary::storage
