// SPDX-License-Identifier: Apache-2.0
// The HTTP server: one thread of its own, on Boost.Beast. Its promise: whatever clients do, the
// gateway goes on: connections, sizes, streams and waiting questions are bounded, every step has a
// deadline, and who reads too slowly is let go.
//
//   Server server(options, backend, log);      // listens, or tries again until it can
//   server.publish("event: status\ndata: {…}\n\n");
//   server.stop();                             // before the backend stops calling back
//
// Why Beast and not cpp-httplib, which Debian has, too: there each connection, also one that is
// idle or trickles a byte now and then, holds a thread of a pool for as long as it likes; ten of
// them would keep everybody else out. Here a deadline spans a whole request, and a stream costs a
// few kilobytes. Beast is headers alone: nothing more to install where the gateway runs.
//
// Thread-safety: publish() and stats() from any thread; the rest from one. Replies of the backend
// may come from any thread until stop() has returned.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/backend.h"
#include "gateway/http/token.h"

namespace tributary::http {

class Server {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;                                       // 0: a free one
    std::shared_ptr<const Token> token = std::make_shared<Token>();  // may be replaced meanwhile
    std::vector<std::string> hosts = {"localhost"};
    std::size_t connections_max = 64;
    std::size_t streams_max = 16;
    std::size_t header_bytes_max = 16 * 1024;
    std::size_t body_bytes_max = 256 * 1024;            // of a POST
    std::size_t stream_bytes_max = 4 * 1024 * 1024;     // waiting for one reader of the stream
    std::chrono::milliseconds request_timeout{10'000};  // from the first byte awaited to the last
    std::chrono::milliseconds answer_timeout{5'000};    // of the gateway
    std::chrono::milliseconds write_timeout{20'000};    // of one response, or piece of a stream
    std::chrono::milliseconds heartbeat{5'000};         // of an idle stream
    std::chrono::milliseconds retry{5'000};             // when the port is taken
  };
  struct Stats {
    std::atomic<std::uint64_t> connections{0}, streams{0};  // now
    std::atomic<std::uint64_t> accepted{0}, evicted{0}, slow_streams{0}, timeouts{0};
    std::atomic<std::uint64_t> responses[6] = {};  // by hundreds of the status
    std::atomic<std::uint64_t> bytes_out{0};
  };
  enum class Level : std::uint8_t { info, warning };
  using Log = std::function<void(Level, const std::string& text)>;  // from the server's thread

  Server(Options options, Backend& backend, Log log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Frames of server-sent events, to everybody who watches.
  void publish(std::string frame);
  // 0: it does not listen (yet).
  std::uint16_t port() const;
  const Stats& stats() const;
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tributary::http
