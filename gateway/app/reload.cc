// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/reload.h"

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>

#include "config/differences.h"
#include "gateway/app/clock.h"
#include "gateway/app/settings.h"
#include "gateway/app/tls_check.h"

namespace tributary::app {
namespace {

constexpr std::string_view token_key = "http.token_file";
constexpr std::array<std::string_view, 9> live_keys{"log.level",
                                                    "log.format",
                                                    "limits.dead_letters_max",
                                                    "limits.quarantine_max",
                                                    "limits.actors_max",
                                                    "limits.keys_max",
                                                    "limits.waiting_max",
                                                    "limits.clock_ahead_max_ms",
                                                    token_key};
constexpr std::string_view live_section = "memory.";
constexpr std::string_view live_of_brokers = ".outbox_max";

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ';');
  return text;
}

}  // namespace

bool Reload::live(const std::string& key) {
  if (std::find(live_keys.begin(), live_keys.end(), key) != live_keys.end()) return true;
  if (key.rfind(live_section, 0) == 0) return true;
  return key.rfind("broker.", 0) == 0 && key.size() > live_of_brokers.size() &&
         key.compare(key.size() - live_of_brokers.size(), std::string::npos, live_of_brokers) == 0;
}

Reloaded Reload::again() {
  Reloaded out;
  try {
    const auto wanted = config::load(read_());
    if (!wanted) {
      out.refused = one_line(config::to_string(wanted.error()));
      return out;
    }
    const auto now_s = static_cast<std::int64_t>(wall_now_ms() / 1'000);
    if (const TlsFindings found = check_tls(*wanted, now_s); !found.broken.empty()) {
      out.refused = one_line(config::to_string(found.broken));
      return out;
    }
    return take(*wanted);
  } catch (const std::exception& e) {
    out.refused = one_line(e.what());
    return out;
  }
}

// A token is replaced at once. That none is wanted any more waits for a start: until then we may
// listen where only the token keeps others out.
void Reload::take_token(const config::Gateway& wanted, Reloaded& out) {
  std::string& before = running_.http.token_file;
  const std::string& after = wanted.http.token_file;
  std::string token = token_of(wanted);
  const bool another = !token_->is(token);
  const std::string said = std::string(token_key) + ": \"" + before + "\" -> \"" + after + "\"";
  if (token.empty()) {
    if (token_->wanted()) out.waiting.push_back(said);
    return;
  }
  if (before != after) {
    out.changed.push_back(said);
  } else if (another) {
    out.changed.push_back(std::string(token_key) + ": another token");
  }
  before = after;
  if (another) out.token = std::move(token);
}

Reloaded Reload::take(const config::Loaded& wanted) {
  Reloaded out;
  for (const config::Difference& d : config::differences(running_, wanted.gateway)) {
    if (d.key == token_key) continue;  // take_token() says it
    (live(d.key) ? out.changed : out.waiting).push_back(d.key + ": " + d.before + " -> " + d.after);
  }
  take_token(wanted.gateway, out);
  running_.log = wanted.gateway.log;
  running_.limits.dead_letters_max = wanted.gateway.limits.dead_letters_max;
  running_.limits.quarantine_max = wanted.gateway.limits.quarantine_max;
  running_.limits.actors_max = wanted.gateway.limits.actors_max;
  running_.limits.keys_max = wanted.gateway.limits.keys_max;
  running_.limits.waiting_max = wanted.gateway.limits.waiting_max;
  running_.limits.clock_ahead_max_ms = wanted.gateway.limits.clock_ahead_max_ms;
  running_.memory = wanted.gateway.memory;
  out.limits.core = core_limits(wanted);
  for (config::Broker& broker : running_.brokers) {
    for (const config::Broker& other : wanted.gateway.brokers) {
      if (other.name == broker.name) broker.outbox_max = other.outbox_max;
    }
    out.limits.outbox_max.push_back(broker.outbox_max);
  }
  out.limits.dead_letters_max = running_.limits.dead_letters_max;
  out.limits.quarantine_max = running_.limits.quarantine_max;
  out.log = log_options(running_);
  return out;
}

}  // namespace tributary::app
