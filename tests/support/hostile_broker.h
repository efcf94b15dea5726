// SPDX-License-Identifier: Apache-2.0
// A broker that misbehaves: a raw socket that answers each connection with the next act of a
// script.
//
//   HostileBroker broker(port, hostile_acts("tributary/v1/demo/"));
//   EXPECT_TRUE(eventually(30s, [&] { return broker.all_played(); })) << broker.act();
//   EXPECT_EQ(broker.published("/ack/"), 0U);
//
// Promise: any number of connections at a time, each of which gets one act; it listens until
// stop(), and begins the script again when that is through. An act ends half a second after its
// bytes are sent, or when the client says nothing more.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tributary::test {

// A packet as the client sent it: its first byte, and what follows the remaining length.
struct RawPacket {
  std::uint8_t first = 0;
  std::string body;
  int type() const { return first >> 4; }
};

class RawConnection {
 public:
  explicit RawConnection(int fd) : fd_(fd) {}
  bool send(const std::string& bytes) const;  // false: the client is gone
  // Nothing when the client has closed, or has sent no whole packet for `quiet_ms`.
  std::optional<RawPacket> read(int quiet_ms);

 private:
  int fd_;
  std::string buffer_;
};

struct Act {
  std::string name;
  // What is sent in place of a CONNACK, or after a right one (connack = true).
  bool connack = true;
  std::string bytes;
  // What is answered to each later packet of the client; nothing when not set.
  std::function<std::string(const RawPacket&)> answer = {};
  std::uint32_t times = 1;  // so often are `bytes` sent
  bool hangs_up = false;    // closes without waiting for what the client says to it
};

class HostileBroker {
 public:
  HostileBroker(std::uint16_t port, std::vector<Act> acts);
  ~HostileBroker() { stop(); }
  HostileBroker(const HostileBroker&) = delete;
  HostileBroker& operator=(const HostileBroker&) = delete;

  void stop();
  bool all_played() const { return played_ >= acts_.size(); }
  std::string act() const;  // the newest that is played
  // How many messages with that in their topic the client has published.
  std::size_t published(const std::string& in_topic) const;

 private:
  void serve();
  void play(const Act& act, int fd);
  void note(const RawPacket& packet);

  const std::vector<Act> acts_;
  int fd_ = -1;
  std::atomic<std::size_t> connections_ = 0, played_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> topics_;
  std::vector<std::jthread> connected_;  // the thread's own
  std::thread thread_;
};

// MQTT 5, as bytes.
std::string remaining_length(std::size_t size);
std::string mqtt_packet(std::uint8_t first, const std::string& body);
std::string mqtt_publish(const std::string& topic, const std::string& payload, int qos = 0,
                         std::uint16_t id = 7);

// Everything malformed that we could think of, on topics below `root`.
std::vector<Act> hostile_acts(const std::string& root);

}  // namespace tributary::test
