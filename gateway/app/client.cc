// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/client.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "gateway/app/broker.h"
#include "gateway/app/clock.h"
#include "gateway/app/entropy.h"
#include "gateway/app/text.h"

namespace tributary::app {

using nlohmann::json;
using transports::Event;
using transports::Message;
using transports::Qos;

void add_endpoint_options(CLI::App& command, Endpoint& endpoint) {
  command
      .add_option(
          "--broker", endpoint.broker,
          "the broker, mqtt://host[:port] or mqtts://host[:port]; ?version=3.1.1 for one without "
          "MQTT 5")
      ->envname("TRIBUTARY_CLI_BROKER")
      ->capture_default_str();
  command.add_option("--fleet", endpoint.fleet, "the fleet's name")
      ->envname("TRIBUTARY_CLI_FLEET")
      ->capture_default_str();
  command.add_option("--topic-root", endpoint.topic_root, "topics begin with <topic-root>/<fleet>")
      ->capture_default_str();
  command.add_option("--username", endpoint.username, "for the broker");
  command.add_option("--password-file", endpoint.password_file,
                     "a file with the password, one line");
  command
      .add_option("--identity", endpoint.identity,
                  "for mqtts://: your folder of the fleet (ca.crt, tls.crt, tls.key)")
      ->envname("TRIBUTARY_CLI_IDENTITY")
      ->type_name("DIR");
}

Client::Client(const Endpoint& endpoint, Patient) : patient_(true) {
  start(endpoint);
}

Client::Client(const Endpoint& endpoint, std::uint32_t timeout_ms) {
  start(endpoint);
  const std::uint64_t deadline = mono_now_ms() + timeout_ms;
  while (!session_->connected()) {
    take(session_->poll(64));
    if (session_->connected()) break;
    // A refusal is known at once; waiting longer only helps when nothing was heard at all.
    if (!reason_.empty() || mono_now_ms() >= deadline) {
      throw Trouble(
          Exit::broker,
          "no broker at " + endpoint.broker + ": " +
              (reason_.empty() ? "no answer in " + std::to_string(timeout_ms) + " ms" : reason_) +
              "\n  start it, or name another with --broker mqtt://host:port");
    }
    wait(deadline);
  }
}

Client::~Client() {
  if (session_) session_->stop(500);
}

void Client::start(const Endpoint& endpoint) {
  const std::string id = "tributary-cli-" + hex64(random64());
  root_ = endpoint.root();
  // Where brokers tell people apart, answers are for their eyes alone.
  const std::string name = identity_name(endpoint);
  reply_topic_ = root_ + "/reply/" + (name.empty() ? id : name);
  broker_ = endpoint.broker;
  session_ = make_session(client_options(endpoint, id));
  session_->on_ready([this] {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    ready_.notify_one();
  });
  session_->subscribe(reply_topic_, Qos::at_least_once);
  session_->start();
}

bool Client::connected() const {
  return session_->connected();
}

void Client::wait(std::uint64_t deadline_mono_ms) {
  std::unique_lock lock(mutex_);
  const std::uint64_t now_ms = mono_now_ms();
  if (deadline_mono_ms > now_ms) {
    ready_.wait_for(lock, std::chrono::milliseconds(deadline_mono_ms - now_ms),
                    [this] { return woken_; });
  }
  woken_ = false;
}

void Client::take(std::vector<Event> events) {
  for (Event& event : events) {
    if (event.kind == Event::Kind::message) inbox_.push_back(std::move(event.message));
    if (event.kind == Event::Kind::disconnected) reason_ = event.reason;
    if (event.kind == Event::Kind::connected) reason_.clear();
    // A patient visitor goes on without; somebody who asked one question wants to know.
    if (event.kind == Event::Kind::refused && !patient_) {
      throw Trouble(Exit::broker, broker_ + " refused " + event.message.topic + ": " +
                                      event.reason + "\n  check the broker's access list");
    }
  }
}

void Client::subscribe(const std::string& filter) {
  session_->subscribe(filter, Qos::at_least_once);
}
void Client::unsubscribe(const std::string& filter) {
  session_->unsubscribe(filter);
}

void Client::publish(const Message& message, std::uint32_t timeout_ms) {
  const std::uint64_t deadline = mono_now_ms() + timeout_ms;
  while (!session_->publish(message)) {
    if (mono_now_ms() >= deadline) {
      throw Trouble(Exit::broker, "could not send to " + broker_ + " in " +
                                      std::to_string(timeout_ms) + " ms\n  is the broker up?");
    }
    take(session_->poll(256));
    wait(std::min(deadline, mono_now_ms() + 50));
  }
}

void Client::settle(std::uint32_t timeout_ms) {
  const std::uint64_t deadline = mono_now_ms() + timeout_ms;
  while (session_->outbox_size() > 0) {
    if (mono_now_ms() >= deadline) {
      throw Trouble(Exit::broker, broker_ + " did not acknowledge in " +
                                      std::to_string(timeout_ms) + " ms\n  is the broker up?");
    }
    take(session_->poll(256));
    wait(std::min(deadline, mono_now_ms() + 20));
  }
  take(session_->poll(256));
}

std::optional<Message> Client::next(std::uint64_t deadline_mono_ms) {
  while (inbox_.empty()) {
    take(session_->poll(256));
    if (!inbox_.empty()) break;
    if (mono_now_ms() >= deadline_mono_ms) return std::nullopt;
    wait(deadline_mono_ms);
  }
  Message message = std::move(inbox_.front());
  inbox_.pop_front();
  return message;
}

bool Client::ask(const std::string& gateway, const std::string& command,
                 const std::string& arguments, const std::string& correlation) {
  return session_->publish({.topic = root_ + "/req/" + gateway + "/" + command,
                            .payload = arguments,
                            .qos = Qos::at_least_once,
                            .retain = false,
                            .response_topic = reply_topic_,
                            .correlation = correlation});
}

std::string Client::request(const std::string& gateway, const std::string& command,
                            const std::string& arguments, std::uint32_t timeout_ms) {
  const std::string correlation = "r" + std::to_string(++correlation_);
  const std::uint64_t deadline = mono_now_ms() + timeout_ms;
  bool asked = ask(gateway, command, arguments, correlation);
  std::deque<Message> others;
  std::optional<std::string> reply;
  while (!reply && mono_now_ms() < deadline) {
    if (!asked) asked = ask(gateway, command, arguments, correlation);
    auto message = next(asked ? deadline : std::min(deadline, mono_now_ms() + 20));
    if (!message) continue;
    if (message->topic == reply_topic_) {
      if (message->correlation == correlation) reply = std::move(message->payload);
      continue;  // an answer that came too late for its question is nobody's
    }
    others.push_back(std::move(*message));
  }
  while (!others.empty()) {
    inbox_.push_front(std::move(others.back()));
    others.pop_back();
  }
  if (!reply) {
    throw Trouble(Exit::broker, "gateway " + gateway + " does not answer at " + broker_ +
                                    "\n  is it running? `tributary status` lists those that do");
  }
  const json parsed = json::parse(*reply, nullptr, false);
  if (!parsed.is_object()) throw Trouble(Exit::broker, "gateway " + gateway + " answered nonsense");
  if (const auto error = parsed.find("error"); error != parsed.end()) {
    throw Trouble(Exit::negative, "gateway " + gateway + ": " + error->value("what", "error") +
                                      "\n  " + error->value("do", ""));
  }
  return *reply;
}

std::map<std::string, std::string> Client::gateways(std::uint32_t listen_ms) {
  const std::string prefix = root_ + "/gw/";
  const std::string suffix = "/status";
  std::map<std::string, std::string> found;
  std::deque<Message> others;
  subscribe(prefix + "+" + suffix);
  // Retained messages come at once: a quiet moment after the first one is the end of them.
  std::uint64_t deadline = mono_now_ms() + listen_ms;
  while (auto message = next(deadline)) {
    const std::string& topic = message->topic;
    const bool status = topic.size() > prefix.size() + suffix.size() &&
                        topic.compare(0, prefix.size(), prefix) == 0 &&
                        topic.compare(topic.size() - suffix.size(), suffix.size(), suffix) == 0;
    if (!status) {
      others.push_back(std::move(*message));
      continue;
    }
    const json parsed = json::parse(message->payload, nullptr, false);
    if (!parsed.is_object()) continue;
    const auto state = parsed.find("state");
    if (state == parsed.end() || !state->is_string()) continue;
    found[topic.substr(prefix.size(), topic.size() - prefix.size() - suffix.size())] =
        state->get<std::string>();
    deadline = std::min(deadline, mono_now_ms() + 200);
  }
  unsubscribe(prefix + "+" + suffix);
  for (Message& message : others) inbox_.push_back(std::move(message));
  return found;
}

std::string Client::choose_gateway(const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  const auto found = gateways(2'000);
  for (const auto& [gateway, state] : found) {
    if (state == "online") return gateway;
  }
  throw Trouble(Exit::broker,
                (found.empty() ? "no gateway" : "no gateway online") + std::string(" of fleet ") +
                    root_.substr(root_.rfind('/') + 1) + " at " + broker_ +
                    "\n  start one with `tributary gateway`, or name the fleet with --fleet");
}

}  // namespace tributary::app
