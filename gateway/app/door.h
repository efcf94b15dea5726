// SPDX-License-Identifier: Apache-2.0
// Where HTTP meets the owner thread: questions wait here until the owner serves them, a few a turn,
// with the same answers that MQTT gets; and while somebody watches, what changed goes out as
// server-sent events. Its promise: HTTP never touches the core, and never keeps the owner for long.
//
//   Door door(http_options, [&] { wake(); }, log);
//   door.serve(pump);                          // the owner, every turn
//   wait(std::min(deadline, door.deadline(now_ms)));
//
// ask() and watch() from any thread, everything else from the owner.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "gateway/app/log.h"
#include "gateway/app/pump.h"
#include "gateway/http/backend.h"
#include "gateway/http/server.h"

namespace tributary::app {

class Door final : public http::Backend {
 public:
  static constexpr std::size_t questions_max = 64;  // waiting
  static constexpr std::size_t served_per_turn = 4;
  static constexpr std::size_t values_per_frame = 500;  // the rest with the next one
  static constexpr std::uint64_t frame_interval_ms = 250;
  static constexpr std::uint64_t status_interval_ms = 1'000;

  // `session` is part of the frames' ids. `log` and `beside` (nullptr: nobody) outlive the door.
  Door(http::Server::Options options, std::uint64_t session, std::function<void()> wake, Log& log,
       Beside* beside = nullptr);
  ~Door() override;

  bool ask(std::string command, std::string arguments,
           std::function<void(http::Answer)> reply) override;
  void watch(bool on) override;

  // True: more questions wait.
  bool serve(Pump& pump);
  // When serve() has something to do that nobody wakes the owner for.
  std::uint64_t deadline() const { return watching_ ? next_frame_ms_ : ~std::uint64_t{0}; }

 private:
  // Who answers from elsewhere may do so after we are gone.
  struct Gate {
    std::mutex mutex;
    bool open = true;  // guarded by mutex
  };
  struct Question {
    std::string command, arguments;
    std::function<void(http::Answer)> reply;
  };
  bool answer_some(Pump& pump);
  void publish_frames(Pump& pump, std::uint64_t now_ms);
  void frame(std::string& out, const char* event, const std::string& json);

  const std::string session_;
  std::function<void()> wake_;
  Beside* const beside_;
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::mutex mutex_;
  std::deque<Question> questions_;  // guarded by mutex_
  bool watch_asked_ = false;        // guarded by mutex_
  std::uint64_t sequence_ = 0;
  bool watching_ = false;
  std::uint64_t next_frame_ms_ = 0, next_status_ms_ = 0;
  std::uint64_t events_seen_ = 0;
  http::Server server_;  // the last: its thread calls ask() and watch()
};

}  // namespace tributary::app
