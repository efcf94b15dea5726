// SPDX-License-Identifier: Apache-2.0
#include "tests/exhaustive/model.h"

#include <algorithm>
#include <cassert>

namespace tributary::exhaustive {
namespace {

using DeviceType = DeviceEvent::Type;
using GatewayType = GatewayEvent::Type;

constexpr std::size_t first_gateway = 2;

constexpr std::uint8_t number(DeviceType t) {
  return static_cast<std::uint8_t>(t);
}
constexpr std::uint8_t number(GatewayType t) {
  return static_cast<std::uint8_t>(t);
}

// Which bound an action draws on; 4: none.
std::size_t bound_of(const Action& a) {
  if (a.site < first_gateway) {
    if (a.type == number(DeviceType::reboot)) return 1;
    return a.type == number(DeviceType::late) ? 3 : 4;
  }
  switch (static_cast<GatewayType>(a.type)) {
    case GatewayType::crash:
    case GatewayType::crash_done:
      return 0;
    case GatewayType::fail:
    case GatewayType::fail_done:
      return 2;
    default:
      return 4;
  }
}

}  // namespace

void Report::add(const Report& o) {
  states += o.states;
  transitions += o.transitions;
  pruned += o.pruned;
  healed += o.healed;
  runs += o.runs;
  probes += o.probes;
  local_states += o.local_states;
  depth = std::max(depth, o.depth);
  whole = whole && o.whole;
  for (std::size_t r = 0; r < reached_count; ++r) reached[r] += o.reached[r];
}

Model::Model(Setting setting)
    : setting_(std::move(setting)),
      first_adds_{first_add(setting_.programs[0]), first_add(setting_.programs[1])} {
  for (std::size_t d = 0; d < 2; ++d) {
    devices_.emplace_back(d, setting_.programs[d], first_adds_[1 - d], setting_.fault, messages_);
  }
  for (std::size_t g = 0; g < 2; ++g) {
    gateways_.emplace_back(g, setting_.bounds.waiting, setting_.fault, messages_, digests_);
  }
  nets_.emplace_back();
  net_of_[{}] = 0;
}

State Model::first() const {
  State s;
  const Bounds& b = setting_.bounds;
  s.place.left = {b.crashes, b.reboots, b.fails, b.lates};
  return s;
}

bool Model::enabled(std::size_t site, std::uint32_t local, std::uint8_t type, MessageId m) const {
  if (site < first_gateway)
    return devices_[site].enabled(local, {static_cast<DeviceType>(type), m});
  return gateways_[site - first_gateway].enabled(local, {static_cast<GatewayType>(type), m});
}

const Step& Model::step(std::size_t site, std::uint32_t local, std::uint8_t type, MessageId m) {
  assert(local < std::uint32_t{1} << 28);
  const std::uint64_t key =
      std::uint64_t{site} << 60 | std::uint64_t{local} << 32 | std::uint64_t{type} << 16 | m;
  std::uint32_t at = step_of_.find(key);
  if (at == WordMap::none) {
    Step made =
        site < first_gateway
            ? devices_[site].step(local, {static_cast<DeviceType>(type), m})
            : gateways_[site - first_gateway].step(local, {static_cast<GatewayType>(type), m});
    at = static_cast<std::uint32_t>(steps_.size());
    steps_.push_back(std::move(made));
    step_of_.put(key, at);
  }
  return steps_[at];
}

std::uint32_t Model::add_to_net(std::uint32_t net, MessageId m) {
  const std::uint64_t key = std::uint64_t{net} << 16 | m;
  std::uint32_t at = grown_.find(key);
  if (at != WordMap::none) return at;
  std::vector<MessageId> all = nets_[net];
  const auto place = std::lower_bound(all.begin(), all.end(), m);
  if (place == all.end() || *place != m) all.insert(place, m);
  const auto [known, fresh] = net_of_.emplace(all, static_cast<std::uint32_t>(nets_.size()));
  at = known->second;
  if (fresh) nets_.push_back(std::move(all));
  grown_.put(key, at);
  return at;
}

std::vector<Action> Model::actions(const State& s) {
  std::vector<Action> out;
  const auto offer = [&](std::size_t site, std::uint8_t type, MessageId m = no_message) {
    if (s.place.turn != Place::nobody && s.place.turn != site) return;
    const Action a{static_cast<std::uint8_t>(site), type, m};
    const std::size_t bound = bound_of(a);
    if (bound < s.place.left.size() && s.place.left[bound] == 0) return;
    const std::uint32_t local = s.place.locals.site[site];
    if (!enabled(site, local, type, m)) return;
    if (site < first_gateway && type != number(DeviceType::ack) &&
        devices_[site][step(site, local, type, m).next].deltas > setting_.bounds.deltas)
      return;
    out.push_back(a);
  };
  for (std::size_t d = 0; d < 2; ++d) {
    for (const DeviceType t :
         {DeviceType::operate, DeviceType::send, DeviceType::late, DeviceType::reboot})
      offer(d, number(t));
  }
  for (std::size_t g = 0; g < 2; ++g) {
    for (const GatewayType t : {GatewayType::commit, GatewayType::fail, GatewayType::fail_done,
                                GatewayType::crash, GatewayType::crash_done})
      offer(first_gateway + g, number(t));
    const GatewaySite& other = gateways_[1 - g];
    offer(first_gateway + g, number(GatewayType::read),
          other[s.place.locals.site[first_gateway + 1 - g]].state);
  }
  for (const MessageId m : nets_[s.net]) {
    const Message& message = messages_[m];
    if (message.kind == Message::Kind::ack) {
      offer(message.to, number(DeviceType::ack), m);
    } else if (message.kind == Message::Kind::batch) {
      offer(first_gateway + 1 - message.from, number(GatewayType::receive), m);
    } else {
      offer(first_gateway, number(GatewayType::receive), m);
      offer(first_gateway + 1, number(GatewayType::receive), m);
    }
  }
  return out;
}

// What an event tells nobody can be put off until just before the same site tells something: all
// that others do in between neither needs it nor prevents it. So after such an event the site keeps
// the turn until it has told something: sent a message, or published a state.
State Model::apply(const State& s, const Action& a, std::uint32_t& reached) {
  const std::uint32_t before = s.place.locals.site[a.site];
  const Step& made = step(a.site, before, a.type, a.message);
  reached = made.reached;
  State next = s;
  next.action = a;
  for (const MessageId m : made.sent) next.net = add_to_net(next.net, m);
  if (made.next == before && next.net == s.net) return next;
  next.place.locals.site[a.site] = made.next;
  if (const std::size_t bound = bound_of(a); bound < next.place.left.size())
    next.place.left[bound] -= 1;
  bool told = !made.sent.empty();
  if (a.site >= first_gateway) {
    const std::size_t g = a.site - first_gateway;
    told = told || gateways_[g][made.next].state != gateways_[g][before].state;
    const std::uint32_t other = s.place.locals.site[first_gateway + 1 - g];
    if (a.type == number(GatewayType::read) && !gateways_[1 - g][other].at_rest)
      reached |= bit(Reached::state_in_commit);
  }
  next.place.turn = told ? Place::nobody : a.site;
  return next;
}

std::uint32_t Model::log_id(std::size_t device, std::uint32_t local) {
  auto& ids = logs_[device];
  return ids.emplace(devices_[device][local].log, static_cast<std::uint32_t>(ids.size()))
      .first->second;
}

void Model::check(const State& s) {
  const auto& at = s.place.locals.site;
  const std::uint64_t log0 = log_id(0, at[0]), log1 = log_id(1, at[1]);
  for (std::size_t g = 0; g < 2; ++g) {
    const GatewayState& gateway = gateways_[g][at[first_gateway + g]];
    for (std::size_t d = 0; d < 2; ++d) {
      if (devices_[d][at[d]].points[g] > gateway.on_disk[d]) {
        throw Violation(std::string(device_names[d]) + " was told that " +
                        std::string(gateway_names[g]) + " holds what its disk does not hold");
      }
    }
    const std::uint64_t key =
        std::uint64_t{g} << 60 | std::uint64_t{at[first_gateway + g]} << 32 | log0 << 16 | log1;
    if (judged_.find(key) != WordMap::none) continue;
    judged_.put(key, 1);
    const std::string wrong = judge(gateway.shown, gateway.known,
                                    {devices_[0][at[0]].log, devices_[1][at[1]].log}, first_adds_);
    if (!wrong.empty()) throw Violation(std::string(gateway_names[g]) + ' ' + wrong);
  }
  for (std::size_t d = 0; d < 2; ++d) {
    const std::uint64_t held =
        std::max(gateways_[0][at[2]].on_disk[d], gateways_[1][at[3]].on_disk[d]);
    if (devices_[d][at[d]].safe > held)
      throw Violation(std::string(device_names[d]) + " takes for safe what no disk holds");
  }
  const GatewayState& a = gateways_[0][at[2]];
  const GatewayState& b = gateways_[1][at[3]];
  if (a.digest == b.digest && a.shown != b.shown)
    throw Violation("equal digests, but other values");
}

std::vector<Action> Model::path(std::uint32_t index) const {
  std::vector<Action> out;
  for (; index != 0; index = states_[index].parent) out.push_back(states_[index].action);
  std::reverse(out.begin(), out.end());
  return out;
}

Report Model::finish(Report r) const {
  for (const Table<Locals>& t : healed_) r.healed += t.size();
  for (std::size_t i = 0; i < 2; ++i) {
    r.runs += devices_[i].runs() + gateways_[i].runs();
    r.probes += devices_[i].probes() + gateways_[i].probes();
    r.local_states += devices_[i].size() + gateways_[i].size();
  }
  return r;
}

std::size_t Model::rank(const Locals& at) const {
  std::size_t out = 0;
  for (std::size_t i = 0; i < 2; ++i)
    out += devices_[i][at.site[i]].depth + gateways_[i][at.site[first_gateway + i]].depth;
  return out;
}

// Whatever can follow from a state can follow from one at the same place with more in flight.
bool Model::add(const State& s) {
  const auto [place, fresh] = places_.add(s.place);
  if (fresh) at_place_.emplace_back();
  std::vector<std::uint32_t>& there = at_place_[place];
  const auto within = [&](std::uint32_t a, std::uint32_t b) {
    return a == b ||
           std::includes(nets_[b].begin(), nets_[b].end(), nets_[a].begin(), nets_[a].end());
  };
  for (const std::uint32_t i : there) {
    if (within(s.net, states_[i].net)) return false;
  }
  std::erase_if(there, [&](std::uint32_t i) {
    if (!within(states_[i].net, s.net)) return false;
    states_[i].covered = true;
    return true;
  });
  there.push_back(static_cast<std::uint32_t>(states_.size()));
  states_.push_back(s);
  const std::size_t r = rank(s.place.locals);
  if (queue_.size() <= r) queue_.resize(r + 1);
  queue_[r].push_back(there.back());
  return true;
}

// False: something is wrong, and the report says what.
bool Model::expand(std::uint32_t index, Report& report) {
  const State from = states_[index];
  report.states += 1;
  tail_.clear();
  try {
    check(from);
    heal(from.place.locals);
  } catch (const Violation& v) {
    report.wrong = v.what();
    report.schedule = path(index);
    report.schedule.insert(report.schedule.end(), tail_.begin(), tail_.end());
    return false;
  }
  for (const Action& a : actions(from)) {
    try {
      std::uint32_t reached = 0;
      State next = apply(from, a, reached);
      next.parent = index;
      report.transitions += 1;
      for (; reached != 0; reached &= reached - 1)
        report.reached[static_cast<std::size_t>(__builtin_ctz(reached))] += 1;
      if (!add(next)) report.pruned += 1;
    } catch (const Violation& v) {
      report.wrong = v.what();
      report.schedule = path(index);
      report.schedule.push_back(a);
      return false;
    }
  }
  return true;
}

Report Model::explore() {
  Report report;
  add(first());
  for (std::size_t r = 0; r < queue_.size();) {
    if (queue_[r].empty()) {
      ++r;
      continue;
    }
    const std::uint32_t index = queue_[r].back();
    queue_[r].pop_back();
    if (states_[index].covered) continue;
    report.depth = std::max(report.depth, static_cast<std::uint32_t>(r));
    if (!expand(index, report)) break;
    for (std::size_t lower = 0; lower < r; ++lower) {
      if (!queue_[lower].empty()) r = lower;
    }
    if (report.states >= setting_.bounds.states) {
      report.whole = false;
      break;
    }
  }
  report.reached[static_cast<std::size_t>(Reached::healed)] = healed_[0].size();
  return finish(std::move(report));
}

}  // namespace tributary::exhaustive
