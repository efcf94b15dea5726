// SPDX-License-Identifier: Apache-2.0
#include "tests/support/hostile_broker.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "tests/support/loopback.h"

namespace tributary::test {
namespace {

constexpr int quiet_ms = 150;      // who says nothing for so long has nothing to say to an act
constexpr int connect_ms = 2'000;  // for its CONNECT
constexpr std::chrono::milliseconds act_max{500};  // for one that hears the client out
constexpr int publish_type = 3;

struct Header {
  std::size_t size = 0;    // of itself
  std::size_t length = 0;  // of what follows
};

std::optional<Header> header_of(const std::string& bytes) {
  std::size_t length = 0;
  for (std::size_t i = 1; i < bytes.size() && i <= 4; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    length |= static_cast<std::size_t>(byte & 0x7F) << (7 * (i - 1));
    if (byte < 0x80) return Header{i + 1, length};
  }
  return std::nullopt;
}

}  // namespace

bool RawConnection::send(const std::string& bytes) const {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

std::optional<RawPacket> RawConnection::read(int wait_ms) {
  while (true) {
    const auto header = header_of(buffer_);
    if (header && buffer_.size() >= header->size + header->length) {
      RawPacket packet{static_cast<std::uint8_t>(buffer_[0]),
                       buffer_.substr(header->size, header->length)};
      buffer_.erase(0, header->size + header->length);
      return packet;
    }
    pollfd one{fd_, POLLIN, 0};
    if (::poll(&one, 1, wait_ms) <= 0) return std::nullopt;
    char piece[16'384];
    const auto n = ::recv(fd_, piece, sizeof piece, 0);
    if (n <= 0) return std::nullopt;
    buffer_.append(piece, static_cast<std::size_t>(n));
  }
}

HostileBroker::HostileBroker(std::uint16_t port, std::vector<Act> acts)
    : acts_(std::move(acts)), fd_(socket(AF_INET, SOCK_STREAM, 0)) {
  const int on = 1;
  setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd_, 8) != 0) {
    close(fd_);
    throw std::runtime_error("cannot listen on port " + std::to_string(port));
  }
  thread_ = std::thread([this] { serve(); });
}

void HostileBroker::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  shutdown(fd_, SHUT_RDWR);  // ends accept()
  thread_.join();
  connected_.clear();
  close(fd_);
}

std::string HostileBroker::act() const {
  const std::size_t n = connections_;
  return n == 0 ? "none yet" : acts_[(n - 1) % acts_.size()].name;
}

std::size_t HostileBroker::published(const std::string& in_topic) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(
      topics_.begin(), topics_.end(),
      [&](const std::string& topic) { return topic.find(in_topic) != std::string::npos; }));
}

void HostileBroker::serve() {
  for (int one = accept(fd_, nullptr, nullptr); one >= 0 && !stopping_;
       one = accept(fd_, nullptr, nullptr)) {
    // A client that reads no more must not hold up the script.
    const timeval limit{2, 0};
    setsockopt(one, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const Act& act = acts_[connections_++ % acts_.size()];
    connected_.emplace_back([this, &act, one] {
      play(act, one);
      close(one);
      ++played_;
    });
  }
}

void HostileBroker::play(const Act& act, int fd) {
  RawConnection client(fd);
  if (act.hangs_up && act.bytes.empty() && !act.connack) return;
  const auto connect = client.read(connect_ms);
  if (!connect || connect->body.size() < 7) return;
  const bool version_5 = connect->body[6] == 5;  // after "MQTT" and its length
  const std::string connack =
      version_5 ? std::string("\x20\x03\x00\x00\x00", 5) : std::string("\x20\x02\x00\x00", 4);
  if (act.connack && !client.send(connack)) return;
  for (std::uint32_t n = 0; n < act.times && !stopping_; ++n) {
    if (!client.send(act.bytes)) return;
  }
  if (act.hangs_up) return;
  const auto end = std::chrono::steady_clock::now() + act_max;
  while (const auto packet = client.read(quiet_ms)) {
    note(*packet);
    if (std::chrono::steady_clock::now() > end) return;
    if (act.answer && !client.send(act.answer(*packet))) return;
    if (stopping_) return;
  }
}

void HostileBroker::note(const RawPacket& packet) {
  if (packet.type() != publish_type || packet.body.size() < 2) return;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(packet.body[i]); };
  const std::lock_guard lock(mutex_);
  topics_.push_back(packet.body.substr(2, static_cast<std::size_t>(byte(0) << 8 | byte(1))));
}

}  // namespace tributary::test
