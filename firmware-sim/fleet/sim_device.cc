// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/fleet/sim_device.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdio>

#include "firmware-sim/fleet/keeper.h"

namespace tributary::fleet {
namespace {

constexpr std::uint64_t never = ~std::uint64_t{0};

double fraction(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

std::seed_seq seeds(std::uint64_t seed, std::uint32_t index, std::uint64_t now_ms) {
  // The time is part of it: a second run with the same seed must not take the epochs of the first.
  return {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), index,
          static_cast<std::uint32_t>(now_ms), static_cast<std::uint32_t>(now_ms >> 32)};
}

std::mt19937_64 seeded(std::uint64_t seed, std::uint32_t index, std::uint64_t now_ms) {
  std::seed_seq s = seeds(seed, index, now_ms);
  return std::mt19937_64(s);
}

}  // namespace

std::string device_id(const Options& o, std::uint32_t index) {
  std::seed_seq of_id{static_cast<std::uint32_t>(o.seed), static_cast<std::uint32_t>(o.seed >> 32),
                      index};
  std::mt19937_64 random(of_id);
  const std::uint32_t hearers = o.sites != 0 ? o.sites : o.gateways;
  const std::uint64_t all = (std::uint64_t{1} << hearers) - 1;
  const std::uint64_t mask = 1 + random() % all;
  char tail[40];
  std::snprintf(tail, sizeof tail, "-%05u-h%llu", index, static_cast<unsigned long long>(mask));
  return o.prefix + tail;
}

namespace {

std::unique_ptr<devices::Model> model_of(const Options& o, std::uint32_t index) {
  const auto kind = static_cast<devices::Model::Kind>(index % devices::Model::kinds);
  const std::size_t place = index / devices::Model::kinds % std::max(o.places, 1u);
  return devices::make_model(kind, o.place + "-" + std::to_string(place));
}

}  // namespace

Fleet::SimDevice::SimDevice(const Options& options, std::uint32_t index, std::uint64_t now_ms,
                            Keeper* keeper)
    : options_(options),
      keeper_(keeper),
      random_(seeded(options.seed, index, keeper != nullptr ? keeper->born_ms() : now_ms)),
      id_(device_id(options, index)),
      memory_(fraction(random_) >= options.memoryless),
      model_(model_of(options, index)),
      up_(options.faults),
      down_(options.faults) {
  if (keeper_ != nullptr && keeper_->life() > 0) {  // what it is stays; what happens to it does not
    random_ = seeded(options.seed + keeper_->life(), index, now_ms);
    saved_ = keeper_->snapshot(id_);
  }
  boot(now_ms);
  next_op_ms_ = after(now_ms, options_.ops_per_s);
}

std::uint64_t Fleet::SimDevice::after(std::uint64_t now_ms, double per_s) {
  if (per_s <= 0) return never;
  const double seconds = -std::log(1.0 - fraction(random_)) / per_s;
  return now_ms + 1 + static_cast<std::uint64_t>(std::min(seconds, 1e9) * 1'000);
}

void Fleet::SimDevice::boot(std::uint64_t now_ms) {
  sdk::Options o;
  o.fleet = options_.fleet;
  o.device = id_;
  o.random = [this] { return random_(); };
  if (memory_) {
    o.save = [this](std::string_view snapshot) {
      saved_ = std::string(snapshot);
      return keeper_ == nullptr || keeper_->save(id_, snapshot);
    };
    o.saved = saved_;
  }
  if (options_.keys) {
    Keys keys = options_.keys(id_);
    o.signer = std::move(keys.signer);
    o.members = std::move(keys.members);
  }
  o.resend_min_ms = options_.resend_min_ms;
  o.resend_max_ms = options_.resend_max_ms;
  o.catch_up_ms = options_.catch_up_ms;
  o.acks_needed = options_.acks_needed;
  o.refresh_ms = options_.refresh_ms;
  o.batch_ms = options_.batch_ms;
  Result<sdk::Device, sdk::Error> device = sdk::Device::open(std::move(o));
  assert(device);
  device_.emplace(std::move(*device));
  device_->time(now_ms);
  next_reboot_ms_ = quiet_ ? never : after(now_ms, options_.reboots_per_s);
}

void Fleet::SimDevice::reboot(std::uint64_t now_ms) {
  ++counts_.reboots;
  unacknowledged_when_down_ = device_->unacknowledged();
  device_.reset();
  boot_ms_ = now_ms + 1 + random_() % std::max(options_.down_max_ms, 1u);
}

void Fleet::SimDevice::operate(std::uint64_t now_ms, Oracle& oracle) {
  device_->time(now_ms);
  const devices::Operation op = model_->next(*device_, random_);
  if (devices::apply(*device_, op, now_ms) != sdk::Outcome::applied) return;
  ++counts_.operations;
  const crdt::Actor actor{id_, device_->epoch()};
  issued(actor, device_->last_op(), op, oracle);
  // What a device wrote to its memory can only be late, never lost.
  if (memory_ && device_->persist()) promised(actor, device_->last_op(), oracle);
}

void Fleet::SimDevice::issued(const crdt::Actor& actor, std::uint64_t op,
                              const devices::Operation& operation, Oracle& oracle) {
  if (keeper_ != nullptr) keeper_->issued(actor, op, operation, device_->clock());
  oracle.issued(actor, op, operation, device_->clock());
}

void Fleet::SimDevice::promised(const crdt::Actor& actor, std::uint64_t upto, Oracle& oracle) {
  if (keeper_ != nullptr) keeper_->promised(actor, upto);
  oracle.promised(actor, upto);
}

void Fleet::SimDevice::resume(Oracle& oracle) {
  if (keeper_ == nullptr || keeper_->life() == 0 || saved_.empty()) return;
  const crdt::Actor actor{id_, device_->epoch()};
  keeper_->forgotten(actor, device_->last_op());
  oracle.forget_above(actor, device_->last_op());
  promised(actor, device_->last_op(), oracle);
}

void Fleet::SimDevice::take(const std::vector<sdk::Event>& events, Oracle& oracle) {
  using Kind = sdk::Event::Kind;
  for (const sdk::Event& e : events) {
    const crdt::Actor actor{id_, e.epoch};
    if (e.kind == Kind::acknowledged) promised(actor, e.op, oracle);
    if (e.kind == Kind::removed) {
      devices::Operation op{e.keys[0].key, wire::Type::orset, devices::Operation::What::erase};
      op.element = e.element;
      issued(actor, e.op, op, oracle);
      if (memory_ && device_->persist()) promised(actor, e.op, oracle);
    }
    counts_.refused += e.kind == Kind::refused ? 1 : 0;
    counts_.bad_acks += e.kind == Kind::bad_ack ? 1 : 0;
    counts_.twins += e.kind == Kind::twin ? 1 : 0;
  }
}

std::vector<std::string> Fleet::SimDevice::step(std::uint64_t now_ms, Oracle& oracle) {
  if (!device_ && boot_ms_ <= now_ms) boot(now_ms);
  if (device_ && next_reboot_ms_ <= now_ms) reboot(now_ms);
  while (device_ && next_op_ms_ <= now_ms) {
    operate(now_ms, oracle);
    next_op_ms_ = after(std::max(next_op_ms_, now_ms - std::min<std::uint64_t>(now_ms, 1'000)),
                        options_.ops_per_s);
  }
  for (const std::string& payload : down_.arrived(now_ms)) {
    if (device_) take(device_->receive(now_ms, payload), oracle);
  }
  while (device_) {
    const std::vector<sdk::Packet> due = device_->poll(now_ms);
    if (due.empty()) break;
    for (const sdk::Packet& p : due) up_.send(now_ms, p.payload, random_);
  }
  return up_.arrived(now_ms);
}

std::uint64_t Fleet::SimDevice::next_ms() const {
  std::uint64_t next = std::min(up_.next_ms().value_or(never), down_.next_ms().value_or(never));
  if (!device_) return std::min(next, boot_ms_);
  next = std::min({next, next_op_ms_, next_reboot_ms_});
  return std::min(next, device_->deadline().value_or(never));
}

void Fleet::SimDevice::link_up(std::uint64_t now_ms) {
  if (device_) device_->link_up(now_ms);
}

void Fleet::SimDevice::quiesce() {
  quiet_ = true;
  next_op_ms_ = next_reboot_ms_ = never;
}

std::uint64_t Fleet::SimDevice::unacknowledged() const {
  return device_ ? device_->unacknowledged() : unacknowledged_when_down_;
}

void Fleet::SimDevice::add_to(Stats& s) const {
  s.operations += counts_.operations;
  s.reboots += counts_.reboots;
  s.refused += counts_.refused;
  s.bad_acks += counts_.bad_acks;
  s.twins += counts_.twins;
  s.packets_up += up_.sent();
  s.packets_down += down_.sent();
  s.packets_lost += up_.lost() + down_.lost();
  s.packets_duplicated += up_.duplicated() + down_.duplicated();
  s.unacknowledged += unacknowledged();
  s.devices_behind += unacknowledged() > 0 ? 1 : 0;
}

}  // namespace tributary::fleet
