// SPDX-License-Identifier: Apache-2.0
// Keeps a Board true: subscribes to a fleet's topics and asks its gateways, every second.
//
//   Watcher watcher(endpoint);
//   watcher.run_until(mono_now_ms() + 500);
//   std::fputs(watcher.board().render(screen, mono_now_ms()).c_str(), stdout);
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "gateway/app/board.h"
#include "gateway/app/client.h"

namespace tributary::app {

class Watcher {
 public:
  // Throws Trouble(broker) when the broker is not there within `connect_ms`; 0 waits for ever.
  Watcher(const Endpoint& endpoint, std::uint32_t connect_ms);

  // Listens and asks until then, or until `enough` is true.
  void run_until(std::uint64_t deadline_mono_ms, const std::function<bool()>& enough = {});
  const Board& board() const { return board_; }
  bool connected() const { return client_->connected(); }

 private:
  void ask_all();
  void ask(const std::string& gateway, const std::string& command, const std::string& arguments);
  void answered(const transports::Message& message);

  struct Question {
    std::string gateway, command;
    bool first = true;  // of its pages
    std::uint64_t asked_ms = 0;
  };
  std::unique_ptr<Client> client_;
  Board board_;
  std::map<std::string, Question> questions_;  // by correlation
  std::uint64_t next_number_ = 0;
  std::uint64_t next_ask_ms_ = 0;
  std::uint64_t next_devices_ms_ = 0;
};

}  // namespace tributary::app
