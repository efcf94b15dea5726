// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/steward.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "gateway/app/clock.h"
#include "gateway/app/history_answers.h"
#include "gateway/app/pump.h"
#include "transports/wire/envelope.h"

namespace tributary::app {
namespace {

using nlohmann::json;

constexpr std::size_t devices_per_turn = 2'000;
constexpr std::uint64_t device_recent_ms = 600'000;
constexpr std::size_t devices_told_min = 3;  // fewer do not say whose clock is wrong
constexpr std::size_t broker_names_max = 16;
constexpr std::size_t values_per_look = 20;
constexpr std::string_view broker_prefix = "$SYS/broker/";

Operator::Options telling(Operator::Options options, Log& log) {
  options.warn = [&log](const std::string& text) { log.write(Level::warning, "operator", text); };
  return options;
}

}  // namespace

std::vector<std::string> Steward::broker_topics() {
  return {"$SYS/broker/clients/connected",
          "$SYS/broker/clients/total",
          "$SYS/broker/subscriptions/count",
          "$SYS/broker/retained messages/count",
          "$SYS/broker/store/messages/count",
          "$SYS/broker/store/messages/bytes",
          "$SYS/broker/publish/messages/dropped",
          "$SYS/broker/publish/messages/received",
          "$SYS/broker/publish/messages/sent",
          "$SYS/broker/bytes/received",
          "$SYS/broker/bytes/sent",
          "$SYS/broker/heap/current",
          "$SYS/broker/uptime"};
}

Steward::Steward(Options options, Log& log)
    : options_(std::move(options)),
      operator_(telling(options_.person, log)),
      operator_acks_(options_.root + "/ack/" + operator_.id()) {
  if (options_.homeassistant) homeassistant_.emplace(*options_.homeassistant);
  if (!options_.history) return;
  aside_.history = Aside::History{};
  recorder_ = std::make_unique<history::Recorder>(
      *options_.history, [&log](bool well, const std::string& text) {
        log.write(well ? Level::info : Level::warning, "history", text);
      });
}

Steward::~Steward() = default;

void Steward::committing(const core::Commit& rows) {
  aside_.dead_letters += rows.dead_letters.size();
}

void Steward::changed(const std::vector<core::ValueRow>& rows) {
  if (homeassistant_) {
    for (const core::ValueRow& row : rows) homeassistant_->see(row.key, row.type, row.value);
  }
  if (!recorder_) return;
  std::vector<history::Sample> samples;
  samples.reserve(rows.size());
  for (const core::ValueRow& row : rows) {
    if (const auto value = history::numeric(row.type, row.value))
      samples.push_back({row.key, row.type, *value});
  }
  recorder_->add(std::move(samples));
}

void Steward::begin_sealing(std::uint64_t life, std::function<void()> wake) {
  if (!options_.seals) return;
  Seals::Options o = *options_.seals;
  o.life = life;
  seals_ = std::make_unique<Seals>(std::move(o), std::move(wake));
}

void Steward::message(std::size_t link, const transports::Message& message) {
  if (seals_ && seals_->message(message)) return;
  const std::string_view topic = message.topic;
  if (homeassistant_ && topic == homeassistant_->birth_topic()) {
    born_ = born_ || message.payload == "online";
    return;
  }
  if (link >= options_.links.size() || topic.substr(0, broker_prefix.size()) != broker_prefix)
    return;
  double value = 0;  // "12", "12 seconds"
  const char* begin = message.payload.data();
  const auto [end, failed] = std::from_chars(begin, begin + message.payload.size(), value);
  if (failed != std::errc{}) return;
  auto& of_link = aside_.brokers[options_.links[link]];
  const std::string name(topic.substr(broker_prefix.size()));
  if (of_link.size() < broker_names_max || of_link.count(name) != 0) of_link[name] = value;
}

bool Steward::request(std::string_view command, std::string_view arguments,
                      std::function<void(std::string)> reply) {
  if (command == "seals") {
    if (seals_) {
      seals_->request(arguments, std::move(reply));
    } else {
      reply(answer_error("no window is sealed here", "set seals.members"));
    }
    return true;
  }
  if (command != "history") return false;
  if (!recorder_) {
    reply(answer_error("no history is kept", "set history.enabled = true"));
    return true;
  }
  HistoryAsked asked = read_history_question(arguments, wall_now_ms());
  if (!asked.error.empty()) {
    reply(std::move(asked.error));
    return true;
  }
  const auto answered = [gateway = options_.gateway, q = asked.question,
                         reply](const history::Answer& a) { reply(history_answer(gateway, q, a)); };
  if (!recorder_->ask(std::move(asked.question), answered))
    reply(answer_error("too many questions at once", "ask again in a moment"));
  return true;
}

std::string Steward::refuse_change(std::string_view token) const {
  if (!options_.token->wanted()) return "nothing can be changed here: set http.token_file";
  if (token.empty()) return "whoever changes something gives the \"token\" of http.token_file";
  return options_.token->is(token) ? "" : "that is not the token of http.token_file";
}

void Steward::publishing(std::string_view topic, std::string_view payload) {
  if (topic == operator_acks_) operator_.acknowledged(payload, wall_now_ms());
}

std::optional<std::string> Steward::operate(Pump& pump, std::string_view command,
                                            std::string_view arguments) {
  std::string answer;
  std::vector<sdk::Packet> packets;
  if (command == "operate") {
    const auto held = [&](const std::string& id, std::uint64_t epoch) {
      const auto next = pump.core().devices(id, epoch - 1, 1);
      const bool known = !next.empty() && next[0].device == id && next[0].epoch == epoch;
      return known ? std::max(next[0].op, next[0].top) : 0;
    };
    answer = operator_.operate(arguments, held, wall_now_ms());
    packets = operator_.poll(wall_now_ms());
  } else if (command == "import") {
    Import import = read_import(options_.gateway, arguments);
    answer = std::move(import.answer);
    packets = std::move(import.packets);
  } else {
    return std::nullopt;
  }
  for (sdk::Packet& p : packets) {
    if (!pump.inject(p.topic, std::move(p.payload)))
      return answer_error("no broker of this gateway serves devices", "ask another gateway");
  }
  return answer;
}

void Steward::take_history() {
  if (!recorder_) return;
  const history::Recorder::Stats s = recorder_->stats();
  aside_.history = {.series = s.size.series,
                    .bytes = s.size.bytes,
                    .rows = s.size.rows_written,
                    .skipped = s.size.skipped,
                    .dropped = s.dropped,
                    .failures = s.failures,
                    .renewed = s.size.renewed,
                    .cpu_us = s.cpu_us,
                    .wrong = s.wrong};
}

void Steward::look_at_clocks(const Pump& pump, std::uint64_t wall_ms) {
  const auto devices = pump.core().devices(pass_.after.first, pass_.after.second, devices_per_turn);
  for (const core::DeviceView& d : devices) {
    const bool recent = d.heard_at_ms + device_recent_ms > wall_ms;
    if (recent && d.clock_ms) pass_.clocks_s.push_back(static_cast<double>(*d.clock_ms) / 1e3);
  }
  if (devices.size() == devices_per_turn) {
    pass_.after = {devices.back().device, devices.back().epoch};
    return;
  }
  std::vector<double>& all = pass_.clocks_s;
  Aside::Clocks& c = aside_.clocks;
  c = {.devices = all.size(), .ahead_most = 0, .median = 0};
  std::sort(all.begin(), all.end());
  if (!all.empty()) c.ahead_most = std::max(0.0, all.back());
  if (all.size() >= devices_told_min) c.median = all[all.size() / 2];
  pass_ = {};
}

Reading Steward::read(const Pump& pump) {
  const core::Counters& c = pump.core().counters();
  const core::Summary s = pump.core().figures();
  const ProcessState p = pump.process_state();
  Reading r;
  r.acks = c.ack.counts;
  r.messages = c.messages;
  r.errors = errors_of(c);
  r.register_writes = c.register_writes;
  r.register_conflicts = c.register_conflicts;
  r.dead_letters = aside_.dead_letters;
  r.equivocations = c.equivocations;
  r.memory = 0;
  for (const auto& [type, share] : memory_shares(s, p)) r.memory = std::max(r.memory, share);
  for (const core::PeerView& v : pump.core().peers()) {
    if (!v.online) r.peers_away += 1;
    if (v.differs_since_ms > 0 && v.differs_since_ms < p.now.mono_ms) {
      const auto ms = static_cast<double>(p.now.mono_ms - v.differs_since_ms);
      r.behind_s = std::max(r.behind_s, ms / 1e3);
    }
  }
  for (const ProcessState::Link& link : p.links) {
    if (!link.connected) r.brokers_away += 1;
    if (link.certificate_ends_s == 0) continue;
    const auto left =
        static_cast<double>(link.certificate_ends_s) - static_cast<double>(p.now.wall_ms) / 1e3;
    r.certificate_s = std::min(r.certificate_s.value_or(left), left);
  }
  if (p.disk_size_bytes > 0) {
    r.disk_free = static_cast<double>(p.disk_free_bytes) / static_cast<double>(p.disk_size_bytes);
  }
  r.degraded = s.degraded;
  r.device_clock_s = aside_.clocks.ahead_most;
  r.gateway_clock_s = aside_.clocks.median;
  if (aside_.history) r.history_written = aside_.history->wrong.empty();
  return r;
}

std::string alert_json(const std::string& gateway, const Aside::Alert& a, const char* state) {
  return json{{"gateway", gateway},       {"name", a.name},       {"severity", a.severity},
              {"state", state},           {"since", a.since_ms},  {"value", a.value},
              {"threshold", a.threshold}, {"summary", a.summary}, {"do", a.advice}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

void Steward::tell(Pump& pump, const Alerts::Change& change) {
  const Aside::Alert& a = change.alert;
  const bool critical = a.severity == "critical";
  pump.note(change.over ? Level::info
            : critical  ? Level::error
                        : Level::warning,
            change.over ? "alert-over" : "alert",
            a.name + " (" + a.severity + "): " + a.summary +
                (change.over ? "; it is over" : "; " + a.advice));
}

// Retained while it fires. When it is over, once more with "resolved", then the topic is cleared:
// names are those of the table, so a gateway never has more topics than that.
void Steward::announce(Pump& pump) {
  const std::vector<Aside::Alert> now = alerts_.current();
  std::string last;
  for (const Threshold& t : thresholds()) {
    if (std::exchange(last, t.name) == t.name) continue;
    const auto it = std::find_if(now.begin(), now.end(), [&](const Aside::Alert& a) {
      return a.firing && a.name == t.name;
    });
    transports::Message m{.topic = options_.root + "/alert/" + options_.gateway + "/" + t.name,
                          .retain = true};
    if (it != now.end()) m.payload = alert_json(options_.gateway, *it, "firing");
    pump.publish(m);
  }
}

void Steward::tell_homeassistant(Pump& pump, bool due, bool again) {
  if (due && !looked_at_all_) {  // what there was before this start: new keys come with commits
    const auto some = pump.core().values(looked_at_.first, looked_at_.second, values_per_look);
    for (const core::ValueView& v : some) {
      if (!v.unread) homeassistant_->see(v.key, wire::type_name(v.type), v.json);
    }
    looked_at_all_ = some.size() < values_per_look || homeassistant_->full();
    if (!some.empty()) looked_at_ = {some.back().key, some.back().type};
  }
  if (!again && !(due && homeassistant_->changed())) return;
  pump.publish(
      {.topic = homeassistant_->topic(), .payload = homeassistant_->config(), .retain = true});
}

void Steward::turn(Pump& pump) {
  const bool connected = std::exchange(connects_seen_, pump.connects()) != pump.connects();
  const core::Instant at{mono_now_ms(), wall_now_ms()};
  const bool due = at.mono_ms >= next_ms_;
  if (seals_) {
    seals_->turn(pump);
    aside_.seals = seals_->state();
  }
  for (sdk::Packet& p : operator_.poll(at.wall_ms)) pump.inject(p.topic, std::move(p.payload));
  if (due) {
    next_ms_ = at.mono_ms + interval_ms;
    take_history();
    look_at_clocks(pump, at.wall_ms);
    alerts_.take(read(pump), at);
    aside_.alerts = alerts_.current();
  }
  const std::vector<Alerts::Change> changes = alerts_.take_changes();
  for (const Alerts::Change& c : changes) {
    tell(pump, c);
    if (!c.over || !options_.publish_alerts) continue;
    pump.publish({.topic = options_.root + "/alert/" + options_.gateway + "/" + c.alert.name,
                  .payload = alert_json(options_.gateway, c.alert, "resolved")});
  }
  if (options_.publish_alerts && (connected || !changes.empty())) announce(pump);
  if (homeassistant_) tell_homeassistant(pump, due, std::exchange(born_, false) || connected);
}

}  // namespace tributary::app
