// SPDX-License-Identifier: Apache-2.0
// What SIGHUP does: the configuration is read again, and either all of it is fit or none of it is
// heeded. Its promise: what changes while the gateway runs is only what can (the log's level and
// form, the token, and limits of memory, keys, queues and tables); all else that differs is named,
// and waits for a start.
//
//   Reload reload(loaded, token_of(loaded.gateway), [&] { return read_inputs(file, sets); });
//   Reloaded r = reload.again();
//   if (!r.refused.empty()) …            // what was in force stays so
//
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "config/config.h"
#include "gateway/app/log.h"
#include "gateway/app/pump.h"

namespace tributary::app {

struct Reloaded {
  std::string refused;               // why; empty: what follows is to be put into force
  std::vector<std::string> changed;  // "log.level: "info" -> "debug""
  std::vector<std::string> waiting;  // the same, of what needs a start
  Log::Options log;
  Pump::Limits limits;
  std::string token;  // see token_of()
};

class Reload {
 public:
  // `token`: see token_of().
  Reload(const config::Loaded& running, std::string token, std::function<config::Inputs()> read)
      : running_(running.gateway), token_(std::move(token)), read_(std::move(read)) {}
  // Throws nothing.
  Reloaded again();
  // Whether a key's change needs no start.
  static bool live(const std::string& key);

 private:
  Reloaded take(const config::Loaded& wanted);
  std::string take_token(const config::Gateway& wanted, Reloaded& out);

  config::Gateway running_;
  std::string token_;
  std::function<config::Inputs()> read_;
};

}  // namespace tributary::app
