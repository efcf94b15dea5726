// SPDX-License-Identifier: Apache-2.0
// What systemd is told, where it started us (sd_notify(3)); elsewhere nothing happens. Its promise:
// the watchdog hears of us only while the owner thread turns and the disk answers commits, so a
// process that lives and no longer makes anything durable is started again.
//
//   Service service;
//   service.ready();
//   service.alive(now_ms, pump.disk_owes_since_ms());   // often
//   service.stopping();
//
// Not thread-safe.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace tributary::app {

class Service {
 public:
  Service();

  void ready();
  void reloading();  // ready() follows
  void stopping();
  // One line for `systemctl status`; sent when it changes.
  void status(const std::string& text);

  // Tells the watchdog, when that is due. False: it is not told, because the disk has owed the
  // answer to a commit for longer than half of the watchdog's time.
  bool alive(std::uint64_t now_ms, std::optional<std::uint64_t> disk_owes_since_ms);
  bool used() const { return used_; }  // somebody listens

 private:
  bool used_ = false;
  std::uint64_t watchdog_ms_ = 0;  // 0: none
  std::uint64_t next_ms_ = 0;
  std::string said_;
};

}  // namespace tributary::app
