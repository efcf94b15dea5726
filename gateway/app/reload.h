// SPDX-License-Identifier: Apache-2.0
// What SIGHUP does: the configuration is read again, and either all of it is fit or none of it is
// heeded. Its promise: what changes while the gateway runs is only what can (the log's level and
// form, the token, and limits of memory, keys, queues and tables); all else that differs is named,
// and waits for a start.
//
//   Reload reload(loaded, token, [&] { return read_inputs(file, sets); });
//   Reloaded r = reload.again();
//   if (!r.refused.empty()) …            // what was in force stays so
//
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "gateway/app/log.h"
#include "gateway/app/pump.h"
#include "gateway/http/token.h"

namespace tributary::app {

struct Reloaded {
  std::string refused;               // why; empty: what follows is to be put into force
  std::vector<std::string> changed;  // "log.level: "info" -> "debug""
  std::vector<std::string> waiting;  // the same, of what needs a start
  Log::Options log;
  Pump::Limits limits;
  std::optional<std::string> token;  // another one than was in force
};

class Reload {
 public:
  // `token`: the one in force, which whoever takes what again() says replaces.
  Reload(const config::Loaded& running, std::shared_ptr<const http::Token> token,
         std::function<config::Inputs()> read)
      : running_(running.gateway), token_(std::move(token)), read_(std::move(read)) {}
  // Throws nothing.
  Reloaded again();
  // Whether a key's change needs no start.
  static bool live(const std::string& key);

 private:
  Reloaded take(const config::Loaded& wanted);
  void take_token(const config::Gateway& wanted, Reloaded& out);

  config::Gateway running_;
  std::shared_ptr<const http::Token> token_;
  std::function<config::Inputs()> read_;
};

}  // namespace tributary::app
