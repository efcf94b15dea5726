// SPDX-License-Identifier: Apache-2.0
#include "tests/oracles/site.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "transports/wire/pack.h"

namespace tributary::oracles {
namespace {

constexpr int rounds_max = 40;  // of sending, until everything must be on the disk

core::Options options(std::size_t index) {
  core::Options o = core::testing::Rig::defaults("gw-" + std::to_string(index));
  o.batch_timeout_ms = 5;
  o.view_enabled = false;
  o.listen_ms = 3'600'000;  // what is announced to peers is not looked at here
  return o;
}

}  // namespace

Site::Site(std::size_t index, std::mt19937_64& random, Reached& reached)
    : index_(index),
      random_(random),
      reached_(reached),
      drawn_(index << 20),
      rig_(std::make_unique<core::testing::Rig>(options(index))) {
  rig_->boot();
  open("");
}

void Site::open(std::string saved) {
  sdk::Options o;
  o.fleet = "demo";
  o.device = "device-" + std::to_string(index_);
  o.random = [this] { return ++drawn_; };
  o.save = [this](std::string_view s) { return saved_ = std::string(s), true; };
  o.saved = std::move(saved);
  o.body_bytes_max = 256 + 32 * (random_() % 4);  // much is cut into parts
  o.compress = false;                             // which are lost and repeated one by one
  o.small_set_bytes = 64 * (random_() % 3);
  device_.emplace(std::move(*sdk::Device::open(std::move(o))));
  device_->time(rig_->now().wall_ms);
}

void Site::add(const std::string& element) {
  device_->set("set").insert(element);
  flush();
}

void Site::remove(const std::string& element) {
  const auto core = rig_->on_disk();
  sdk::Set set = device_->set("set");
  set.erase(element);
  if (const core::KeyState* k = core->keys.find("set", 4)) {
    for (const core::Dot& dot : k->as<core::OrSet>().dots(element)) {
      const crdt::Actor& owner = dot.actor.record->name;
      if (owner.device == device_->id()) continue;
      set.erase_foreign(owner.device, owner.epoch, dot.op);
      reached_["add of another removed"] += 1;
    }
  }
  flush();
}

void Site::count(bool up, std::uint64_t amount) {
  sdk::UpDown counter = device_->up_down("counter");
  up ? counter.add(amount) : counter.subtract(amount);
  flush();
}

void Site::flush() {
  if (chance(0.1) && device_->persist()) {
    open(saved_);  // other packets
    reached_["device rebooted"] += 1;
  }
  const auto held = [&] {
    for (const core::DeviceView& d : rig_->gateway->devices("", 0, 100)) {
      if (d.device == device_->id() && d.epoch == device_->epoch()) return d.op;
    }
    return std::uint64_t{0};
  };
  for (int round = 0; held() < device_->last_op() || rig_->committing(); ++round) {
    if (round == rounds_max) throw std::runtime_error("a site's gateway does not get everything");
    device_->link_up(rig_->now().wall_ms);
    std::vector<sdk::Packet> packets = device_->poll(rig_->now().wall_ms);
    reached_["delta in parts"] += packets.size() > 1;
    std::shuffle(packets.begin(), packets.end(), random_);
    for (const sdk::Packet& p : packets) {
      if (chance(0.9)) rig_->up(device_->id(), p.payload);
      if (chance(0.2)) rig_->up(device_->id(), p.payload);
    }
    rig_->run(10);
    hear_acks();
  }
  if (!chance(0.1)) return;
  rig_->reboot();
  reached_["gateway rebooted"] += 1;
}

// With the acks come removals by others, which the device confirms: operations that nobody sees.
void Site::hear_acks() {
  const auto ack = rig_->ack(device_->id());
  if (!ack || chance(0.2)) return;
  for (const sdk::Event& e : device_->receive(rig_->now().wall_ms, ack->bytes)) {
    if (e.kind == sdk::Event::Kind::twin || e.kind == sdk::Event::Kind::bad_ack)
      throw std::runtime_error(std::string("a device was told: ") + sdk::name(e.kind));
    reached_["removal confirmed"] += e.kind == sdk::Event::Kind::removed;
  }
}

Site::Message Site::send() {
  Message m{rig_->options.gateway, {}};
  const auto all = rig_->gateway->envelopes("", 10'000);
  for (const auto& [hash, bytes] : *all) m.envelopes.push_back(*bytes);
  return m;
}

void Site::take(const Message& m) {
  std::vector<std::string_view> all(m.envelopes.begin(), m.envelopes.end());
  for (const std::string& e : m.envelopes) {
    if (chance(0.1)) all.push_back(e);
  }
  std::shuffle(all.begin(), all.end(), random_);
  while (!all.empty()) {
    const auto many =
        static_cast<std::ptrdiff_t>(std::min<std::size_t>(1 + random_() % 8, all.size()));
    const std::vector<std::string_view> some(all.end() - many, all.end());
    all.erase(all.end() - many, all.end());
    const std::string pack =
        wire::encode_pack(some, chance(0.5) ? wire::Codec::plain : wire::Codec::lz4);
    wire::Batch b;
    b.gateway = m.gateway;
    b.incarnation = 77;
    b.session = 1;
    b.number = ++batches_;
    b.pack = pack;
    rig_->hear(rig_->topic("gw/" + m.gateway + "/delta"), wire::encode(b));
  }
  rig_->run(10);
  hear_acks();
  flush();
}

std::string Site::counter() const {
  const std::string shown = rig_->shows("counter", wire::Type::pncounter);
  return shown == "nothing" ? "0" : shown;
}

std::vector<std::string> Site::elements() const {
  const std::string shown = rig_->shows("set", wire::Type::orset);
  if (shown == "nothing") return {};
  return nlohmann::json::parse(shown).get<std::vector<std::string>>();
}

}  // namespace tributary::oracles
