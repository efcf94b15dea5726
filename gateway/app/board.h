// SPDX-License-Identifier: Apache-2.0
// What a watcher knows about a fleet, and how it looks as a table. Fed with the gateways' topics
// and their answers; knows no broker, no terminal and no clock. Its promise: memory is bounded, and
// nothing that arrives can break the table or the terminal.
//
//   Board board("tributary/v1/demo");
//   board.message(topic, payload);               // status and view topics
//   board.reply("g1", "status", json, now_ms);   // answers to requests
//   std::fputs(board.render({.columns = 120, .rows = 40}, now_ms).c_str(), stdout);
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tributary::app {

// How fast a number changes, over the last seconds.
class Rate {
 public:
  void sample(double value, std::uint64_t at_ms);
  // Per second; nullopt until two samples are far enough apart.
  std::optional<double> per_second(std::uint64_t now_ms) const;
  void clear() { samples_.clear(); }
  double last() const { return samples_.empty() ? 0 : samples_.back().second; }

 private:
  std::deque<std::pair<std::uint64_t, double>> samples_;
};

struct GatewayRow {
  std::string state = "unknown";  // as its status topic says
  std::string session;
  std::uint64_t at_ms = 0;        // of that status
  std::uint64_t answered_ms = 0;  // mono time of the last answer; 0: never
  std::string reason, digest;
  std::uint64_t actors = 0, keys = 0, live_envelopes = 0, pending = 0, memory_bytes = 0;
  std::uint64_t operations = 0, rejected = 0, acks = 0;
  Rate operation_rate, message_rate;
  std::size_t peers = 0, peers_in_step = 0;
  std::uint64_t buckets_differing = 0;
  std::map<std::pair<std::string, std::string>, std::uint64_t>
      acknowledged;  // (device, epoch) → op
};

struct ValueRow {
  std::map<std::string, std::string> shown;  // gateway → text
  std::uint64_t contributors = 0;
  Rate rate;
};

struct Screen {
  std::size_t columns = 100;
  std::size_t rows = 30;  // 0: as many as there are
  bool color = false;
  std::string prefix = {};  // only keys that begin with this
};

class Board {
 public:
  explicit Board(std::string root) : root_(std::move(root)) {}

  // A retained topic of the fleet: gw/<gateway>/status or view/<gateway>/<type>/<key>.
  void message(std::string_view topic, const std::string& payload, std::uint64_t now_ms);
  // The answer to a request; for lists, `first` begins them anew.
  void reply(const std::string& gateway, std::string_view command, const std::string& json,
             bool first, std::uint64_t now_ms);

  const std::map<std::string, GatewayRow>& gateways() const { return gateways_; }
  bool online(const std::string& gateway) const;
  // Every gateway is online, has answered lately, and shows the same digest.
  bool in_step(std::uint64_t now_ms) const;
  // Every gateway that is online has published a view of each key that it holds.
  bool all_shown() const;
  // Writers (a device's epochs) that any gateway knows.
  std::size_t devices() const;
  // Those of which this gateway can acknowledge less than another one: it may hold the same state,
  // from peers, without having received every interval.
  std::size_t behind(const std::string& gateway) const;

  std::string render(const Screen& screen, std::uint64_t now_ms) const;
  // One line, for logs.
  std::string line(std::uint64_t now_ms) const;
  std::string to_json(std::uint64_t now_ms) const;

 private:
  std::map<std::pair<std::string, std::string>, std::uint64_t> furthest() const;
  void status(const std::string& gateway, const std::string& payload);
  void view(const std::string& gateway, std::string_view type, std::string_view key,
            const std::string& payload, std::uint64_t now_ms);
  std::string state_of(const GatewayRow& row, std::uint64_t now_ms) const;
  std::string gateway_table(const Screen& screen, std::uint64_t now_ms) const;
  std::string value_table(const Screen& screen, std::size_t rows, std::uint64_t now_ms) const;

  std::string root_;
  std::map<std::string, GatewayRow> gateways_;
  std::map<std::pair<std::string, std::string>, ValueRow> values_;  // (key, type)
  std::map<std::string, std::size_t> shown_;  // gateway → views of it in values_
};

}  // namespace tributary::app
