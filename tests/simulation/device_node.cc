// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/device_node.h"

#include <utility>

#include "tests/simulation/spy_session.h"
#include "transports/wire/ack.h"
#include "transports/wire/scalar.h"

namespace tributary::simulation {

using transports::Event;
using transports::Message;
using wire::Type;

namespace {

KeyType key_of(const std::string& key, Type type) {
  return {key, static_cast<std::uint8_t>(type)};
}

}  // namespace

DeviceNode::DeviceNode(Setup setup, Judge& judge)
    : setup_(std::move(setup)), judge_(judge), random_(setup_.seed) {}

void DeviceNode::boot(std::uint64_t now_ms) {
  now_ms_ = now_ms;
  sdk::Options o = setup_.sdk;
  o.fleet = "demo";
  o.device = setup_.id;
  o.random = [this] { return random_.next(); };
  if (setup_.has_memory) {
    o.save = [this](std::string_view snapshot) {
      if (save_fails) return false;
      saved_ = std::string(snapshot);
      return true;
    };
    o.saved = saved_;
  }
  auto opened = sdk::Device::open(std::move(o));
  want(static_cast<bool>(opened),
       [&] { return setup_.id + " cannot read what it saved: " + opened.error().text; });
  device_.emplace(std::move(*opened));
  device_->time(clock.wall_ms(now_ms));
  killed_ = std::make_shared<bool>(false);
  SpySession::Ears ears{
      [this](const Message& m) { judge_.trace.add(setup_.client_id, "sends", m.topic, m.payload); },
      [this](const Event& e) { heard(e); }};
  session_ = std::make_unique<SpySession>(setup_.broker->session(setup_.client_id), std::move(ears),
                                          killed_);
  session_->on_ready([this] {
    woken_ = true;
    setup_.world.woken();
  });
  runner_.emplace(*device_, *session_, "tributary/v1");
  session_->start();
  woken_ = true;
  judge_.trace.add(setup_.client_id, "boot", std::to_string(device_->epoch()));
  begin_epoch();
}

// The log of the epoch that the device is in now; of a memory that was not saved in time it forgets
// what the memory has forgotten.
void DeviceNode::begin_epoch() {
  const Actor now = actor();
  for (const auto& [actor, heard] : acks_) {
    if (actor != now) closed_[actor] = heard;
  }
  const bool known = judge_.history.logs(now) != nullptr;
  want(!known || !saved_.empty(),
       [&] { return setup_.id + " begins an epoch that was there before"; });
  if (forked_from_) {
    log_ = judge_.history.fork(now, *std::exchange(forked_from_, {}), setup_.memory_number);
    log_->forget_after(device_->last_op());
  } else {
    log_ = judge_.history.log(now, setup_.memory_number);
  }
  if (log_->last() > device_->last_op()) {
    judge_.reached.note(Reached::unsaved_lost);
    log_->forget_after(device_->last_op());
  }
  acks_[now];
  closed_.erase(now);
}

void DeviceNode::crash() {
  if (!running()) return;
  judge_.trace.add(setup_.client_id, "killed");
  *killed_ = true;
  runner_.reset();
  session_.reset();
  device_.reset();
}

void DeviceNode::put_back(Saved old, std::uint64_t memory_number) {
  saved_ = std::move(old.bytes);
  forked_from_ = old.memory_number;
  setup_.memory_number = memory_number;
}

std::unique_ptr<DeviceNode> DeviceNode::copy(std::uint64_t memory_number,
                                             std::uint64_t seed) const {
  Setup s = setup_;
  s.memory_number = memory_number;
  s.client_id += "-copy-" + std::to_string(memory_number);
  s.seed = seed;
  auto out = std::make_unique<DeviceNode>(std::move(s), judge_);
  out->saved_ = saved_;
  out->forked_from_ = saved().memory_number;
  out->clock = clock;
  return out;
}

void DeviceNode::heard(const Event& e) {
  judge_.trace.add(setup_.client_id, "hears", e.message.topic,
                   std::to_string(e.message.payload.size()));
  if (e.kind != Event::Kind::message || !running()) return;
  const auto ack = wire::decode_ack(e.message.payload, wire::Limits{});
  if (!ack) return;
  const Judge::Promise by = judge_.promise(e.message.payload);
  for (const wire::ActorAck& a : ack->actors) {
    const Actor of{setup_.id, a.epoch};
    if (a.op == 0) continue;
    if (of == actor()) acks_[of].emplace_back(a.op, by);
  }
}

void DeviceNode::take(const std::vector<sdk::Event>& events) {
  for (const sdk::Event& e : events) {
    switch (e.kind) {
      case sdk::Event::Kind::acknowledged:
        judge_.taken({setup_.id, e.epoch}, *log_, e.op, setup_.world.books());
        break;
      case sdk::Event::Kind::removed:
        log_->erase(e.op, {e.keys.at(0).key, e.keys.at(0).type}, e.element);
        judge_.reached.note(Reached::foreign_removal_taken);
        break;
      case sdk::Event::Kind::twin:
        want(judge_.history.tainted({setup_.id, e.epoch}),
             [&] { return setup_.id + " is honest, and was told that it has a twin"; });
        judge_.reached.note(Reached::twin_found);
        if (setup_.sdk.signer) judge_.reached.note(Reached::signed_twin_found);
        begin_epoch();
        break;
      case sdk::Event::Kind::bad_ack: {
        // A true gateway, too, may hold what its envelope is gone of: of a twin.
        const bool unproven = e.text.find("shows no signature") != std::string::npos;
        const bool expected = setup_.lied_to || judge_.history.tainted({setup_.id, e.epoch}) ||
                              judge_.history.tainted(actor());
        if (unproven) judge_.reached.note(Reached::unproven_point_ignored);
        if (setup_.sdk.signer && unproven && expected) break;
        throw Violation(setup_.id + ": " + sdk::name(e.kind) + ": " + e.text);
      }
      case sdk::Event::Kind::refused:
        // A traitor's uploads in this device's name are answered to it.
        if (setup_.lied_to && e.keys.empty()) break;
        if (!e.keys.empty() && e.text.ends_with("was withdrawn") &&
            judge_.history.tainted({setup_.id, e.epoch})) {
          log_->mute(e.last_op);
          judge_.reached.note(Reached::withdrawn_muted);
          break;
        }
        throw Violation(setup_.id + ": " + sdk::name(e.kind) + ": " + e.text);
      case sdk::Event::Kind::save_failed:
        break;
    }
  }
}

void DeviceNode::step(std::uint64_t now_ms) {
  if (!running()) return;
  now_ms_ = now_ms;
  woken_ = false;
  const std::uint64_t wall_ms = clock.wall_ms(now_ms);
  device_->time(wall_ms);
  take(runner_->step(wall_ms));
  next_ms_ = now_ms + std::max<std::uint64_t>(1, runner_->pause_ms(wall_ms));
  want(log_->last() == device_->last_op(), [&] {
    return setup_.id + ": its log ends at " + std::to_string(log_->last()) + ", the device at " +
           std::to_string(device_->last_op());
  });
}

std::string DeviceNode::some_key() {
  return (random_.chance(0.5) ? "shared/k" : setup_.id + "/k") +
         std::to_string(random_.below(setup_.keys));
}

// Runs an operation; true when it took a number.
template <class Did>
bool DeviceNode::did(Did&& operation) {
  const std::uint64_t before = device_->last_op();
  const sdk::Outcome outcome = operation();
  const bool applied = outcome == sdk::Outcome::applied;
  want(device_->last_op() == before + (applied ? 1 : 0),
       [&] { return setup_.id + ": an operation took the wrong number"; });
  return applied;
}

void DeviceNode::operate(std::uint64_t now_ms) {
  if (!running()) return;
  now_ms_ = now_ms;
  woken_ = true;  // to send it
  device_->time(clock.wall_ms(now_ms));
  const std::string key = setup_.ticks ? setup_.id + "/k0" : some_key();
  std::string element = "e" + std::to_string(random_.below(24)) + "-";
  if (element.size() < setup_.element_bytes) element.resize(setup_.element_bytes, '.');
  const std::uint64_t amount = 1 + random_.below(std::uint64_t{1} << 40U);
  switch (setup_.ticks ? 0 : random_.below(setup_.foreign_removals ? 9 : 8)) {
    case 0: {
      auto c = device_->counter(key);
      if (did([&] { return c.add(amount); })) {
        log_->count(device_->last_op(), key_of(key, Type::gcounter), c.value(), 0);
      }
      break;
    }
    case 1:
    case 2: {
      auto c = device_->up_down(key);
      const bool up = random_.chance(0.6);
      if (did([&] { return up ? c.add(amount) : c.subtract(amount); })) {
        log_->count(device_->last_op(), key_of(key, Type::pncounter), c.added(), c.subtracted());
      }
      break;
    }
    case 3: {
      auto s = device_->grow_set(key);
      if (did([&] { return s.insert(element); })) {
        log_->insert(device_->last_op(), key_of(key, Type::gset), element);
      }
      break;
    }
    case 4:
    case 5:
    case 6: {
      auto s = device_->set(key);
      if (s.contains(element) && random_.chance(0.7)) {
        if (did([&] { return s.erase(element); })) {
          log_->erase(device_->last_op(), key_of(key, Type::orset), element);
        }
      } else if (did([&] { return s.insert(element); })) {
        log_->insert(device_->last_op(), key_of(key, Type::orset), element);
      }
      break;
    }
    case 7: {
      auto r = device_->reg(setup_.one_register ? "shared/k0" : key);
      std::string text = std::to_string(amount);
      text.resize(std::max(text.size(), setup_.register_bytes), '.');
      if (did([&] { return r.set(text); })) {
        log_->set(device_->last_op(), key_of(setup_.one_register ? "shared/k0" : key, Type::lww),
                  *wire::encode_scalar(*r.value()));
      }
      break;
    }
    default:
      foreign(now_ms);
      break;
  }
  if (setup_.always_saves && setup_.has_memory) device_->persist();
}

void DeviceNode::foreign(std::uint64_t) {
  const auto target = setup_.world.somebody_elses_add(actor());
  if (target) {
    const KeyType& key = target->first;
    const DotName& dot = target->second;
    auto s = device_->set(key.first);
    if (did([&] { return s.erase_foreign(dot.device, dot.epoch, dot.op); })) {
      log_->erase_foreign(device_->last_op(), key, dot);
      judge_.reached.note(Reached::foreign_removal_made);
    }
  }
  for (const KeyType& key : log_->keys()) {
    const std::map<DotName, std::uint64_t> held = log_->foreign(key);
    for (const auto& [name, made] : held) {
      const DotName& dot = name;  // a binding cannot be captured
      if (!setup_.world.seen_dead(dot, key)) continue;
      auto s = device_->set(key.first);
      if (did([&] { return s.forget_foreign(dot.device, dot.epoch, dot.op); })) {
        log_->forget_foreign(device_->last_op(), key, dot);
        judge_.reached.note(Reached::foreign_removal_forgotten);
      }
    }
  }
}

}  // namespace tributary::simulation
