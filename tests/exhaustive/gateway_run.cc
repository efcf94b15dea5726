// SPDX-License-Identifier: Apache-2.0
#include "tests/exhaustive/gateway_run.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>

#include "gateway/core/status.h"
#include "transports/wire/ack.h"

namespace tributary::exhaustive {
namespace {

constexpr std::uint32_t never_ms = 4'000'000'000;
constexpr std::uint64_t incarnation = 77, session = 5;

core::Options options(std::size_t index) {
  core::Options o;
  o.fleet = fleet;
  o.gateway = gateway_names[index];
  o.batch_timeout_ms = 0;
  o.settle_ms = 0;
  o.listen_ms = 0;
  o.sync_interval_min_ms = 0;
  o.sync_interval_max_ms = 0;
  o.state_interval_min_ms = 0;
  o.fetch_timeout_ms = never_ms;
  o.cleanup_interval_ms = never_ms;
  o.values_interval_ms = never_ms;
  o.view_enabled = false;
  return o;
}

std::string topic_of(std::string_view below_root) {
  return std::string(root) + std::string(below_root);
}

std::string value(const core::Gateway& g, std::string_view key, wire::Type type) {
  const auto v = g.value(key, static_cast<std::uint8_t>(type));
  return v ? v->json : std::string();
}

// Elements "<device>-<operation>…" as bits.
std::uint32_t marks(std::string json, std::string& strange) {
  std::uint32_t out = 0;
  for (std::size_t at = json.find('"'); at != std::string::npos; at = json.find('"', at)) {
    const unsigned device = static_cast<unsigned>(json[at + 1] - '1');
    const unsigned op = static_cast<unsigned>(json[at + 3] - '0');
    if (device > 1 || op < 1 || op > 7) {
      strange = json;
      return 0;
    }
    out |= 1u << (8 * device + op);
    at = json.find('"', at + 1) + 1;
  }
  return out;
}

}  // namespace

void Disk::apply(const core::Commit& c, Fault fault) {
  if (fault == Fault::commit_is_a_lie) return;
  const bool held = !envelopes.empty();
  for (const core::EnvelopeRow& row : c.insert) {
    if (fault == Fault::disk_loses_a_row && held && &row == &c.insert.front())
      envelopes.erase(envelopes.begin());
    if (fault == Fault::disk_overwrites) {
      std::erase_if(envelopes, [&](const auto& e) { return e.second.device == row.device; });
    }
    envelopes[row.row] = row;
  }
  for (const std::uint64_t row : c.erase) envelopes.erase(row);
  for (const core::ActorRow& row : c.actors) actors[row.row] = row;
  for (const core::QuarantineRow& row : c.quarantine) envelopes.erase(row.row);
}

GatewayRun::GatewayRun(std::size_t index, Fault fault, Messages& messages, const Disk& disk)
    : index_(index), fault_(fault), messages_(messages), disk_(disk) {
  start();
}

void GatewayRun::start() {
  gateway_ = std::make_unique<core::Gateway>(options(index_), incarnation + index_, session);
  for (const auto& [row, e] : disk_.envelopes) gateway_->restore(core::EnvelopeRow(e));
  for (const auto& [row, a] : disk_.actors) gateway_->restore(core::ActorRow(a));
  gateway_->attach({.name = "local"});
  gateway_->start(now());
  gateway_->connected(now(), 0);
  meet_others();
  perform();
}

// What the broker retains of them: a gateway relays where it has heard another one.
void GatewayRun::meet_others() {
  for (std::size_t other = 0; other < gateway_names.size(); ++other) {
    if (other == index_) continue;
    core::Status status;
    status.gateway = gateway_names[other];
    status.online = true;
    status.incarnation = incarnation + other;
    status.session = session;
    receive("gw/" + status.gateway + "/status", core::to_json(status), true);
  }
}

std::unique_ptr<core::Gateway> GatewayRun::rebuilt(std::size_t index, const Disk& disk) {
  auto out = std::make_unique<core::Gateway>(options(index), incarnation + index, session);
  for (const auto& [row, e] : disk.envelopes) out->restore(core::EnvelopeRow(e));
  for (const auto& [row, a] : disk.actors) out->restore(core::ActorRow(a));
  out->attach({.name = "local"});
  out->start({1'000'000, 1'700'000'000'000});
  return out;
}

void GatewayRun::crash() {
  if (waiting_ && fault_ == Fault::crash_tears) {
    core::Commit half = *waiting_->rows;
    half.insert.clear();
    disk_.apply(half, fault_);
  }
  waiting_.reset();
  asked_.clear();
  retained_.clear();  // it announces everything again
  pause_ms_ = 0;
  heard_ = 0;
  seen_.clear();
  start();
}

void GatewayRun::apply(const GatewayEvent& e) {
  using Type = GatewayEvent::Type;
  if (e.message != no_message) {
    const std::vector<std::string>& hashes = messages_[e.message].hashes;
    seen_.insert(hashes.begin(), hashes.end());
  }
  switch (e.type) {
    case Type::receive: {
      const Message& m = messages_[e.message];
      if (waiting_) reached_ |= bit(Reached::queued_behind_commit);
      const std::uint64_t before = gateway_->counters().envelopes;
      if (m.kind == Message::Kind::upload) {
        heard_ |= 1u << m.from;
        receive("up/" + std::string(device_names[m.from]), m.payload, false);
      } else {
        receive("gw/" + std::string(gateway_names[m.from]) + "/delta", m.payload, false);
        if (gateway_->counters().envelopes > before) reached_ |= bit(Reached::relayed);
      }
      return;
    }
    case Type::read:
      if (fault_ != Fault::state_unread) read(messages_[e.message]);
      return;
    case Type::commit:
      return answer(true, true);
    case Type::fail:
      reached_ |= bit(Reached::commit_failed);
      return answer(false, false);
    case Type::fail_done:
      reached_ |= bit(Reached::commit_failed_done);
      return answer(true, false);
    case Type::crash:
      reached_ |= bit(waiting_ ? Reached::crash_before_commit : Reached::crash_at_rest);
      return crash();
    case Type::crash_done:
      reached_ |= bit(Reached::crash_after_commit);
      disk_.apply(*waiting_->rows, fault_);
      waiting_.reset();
      return crash();
  }
}

void GatewayRun::clear() {
  checking_ = true;
  sent_.clear();
  reached_ = 0;
}

void GatewayRun::receive(std::string topic, std::string payload, bool retained) {
  gateway_->receive(now(), {0, topic_of(topic), std::move(payload), retained});
  perform();
}

// The head, and at once whatever parts the gateway asks for, or asked for before.
void GatewayRun::read(const Message& m) {
  const std::string base = "gw/" + std::string(gateway_names[m.from]);
  receive(base + "/head", m.payload, true);
  gateway_->tick(now());
  perform();
  const std::uint64_t before = gateway_->counters().envelopes;
  for (const std::string& filter : std::set<std::string>(asked_)) {
    const std::string prefix = filter.substr(0, filter.size() - 1);  // …/state/<bucket>/+
    for (const auto& [topic, part] : m.parts) {
      if (!topic_of(topic).starts_with(prefix)) continue;
      seen_.insert(part.hashes.begin(), part.hashes.end());
      receive(topic, part.payload, true);
    }
  }
  gateway_->tick(now());
  perform();
  if (gateway_->counters().envelopes > before) reached_ |= bit(Reached::state_read);
}

void GatewayRun::answer(bool done, bool told_done) {
  assert(waiting_);
  const core::CommitRequest request = std::move(*waiting_);
  waiting_.reset();
  if (done) disk_.apply(*request.rows, fault_);
  if (told_done) {
    gateway_->committed(now(), request.ticket);
    return perform();
  }
  gateway_->commit_failed(now(), request.ticket, "no space");
  perform();
  pause_ms_ += 10'000;
  gateway_->tick(now());
  perform();
  if (!waiting_) throw Violation("a commit that failed is not asked for again");
}

void GatewayRun::perform() {
  core::Output out = gateway_->take_output();
  if (out.commit) {
    if (waiting_) throw Violation("a second commit while one is unanswered");
    waiting_ = std::move(out.commit);
  }
  for (const core::Subscription& s : out.subscriptions) {
    if (s.filter.find("/state/") == std::string::npos) continue;
    if (s.subscribe) asked_.insert(s.filter);
    if (!s.subscribe) asked_.erase(s.filter);
  }
  const std::string own = "gw/" + std::string(gateway_names[index_]) + '/';
  for (core::Publish& p : out.publishes) {
    std::string_view topic = std::string_view(p.topic).substr(root.size());
    if (topic.starts_with("ack/")) {
      std::size_t device = index_of(device_names, topic.substr(4));
      if (device > 1) throw Violation("an ack for nobody");
      const MessageId id = messages_.ack(index_, device, p.payload);
      if (checking_) check_ack(messages_[id]);
      sent_.push_back(id);
    } else if (topic == own + "delta") {
      sent_.push_back(messages_.batch(index_, p.payload));
    } else if (p.retain && p.payload.empty()) {
      retained_.erase(std::string(topic));
    } else if (p.retain) {
      retained_[std::string(topic)] = std::move(p.payload);
    }
  }
}

// What is acknowledged is on the disk: a gateway made from it would say the same.
void GatewayRun::check_ack(const Message& m) const {
  const auto ack = wire::decode_ack(m.payload, wire::Limits{});
  const auto disk = rebuilt(index_, disk_);
  for (const wire::ActorAck& a : ack->actors) {
    for (const core::DeviceView& v : disk->devices("", 0, 10)) {
      if (v.device == ack->device && v.epoch == a.epoch && v.op >= a.op) return;
    }
    if (a.op > 0) {
      throw Violation("acknowledges operations up to " + std::to_string(a.op) + " of " +
                      std::string(ack->device) + ", which are not on its disk");
    }
  }
}

MessageId GatewayRun::retained() {
  std::map<std::string, std::string> parts;
  const std::string own = "gw/" + std::string(gateway_names[index_]);
  for (const auto& [topic, payload] : retained_) {
    if (topic.starts_with(own + "/state/")) parts[topic] = payload;
  }
  const auto head = retained_.find(own + "/head");
  if (head == retained_.end()) throw Violation("nothing was announced");
  return messages_.state(index_, head->second, parts);
}

Shown GatewayRun::shown() const {
  const core::Gateway& g = *gateway_;
  Shown out;
  out.counter = std::strtoull(value(g, "c", wire::Type::gcounter).c_str(), nullptr, 10);
  out.net = std::strtoll(value(g, "u", wire::Type::pncounter).c_str(), nullptr, 10);
  out.grown = marks(value(g, "g", wire::Type::gset), out.strange);
  out.long_ones = marks(value(g, "long", wire::Type::orset), out.strange);
  out.reading = std::strtoull(value(g, "r", wire::Type::lww).c_str(), nullptr, 10);
  const std::string set = value(g, "s", wire::Type::orset);
  out.x = set == "[\"x\"]";
  if (!out.x && !set.empty() && set != "[]") out.strange = set;
  return out;
}

Ops GatewayRun::contiguous() const {
  return contiguous(*gateway_);
}

Ops GatewayRun::contiguous(const core::Gateway& g) {
  Ops out{};
  for (const core::DeviceView& v : g.devices("", 0, 10)) {
    const std::size_t d = index_of(device_names, v.device);
    if (d > 1) throw Violation("knows a device that is not there: " + v.device);
    out[d] = std::max(out[d], v.op);
  }
  return out;
}

}  // namespace tributary::exhaustive
