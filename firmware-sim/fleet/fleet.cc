// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/fleet/fleet.h"

#include <algorithm>
#include <cassert>
#include <charconv>

#include "firmware-sim/fleet/keeper.h"
#include "firmware-sim/fleet/sim_device.h"

namespace tributary::fleet {
namespace {

constexpr std::size_t events_of_a_step = 1'024;
constexpr std::uint64_t pause_max_ms = 1'000;
constexpr std::uint32_t devices_max = 99'999;
constexpr std::uint32_t gateways_max = 16;

std::unique_ptr<Keeper> keeper_of(const Options& o, std::uint64_t now_ms) {
  if (o.state_dir.empty()) return nullptr;
  return std::make_unique<Keeper>(o.state_dir, o.seed, now_ms);
}

Options with_seed_of(const Keeper* keeper, Options o) {
  if (keeper != nullptr) o.seed = keeper->seed();
  return o;
}

}  // namespace

Fleet::Fleet(Options options, std::vector<transports::Session*> sessions, std::uint64_t now_ms)
    : keeper_(keeper_of(options, now_ms)),
      options_(with_seed_of(keeper_.get(), std::move(options))),
      sessions_(std::move(sessions)),
      connects_(sessions_.size()),
      now_ms_(now_ms) {
  assert(!sessions_.empty() && options_.devices <= devices_max);
  assert(options_.sites <= gateways_max);
  assert(options_.sites == 0 || sessions_.size() % options_.sites == 0);
  assert(options_.gateways >= 1 && options_.gateways <= gateways_max);
  const std::string root = options_.topic_root + "/" + options_.fleet + "/";
  if (keeper_) keeper_->replay(oracle_);
  for (std::uint32_t i = 0; i < options_.devices; ++i) {
    devices_.push_back(std::make_unique<SimDevice>(options_, i, now_ms, keeper_.get()));
    devices_.back()->resume(oracle_);
    const std::string topic = root + "ack/" + devices_[i]->id();
    by_ack_topic_.emplace(topic, i);
    homes_.push_back(homes_of(i));
    for (const std::size_t s : homes_[i]) {
      sessions_[s]->subscribe(topic, transports::Qos::at_least_once);
    }
    schedule(i);
  }
}

std::vector<std::size_t> Fleet::homes_of(std::size_t index) const {
  if (options_.sites == 0) return {index % sessions_.size()};
  const std::uint32_t mask = earshot(devices_[index]->id());
  const std::size_t of_a_site = sessions_.size() / options_.sites;
  std::vector<std::size_t> homes;
  for (std::size_t site = 0; site < options_.sites; ++site) {
    if ((mask >> site & 1) != 0) homes.push_back(site + index % of_a_site * options_.sites);
  }
  return homes;
}

Fleet::~Fleet() = default;

void Fleet::schedule(std::size_t index) {
  const std::uint64_t when = devices_[index]->next_ms();
  const auto [it, first] = due_of_.try_emplace(index, when);
  if (!first) {
    due_.erase({it->second, index});
    it->second = when;
  }
  due_.emplace(when, index);
}

void Fleet::take_connected(std::size_t session) {
  ++connects_[session];
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const std::vector<std::size_t>& homes = homes_[i];
    if (std::find(homes.begin(), homes.end(), session) == homes.end()) continue;
    devices_[i]->link_up(now_ms_);
    schedule(i);
  }
}

void Fleet::take_events() {
  using Kind = transports::Event::Kind;
  for (std::size_t s = 0; s < sessions_.size(); ++s) {
    for (const transports::Event& e : sessions_[s]->poll(events_of_a_step)) {
      if (e.kind == Kind::connected) {
        take_connected(s);
      } else if (e.kind == Kind::message) {
        const auto it = by_ack_topic_.find(e.message.topic);
        if (it == by_ack_topic_.end()) continue;
        devices_[it->second]->heard(now_ms_, e.message.payload);
        schedule(it->second);
      }
    }
  }
}

void Fleet::step_device(std::size_t index) {
  SimDevice& d = *devices_[index];
  const std::vector<std::string> packets = d.step(now_ms_, oracle_);
  for (const std::size_t home : homes_[index]) {
    for (const std::string& payload : packets) {
      transports::Message m;
      m.topic = options_.topic_root + "/" + options_.fleet + "/up/" + d.id();
      m.payload = payload;
      // What it does not take is lost like any other packet: the SDK sends again.
      if (!sessions_[home]->publish(std::move(m))) break;
    }
  }
  schedule(index);
}

void Fleet::step(std::uint64_t now_ms) {
  now_ms_ = std::max(now_ms_, now_ms);  // a clock that steps back holds the fleet, nothing else
  take_events();
  std::vector<std::size_t> due;  // each once: a device that stays due must not starve the sessions
  for (const auto& [when, index] : due_) {
    if (when > now_ms_) break;
    due.push_back(index);
  }
  for (const std::size_t index : due) step_device(index);
}

std::uint64_t Fleet::pause_ms(std::uint64_t now_ms) const {
  if (due_.empty()) return pause_max_ms;
  const std::uint64_t when = due_.begin()->first;
  return when <= now_ms ? 0 : std::min(when - now_ms, pause_max_ms);
}

void Fleet::quiesce() {
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    devices_[i]->quiesce();
    schedule(i);
  }
}

bool Fleet::settled() const {
  return std::all_of(devices_.begin(), devices_.end(), [](const auto& d) { return d->idle(); });
}

const Oracle& Fleet::oracle() const {
  return oracle_;
}

Stats Fleet::stats() const {
  Stats s;
  for (const auto& d : devices_) d->add_to(s);
  for (const transports::Session* session : sessions_) {
    s.sessions_connected += session->connected() ? 1 : 0;
  }
  for (const std::uint64_t n : connects_) s.reconnects += n - std::min<std::uint64_t>(n, 1);
  return s;
}

std::vector<std::string> Fleet::device_ids() const {
  std::vector<std::string> out;
  for (const auto& d : devices_) out.push_back(d->id());
  return out;
}

std::uint32_t earshot(const std::string& device_id) {
  constexpr std::uint32_t all = ~std::uint32_t{0};
  const std::size_t at = device_id.rfind("-h");
  if (at == std::string::npos) return all;
  std::uint32_t mask = 0;
  const char* const end = device_id.data() + device_id.size();
  const auto [stop, code] = std::from_chars(device_id.data() + at + 2, end, mask);
  return code == std::errc() && stop == end && mask != 0 ? mask : all;
}

std::vector<std::string> earshot_patterns(std::uint32_t index, std::uint32_t gateways) {
  assert(index < gateways && gateways <= gateways_max);
  std::vector<std::string> out;
  for (std::uint32_t mask = 1; mask < (1u << gateways); ++mask) {
    if ((mask >> index & 1) != 0) out.push_back("*-h" + std::to_string(mask));
  }
  return out;
}

}  // namespace tributary::fleet
