// SPDX-License-Identifier: Apache-2.0
// One broker, tried: what it says of itself, what its access list lets us do, whether it keeps and
// replays what is retained, how large a message may be, and what time its gateways think it is.
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "gateway/app/broker.h"
#include "gateway/app/check.h"
#include "gateway/app/cli.h"
#include "gateway/app/clock.h"
#include "gateway/app/settings.h"
#include "gateway/core/status.h"

namespace tributary::app {
namespace {

using Grade = Finding::Grade;
using transports::Event;
using transports::Message;
using transports::Qos;

// More than Mosquitto's default of 1,000 queued and 20 in flight, fewer than anybody would mind.
constexpr std::size_t retained_count = 2'000;
constexpr std::size_t packet_margin_bytes = 4'096;   // topic and properties
constexpr std::uint64_t clock_tolerance_ms = 5'000;  // as limits.clock_ahead_max_ms
constexpr std::uint64_t quiet_ms = 500;              // after which a replay is over

const char* const profile_fix =
    "take the broker profile: /usr/share/doc/tributary/mosquitto.conf, config/mosquitto.conf in "
    "the sources";

// A connection for the time of the check.
class Visit {
 public:
  Visit(BrokerOptions options, std::uint32_t patience_ms)
      : patience_ms_(patience_ms), limits_(std::make_shared<Limits>()) {
    options.on_limits = [limits = limits_](const transports::mqtt::BrokerLimits& said) {
      const std::lock_guard lock(limits->mutex);
      limits->said = said;
    };
    options.inbound_queue_max = 4 * retained_count;
    options.outbox_max = 4 * retained_count;
    session_ = make_session(options);
    session_->on_ready([this] {
      {
        const std::lock_guard lock(mutex_);
        woken_ = true;
      }
      ready_.notify_one();
    });
  }
  ~Visit() { session_->stop(2'000); }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  // Empty: connected.
  std::string connect() {
    session_->start();
    until([this] { return session_->connected() || !reason.empty(); });
    if (session_->connected()) return {};
    return reason.empty() ? "no answer in " + std::to_string(patience_ms_) + " ms" : reason;
  }
  transports::mqtt::BrokerLimits limits() const {
    const std::lock_guard lock(limits_->mutex);
    return limits_->said;
  }
  void subscribe(const std::string& filter) { session_->subscribe(filter, Qos::at_least_once); }
  void unsubscribe(const std::string& filter) { session_->unsubscribe(filter); }
  bool publish(Message message) {
    return until([&] { return session_->publish(message); });
  }
  // Everything that was published is answered, and so is every subscription made before.
  bool settle() {
    return until([this] { return session_->outbox_size() == 0; });
  }
  // Until `done`, or the end of patience; or of a quiet time, when one is given.
  template <class Done>
  bool until(Done done, std::uint64_t quiet = ~std::uint32_t{0}) {
    std::uint64_t heard_ms = mono_now_ms();
    const std::uint64_t deadline_ms = heard_ms + patience_ms_;
    while (!done()) {
      const std::size_t before = messages.size();
      take();
      const std::uint64_t now_ms = mono_now_ms();
      if (messages.size() != before) heard_ms = now_ms;
      if (done()) return true;
      if (now_ms >= deadline_ms || now_ms >= heard_ms + quiet) return false;
      std::unique_lock lock(mutex_);
      ready_.wait_for(lock, std::chrono::milliseconds(20), [this] { return woken_; });
      woken_ = false;
    }
    return true;
  }

  // Looks at what has come, without waiting.
  void take() {
    for (Event& event : session_->poll(4'096)) {
      switch (event.kind) {
        case Event::Kind::connected:
          up_ = true;
          reason.clear();
          break;
        case Event::Kind::disconnected:
          reason = event.reason;
          if (std::exchange(up_, false)) ++ends;
          break;
        case Event::Kind::part:
          break;
        case Event::Kind::refused:
          refusals[event.message.topic] = event.reason;
          break;
        case Event::Kind::message:
          messages[event.message.topic] = std::move(event.message);
          break;
      }
    }
  }

  std::map<std::string, Message> messages;      // by topic
  std::map<std::string, std::string> refusals;  // by topic or filter
  std::string reason;                           // why it is not connected
  int ends = 0;                                 // of connections that it had

 private:
  struct Limits {
    std::mutex mutex;
    transports::mqtt::BrokerLimits said;  // guarded by mutex
  };
  const std::uint32_t patience_ms_;
  bool up_ = false;
  std::shared_ptr<Limits> limits_;
  std::mutex mutex_;
  std::condition_variable ready_;
  bool woken_ = false;                            // guarded by mutex_
  std::unique_ptr<transports::Session> session_;  // last: its threads use the others
};

class BrokerCheck {
 public:
  BrokerCheck(const config::Loaded& loaded, std::size_t link, std::uint32_t patience_ms,
              Findings& out)
      : loaded_(loaded),
        link_(link),
        broker_(loaded.gateway.brokers[link]),
        root_(loaded.derived.topic_prefix),
        own_(root_ + "/gw/" + loaded.gateway.gateway.id),
        out_(out),
        patience_ms_(patience_ms),
        beside_(options(loaded, link, "-check-2")),
        visit_(options(loaded, link, "-check"), patience_ms) {}

  void run() {
    if (const std::string why = visit_.connect(); !why.empty()) {
      say(Grade::fail, why,
          "start the broker, or mend broker.uri and what it needs (user, password, certificates)");
      return;
    }
    said_by_the_broker();
    const bool may = access();
    if (broker_.sessions > 1) sessions();
    clocks();
    if (!may) return;
    size();
    replay();
  }

 private:
  static BrokerOptions options(const config::Loaded& loaded, std::size_t link, const char* who) {
    BrokerOptions o = broker_options(loaded.gateway.brokers[link], loaded.derived.links[link]);
    o.client_id += who;
    o.connect_timeout_s = std::min(o.connect_timeout_s, 30U);
    return o;
  }

  void say(Grade level, const std::string& what, const std::string& fix = {}) {
    out_.push_back({"broker " + broker_.name, level, what, fix});
  }

  std::size_t packet_bytes() const {
    return packet_margin_bytes + std::max(loaded_.gateway.limits.envelope_bytes_max,
                                          loaded_.gateway.sync.state_part_bytes);
  }

  void said_by_the_broker() {
    const transports::mqtt::BrokerLimits said = visit_.limits();
    const std::size_t before = out_.size();
    if (!said.retain) {
      say(Grade::fail, "it keeps no retained messages: gateways could not find each other's state",
          "allow them at the broker (Mosquitto: retain_available true)");
    }
    if (said.qos_max < 1) {
      say(Grade::fail, "it takes only QoS 0: what gateways tell each other would get lost",
          "allow QoS 1 at the broker (Mosquitto: max_qos 2)");
    }
    if (!said.wildcards) {
      say(Grade::fail, "it allows no wildcards in subscriptions",
          "allow them at the broker: devices are heard on up/+");
    }
    if (said.receive_maximum < broker_.in_flight_max) {
      say(Grade::warn,
          "it takes " + std::to_string(said.receive_maximum) + " messages in flight, and " +
              std::to_string(broker_.in_flight_max) + " are configured",
          "raise max_inflight_messages at the broker, or lower in_flight_max; until then the "
          "smaller one counts");
    }
    if (said.keepalive_s && *said.keepalive_s < broker_.keepalive_s) {
      say(Grade::warn,
          "it wants a sign of life every " + std::to_string(*said.keepalive_s) + " s, and every " +
              std::to_string(broker_.keepalive_s) + " s is configured",
          "raise max_keepalive at the broker, or lower keepalive_s");
    }
    if (out_.size() > before) return;
    say(Grade::ok, "MQTT 5, QoS " + std::to_string(said.qos_max) + ", retained messages, " +
                       std::to_string(said.receive_maximum) +
                       " in flight; sessions are clean, "
                       "their expiry does not matter");
  }

  // Empty messages that are not retained: gateways and people pass over them, and the broker says
  // whether it took them.
  bool access() {
    const std::string& id = loaded_.gateway.gateway.id;
    std::vector<std::string> topics = {root_ + "/view/" + id + "/check/check"};
    std::vector<std::string> filters = {root_ + "/req/" + id + "/check"};
    if (broker_.devices) {
      topics.push_back(root_ + "/ack/tributary-check");
      filters.push_back(root_ + "/up/+");
    }
    if (broker_.peers) {
      topics.insert(topics.end(), {own_ + "/head", own_ + "/state/check/0"});
      filters.insert(filters.end(),
                     {root_ + "/gw/+/status", root_ + "/gw/+/head", root_ + "/gw/+/delta"});
    }
    topics.insert(topics.end(), {own_ + "/status", root_ + "/reply/tributary-check"});
    for (const std::string& filter : filters) visit_.subscribe(filter);
    for (const std::string& topic : topics) {
      visit_.publish({.topic = topic, .payload = {}, .qos = Qos::at_least_once});
    }
    const bool answered = visit_.settle();
    for (const std::string& filter : filters) {
      if (filter.find("/status") == std::string::npos) visit_.unsubscribe(filter);
    }
    visit_.until([] { return false; }, quiet_ms);
    // A batch that is none is a refusal in the log of every gateway that hears it.
    if (broker_.peers && !anybody_online()) {
      topics.push_back(own_ + "/delta");
      visit_.publish({.topic = topics.back(), .payload = {}, .qos = Qos::at_least_once});
      visit_.settle();
      visit_.until([] { return false; }, quiet_ms / 5);
    }
    std::string refused;
    for (const auto& [topic, why] : visit_.refusals) {
      refused += (refused.empty() ? "" : ", ") + topic + " (" + why + ")";
    }
    if (!refused.empty()) {
      say(Grade::fail, "it refuses us " + refused,
          "give this gateway's user the rights that docs/security.md lists; `tributary fleet` "
          "writes them into broker/acl");
      return false;
    }
    if (!answered) {
      say(Grade::fail, "it does not answer what is published to it", "look at the broker's log");
      return false;
    }
    say(Grade::ok, "we may publish on " + std::to_string(topics.size()) +
                       " kinds of topics and subscribe to " + std::to_string(filters.size()));
    return true;
  }

  // Nothing that is published there means anything to anybody.
  void sessions() {
    const std::string wanted = std::to_string(broker_.sessions) + " sessions";
    Visit second(beside_, patience_ms_);
    const int before = visit_.ends;
    const std::string why = second.connect();
    visit_.until([&] { return visit_.ends > before; }, quiet_ms);
    // The second, too, may have been let in and ended at once: a gateway that runs has sessions.
    const auto one_ended = [&] { return visit_.ends > before || second.ends > 0; };
    if (!why.empty() && !one_ended()) {
      say(Grade::warn, "a second session cannot connect: " + why,
          "look at the broker's limits for one user, or set sessions = 1");
      return;
    }
    if (!one_ended() && loaded_.derived.links[link_].address.version_311) {
      say(Grade::ok, "spoken to over " + wanted + ", heard over one: sharing takes MQTT 5");
      return;
    }
    if (!one_ended() && shares(second)) {
      say(Grade::ok, "what is heard is shared among " + wanted);
    } else if (one_ended()) {
      say(Grade::warn, "it ends a session when the next one comes: " + wanted + " will be one",
          "it gives a certificate one client id, as the files of `tributary fleet` ask it to "
          "(docs/security.md, section 1): set sessions = 1");
      visit_.until([&] { return visit_.reason.empty(); });
    } else {
      say(Grade::warn, "it does not share subscriptions: " + wanted + " speak, one hears",
          "allow shared subscriptions (MQTT 5) at the broker, or set sessions = 1");
    }
  }

  bool shares(Visit& second) {
    const std::string topic = root_ + "/view/" + loaded_.gateway.gateway.id + "/check/shared";
    visit_.messages.clear();
    visit_.subscribe("$share/tributary-check-" + loaded_.gateway.gateway.id + "/" + topic);
    bool heard = false;
    for (int tries = 0; tries < 4 && !heard; ++tries) {  // it may come before the subscription
      second.publish({.topic = topic, .payload = {}, .qos = Qos::at_least_once});
      heard = visit_.until([&] { return visit_.messages.count(topic) > 0; }, quiet_ms);
      second.take();
    }
    return heard;
  }

  bool anybody_online() const {
    return std::any_of(visit_.messages.begin(), visit_.messages.end(), [](const auto& one) {
      const auto status = core::read_status(one.second.payload);
      return status && status->online;
    });
  }

  // A status is stamped when it is published, and may be old: only one from the future tells.
  void clocks() {
    std::string ahead;
    std::size_t seen = 0;
    for (const auto& [topic, message] : visit_.messages) {
      const auto status = core::read_status(message.payload);
      if (!status) continue;
      ++seen;
      const std::uint64_t now_ms = wall_now_ms();
      if (status->at_ms <= now_ms + clock_tolerance_ms) continue;
      ahead += (ahead.empty() ? "" : ", ") + status->gateway + " by " +
               std::to_string((status->at_ms - now_ms) / 1'000) + " s";
    }
    if (!ahead.empty()) {
      out_.push_back({"clock", Grade::warn, "ahead of this machine: " + ahead,
                      "one of the clocks is wrong: run a time service on all of them"});
    } else if (seen > 0) {
      out_.push_back({"clock", Grade::ok,
                      "none of " + std::to_string(seen) + " gateways at broker " + broker_.name +
                          " is ahead of this machine",
                      ""});
    }
  }

  void size() {
    const auto largest = visit_.limits().packet_bytes_max;
    const std::size_t needed = packet_bytes();
    const std::string fix =
        "raise the broker's limit (Mosquitto: message_size_limit, max_packet_size), or lower "
        "limits.envelope_bytes_max and sync.state_part_bytes";
    if (largest && *largest < needed) {
      say(Grade::fail,
          "it takes packets of " + std::to_string(*largest) + " bytes, and up to " +
              std::to_string(needed) + " are needed",
          fix);
      return;
    }
    if (!broker_.peers) return;
    const std::string topic = own_ + "/state/check/size";
    visit_.refusals.clear();
    visit_.subscribe(topic);
    visit_.publish({.topic = topic, .payload = std::string(needed - packet_margin_bytes, 'x')});
    const bool came = visit_.until([&] {
      return visit_.messages.count(topic) != 0 || !visit_.refusals.empty() ||
             !visit_.reason.empty();
    });
    visit_.unsubscribe(topic);
    if (came && visit_.messages.count(topic) != 0) {
      say(Grade::ok,
          "a message of " + std::to_string(needed - packet_margin_bytes) + " bytes came back");
      return;
    }
    say(Grade::fail,
        "a message of " + std::to_string(needed - packet_margin_bytes) +
            " bytes did not come back" +
            (visit_.refusals.empty() ? visit_.reason : ": " + visit_.refusals.begin()->second),
        fix);
  }

  void replay() {
    if (!broker_.peers) return;
    const std::string prefix = own_ + "/state/check/";
    visit_.messages.clear();
    visit_.refusals.clear();
    const bool kept = retain(prefix, "tributary check; it goes away by itself");
    visit_.subscribe(prefix + "+");
    const auto count = [&] {
      return static_cast<std::size_t>(
          std::count_if(visit_.messages.begin(), visit_.messages.end(), [&](const auto& one) {
            return one.first.rfind(prefix, 0) == 0 && !one.second.payload.empty();
          }));
    };
    visit_.until([&] { return count() == retained_count; }, 4 * quiet_ms);
    const std::size_t came = count();
    visit_.unsubscribe(prefix + "+");
    visit_.settle();
    retain(prefix, "");
    if (!kept || !visit_.refusals.empty()) {
      say(Grade::fail,
          "it did not take " + std::to_string(retained_count) + " retained messages" +
              (visit_.refusals.empty() ? "" : ": " + visit_.refusals.begin()->second),
          "allow this gateway's user retained messages; look at the broker's log");
    } else if (came == retained_count) {
      say(Grade::ok, "all of " + std::to_string(came) + " retained messages were replayed");
    } else {
      say(Grade::warn,
          "it replayed " + std::to_string(came) + " of " + std::to_string(retained_count) +
              " retained messages and dropped the rest without a word",
          std::string("raise max_queued_messages at the broker (gateways notice what is missing "
                      "and ask again, people's dashboards do not): ") +
              profile_fix);
    }
  }

  bool retain(const std::string& prefix, const std::string& payload) {
    bool well = true;
    for (std::size_t i = 0; i < retained_count && well; ++i) {
      well = visit_.publish({.topic = prefix + std::to_string(i),
                             .payload = payload,
                             .qos = Qos::at_least_once,
                             .retain = true});
    }
    return visit_.settle() && well;
  }

  const config::Loaded& loaded_;
  const std::size_t link_;
  const config::Broker& broker_;
  const std::string root_, own_;
  Findings& out_;
  const std::uint32_t patience_ms_;
  const BrokerOptions beside_;
  Visit visit_;
};

}  // namespace

void check_broker(const config::Loaded& loaded, std::size_t link, const CheckOptions& options,
                  Findings& out) {
  const config::Broker& broker = loaded.gateway.brokers[link];
  const std::string area = "broker " + broker.name;
  // Such brokers make the certificate's name the client id: the second to come ends the first.
  if (loaded.derived.links[link].address.tls && !options.disturb && gateway_runs(loaded)) {
    out.push_back({area, Grade::ok,
                   "not tried: the gateway that runs here would lose its connection for a moment "
                   "(--disturb tries it nevertheless; `tributary status` shows its links)",
                   ""});
    return;
  }
  try {
    BrokerCheck(loaded, link, options.patience_ms, out).run();
  } catch (const Trouble& trouble) {
    out.push_back({area, Grade::fail, trouble.what(), "mend [[broker]] " + broker.name});
  }
}

}  // namespace tributary::app
