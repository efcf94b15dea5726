// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/watcher.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/app/clock.h"

namespace tributary::app {
namespace {

using nlohmann::json;

constexpr std::uint64_t ask_interval_ms = 1'000;
constexpr std::uint64_t devices_interval_ms = 2'000;
constexpr std::uint64_t give_up_ms = 10'000;
constexpr std::size_t questions_max = 256;
constexpr std::uint64_t devices_compared_max =
    5'000;  // beyond it the lists cost more than they tell

}  // namespace

Watcher::Watcher(const Endpoint& endpoint, std::uint32_t connect_ms)
    : client_(connect_ms == 0 ? std::make_unique<Client>(endpoint, Client::Patient{})
                              : std::make_unique<Client>(endpoint, connect_ms)),
      board_(endpoint.root()) {
  client_->subscribe(endpoint.root() + "/gw/+/status");
  client_->subscribe(endpoint.root() + "/view/#");
}

void Watcher::ask(const std::string& gateway, const std::string& command,
                  const std::string& arguments) {
  if (questions_.size() >= questions_max) return;
  const std::string correlation = "w" + std::to_string(next_number_++);
  if (!client_->ask(gateway, command, arguments, correlation)) return;
  questions_[correlation] = {gateway, command, arguments.empty(), mono_now_ms()};
}

void Watcher::ask_all() {
  const std::uint64_t now_ms = mono_now_ms();
  for (auto it = questions_.begin(); it != questions_.end();) {
    it = it->second.asked_ms + give_up_ms < now_ms ? questions_.erase(it) : std::next(it);
  }
  const bool devices = now_ms >= next_devices_ms_;
  if (devices) next_devices_ms_ = now_ms + devices_interval_ms;
  next_ask_ms_ = now_ms + ask_interval_ms;
  bool known = false;
  for (const auto& [name, row] : board_.gateways()) {
    if (row.state != "online") continue;
    known = true;
    ask(name, "status", "");
    ask(name, "peers", "");
    if (devices && row.actors <= devices_compared_max) ask(name, "devices", "");
  }
  if (!known) next_ask_ms_ = next_devices_ms_ = now_ms + 50;  // the first one is asked at once
}

void Watcher::answered(const transports::Message& message) {
  const auto it = questions_.find(message.correlation);
  if (it == questions_.end()) return;
  const Question question = std::move(it->second);
  questions_.erase(it);
  board_.reply(question.gateway, question.command, message.payload, question.first, mono_now_ms());
  const json parsed = json::parse(message.payload, nullptr, false);
  if (parsed.is_object() && parsed.contains("next") && !parsed["next"].is_null()) {
    ask(question.gateway, question.command, json{{"after", parsed["next"]}}.dump());
  }
}

void Watcher::run_until(std::uint64_t deadline_mono_ms, const std::function<bool()>& enough) {
  while (true) {
    const std::uint64_t now_ms = mono_now_ms();
    if (now_ms >= deadline_mono_ms || (enough && enough())) return;
    if (now_ms >= next_ask_ms_) ask_all();
    const auto message = client_->next(std::min(deadline_mono_ms, next_ask_ms_));
    if (!message) continue;
    if (message->topic == client_->reply_topic()) {
      answered(*message);
    } else {
      board_.message(message->topic, message->payload, mono_now_ms());
    }
  }
}

}  // namespace tributary::app
