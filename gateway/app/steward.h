// SPDX-License-Identifier: Apache-2.0
// Looks after what people see from beside the gateway: writes history, judges alerts and tells of
// them, listens to what brokers say of themselves, announces values to Home Assistant, seals
// windows, does what an operator asks for. Its promise: a few milliseconds every five seconds; and
// whatever becomes of it, what is counted does not change.
//
//   Steward steward(options, log);
//   pump_options.beside = &steward;
//   … steward.turn(*pump) …                 // the owner, every turn
//
// request() from any thread; everything else from the owner.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/app/alerts.h"
#include "gateway/app/beside.h"
#include "gateway/app/homeassistant.h"
#include "gateway/app/log.h"
#include "gateway/app/operator.h"
#include "gateway/app/seals.h"
#include "gateway/history/recorder.h"
#include "gateway/http/token.h"

namespace tributary::app {

class Pump;

class Steward final : public Beside {
 public:
  static constexpr std::uint64_t interval_ms = 5'000;

  struct Options {
    std::string gateway;
    std::string root;  // of the fleet's topics
    std::optional<history::Recorder::Options> history;
    bool publish_alerts = true;
    std::optional<HomeAssistant::Options> homeassistant = {};
    Operator::Options person = {};
    // Of who may change something; none: nobody may.
    std::shared_ptr<const http::Token> token = std::make_shared<http::Token>();
    std::vector<std::string> links;            // their names
    std::optional<Seals::Options> seals = {};  // without `life`
  };
  // `log` outlives it.
  Steward(Options options, Log& log);
  ~Steward() override;

  // What to subscribe to for the brokers' own figures.
  static std::vector<std::string> broker_topics();

  void committing(const core::Commit& rows) override;
  void changed(const std::vector<core::ValueRow>& rows) override;
  void message(std::size_t link, const transports::Message& message) override;
  bool request(std::string_view command, std::string_view arguments,
               std::function<void(std::string)> reply) override;
  const Aside& aside() const override { return aside_; }
  std::string refuse_change(std::string_view token) const override;
  void publishing(std::string_view topic, std::string_view payload) override;
  std::optional<std::string> operate(Pump& pump, std::string_view command,
                                     std::string_view arguments) override;

  // `life`: of the gateway's database. Nothing is sealed before it is called.
  void begin_sealing(std::uint64_t life, std::function<void()> wake);
  void turn(Pump& pump);
  // When turn() has something to do that nobody wakes the owner for.
  std::uint64_t deadline() const { return next_ms_; }

 private:
  Reading read(const Pump& pump);
  void look_at_clocks(const Pump& pump, std::uint64_t wall_ms);
  void take_history();
  void tell(Pump& pump, const Alerts::Change& change);
  void announce(Pump& pump);
  void tell_homeassistant(Pump& pump, bool due, bool again);

  const Options options_;
  Aside aside_;
  Alerts alerts_;
  Operator operator_;
  const std::string operator_acks_;  // its topic
  std::optional<HomeAssistant> homeassistant_;
  bool born_ = false;                               // Home Assistant: it wants to hear it all again
  std::pair<std::string, std::uint8_t> looked_at_;  // of the values there were at the start
  bool looked_at_all_ = false;
  std::uint64_t next_ms_ = 0;
  std::uint64_t connects_seen_ = 0;
  // One pass over all devices takes several turns.
  struct Pass {
    std::pair<std::string, std::uint64_t> after;
    std::vector<double> clocks_s;
  } pass_;
  std::unique_ptr<Seals> seals_;
  std::unique_ptr<history::Recorder> recorder_;  // the last: its thread calls the log
};

// As in answers and on alert/… topics.
std::string alert_json(const std::string& gateway, const Aside::Alert& alert, const char* state);

}  // namespace tributary::app
