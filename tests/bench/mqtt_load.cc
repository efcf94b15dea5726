// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/mqtt_load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <stdexcept>

namespace tributary::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto quiet = std::chrono::seconds(2);
constexpr auto patience = std::chrono::milliseconds(100);
constexpr unsigned long timer_slack_ns = 1'000;
constexpr unsigned char connack = 0x20, puback = 0x40, suback = 0x90;
constexpr std::size_t out_high = 1U << 18;

void put_length(std::string& out, std::size_t n) {
  do {
    const auto digit = static_cast<unsigned char>(n & 0x7F);
    n >>= 7;
    out.push_back(static_cast<char>(n > 0 ? digit | 0x80 : digit));
  } while (n > 0);
}

void put_text(std::string& out, std::string_view text) {
  out.push_back(static_cast<char>(text.size() >> 8));
  out.push_back(static_cast<char>(text.size() & 0xFF));
  out.append(text);
}

void put_publish(std::string& out, const Packet& p, std::uint16_t id) {
  out.push_back(0x32);  // QoS 1
  put_length(out, 2 + p.topic.size() + 2 + p.payload.size());
  put_text(out, p.topic);
  out.push_back(static_cast<char>(id >> 8));
  out.push_back(static_cast<char>(id & 0xFF));
  out.append(p.payload);
}

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("load generator: " + what);
}

}  // namespace

MqttLoad::MqttLoad(const std::string& host, std::uint16_t port, const std::string& client_id)
    : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &to.sin_addr) != 1) fail("not an address: " + host);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    fail("no broker at " + host);
  prctl(PR_SET_TIMERSLACK, timer_slack_ns);
  const int one = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(socket_, F_SETFL, O_NONBLOCK);
  std::string body;
  put_text(body, "MQTT");
  body += {4, 2, 0, 0};  // 3.1.1, clean session, no keepalive
  put_text(body, client_id);
  out_.push_back(0x10);
  put_length(out_, body.size());
  out_ += body;
  want(connack);
}

MqttLoad::~MqttLoad() {
  ::close(socket_);
}

void MqttLoad::subscribe(const std::string& filter) {
  std::string body{0, 1};
  put_text(body, filter);
  body.push_back(0);  // QoS 0
  out_.push_back(static_cast<char>(0x82));
  put_length(out_, body.size());
  out_ += body;
  want(suback);
}

void MqttLoad::want(unsigned char kind) {
  last_kind_ = 0;
  const auto end = Clock::now() + std::chrono::seconds(10);
  while (last_kind_ != kind) {
    if (Clock::now() > end) fail("no answer from the broker");
    send_all();
    receive(patience);
  }
}

void MqttLoad::send_all() {
  while (!out_.empty()) {
    const ssize_t n = ::send(socket_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (n <= 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      fail("the broker hung up");
    }
    out_.erase(0, static_cast<std::size_t>(n));
  }
}

void MqttLoad::take(std::string_view packet) {
  const auto head = static_cast<unsigned char>(packet[0]);
  std::size_t at = 1;
  while ((static_cast<unsigned char>(packet[at]) & 0x80) != 0) ++at;
  std::string_view body = packet.substr(at + 1);
  last_kind_ = head & 0xF0;
  if (last_kind_ == puback) ++acknowledged_;
  if (last_kind_ != 0x30 || !hears_) return;
  const std::size_t n =
      static_cast<unsigned char>(body[0]) * 256U + static_cast<unsigned char>(body[1]);
  hears_(body.substr(2, n), body.substr(2 + n));
}

bool MqttLoad::receive(std::chrono::nanoseconds at_most) {
  pollfd wait{socket_, static_cast<short>(POLLIN | (out_.empty() ? 0 : POLLOUT)), 0};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at_most);
  const timespec time{seconds.count(), (at_most - seconds).count()};
  if (::ppoll(&wait, 1, &time, nullptr) <= 0 || (wait.revents & ~POLLOUT) == 0) return false;
  char chunk[1U << 16];
  const ssize_t n = ::recv(socket_, chunk, sizeof chunk, 0);
  if (n == 0) fail("the broker hung up");
  if (n < 0) return false;
  in_.append(chunk, static_cast<std::size_t>(n));
  std::size_t from = 0;
  while (in_.size() - from >= 2) {
    std::size_t length = 0, at = from + 1;
    unsigned shift = 0;
    bool more = true;
    for (; more && at < in_.size(); ++at, shift += 7) {
      const auto digit = static_cast<unsigned char>(in_[at]);
      length |= static_cast<std::size_t>(digit & 0x7F) << shift;
      more = (digit & 0x80) != 0;
    }
    if (more || in_.size() - at < length) break;
    take(std::string_view(in_).substr(from, at + length - from));
    from = at + length;
  }
  in_.erase(0, from);
  return true;
}

void MqttLoad::publish(const Packet& packet) {
  put_publish(out_, packet, static_cast<std::uint16_t>(published_++ % 65'535 + 1));
}

void MqttLoad::run(const std::vector<Packet>& packets, std::size_t window, double rate,
                   const std::function<bool()>& done, const std::function<void(std::size_t)>& sent,
                   const std::function<std::vector<std::size_t>()>& again) {
  acknowledged_ = published_ = 0;
  const auto start = Clock::now();
  const auto due = [&](std::size_t packet) {
    const std::chrono::duration<double> after(static_cast<double>(packet) / rate);
    return start + std::chrono::duration_cast<Clock::duration>(after);
  };
  auto heard_at = start;
  std::size_t next = 0;
  while (next < packets.size() || !done()) {
    const auto now = Clock::now();
    const auto may = [&] { return next - acknowledged_ < window && out_.size() < out_high; };
    while (next < packets.size() && may() && (rate <= 0 || due(next) <= now)) {
      publish(packets[next]);
      if (sent) sent(next);
      ++next;
    }
    send_all();
    // Asleep until the next is due: a generator that looked again and again would take a core.
    std::chrono::nanoseconds wait = patience;
    if (rate > 0 && next < packets.size() && may())
      wait = std::clamp<std::chrono::nanoseconds>(due(next) - Clock::now(), {}, patience);
    if (receive(wait)) heard_at = Clock::now();
    if (!again || next < packets.size() || Clock::now() - heard_at < quiet) continue;
    for (const std::size_t i : again()) publish(packets[i]);
    heard_at = Clock::now();
  }
}

}  // namespace tributary::bench
