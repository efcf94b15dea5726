// SPDX-License-Identifier: Apache-2.0
#include "transports/mqtt/session.h"

#include <mqtt/async_client.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "transports/mqtt/backoff.h"
#include "transports/mqtt/inbox.h"
#include "transports/mqtt/kicker.h"
#include "transports/mqtt/reason.h"

namespace tributary::transports::mqtt {
namespace {

namespace paho = ::mqtt;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Fixed header, topic length, packet id, properties: more than we ever put around a message.
constexpr std::size_t packet_overhead_bytes = 64;
// How long the goodbye may take, and a connect whose time-out Paho forgot.
constexpr milliseconds goodbye_ms{1'000};
constexpr milliseconds connect_grace_ms{10'000};
constexpr milliseconds kick_first_ms{1};
constexpr milliseconds kick_last_ms{256};
constexpr std::chrono::hours idle_look_up{1};
constexpr int reason_error_min = 128;

std::size_t packet_bytes(const Message& message) {
  return packet_overhead_bytes + message.topic.size() + message.payload.size() +
         message.response_topic.size() + message.correlation.size();
}

paho::const_message_ptr to_paho(Message message) {
  paho::properties properties;
  if (!message.response_topic.empty()) {
    properties.add({paho::property::RESPONSE_TOPIC, message.response_topic});
  }
  if (!message.correlation.empty()) {
    properties.add({paho::property::CORRELATION_DATA, message.correlation});
  }
  return paho::message::create(std::move(message.topic), std::move(message.payload),
                               static_cast<int>(message.qos), message.retain, properties);
}

Message from_paho(const paho::message& arrived) {
  Message message;
  message.topic = arrived.get_topic();
  message.payload = arrived.get_payload_ref().empty() ? std::string() : arrived.get_payload_str();
  message.qos = arrived.get_qos() == 0 ? Qos::at_most_once : Qos::at_least_once;
  message.retain = arrived.is_retained();
  const paho::properties& properties = arrived.get_properties();
  if (properties.empty()) return message;
  if (properties.contains(paho::property::RESPONSE_TOPIC)) {
    message.response_topic = paho::get<std::string>(properties, paho::property::RESPONSE_TOPIC);
  }
  if (properties.contains(paho::property::CORRELATION_DATA)) {
    message.correlation = paho::get<std::string>(properties, paho::property::CORRELATION_DATA);
  }
  return message;
}

// What Paho says about a failure: a reason code of the broker, or its own return code.
std::string failure_words(const paho::token& token) {
  if (const int reason = token.get_reason_code(); reason >= reason_error_min && reason < 255) {
    return reason_words(reason);
  }
  const int code = token.get_return_code();
  if (code >= reason_error_min) return reason_words(code);  // CONNACK: Paho passes it on as this
  return "refused, or no answer (Paho code " + std::to_string(code) + ")";
}

// Which connection an answer belongs to: passed to Paho as the token's context.
void* context_of(std::uint64_t generation) {
  return reinterpret_cast<void*>(generation);
}

std::uint64_t generation_of(const paho::token& token) {
  return reinterpret_cast<std::uintptr_t>(token.get_user_context());
}

// Paho is called by the keeper thread alone: a call may wait until a callback of any session in the
// process returns, and that callback may wait for room in an inbox. Whoever makes the room (the
// caller's thread, in poll()) must therefore never wait for Paho. For the same reason the mutex is
// never held while Paho is called: callbacks take it.
class MqttSession final : public Session {
 public:
  explicit MqttSession(Options options);
  ~MqttSession() override { stop(0); }
  MqttSession(const MqttSession&) = delete;
  MqttSession& operator=(const MqttSession&) = delete;

  bool publish(Message message) override;
  void subscribe(const std::string& filter, Qos qos, bool no_local) override;
  void unsubscribe(const std::string& filter) override;
  std::vector<Event> poll(std::size_t max) override { return inbox_.take(max); }
  bool connected() const override;
  std::size_t outbox_size() const override;
  void on_ready(std::function<void()> wake) override { inbox_.on_ready(std::move(wake)); }
  void start() override;
  void stop(std::uint32_t flush_ms) override;

 private:
  struct Subscription {
    std::string filter;
    Qos qos = Qos::at_least_once;
    bool no_local = false;
    bool wanted = true;  // false: an unsubscribe to be sent
  };

  // Paho's answers, by what was asked. They come on its threads.
  struct Listener : paho::iaction_listener {
    explicit Listener(MqttSession& owner) : session(owner) {}
    MqttSession& session;
  };
  struct ConnectListener final : Listener {
    using Listener::Listener;
    void on_success(const paho::token& token) override;
    void on_failure(const paho::token& token) override;
  };
  struct PublishListener final : Listener {
    using Listener::Listener;
    void on_success(const paho::token& token) override;
    void on_failure(const paho::token& token) override;
  };
  struct SubscribeListener final : Listener {
    using Listener::Listener;
    void on_success(const paho::token& token) override;
    void on_failure(const paho::token& token) override;
  };

  enum class Attempt : std::uint8_t { none, pending, succeeded, failed };

  // Callbacks.
  template <typename Action>
  void guarded(Action&& action) noexcept;
  void message_arrived(const paho::const_message_ptr& arrived);
  void connection_answered(Attempt result, const paho::token& token);
  void publish_answered(const paho::token& token, bool failed);
  void subscribe_answered(const paho::token& token);
  void connection_broke(const std::string& reason);
  void refused(const std::string& topic, const std::string& reason);

  // The keeper thread.
  void keep();
  void make_client();
  bool connect();
  template <typename Done, typename Limit>
  void await(std::unique_lock<std::mutex>& lock, Done done, Limit limit);  // REQUIRES lock
  Attempt await_connect();
  void connect_failed(const std::string& reason);
  void send_all_subscriptions();
  void serve();
  bool has_work() const;  // REQUIRES mutex_
  void send_subscriptions(std::deque<Subscription> changes);
  bool send_messages(std::vector<Message> messages, std::uint64_t generation);
  std::vector<Message> next_messages();  // REQUIRES mutex_
  void went_down();
  void say_goodbye();

  const Options options_;
  Inbox inbox_;
  ConnectListener connect_listener_{*this};
  PublishListener publish_listener_{*this};
  SubscribeListener subscribe_listener_{*this};

  // The keeper's own.
  Backoff backoff_;
  std::unique_ptr<paho::async_client> client_;
  std::string last_failure_;

  mutable std::mutex mutex_;
  std::condition_variable work_;             // for the keeper
  std::vector<Subscription> subscriptions_;  // those that stand
  std::deque<Subscription> changes_;         // made since they were last sent
  std::deque<Message> outbox_;
  std::size_t outbox_bytes_ = 0;             // of outbox_ and in flight
  std::deque<std::size_t> in_flight_bytes_;  // answers come in order, near enough for accounting
  std::size_t subscribing_ = 0;              // asked of Paho and not answered
  std::uint64_t answers_ = 0;                // of all kinds, ever
  std::size_t window_ = 0;                   // in_flight_max, or less when the broker says so
  std::size_t packet_bytes_max_ = 0;
  std::uint64_t generation_ = 0;  // of the connection: answers to older ones are ignored
  Attempt attempt_ = Attempt::none;
  std::string attempt_reason_;
  bool online_ = false;
  bool broke_ = false;  // the connection is lost or to be given up
  std::string broke_reason_;
  bool outbox_refused_ = false;  // publish() said no: wake when there is room
  bool stopping_ = false;
  Clock::time_point flush_until_;

  std::mutex stop_mutex_;  // one stop() at a time
  std::thread keeper_;
};

// --- construction, and the caller's side ---

Options checked(Options options) {
  auto require = [](bool ok, const char* what) {
    if (!ok) throw std::invalid_argument(std::string("MQTT session: ") + what);
  };
  const bool known_scheme =
      options.uri.rfind("tcp://", 0) == 0 || options.uri.rfind("mqtt://", 0) == 0;
  require(known_scheme, "uri must begin with tcp:// or mqtt://");
  require(options.uri.size() > options.uri.find("//") + 2, "uri names no host");
  require(!options.client_id.empty(), "client_id is empty");
  require(options.client_id.find('\0') == std::string::npos, "client_id contains a zero byte");
  require(options.in_flight_max > 0, "in_flight_max is 0");
  require(options.inbound_max > 0 && options.outbox_max > 0, "a queue has no room: its max is 0");
  require(options.keepalive_s > 0, "keepalive_s is 0: a dead broker would never be noticed");
  require(options.connect_timeout_s > 0, "connect_timeout_s is 0");
  require(options.reconnect_min_ms <= options.reconnect_max_ms,
          "reconnect_min_ms is larger than reconnect_max_ms");
  require(!options.will || topic_valid(options.will->topic), "the will's topic is not valid");
  if (options.seed == 0) options.seed = std::random_device{}();
  return options;
}

MqttSession::MqttSession(Options options)
    : options_(checked(std::move(options))),
      inbox_({options_.inbound_max, options_.inbound_bytes_max,
              milliseconds(options_.keepalive_s * 1000 / 2)}),
      backoff_(options_.reconnect_min_ms, options_.reconnect_max_ms, options_.seed) {
  const Inbox::Hurry hurry;
  kick();  // makes sure that it exists
  try {
    make_client();
  } catch (const paho::exception& error) {
    throw std::invalid_argument("MQTT session: Paho refuses uri or client_id: " +
                                std::string(error.what()));
  }
}

bool MqttSession::connected() const {
  const std::lock_guard lock(mutex_);
  return online_;
}

std::size_t MqttSession::outbox_size() const {
  const std::lock_guard lock(mutex_);
  return outbox_.size() + in_flight_bytes_.size();
}

bool MqttSession::publish(Message message) {
  const std::size_t bytes = packet_bytes(message);
  std::string wrong;
  {
    const std::lock_guard lock(mutex_);
    if (!online_ || stopping_) return false;
    if (!topic_valid(message.topic)) {
      wrong = "not a valid topic";
    } else if (!message.response_topic.empty() && !topic_valid(message.response_topic)) {
      wrong = "not a valid response topic";
    } else if (bytes > packet_bytes_max_) {
      wrong = "larger than the largest packet, " + std::to_string(packet_bytes_max_) + " bytes";
    } else {
      const std::size_t waiting = outbox_.size() + in_flight_bytes_.size();
      const bool full = waiting >= options_.outbox_max ||
                        (waiting > 0 && outbox_bytes_ + bytes > options_.outbox_bytes_max);
      if (full) {
        outbox_refused_ = true;
        return false;
      }
      outbox_.push_back(std::move(message));
      outbox_bytes_ += bytes;
      if (outbox_.size() == 1 && in_flight_bytes_.size() < window_) work_.notify_one();
    }
  }
  if (!wrong.empty()) refused(message.topic, wrong);
  return true;
}

void MqttSession::subscribe(const std::string& filter, Qos qos, bool no_local) {
  if (!filter_valid(filter)) return refused(filter, "not a valid topic filter");
  const std::lock_guard lock(mutex_);
  const auto same = [&](const Subscription& s) { return s.filter == filter; };
  const auto stale = std::remove_if(subscriptions_.begin(), subscriptions_.end(), same);
  subscriptions_.erase(stale, subscriptions_.end());
  subscriptions_.push_back({filter, qos, no_local, true});
  if (!online_) return;
  changes_.push_back(subscriptions_.back());
  work_.notify_one();
}

void MqttSession::unsubscribe(const std::string& filter) {
  const std::lock_guard lock(mutex_);
  const auto same = [&](const Subscription& s) { return s.filter == filter; };
  const auto gone = std::remove_if(subscriptions_.begin(), subscriptions_.end(), same);
  if (gone == subscriptions_.end()) return;
  subscriptions_.erase(gone, subscriptions_.end());
  if (!online_) return;
  changes_.push_back({filter, Qos::at_most_once, false, false});
  work_.notify_one();
}

void MqttSession::start() {
  const std::lock_guard stop_lock(stop_mutex_);
  const std::lock_guard lock(mutex_);
  if (stopping_ || keeper_.joinable()) return;
  keeper_ = std::thread([this] { keep(); });
}

void MqttSession::stop(std::uint32_t flush_ms) {
  const std::lock_guard stop_lock(stop_mutex_);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    flush_until_ = Clock::now() + milliseconds(flush_ms);
  }
  inbox_.close();
  work_.notify_one();
  const Inbox::Hurry hurry;
  if (keeper_.joinable()) keeper_.join();
  client_.reset();  // from here on Paho calls nothing of ours
  inbox_.clear_and_mute();
}

// --- callbacks, on Paho's threads: short, without waiting for Paho, and nothing thrown leaves ---

template <typename Action>
void MqttSession::guarded(Action&& action) noexcept {
  try {
    action();
  } catch (const std::exception& error) {
    connection_broke(std::string("internal error: ") + error.what());
  } catch (...) {
    connection_broke("internal error");
  }
}

void MqttSession::connection_broke(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (!broke_) broke_reason_ = reason;
  broke_ = true;
  work_.notify_one();
}

void MqttSession::refused(const std::string& topic, const std::string& reason) {
  Event event{Event::Kind::refused, {}, reason};
  event.message.topic = topic;
  inbox_.note(std::move(event));
}

void MqttSession::message_arrived(const paho::const_message_ptr& arrived) {
  Event event{Event::Kind::message, from_paho(*arrived), {}};
  const std::size_t bytes = packet_bytes(event.message);
  if (inbox_.put(std::move(event), bytes) != Inbox::Put::gave_up) return;
  inbox_.close();  // what still arrives on this connection is not taken: no gap goes unnoticed
  connection_broke("the application took no messages for half a keepalive");
}

void MqttSession::connection_answered(Attempt result, const paho::token& token) {
  std::size_t window = options_.in_flight_max;
  std::size_t largest = options_.max_packet_bytes;
  if (result == Attempt::succeeded) {
    const auto properties = token.get_connect_response().get_properties();
    auto bound = [&](paho::property::code code, std::size_t& limit) {
      if (!properties.contains(code)) return;
      const auto value = paho::get<std::uint32_t>(properties, code);
      limit = std::min<std::size_t>(limit, std::max(value, 1U));
    };
    bound(paho::property::RECEIVE_MAXIMUM, window);
    bound(paho::property::MAXIMUM_PACKET_SIZE, largest);
  }
  const std::lock_guard lock(mutex_);
  if (attempt_ != Attempt::pending || generation_of(token) != generation_) return;
  attempt_ = result;
  ++answers_;
  attempt_reason_ = result == Attempt::failed ? failure_words(token) : std::string();
  window_ = window;
  packet_bytes_max_ = largest;
  work_.notify_one();
}

void MqttSession::ConnectListener::on_success(const paho::token& token) {
  session.guarded([&] { session.connection_answered(Attempt::succeeded, token); });
}

void MqttSession::ConnectListener::on_failure(const paho::token& token) {
  session.guarded([&] { session.connection_answered(Attempt::failed, token); });
}

void MqttSession::publish_answered(const paho::token& token, bool failed) {
  const int reason = token.get_reason_code();
  if (failed && reason >= reason_error_min && reason < 255) {
    const auto message = static_cast<const paho::delivery_token&>(token).get_message();
    refused(message ? message->get_topic() : std::string(), reason_words(reason));
  }
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (generation_of(token) != generation_ || in_flight_bytes_.empty()) return;
    ++answers_;
    outbox_bytes_ -= in_flight_bytes_.front();
    in_flight_bytes_.pop_front();
    const std::size_t waiting = outbox_.size() + in_flight_bytes_.size();
    const bool half_open = in_flight_bytes_.size() <= window_ / 2;  // one wake-up for several
    if (waiting == 0 ? stopping_ : (half_open && !outbox_.empty())) work_.notify_one();
    const bool room =
        waiting <= options_.outbox_max / 2 && outbox_bytes_ <= options_.outbox_bytes_max / 2;
    wake = room && std::exchange(outbox_refused_, false);
  }
  if (wake) inbox_.wake();
}

void MqttSession::PublishListener::on_success(const paho::token& token) {
  session.guarded([&] { session.publish_answered(token, false); });
}

void MqttSession::PublishListener::on_failure(const paho::token& token) {
  session.guarded([&] { session.publish_answered(token, true); });
}

void MqttSession::subscribe_answered(const paho::token& token) {
  const std::lock_guard lock(mutex_);
  if (generation_of(token) != generation_ || subscribing_ == 0) return;
  --subscribing_;
  ++answers_;
}

void MqttSession::SubscribeListener::on_success(const paho::token& token) {
  session.guarded([&] { session.subscribe_answered(token); });
}

void MqttSession::SubscribeListener::on_failure(const paho::token& token) {
  session.guarded([&] {
    session.subscribe_answered(token);
    const int reason = token.get_reason_code();
    if (reason < reason_error_min || reason >= 255) return;  // the connection went away
    const auto filters = token.get_topics();
    session.refused(filters && !filters->empty() ? (*filters)[0] : std::string(),
                    reason_words(reason));
  });
}

// --- the keeper: owns the connection ---

void MqttSession::make_client() {
  client_ = std::make_unique<paho::async_client>(options_.uri, options_.client_id,
                                                 paho::create_options(MQTTVERSION_5));
  client_->set_message_callback([this](const paho::const_message_ptr& arrived) {
    guarded([&] { message_arrived(arrived); });
  });
  client_->set_connection_lost_handler([this](const std::string& cause) {
    guarded([&] { connection_broke(cause.empty() ? "connection lost" : cause); });
  });
  client_->set_disconnected_handler([this](const paho::properties&, paho::ReasonCode reason) {
    guarded([&] { connection_broke("the broker hung up: " + reason_words(reason)); });
  });
}

void MqttSession::keep() {
  while (true) {
    const bool up = connect();
    if (up) {
      const auto since = Clock::now();
      serve();
      went_down();
      // A connection that breaks at once must not be made again at once, for ever.
      if (Clock::now() - since > milliseconds(options_.reconnect_max_ms)) backoff_.reset();
    }
    std::unique_lock lock(mutex_);
    const auto pause = milliseconds(backoff_.next_ms());
    if (work_.wait_for(lock, pause, [this] { return stopping_; })) break;
  }
}

paho::connect_options connect_options(const Options& options) {
  paho::connect_options connect;
  connect.set_mqtt_version(MQTTVERSION_5);
  connect.set_clean_start(true);
  connect.set_keep_alive_interval(options.keepalive_s);
  connect.set_connect_timeout(options.connect_timeout_s);
  connect.set_automatic_reconnect(false);
  connect.set_max_inflight(options.in_flight_max * 2);  // ours is the window that counts
  if (!options.username.empty()) connect.set_user_name(options.username);
  if (!options.password.empty()) connect.set_password(options.password);
  if (options.will) {
    const Message& will = *options.will;
    connect.set_will(paho::will_options(will.topic, will.payload, static_cast<int>(will.qos),
                                        will.retain, paho::properties()));
  }
  paho::properties properties;
  properties.add({paho::property::MAXIMUM_PACKET_SIZE,
                  static_cast<std::int32_t>(options.max_packet_bytes + packet_overhead_bytes)});
  connect.set_properties(properties);
  return connect;
}

bool MqttSession::connect() {
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    generation = ++generation_;
    attempt_ = Attempt::pending;
    broke_ = false;
  }
  inbox_.open();
  try {
    client_->connect(connect_options(options_), context_of(generation), connect_listener_);
  } catch (const paho::exception& error) {
    make_client();  // it is in a state that we do not understand
    connect_failed(error.what());
    return false;
  }
  if (await_connect() != Attempt::succeeded) return false;
  last_failure_.clear();
  send_all_subscriptions();
  return true;
}

// Waits until `done` or `limit()`, and kicks Paho with growing pauses while it owes us answers.
template <typename Done, typename Limit>
void MqttSession::await(std::unique_lock<std::mutex>& lock, Done done, Limit limit) {
  milliseconds pause = kick_first_ms;
  while (!done()) {
    const auto now = Clock::now();
    if (now >= limit()) return;
    const bool owed = attempt_ == Attempt::pending || subscribing_ > 0 || !in_flight_bytes_.empty();
    const std::uint64_t answers = answers_;
    const auto until = std::min(limit(), owed ? now + pause : now + idle_look_up);
    const bool silent = work_.wait_until(lock, until) == std::cv_status::timeout;
    if (!owed || answers_ != answers) {
      pause = kick_first_ms;
    } else if (silent) {
      lock.unlock();
      kick();
      lock.lock();
      pause = std::min(pause * 2, kick_last_ms);
    }
  }
}

MqttSession::Attempt MqttSession::await_connect() {
  std::string reason;
  Attempt result = Attempt::none;
  {
    std::unique_lock lock(mutex_);
    const auto end =
        Clock::now() + std::chrono::seconds(options_.connect_timeout_s) + connect_grace_ms;
    await(
        lock, [this] { return attempt_ != Attempt::pending || stopping_; }, [=] { return end; });
    result = std::exchange(attempt_, Attempt::none);
    if (result == Attempt::succeeded || stopping_) return result;
    reason = attempt_reason_;
  }
  if (result == Attempt::pending) {
    make_client();
    reason = "no answer";
  }
  connect_failed(reason);
  return result;
}

void MqttSession::connect_failed(const std::string& reason) {
  const std::string words = "cannot connect to " + options_.uri + ": " + reason;
  if (words == last_failure_) return;
  last_failure_ = words;
  inbox_.note({Event::Kind::disconnected, {}, words});
}

// The `connected` event stands in the inbox before anything that the subscriptions bring, and is
// held back until they are sent.
void MqttSession::send_all_subscriptions() {
  inbox_.hold(true);
  inbox_.note({Event::Kind::connected, {}, {}});
  std::deque<Subscription> standing;
  {
    const std::lock_guard lock(mutex_);
    standing.assign(subscriptions_.begin(), subscriptions_.end());
    changes_.clear();
    online_ = true;
  }
  send_subscriptions(std::move(standing));
  inbox_.hold(false);
}

bool MqttSession::has_work() const {
  if (broke_ || !changes_.empty()) return true;
  if (stopping_ &&
      ((outbox_.empty() && in_flight_bytes_.empty()) || Clock::now() >= flush_until_)) {
    return true;
  }
  return !outbox_.empty() && in_flight_bytes_.size() < window_;
}

void MqttSession::serve() {
  while (true) {
    std::deque<Subscription> changes;
    std::vector<Message> messages;
    std::uint64_t generation = 0;
    {
      std::unique_lock lock(mutex_);
      await(
          lock, [this] { return has_work(); },
          [this] { return stopping_ ? flush_until_ : Clock::time_point::max(); });
      const bool empty = outbox_.empty() && in_flight_bytes_.empty();
      if (broke_ || (stopping_ && (empty || Clock::now() >= flush_until_))) return;
      changes.swap(changes_);
      messages = next_messages();
      generation = generation_;
    }
    send_subscriptions(std::move(changes));
    if (!send_messages(std::move(messages), generation)) return;
  }
}

std::vector<Message> MqttSession::next_messages() {
  std::vector<Message> messages;
  while (!outbox_.empty() && in_flight_bytes_.size() < window_) {
    in_flight_bytes_.push_back(packet_bytes(outbox_.front()));
    messages.push_back(std::move(outbox_.front()));
    outbox_.pop_front();
  }
  return messages;
}

void MqttSession::send_subscriptions(std::deque<Subscription> changes) {
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    generation = generation_;
    subscribing_ += changes.size();
  }
  try {
    for (const Subscription& change : changes) {
      if (change.wanted) {
        client_->subscribe(change.filter, static_cast<int>(change.qos), context_of(generation),
                           subscribe_listener_, paho::subscribe_options(change.no_local));
      } else {
        client_->unsubscribe(change.filter, context_of(generation), subscribe_listener_);
      }
    }
  } catch (const paho::exception& error) {
    connection_broke(std::string("cannot subscribe: ") + error.what());
  }
}

