// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/board.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/app/text.h"

namespace tributary::app {
namespace {

using nlohmann::json;

constexpr std::uint64_t window_ms = 6'000;
constexpr std::uint64_t window_min_ms = 900;
constexpr std::size_t gateways_max = 64;
constexpr std::size_t values_max = 20'000;
constexpr std::size_t shown_elements = 8;
constexpr std::size_t shown_bytes_max = 200;

std::uint64_t number(const json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_number_unsigned() ? it->get<std::uint64_t>() : 0;
}

std::string text(const json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string element_text(const json& element) {
  if (element.is_string()) return element.get<std::string>();
  if (element.is_object() && element.contains("base64")) return text(element, "base64");
  return dump(element);
}

// A value as one short text: sets as their size and their first elements.
std::string shown_text(const json& value) {
  std::string out;
  if (value.is_array()) {
    out = "{" + std::to_string(value.size()) + "}";
    for (std::size_t i = 0; i < value.size() && i < shown_elements; ++i) {
      out += (i == 0 ? " " : ", ") + element_text(value[i]);
    }
    if (value.size() > shown_elements) out += ", ...";
  } else if (value.is_object() && value.contains("size")) {  // a set too large to be listed
    out = "{" + grouped(dump(value["size"])) + "}";
  } else if (value.is_number_float()) {
    out = dump(value);
  } else if (value.is_number()) {
    out = grouped(dump(value));
  } else {
    out = element_text(value);
    if (value.is_string()) out = grouped(out);
  }
  if (out.size() > shown_bytes_max) out.resize(shown_bytes_max);
  return out;
}

std::optional<double> rate_number(const json& value, std::string_view type) {
  if (type == "gset" || type == "orset") {
    if (value.is_array()) return static_cast<double>(value.size());
    if (value.is_object()) return static_cast<double>(number(value, "size"));
    return std::nullopt;
  }
  if (type != "lww" && value.is_number()) return value.get<double>();
  return std::nullopt;
}

}  // namespace

void Rate::sample(double value, std::uint64_t at_ms) {
  if (!samples_.empty() && samples_.back().first == at_ms) samples_.pop_back();
  samples_.emplace_back(at_ms, value);
  while (samples_.size() > 2 && samples_[1].first + window_ms < at_ms) samples_.pop_front();
  if (samples_.size() > 256) samples_.pop_front();
}

std::optional<double> Rate::per_second(std::uint64_t now_ms) const {
  if (samples_.size() < 2) return std::nullopt;
  const auto& [first_ms, first] = samples_.front();
  // Nothing new for a while is a rate as well: the longer, the smaller.
  const std::uint64_t until_ms = std::max(samples_.back().first, now_ms);
  if (until_ms < first_ms + window_min_ms) return std::nullopt;
  if (samples_.back().first + window_ms < now_ms) return 0.0;
  return (samples_.back().second - first) / (static_cast<double>(until_ms - first_ms) / 1000.0);
}

void Board::message(std::string_view topic, const std::string& payload, std::uint64_t now_ms) {
  if (topic.substr(0, root_.size()) != root_ || topic.size() <= root_.size() + 1) return;
  topic.remove_prefix(root_.size() + 1);
  std::vector<std::string_view> levels;
  for (std::size_t n = 0; n < 3; ++n) {
    const std::size_t slash = topic.find('/');
    if (slash == std::string_view::npos) break;
    levels.push_back(topic.substr(0, slash));
    topic.remove_prefix(slash + 1);
  }
  if (levels.size() >= 2 && levels[0] == "gw" && topic == "status") {
    status(std::string(levels[1]), payload);
  } else if (levels.size() == 3 && levels[0] == "view") {
    view(std::string(levels[1]), levels[2], topic, payload, now_ms);
  }
}

void Board::status(const std::string& gateway, const std::string& payload) {
  if (payload.empty()) {  // taken back: retired
    gateways_.erase(gateway);
    return;
  }
  const json parsed = json::parse(payload, nullptr, false);
  if (!parsed.is_object()) return;
  if (gateways_.count(gateway) == 0 && gateways_.size() >= gateways_max) return;
  GatewayRow& row = gateways_[gateway];
  const std::string session = text(parsed, "session");
  const std::uint64_t at_ms = number(parsed, "at_ms");
  // A will of an earlier session may arrive after the birth of the next one.
  if (session != row.session && at_ms < row.at_ms) return;
  row.session = session;
  row.at_ms = std::max(at_ms, row.at_ms);
  row.state = text(parsed, "state");
}

void Board::view(const std::string& gateway, std::string_view type, std::string_view key,
                 const std::string& payload, std::uint64_t now_ms) {
  const std::pair<std::string, std::string> name{key, type};
  if (payload.empty()) {
    const auto it = values_.find(name);
    if (it == values_.end() || it->second.shown.erase(gateway) == 0) return;
    const auto count = shown_.find(gateway);
    if (--count->second == 0) shown_.erase(count);
    return;
  }
  const json parsed = json::parse(payload, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("value")) return;
  if (values_.count(name) == 0 && values_.size() >= values_max) return;
  ValueRow& row = values_[name];
  if (row.shown.count(gateway) == 0 && row.shown.size() >= gateways_max) return;
  const auto [shown, fresh] = row.shown.insert_or_assign(gateway, shown_text(parsed["value"]));
  if (fresh) ++shown_[gateway];
  row.contributors = std::max(row.contributors, number(parsed, "contributors"));
  if (const auto value = rate_number(parsed["value"], type)) {
    // Gateways say the same value one after the other: only news counts.
    if (*value != row.rate.last() || row.rate.last() == 0) row.rate.sample(*value, now_ms);
  }
}

void Board::reply(const std::string& gateway, std::string_view command, const std::string& payload,
                  bool first, std::uint64_t now_ms) {
  const json parsed = json::parse(payload, nullptr, false);
  if (!parsed.is_object() || parsed.contains("error")) return;
  const auto found = gateways_.find(gateway);
  if (found == gateways_.end()) return;
  GatewayRow& row = found->second;
  row.answered_ms = now_ms;
  try {
    if (command == "status") {
      row.reason = text(parsed, "reason");
      row.digest = text(parsed, "digest");
      row.actors = number(parsed, "actors");
      row.keys = number(parsed, "keys");
      row.live_envelopes = number(parsed, "live_envelopes");
      row.pending = number(parsed, "pending");
      row.memory_bytes = number(parsed, "memory_bytes");
      const json counters = parsed.value("counters", json::object());
      const std::uint64_t operations = number(counters, "operations");
      if (operations < row.operations) {  // it was started anew
        row.operation_rate.clear();
        row.message_rate.clear();
      }
      row.operations = operations;
      row.rejected = number(counters, "rejected_total");
      row.acks = number(counters, "acks");
      row.operation_rate.sample(static_cast<double>(operations), now_ms);
      row.message_rate.sample(static_cast<double>(number(counters, "messages")), now_ms);
    } else if (command == "peers") {
      row.peers = row.peers_in_step = 0;
      row.buckets_differing = 0;
      for (const json& peer : parsed.value("peers", json::array())) {
        if (!peer.value("online", false)) continue;
        ++row.peers;
        row.peers_in_step += peer.value("in_step", false) ? 1 : 0;
        row.buckets_differing = std::max(row.buckets_differing, number(peer, "buckets_differing"));
      }
    } else if (command == "devices") {
      if (first) row.acknowledged.clear();
      for (const json& device : parsed.value("devices", json::array())) {
        if (row.acknowledged.size() >= values_max) break;
        row.acknowledged[{text(device, "device"), text(device, "epoch")}] = number(device, "op");
      }
    }
  } catch (const json::exception&) {
    // Of another version, or not a gateway at all: what could be read stands.
  }
}

bool Board::online(const std::string& gateway) const {
  const auto it = gateways_.find(gateway);
  return it != gateways_.end() && it->second.state == "online";
}

std::map<std::pair<std::string, std::string>, std::uint64_t> Board::furthest() const {
  std::map<std::pair<std::string, std::string>, std::uint64_t> most;
  for (const auto& [name, row] : gateways_) {
    for (const auto& [actor, op] : row.acknowledged) most[actor] = std::max(most[actor], op);
  }
  return most;
}

std::size_t Board::devices() const {
  return furthest().size();
}

std::size_t Board::behind(const std::string& gateway) const {
  const auto it = gateways_.find(gateway);
  if (it == gateways_.end()) return 0;
  std::size_t count = 0;
  for (const auto& [actor, op] : furthest()) {
    const auto mine = it->second.acknowledged.find(actor);
    count += mine == it->second.acknowledged.end() || mine->second < op ? 1 : 0;
  }
  return count;
}

bool Board::in_step(std::uint64_t now_ms) const {
  std::string digest;
  for (const auto& [name, row] : gateways_) {
    if (state_of(row, now_ms) != "online" || row.digest.empty()) return false;
    if (digest.empty()) digest = row.digest;
    if (row.digest != digest) return false;
  }
  return !digest.empty();
}

bool Board::all_shown() const {
  return std::all_of(gateways_.begin(), gateways_.end(), [&](const auto& gateway) {
    const auto& [name, row] = gateway;
    const auto it = shown_.find(name);
    const std::size_t shown = it == shown_.end() ? 0 : it->second;
    return row.state != "online" || shown >= std::min<std::uint64_t>(row.keys, values_max);
  });
}

std::string Board::to_json(std::uint64_t now_ms) const {
  nlohmann::json gateways = nlohmann::json::array();
  for (const auto& [name, row] : gateways_) {
    const auto rate = row.operation_rate.per_second(now_ms);
    gateways.push_back(
        {{"gateway", name},
         {"state", state_of(row, now_ms)},
         {"reason", row.reason},
         {"digest", row.digest},
         {"actors", row.actors},
         {"acknowledged", devices() - behind(name)},
         {"keys", row.keys},
         {"live_envelopes", row.live_envelopes},
         {"operations", row.operations},
         {"operations_per_s", rate ? nlohmann::json(*rate) : nlohmann::json(nullptr)},
         {"peers", row.peers},
         {"peers_in_step", row.peers_in_step},
         {"rejected", row.rejected},
         {"memory_bytes", row.memory_bytes}});
  }
  nlohmann::json values = nlohmann::json::array();
  for (const auto& [name, row] : values_) {
    values.push_back({{"key", name.first},
                      {"type", name.second},
                      {"shown", row.shown},
                      {"contributors", row.contributors}});
  }
  return dump({{"in_step", in_step(now_ms)},
               {"gateways", std::move(gateways)},
               {"values", std::move(values)}});
}

}  // namespace tributary::app
