// SPDX-License-Identifier: Apache-2.0
#include "tests/http/support/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>

#include "tests/support/loopback.h"

namespace tributary::test {

using Clock = std::chrono::steady_clock;

Raw::Raw(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in to = loopback(port);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return;
  close(fd_);
  fd_ = -1;
}

Raw::~Raw() {
  if (fd_ >= 0) close(fd_);
}

void Raw::small_window() {
  const int bytes = 4096;
  setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

bool Raw::send(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

std::string Raw::read_until(const std::string& until, std::chrono::milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  std::string out;
  char buffer[16'384];
  while (until.empty() || out.find(until) == std::string::npos) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    pollfd waiting{fd_, POLLIN, 0};
    if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) break;
    const ssize_t n = recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) break;
    out.append(buffer, static_cast<std::size_t>(n));
  }
  return out;
}

bool Raw::closed_within(std::chrono::milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  char buffer[16'384];
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    pollfd waiting{fd_, POLLIN, 0};
    if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return false;
    if (recv(fd_, buffer, sizeof buffer, 0) <= 0) return true;
  }
}

Reply parse(const std::string& text) {
  Reply out;
  const std::size_t end = text.find("\r\n\r\n");
  if (text.rfind("HTTP/1.", 0) != 0 || end == std::string::npos) return out;
  out.status = std::atoi(text.c_str() + 9);
  std::size_t at = text.find("\r\n") + 2;
  while (at < end + 2) {
    const std::size_t line = text.find("\r\n", at);
    const std::size_t colon = text.find(": ", at);
    std::string name = text.substr(at, colon - at);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    out.headers[name] = text.substr(colon + 2, line - colon - 2);
    at = line + 2;
  }
  out.body = text.substr(end + 4);
  if (out.headers.count("transfer-encoding") == 0) return out;
  std::string whole;
  for (std::size_t chunk = 0; chunk < out.body.size();) {
    const std::size_t size = std::strtoul(out.body.c_str() + chunk, nullptr, 16);
    const std::size_t begin = out.body.find("\r\n", chunk) + 2;
    if (size == 0 || begin < 2) break;
    whole += out.body.substr(begin, size);
    chunk = begin + size + 2;
  }
  out.body = whole;
  return out;
}

Reply request(std::uint16_t port, const std::string& method, const std::string& target,
              const std::vector<std::string>& headers) {
  Raw raw(port);
  std::string text = method + " " + target + " HTTP/1.1\r\nConnection: close\r\n";
  bool host = false;
  for (const std::string& h : headers) {
    text += h + "\r\n";
    host = host || h.rfind("Host:", 0) == 0;
  }
  if (!host) text += "Host: 127.0.0.1\r\n";
  if (!raw.send(text + "\r\n")) return {};
  return parse(raw.read_until("", std::chrono::seconds(30)));
}

Reply get(std::uint16_t port, const std::string& target, const std::vector<std::string>& headers) {
  return request(port, "GET", target, headers);
}

}  // namespace tributary::test
