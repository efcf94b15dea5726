// SPDX-License-Identifier: Apache-2.0
#include "tests/gateway/core/support/writer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tributary::core::testing {

void Writer::open(std::uint64_t now_ms, std::string snapshot, std::size_t body_bytes_max,
                  std::size_t small_set_bytes, std::uint32_t acks_needed) {
  sdk::Options o;
  o.fleet = "demo";
  o.device = id_;
  o.random = random_;
  o.save = [this](std::string_view s) {
    saved_ = std::string(s);
    return true;
  };
  o.saved = std::move(snapshot);
  o.body_bytes_max = body_bytes_max;
  o.compress = false;  // who writes here sends and loses single envelopes
  o.small_set_bytes = small_set_bytes;
  o.acks_needed = acks_needed;
  o.resend_min_ms = 200;
  o.resend_max_ms = 1'000;
  o.catch_up_ms = 500;
  o.burst_packets_max = 1'000;
  saved_ = o.saved;
  auto opened = sdk::Device::open(std::move(o));
  ASSERT_TRUE(opened) << opened.error().text;
  device_.emplace(std::move(*opened));
  device_->time(now_ms);
  // What was never saved was never sent: it did not happen.
  std::erase_if(oracle.log, [&](const Op& op) { return op.n > device_->last_op(); });
}

bool Writer::log(sdk::Outcome outcome, Op op) {
  if (outcome != sdk::Outcome::applied) return false;
  op.n = device_->last_op();
  oracle.log.push_back(std::move(op));
  return true;
}

void Writer::log_removal_of(const std::string& key, const std::string& element, std::uint64_t n) {
  Op op;
  op.n = n;
  op.key = key;
  op.type = 4;
  op.what = Op::What::removed;
  op.device = id_;
  op.epoch = device_->epoch();
  op.op = live(key).at(element);
  oracle.log.push_back(std::move(op));
}

bool Writer::count(const std::string& key, bool up, std::uint64_t amount, bool grow_only) {
  Op op;
  op.key = key;
  op.type = grow_only ? 1 : 2;
  op.what = up || grow_only ? Op::What::up : Op::What::down;
  op.amount = amount;
  if (grow_only) return log(device_->counter(key).add(amount), op);
  auto handle = device_->up_down(key);
  return log(up ? handle.add(amount) : handle.subtract(amount), op);
}

bool Writer::grow(const std::string& key, const std::string& element) {
  Op op;
  op.key = key;
  op.type = 3;
  op.what = Op::What::grown;
  op.element = element;
  return log(device_->grow_set(key).insert(element), op);
}

bool Writer::insert(const std::string& key, const std::string& element) {
  const bool again = live(key).count(element) != 0;
  if (device_->set(key).insert(element) != sdk::Outcome::applied) return false;
  if (again) log_removal_of(key, element, device_->last_op());
  Op op;
  op.key = key;
  op.type = 4;
  op.what = Op::What::added;
  op.element = element;
  return log(sdk::Outcome::applied, op);
}

bool Writer::erase(const std::string& key, const std::string& element) {
  if (device_->set(key).erase(element) != sdk::Outcome::applied) return false;
  log_removal_of(key, element, device_->last_op());
  return true;
}

bool Writer::erase_foreign(const std::string& key, const std::string& device, std::uint64_t epoch,
                           std::uint64_t op) {
  Op o;
  o.key = key;
  o.type = 4;
  o.what = Op::What::removed;
  o.device = device;
  o.epoch = epoch;
  o.op = op;
  if (!log(device_->set(key).erase_foreign(device, epoch, op), o)) return false;
  foreign_[key].emplace_back(device, epoch, op);
  return true;
}

bool Writer::forget_foreign(const std::string& key, const std::string& device, std::uint64_t epoch,
                            std::uint64_t op) {
  std::erase(foreign_[key], Dot{device, epoch, op});
  if (device_->set(key).forget_foreign(device, epoch, op) != sdk::Outcome::applied) return false;
  for (Op& o : oracle.log) {
    if (o.what == Op::What::removed && o.device == device && o.epoch == epoch && o.op == op)
      o.forgotten_at = device_->last_op();
  }
  return true;
}

bool Writer::set(const std::string& key, std::uint64_t at_ms, const std::string& value) {
  Op op;
  op.key = key;
  op.type = 5;
  op.what = Op::What::set;
  return log(device_->reg(key).set_at(at_ms, value), op);
}

void Writer::note(const std::vector<sdk::Event>& events) {
  for (const sdk::Event& e : events) {
    if (e.kind == sdk::Event::Kind::removed) {
      log_removal_of(e.keys.at(0).key, e.element, e.op);
      ++retired;
    }
    if (e.kind == sdk::Event::Kind::refused) ++muted;
    if (e.kind == sdk::Event::Kind::bad_ack) ADD_FAILURE() << "bad ack: " << e.text;
    if (e.kind != sdk::Event::Kind::twin) continue;
    ++twins;
    oracle = {};
    foreign_.clear();
  }
}

std::map<std::string, std::uint64_t> Writer::live(const std::string& key) const {
  std::map<std::string, std::uint64_t> out;
  for (const Op& op : oracle.log) {
    if (op.key != key || op.type != 4) continue;
    if (op.what == Op::What::added) out[op.element] = op.n;
    if (op.what != Op::What::removed || op.device != id_ || op.epoch != device_->epoch()) continue;
    std::erase_if(out, [&](const auto& add) { return add.second == op.op; });
  }
  return out;
}

std::vector<Writer::Dot> Writer::removed_of_others(const std::string& key) const {
  const auto at = foreign_.find(key);
  return at == foreign_.end() ? std::vector<Dot>{} : at->second;
}

}  // namespace tributary::core::testing
