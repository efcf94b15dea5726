// SPDX-License-Identifier: Apache-2.0
// A visitor at the broker: asks gateways (docs/protocol.md section 7) and reads their topics. Its
// promise: every call ends by its deadline, with an answer or with a Trouble that says what to do.
//
//   Client client(endpoint, 5'000);
//   std::string gateway = client.choose_gateway("");
//   std::string json = client.request(gateway, "get", R"({"key":"plant/line/parts"})", 5'000);
//
// Not thread-safe.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "gateway/app/cli.h"
#include "transports/session.h"

namespace tributary::app {

// Where a fleet is found.
struct Endpoint {
  std::string broker = "mqtt://127.0.0.1:1883";
  std::string fleet = "demo";
  std::string topic_root = "tributary/v1";
  std::string username;
  std::string password_file;
  std::string identity;  // a folder of `tributary fleet`, for mqtts://

  std::string root() const { return topic_root + "/" + fleet; }
};
void add_endpoint_options(CLI::App& command, Endpoint& endpoint);

class Client {
 public:
  // Connects, or throws Trouble(broker).
  Client(const Endpoint& endpoint, std::uint32_t timeout_ms);
  // Connects when it can: connected() tells. For what is to survive a broker's restart.
  struct Patient {};
  Client(const Endpoint& endpoint, Patient);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const;
  const std::string& root() const { return root_; }

  void subscribe(const std::string& filter);
  void unsubscribe(const std::string& filter);
  // Waits for room in the outbox; throws Trouble(broker) at the deadline.
  void publish(const transports::Message& message, std::uint32_t timeout_ms);
  // Waits until the broker has acknowledged all that was published; throws Trouble(broker) at the
  // deadline.
  void settle(std::uint32_t timeout_ms);
  // The next message that is not an answer to request(); nullopt at the deadline.
  std::optional<transports::Message> next(std::uint64_t deadline_mono_ms);

  // Asks and waits. Throws Trouble: no answer in time, or the gateway says that the question is
  // bad.
  std::string request(const std::string& gateway, const std::string& command,
                      const std::string& arguments, std::uint32_t timeout_ms);
  // Asks without waiting: the answer comes out of next() with this correlation, on reply_topic().
  // False when not connected.
  bool ask(const std::string& gateway, const std::string& command, const std::string& arguments,
           const std::string& correlation);
  const std::string& reply_topic() const { return reply_topic_; }

  // Gateways by their retained status: id → state ("online", "offline").
  std::map<std::string, std::string> gateways(std::uint32_t listen_ms);
  // `wanted` when it is not empty; else the first gateway online. Throws Trouble when there is
  // none.
  std::string choose_gateway(const std::string& wanted);

 private:
  void start(const Endpoint& endpoint);
  void take(std::vector<transports::Event> events);

  const bool patient_ = false;
  std::string root_;
  std::string reply_topic_;
  std::string broker_;
  std::string reason_;  // why the last connect failed
  std::uint64_t correlation_ = 0;
  std::deque<transports::Message> inbox_;
  std::mutex mutex_;
  std::condition_variable ready_;
  bool woken_ = false;  // guarded by mutex_
  void wait(std::uint64_t deadline_mono_ms);
  std::unique_ptr<transports::Session> session_;  // last: its callbacks end before the rest
};

}  // namespace tributary::app