bool MqttSession::send_messages(std::vector<Message> messages, std::uint64_t generation) {
  try {
    for (Message& message : messages) {
      client_->publish(to_paho(std::move(message)), context_of(generation), publish_listener_);
    }
    return true;
  } catch (const paho::exception& error) {  // nearly always: the connection just broke
    std::unique_lock lock(mutex_);
    if (work_.wait_for(lock, goodbye_ms, [this] { return broke_; })) return false;
    broke_ = true;
    broke_reason_ = std::string("cannot publish: ") + error.what();
    return false;
  }
}

// The connection ended, or ends now: everything that belongs to it goes.
void MqttSession::went_down() {
  std::string reason;
  {
    const std::lock_guard lock(mutex_);
    online_ = false;
    ++generation_;
    outbox_.clear();
    in_flight_bytes_.clear();
    outbox_bytes_ = 0;
    outbox_refused_ = false;
    subscribing_ = 0;
    changes_.clear();
    reason = broke_reason_;
  }
  say_goodbye();
  inbox_.note({Event::Kind::disconnected, {}, reason});
}

void MqttSession::say_goodbye() {
  try {
    if (!client_->is_connected()) return;
    const auto token = client_->disconnect(paho::disconnect_options(0));
    const auto end = Clock::now() + goodbye_ms;
    for (auto pause = kick_first_ms; Clock::now() < end;
         pause = std::min(pause * 2, kick_last_ms)) {
      if (token->wait_for(pause)) return;
      kick();
    }
  } catch (const paho::exception&) {
    return;  // it is gone already, which is what we wanted
  }
  make_client();
}

}  // namespace

std::unique_ptr<Session> make_session(Options options) {
  return std::make_unique<MqttSession>(std::move(options));
}

}  // namespace tributary::transports::mqtt
