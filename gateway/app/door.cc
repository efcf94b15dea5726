// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/door.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "gateway/app/clock.h"
#include "gateway/app/metrics.h"
#include "gateway/app/requests_impl.h"
#include "gateway/app/text.h"

namespace tributary::app {

using nlohmann::json;

Door::Door(http::Server::Options options, std::uint64_t session, std::function<void()> wake,
           Log& log, Beside* beside)
    : session_(hex64(session)),
      wake_(std::move(wake)),
      beside_(beside),
      server_(std::move(options), *this,
              [&log](http::Server::Level level, const std::string& text) {
                log.write(level == http::Server::Level::info ? Level::info : Level::warning, "http",
                          text);
              }) {}

Door::~Door() {
  {
    const std::lock_guard lock(gate_->mutex);
    gate_->open = false;
  }
  server_.stop();
}

bool Door::ask(std::string command, std::string arguments,
               std::function<void(http::Answer)> reply) {
  const auto from_elsewhere = [gate = gate_, reply](std::string body) {
    const std::lock_guard lock(gate->mutex);
    if (gate->open) reply({std::move(body), 0});
  };
  if (beside_ != nullptr && beside_->request(command, arguments, from_elsewhere)) return true;
  {
    const std::lock_guard lock(mutex_);
    if (questions_.size() >= questions_max) return false;
    questions_.push_back({std::move(command), std::move(arguments), std::move(reply)});
  }
  wake_();
  return true;
}

void Door::watch(bool on) {
  {
    const std::lock_guard lock(mutex_);
    watch_asked_ = on;
  }
  wake_();
}

bool Door::answer_some(Pump& pump) {
  std::optional<ProcessState> process;  // the same for all of a turn: it asks the system
  for (std::size_t i = 0; i < served_per_turn; ++i) {
    Question q;
    {
      const std::lock_guard lock(mutex_);
      if (questions_.empty()) return false;
      q = std::move(questions_.front());
      questions_.pop_front();
    }
    if (!process) process = pump.process_state();
    const std::uint64_t sequence = ++sequence_;
    if (q.command == "metrics") {
      q.reply({metrics_text(pump.core(), *process), sequence});
      continue;
    }
    // Who answers later may do so after we are gone.
    pump.perform(q.command, q.arguments, *process,
                 [gate = gate_, reply = std::move(q.reply), sequence](std::string body) {
                   const std::lock_guard lock(gate->mutex);
                   if (gate->open) reply({std::move(body), sequence});
                 });
  }
  const std::lock_guard lock(mutex_);
  return !questions_.empty();
}

void Door::frame(std::string& out, const char* event, const std::string& data) {
  out += "id: " + session_ + "-" + std::to_string(++sequence_) + "\nevent: " + event +
         "\ndata: " + data + "\n\n";
}

void Door::publish_frames(Pump& pump, std::uint64_t now_ms) {
  if (now_ms < next_frame_ms_) return;
  next_frame_ms_ = now_ms + frame_interval_ms;
  std::string out;
  const auto dumped = [](const json& j) {
    return j.dump(-1, ' ', false, json::error_handler_t::replace);
  };
  if (const auto changed = pump.take_watched(values_per_frame); !changed.empty()) {
    frame(out, "values", dumped({{"sequence", sequence_ + 1}, {"values", values_json(changed)}}));
  }
  if (const auto fresh = pump.events().after(events_seen_); !fresh.empty()) {
    events_seen_ = pump.events().latest();
    frame(out, "events", dumped({{"events", events_json(fresh)}}));
  }
  if (now_ms >= next_status_ms_) {
    next_status_ms_ = now_ms + status_interval_ms;
    const ProcessState process = pump.process_state();
    frame(out, "status", answer(pump.core(), process, "status", {}));
    frame(out, "peers", answer(pump.core(), process, "peers", {}));
  }
  if (!out.empty()) server_.publish(std::move(out));
}

bool Door::serve(Pump& pump) {
  bool watch = false;
  {
    const std::lock_guard lock(mutex_);
    watch = watch_asked_;
  }
  if (watch != watching_) {
    watching_ = watch;
    pump.watch(watch);
    next_frame_ms_ = next_status_ms_ = 0;
    events_seen_ = pump.events().latest();
  }
  const bool more = answer_some(pump);
  if (watching_) publish_frames(pump, mono_now_ms());
  return more;
}

}  // namespace tributary::app
