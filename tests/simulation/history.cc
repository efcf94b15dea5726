// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/history.h"

#include <algorithm>
#include <cassert>

namespace tributary::simulation {

using Kind = Op::Kind;

void Log::apply(const Op& op) {
  switch (op.kind) {
    case Kind::count:
      totals_[op.key] = {op.up, op.down};
      return;
    case Kind::insert:
      live_[op.key][op.element] = op.number;
      inserted_[op.key].insert(op.element);
      return;
    case Kind::erase:
      live_[op.key].erase(op.element);
      return;
    case Kind::set:
    case Kind::mute:
      return;
    case Kind::erase_foreign:
      foreign_[op.key].emplace(op.target, op.number);
      return;
    case Kind::forget_foreign:
      foreign_[op.key].erase(op.target);
      return;
  }
}

void Log::count(std::uint64_t number, const KeyType& key, std::uint64_t up, std::uint64_t down) {
  Op op{number, Kind::count, key, up, down, {}, {}, {}};
  apply(op);
  ops_.push_back(std::move(op));
}

void Log::insert(std::uint64_t number, const KeyType& key, const std::string& element) {
  Op op{number, Kind::insert, key, 0, 0, element, {}, {}};
  if (const auto at = live_[key].find(element); at != live_[key].end()) op.killed = {at->second};
  apply(op);
  ops_.push_back(std::move(op));
}

void Log::erase(std::uint64_t number, const KeyType& key, const std::string& element) {
  Op op{number, Kind::erase, key, 0, 0, element, {}, {}};
  if (const auto at = live_[key].find(element); at != live_[key].end()) op.killed = {at->second};
  apply(op);
  ops_.push_back(std::move(op));
}

void Log::set(std::uint64_t number, const KeyType& key, const std::string& bytes) {
  ops_.push_back({number, Kind::set, key, 0, 0, bytes, {}, {}});
}

void Log::mute(std::uint64_t number) {
  ops_.push_back({number, Kind::mute, {}, 0, 0, {}, {}, {}});
}

void Log::erase_foreign(std::uint64_t number, const KeyType& key, const DotName& target) {
  Op op{number, Kind::erase_foreign, key, 0, 0, {}, {}, target};
  apply(op);
  ops_.push_back(std::move(op));
}

void Log::forget_foreign(std::uint64_t number, const KeyType& key, const DotName& target) {
  Op op{number, Kind::forget_foreign, key, 0, 0, {}, {}, target};
  apply(op);
  ops_.push_back(std::move(op));
}

void Log::forget_after(std::uint64_t number) {
  if (last() <= number) return;
  std::vector<Op> kept = std::move(ops_);
  std::erase_if(kept, [&](const Op& op) { return op.number > number; });
  ops_.clear();
  totals_.clear();
  live_.clear();
  inserted_.clear();
  foreign_.clear();
  for (const Op& op : kept) apply(op);
  ops_ = std::move(kept);
}

std::map<std::string, std::uint64_t> Log::live(const KeyType& key) const {
  const auto at = live_.find(key);
  return at == live_.end() ? std::map<std::string, std::uint64_t>{} : at->second;
}

bool Log::ever_inserted(const KeyType& key, const std::string& element) const {
  const auto at = inserted_.find(key);
  return at != inserted_.end() && at->second.count(element) != 0;
}

const Op* Log::find(std::uint64_t number) const {
  const auto at = std::lower_bound(ops_.begin(), ops_.end(), number,
                                   [](const Op& op, std::uint64_t n) { return op.number < n; });
  return at == ops_.end() || at->number != number ? nullptr : &*at;
}

bool Log::inserted_by(std::uint64_t number, const KeyType& key, const std::string& element) const {
  const Op* op = find(number);
  return op != nullptr && op->kind == Kind::insert && op->key == key && op->element == element;
}

bool Log::set_by(std::uint64_t number, const KeyType& key, const std::string& bytes) const {
  const Op* op = find(number);
  return op != nullptr && op->kind == Kind::set && op->key == key && op->element == bytes;
}

const std::map<DotName, std::uint64_t>& Log::foreign(const KeyType& key) const {
  static const std::map<DotName, std::uint64_t> none;
  const auto at = foreign_.find(key);
  return at == foreign_.end() ? none : at->second;
}

std::vector<KeyType> Log::keys() const {
  std::set<KeyType> out;
  for (const Op& op : ops_) out.insert(op.key);
  return {out.begin(), out.end()};
}

std::shared_ptr<Log> History::log(const Actor& actor, std::uint64_t memory) {
  auto& logs = all_[actor];
  auto& log = logs[memory];
  if (!log) log = std::make_shared<Log>();
  if (logs.size() > 1) taint(actor);
  return log;
}

std::shared_ptr<Log> History::fork(const Actor& actor, std::uint64_t from_memory,
                                   std::uint64_t memory) {
  auto& logs = all_[actor];
  // None, when the memory was forgotten before it ran: then the actor is new.
  const auto from = logs.find(from_memory);
  auto copy = from == logs.end() ? std::make_shared<Log>() : std::make_shared<Log>(*from->second);
  logs[memory] = std::move(copy);
  taint(actor);
  return logs[memory];
}

const std::map<std::uint64_t, std::shared_ptr<Log>>* History::logs(const Actor& actor) const {
  const auto at = all_.find(actor);
  return at == all_.end() ? nullptr : &at->second;
}

std::uint64_t History::operations() const {
  std::uint64_t out = 0;
  for (const auto& [actor, logs] : all_) {
    for (const auto& [memory, log] : logs) out += log->ops().size();
  }
  return out;
}

}  // namespace tributary::simulation
