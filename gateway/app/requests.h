// SPDX-License-Identifier: Apache-2.0
// What operators may ask a gateway over MQTT (docs/protocol.md section 7,
// `req/<gateway>/<command>`): one JSON object in, one JSON object out. Its promise: every answer
// fits into one message, every list has pages, and whatever the arguments are, the answer is JSON
// that says what is wrong.
//
//   answer(gateway, process, "get", R"({"key":"plant/line/parts"})")
//     == R"({"gateway":"g1","values":[{"contributors":3,"key":…,"type":"gcounter","value":42}]})"
//
// Commands: those of request_table.h that the core answers. Lists take {"max":n, "after":<the
// "next" of the page before>}; values and keys also {"prefix":…, "type":…}. HTTP asks the same
// (gateway/http). An error is {"error":{"what":…,"do":…}}.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/app/beside.h"
#include "gateway/app/events.h"
#include "gateway/core/gateway.h"
#include "transports/session.h"

namespace tributary::app {

inline constexpr std::size_t page_bytes_max = 256 * 1024;

// What the daemon knows and the core does not.
struct ProcessState {
  struct Link {
    std::string name;
    bool connected = false;
    std::size_t outbox = 0;
    std::uint64_t dropped = 0;
    std::string reason;  // why it is not connected
    std::uint64_t messages_in = 0, messages_out = 0;
    std::uint64_t bytes_in = 0, bytes_out = 0;  // topics and payloads
    bool tls = false;
    std::int64_t certificate_ends_s = 0;  // since 1970; 0: none
    std::uint64_t connects = 0;
    std::uint64_t away_ms = 0;                             // since when it is not connected
    std::vector<transports::Session::Part> sessions = {};  // when it is several
  };
  struct Asked {  // over MQTT, since the start
    std::uint64_t taken = 0, denied = 0, limited = 0, no_reply = 0;
  };
  std::string gateway;
  std::string fleet;
  std::string version;
  core::Instant started;
  core::Instant now;
  std::vector<Link> links;
  std::map<std::string, std::uint64_t> peer_bytes;  // received from, by peer: at most 64
  std::string database_path;
  std::uint64_t database_bytes = 0;
  std::uint64_t commit_last_us = 0;
  std::uint64_t commit_max_us = 0;
  core::Histogram commits;         // how long transactions took
  std::uint64_t memory_bytes = 0;  // resident
  std::uint64_t cpu_ms = 0;        // user and system, since the start
  std::uint64_t open_files = 0, open_files_max = 0;
  std::uint64_t disk_free_bytes = 0, disk_size_bytes = 0;  // of the database's file system
  std::uint64_t shed = 0;  // messages let go because the disk did not keep up
  bool shedding = false;
  std::uint32_t pending_max = 0;                // envelopes that may wait
  std::size_t memory_bytes_max = 0;             // of state and live envelopes, estimated
  std::array<std::size_t, 6> type_bytes_max{};  // by wire::Type; 0: types not known
  const Events* events = nullptr;               // outlives the request
  // The configuration's last reload: when (0: none), and why it was refused (empty: it was not).
  std::uint64_t reloaded_at_ms = 0;
  std::string reload_refused;
  const Aside* aside = nullptr;  // the same
  Asked asked = {};
};

std::string answer(const core::Gateway& gateway, const ProcessState& process,
                   std::string_view command, std::string_view arguments);
// What counts as an error among the messages: refused, but not those meant for other gateways, and
// commits that failed.
std::uint64_t errors_of(const core::Counters& counters);
// How much of its limit each type of state takes, and everything ("total"): 0 … 1.
std::vector<std::pair<std::string, double>> memory_shares(const core::Summary& summary,
                                                          const ProcessState& process);
std::string answer_error(std::string_view what, std::string_view advice);

}  // namespace tributary::app
