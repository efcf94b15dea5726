// SPDX-License-Identifier: Apache-2.0
// All that we use of Paho, and the only place that sees its headers: one client of one broker.
//
//   PahoClient client(options, answers);
//   if (auto failure = client.connect(1)) …       // returns at once; answers.connect_answered(1,
//   …) client.publish(message, 1);                   // answers.publish_answered(1, its QoS)
//
// Promise: nothing is thrown but by the constructor, and nothing leaves a callback. A call returns
// why it could not be made, or nothing; then exactly one answer with its context follows, unless
// the connection goes first. Calls may wait for a callback of any client in the process.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transports/mqtt/limits.h"
#include "transports/mqtt/session.h"

namespace tributary::transports::mqtt {

struct ConnectAnswer {
  bool ok = false;
  std::string reason = {};          // when not ok, in words
  std::size_t receive_maximum = 0;  // what the broker allows us to have in flight
  std::size_t packet_bytes_max = 0;
  BrokerLimits said = {};  // of all of them, before ours were taken into account
};

// Called on Paho's threads, which all clients of the process share, one at a time: be short, never
// call Paho, and take no lock that somebody holds while calling Paho.
class PahoAnswers {
 public:
  virtual ~PahoAnswers() = default;
  virtual void connect_answered(std::uint64_t context, const ConnectAnswer& answer) = 0;
  // Acknowledged, or with QoS 0 written; also when it was refused.
  virtual void publish_answered(std::uint64_t context, Qos qos) = 0;
  // The same of QoS 0, where more may be sent: what `next` is filled with is published with the
  // same context, at once and by the same thread. A sender that has to wake another thread for more
  // does little but wait where threads are many and cores few.
  virtual void written(std::uint64_t context, std::vector<Message>& next) = 0;
  // That could not be done; no answers to the rest of it follow.
  virtual void cannot_publish(std::uint64_t context, const std::string& reason) = 0;
  virtual void subscribe_answered(std::uint64_t context) = 0;
  virtual void disconnect_answered(std::uint64_t context) = 0;
  virtual void refused(const std::string& topic, const std::string& reason) = 0;
  virtual void arrived(Message message) = 0;  // its PUBACK goes out when this returns
  virtual void broke(const std::string& reason) = 0;
};

class PahoClient {
 public:
  using Failure = std::optional<std::string>;

  // Throws std::invalid_argument when Paho wants neither uri nor client_id. `answers` must outlive
  // this object.
  PahoClient(const Options& options, PahoAnswers& answers);
  ~PahoClient();  // no answer comes after it
  PahoClient(const PahoClient&) = delete;
  PahoClient& operator=(const PahoClient&) = delete;

  Failure connect(std::uint64_t context);
  Failure publish(Message message, std::uint64_t context);
  Failure subscribe(const std::string& filter, Qos qos, bool no_local, std::uint64_t context);
  Failure unsubscribe(const std::string& filter, std::uint64_t context);
  Failure disconnect(std::uint64_t context);
  bool connected() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tributary::transports::mqtt
