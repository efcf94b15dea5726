// SPDX-License-Identifier: Apache-2.0
#include "transports/mqtt/session.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "transports/backoff.h"
#include "transports/batch_class.h"
#include "transports/mqtt/credentials.h"
#include "transports/mqtt/inbox.h"
#include "transports/mqtt/kicker.h"
#include "transports/mqtt/outbox.h"
#include "transports/mqtt/paho_client.h"
#include "transports/mqtt/patience.h"
#include "transports/mqtt/subscriptions.h"

namespace tributary::transports::mqtt {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using Lock = std::unique_lock<std::mutex>;

// How long the goodbye may take, and a connect whose time-out Paho forgot.
constexpr milliseconds goodbye_ms{1'000};
constexpr milliseconds connect_grace_ms{10'000};
constexpr milliseconds kick_first_ms{1};
constexpr milliseconds kick_last_ms{256};
constexpr std::chrono::hours idle_look_up{1};

// Paho is called by the keeper thread, and for more of QoS 0 by Paho's own, in the callback that
// says that some went: a call may wait until a callback of any session in the process returns, and
// that callback may wait for room in an inbox. Whoever makes the room (the caller's thread, in
// poll()) must therefore never wait for Paho. For the same reason the mutex is never held while
// Paho is called: callbacks take it.
class MqttSession final : public Session, private PahoAnswers {
 public:
  explicit MqttSession(Options options);
  ~MqttSession() override { stop(0); }
  MqttSession(const MqttSession&) = delete;
  MqttSession& operator=(const MqttSession&) = delete;

  bool publish(Message message) override { return offer(message); }
  bool offer(Message& message) override;
  void subscribe(const std::string& filter, Qos qos, bool no_local) override;
  void unsubscribe(const std::string& filter) override;
  std::vector<Event> poll(std::size_t max) override { return inbox_.take(max); }
  bool inbound_full() const override { return inbox_.full(); }
  bool connected() const override;
  std::size_t outbox_size() const override;
  Progress progress() const override;
  void on_ready(std::function<void()> wake) override { inbox_.on_ready(std::move(wake)); }
  void start() override;
  void stop(std::uint32_t flush_ms) override;

 private:
  enum class Attempt : std::uint8_t { none, pending, succeeded, failed };

  // On Paho's threads. The context is the generation of the connection that was asked.
  void connect_answered(std::uint64_t context, const ConnectAnswer& answer) override;
  void publish_answered(std::uint64_t context, Qos qos) override;
  void written(std::uint64_t context, std::vector<Message>& next) override;
  void cannot_publish(std::uint64_t context, const std::string& reason) override;
  void subscribe_answered(std::uint64_t context) override;
  void disconnect_answered(std::uint64_t context) override;
  void refused(const std::string& topic, const std::string& reason) override;
  void arrived(Message message) override;
  void broke(const std::string& reason) override;

  std::string complaint(const Message& message) const;  // REQUIRES mutex_
  bool count_answer(Qos qos);  // REQUIRES mutex_; true: the caller may offer again
  void count_as_sender();      // REQUIRES mutex_; after every change of what it looks at

  // The keeper thread.
  void keep();
  void make_client();
  bool connect();
  Attempt await_connect();
  void connect_failed(const std::string& reason);
  std::string in_words(const std::string& paho_says);
  void heed_files();
  void send_all_subscriptions();
  void serve();
  template <typename Done, typename Limit>
  void await(Lock& lock, Done done, Limit limit);
  bool must_end() const;                          // REQUIRES mutex_
  void heed_silence(Clock::duration since_last);  // REQUIRES mutex_
  void send_subscriptions(const std::deque<Subscription>& changes);
  void send_messages(std::vector<Message>& messages);
  void give_up(Lock& lock, const std::string& cannot_publish);  // REQUIRES mutex_
  void went_down();
  void say_goodbye();

  const Options options_;
  Inbox inbox_;

  // The keeper's own.
  Backoff backoff_;
  std::mt19937_64 random_;
  Patience patience_;
  Credentials credentials_;
  Clock::time_point next_look_ = Clock::time_point::max();  // at the TLS files
  std::unique_ptr<PahoClient> client_;
  std::string last_failure_;

  mutable std::mutex mutex_;
  std::condition_variable work_;  // for the keeper
  Subscriptions subscriptions_;
  std::deque<Subscription> changes_;  // made since they were last sent
  Outbox outbox_;
  std::size_t subscribing_ = 0;  // asked of Paho and not answered
  std::uint64_t answers_ = 0;    // of all kinds, ever
  std::uint64_t written_ = 0;    // of these, QoS 0: Paho's word, not the broker's
  std::size_t window_ = 0;       // in_flight_max, or less when the broker says so
  std::size_t packet_bytes_max_ = 0;
  std::uint64_t generation_ = 0;  // of the connection: answers to older ones are ignored
  Attempt attempt_ = Attempt::none;
  std::string attempt_reason_;
  bool online_ = false;
  bool broke_ = false;  // the connection is lost or to be given up
  std::string broke_reason_;
  bool sending_ = false;        // the keeper is, so nobody else does: they would overtake
  std::string cannot_publish_;  // why a callback could not
  bool leaving_ = false;        // a disconnect was asked for and not answered
  bool counted_ = false;        // as one that has something to send
  bool stopping_ = false;
  Clock::time_point flush_until_;

  std::mutex stop_mutex_;  // one stop() at a time
  std::thread keeper_;
};

// --- the caller's side: never waits for Paho ---

MqttSession::MqttSession(Options options)
    : options_(checked(std::move(options))),
      inbox_({options_.inbound_max, options_.inbound_bytes_max,
              milliseconds(options_.keepalive_s * 1000 / 2)}),
      backoff_(options_.reconnect_min_ms, options_.reconnect_max_ms),
      random_(options_.seed),
      patience_(std::chrono::seconds(options_.keepalive_s)),
      credentials_(options_),
      outbox_({options_.outbox_max, options_.qos0_outbox_max, options_.outbox_bytes_max}) {
  const Inbox::Hurry hurry;  // the one exception: making a client takes Paho's lock
  make_client();
}

bool MqttSession::connected() const {
  const std::lock_guard lock(mutex_);
  return online_;
}

std::size_t MqttSession::outbox_size() const {
  const std::lock_guard lock(mutex_);
  return outbox_.size();
}

Session::Progress MqttSession::progress() const {
  const std::lock_guard lock(mutex_);
  return {online_ ? generation_ : 0, outbox_.size()};
}

// Why this message can never be sent; empty when it can.
std::string MqttSession::complaint(const Message& message) const {
  if (!topic_valid(message.topic)) return "not a valid topic";
  if (!message.response_topic.empty() && !topic_valid(message.response_topic)) {
    return "not a valid response topic";
  }
  if (packet_bytes(message) <= packet_bytes_max_) return {};
  return "larger than the largest packet, " + std::to_string(packet_bytes_max_) + " bytes";
}

void MqttSession::count_as_sender() {
  const bool sends = outbox_.size() > 0 || subscribing_ > 0 || !changes_.empty();
  if (sends == counted_) return;
  counted_ = sends;
  if (sends) {
    Inbox::add_sender();
  } else {
    Inbox::remove_sender();
  }
}

bool MqttSession::offer(Message& message) {
  std::unique_lock lock(mutex_);
  if (!online_ || stopping_) return false;
  if (const std::string wrong = complaint(message); !wrong.empty()) {
    lock.unlock();
    refused(message.topic, wrong);
    return true;
  }
  const Qos qos = message.qos;
  if (!outbox_.push(message)) return false;
  count_as_sender();
  if (outbox_.queued(qos) == 1 && outbox_.may_send(window_)) work_.notify_one();
  return true;
}

void MqttSession::subscribe(const std::string& filter, Qos qos, bool no_local) {
  if (!filter_valid(filter)) return refused(filter, "not a valid topic filter");
  const std::lock_guard lock(mutex_);
  const Subscription& made = subscriptions_.add({filter, qos, no_local, true});
  if (!online_) return;
  changes_.push_back(made);
  count_as_sender();
  work_.notify_one();
}

void MqttSession::unsubscribe(const std::string& filter) {
  const std::lock_guard lock(mutex_);
  if (!subscriptions_.remove(filter) || !online_) return;
  changes_.push_back({filter, Qos::at_most_once, false, false});
  count_as_sender();
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

// --- Paho's answers ---

void MqttSession::broke(const std::string& reason) {
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

void MqttSession::arrived(Message message) {
  if (!topic_valid(message.topic)) {  // not named: it may be no text
    return refused({}, "the broker sent a message with a topic that MQTT does not allow");
  }
  const std::size_t bytes = packet_bytes(message);
  Event event{Event::Kind::message, std::move(message), {}};
  if (inbox_.put(std::move(event), bytes) != Inbox::Put::gave_up) return;
  inbox_.close();  // what still arrives on this connection is not taken: no gap goes unnoticed
  broke("the application took no messages for half a keepalive");
}

void MqttSession::connect_answered(std::uint64_t context, const ConnectAnswer& answer) {
  if (answer.ok && options_.on_limits) options_.on_limits(answer.said);
  const std::lock_guard lock(mutex_);
  if (attempt_ != Attempt::pending || context != generation_) return;
  attempt_ = answer.ok ? Attempt::succeeded : Attempt::failed;
  attempt_reason_ = answer.reason;
  window_ = answer.receive_maximum;
  packet_bytes_max_ = answer.packet_bytes_max;
  ++answers_;
  work_.notify_one();
}

bool MqttSession::count_answer(Qos qos) {
  ++answers_;
  if (qos == Qos::at_most_once) ++written_;
  const bool room = outbox_.answered(qos);
  count_as_sender();
  return room;
}

void MqttSession::publish_answered(std::uint64_t context, Qos qos) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (context != generation_ || outbox_.in_flight(qos) == 0) return;
    wake = count_answer(qos);
    // One wake-up for several. Of QoS 0, which failed, the keeper sends once none is in flight.
    const std::size_t open_at = qos == Qos::at_most_once ? 0 : window_ / 2;
    const bool open = outbox_.in_flight(qos) <= open_at;
    if (outbox_.size() == 0 ? stopping_ : (open && outbox_.queued(qos) > 0)) {
      work_.notify_one();
    }
  }
  if (wake) inbox_.wake();
}

void MqttSession::written(std::uint64_t context, std::vector<Message>& next) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (context != generation_ || outbox_.in_flight(Qos::at_most_once) == 0) return;
    wake = count_answer(Qos::at_most_once);
    if (!sending_) outbox_.refill(next);
    if (outbox_.size() == 0 && stopping_) work_.notify_one();
  }
  if (wake) inbox_.wake();
}

void MqttSession::cannot_publish(std::uint64_t context, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (context != generation_) return;
  cannot_publish_ = reason;
  work_.notify_one();
}

void MqttSession::subscribe_answered(std::uint64_t context) {
  const std::lock_guard lock(mutex_);
  if (context != generation_ || subscribing_ == 0) return;
  --subscribing_;
  count_as_sender();
  ++answers_;
}

void MqttSession::disconnect_answered(std::uint64_t context) {
  const std::lock_guard lock(mutex_);
  if (context != generation_) return;
  leaving_ = false;
  ++answers_;
  work_.notify_one();
}

// --- the keeper: owns the connection ---

void MqttSession::make_client() {
  PahoAnswers& answers = *this;
  client_ = std::make_unique<PahoClient>(options_, answers);
}

void MqttSession::keep() {
  while (true) {
    if (connect()) {
      const auto since = Clock::now();
      serve();
      went_down();
      const auto lasted = std::chrono::duration_cast<milliseconds>(Clock::now() - since);
      backoff_.connection_lasted(static_cast<std::uint64_t>(lasted.count()));
    }
    Lock lock(mutex_);
    const auto pause = milliseconds(backoff_.next_ms(random_()));
    if (work_.wait_for(lock, pause, [this] { return stopping_; })) break;
  }
}

// Waits until `done` or `limit()`, and kicks Paho with growing pauses while it owes us answers.
template <typename Done, typename Limit>
void MqttSession::await(Lock& lock, Done done, Limit limit) {
  milliseconds pause = kick_first_ms;
  while (!done()) {
    const auto now = Clock::now();
    if (now >= limit()) return;
    const bool owed =
        attempt_ == Attempt::pending || leaving_ || subscribing_ > 0 || outbox_.in_flight() > 0;
    const std::uint64_t answers = answers_;
    const auto until = std::min(limit(), owed ? now + pause : now + idle_look_up);
    const bool silent = work_.wait_until(lock, until) == std::cv_status::timeout;
    heed_silence(Clock::now() - now);
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

// Gives up a connection on which what we sent is not answered. What the broker owes counts first:
// a dead one does not keep us from writing.
void MqttSession::heed_silence(Clock::duration since_last) {
  const bool by_broker = subscribing_ > 0 || outbox_.in_flight(Qos::at_least_once) > 0;
  const bool owed = online_ && (by_broker || outbox_.in_flight() > 0);
  const std::uint64_t answers = by_broker ? answers_ - written_ : answers_;
  const Patience::Look look{owed, answers, outbox_.bytes_in_flight()};
  if (!patience_.lost(look, std::chrono::duration_cast<milliseconds>(since_last)) || broke_) return;
  broke_ = true;
  broke_reason_ = "the broker answers nothing";
}

bool MqttSession::connect() {
  if (const std::string wrong = credentials_.unfit(); !wrong.empty()) {
    connect_failed(wrong);
    return false;
  }
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    generation = ++generation_;
    attempt_ = Attempt::pending;
    broke_ = false;
    cannot_publish_.clear();
    patience_.reset();
  }
  inbox_.open();
  if (const auto failure = client_->connect(generation)) {
    make_client();  // it is in a state that we do not understand
    connect_failed(*failure);
    return false;
  }
  if (await_connect() != Attempt::succeeded) return false;
  last_failure_.clear();
  send_all_subscriptions();
  return true;
}

MqttSession::Attempt MqttSession::await_connect() {
  std::string reason;
  Attempt result = Attempt::none;
  {
    Lock lock(mutex_);
    const auto patience = std::chrono::seconds(options_.connect_timeout_s) + connect_grace_ms;
    const auto end = Clock::now() + patience;
    const auto answered = [this] { return attempt_ != Attempt::pending || stopping_; };
    await(lock, answered, [end] { return end; });
    result = std::exchange(attempt_, Attempt::none);
    if (result == Attempt::succeeded || stopping_) return result;
    reason = attempt_reason_;
  }
  if (result == Attempt::pending) {
    make_client();
    reason = "no answer";
  }
  connect_failed(in_words(reason));
  return result;
}

std::string MqttSession::in_words(const std::string& paho_says) {
  return credentials_.why_failed(paho_says, [this] {
    const std::lock_guard lock(mutex_);
    return stopping_;
  });
}

// New files while connected: the connection is made again with them.
void MqttSession::heed_files() {
  const auto now = Clock::now();
  if (now < next_look_) return;
  next_look_ = now + milliseconds(options_.tls_look_ms);
  if (credentials_.replaced()) broke("its TLS files were replaced: connecting with the new ones");
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
    standing.assign(subscriptions_.all().begin(), subscriptions_.all().end());
    changes_.clear();
    online_ = true;
  }
  send_subscriptions(standing);
  inbox_.hold(false);
}

bool MqttSession::must_end() const {
  return broke_ || (stopping_ && (outbox_.size() == 0 || Clock::now() >= flush_until_));
}

void MqttSession::serve() {
  std::optional<BatchClass> batch;  // not while it connects, which starts Paho's threads
  if (options_.batch_class) batch.emplace();
  if (credentials_.used()) next_look_ = Clock::now() + milliseconds(options_.tls_look_ms);
  std::vector<Message> messages;
  while (true) {
    heed_files();
    std::deque<Subscription> changes;
    {
      Lock lock(mutex_);
      const auto has_work = [this] {
        return must_end() || outbox_.may_send(window_) || !changes_.empty() ||
               !cannot_publish_.empty();
      };
      await(lock, has_work, [this] { return stopping_ ? flush_until_ : next_look_; });
      if (!cannot_publish_.empty()) give_up(lock, cannot_publish_);
      if (must_end()) return;
      changes.swap(changes_);
      outbox_.next(window_, messages);
      sending_ = !messages.empty();
    }
    send_subscriptions(changes);
    send_messages(messages);
  }
}

void MqttSession::send_subscriptions(const std::deque<Subscription>& changes) {
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    generation = generation_;
    subscribing_ += changes.size();
    count_as_sender();
  }
  for (const Subscription& change : changes) {
    const auto failure =
        change.wanted ? client_->subscribe(change.filter, change.qos, change.no_local, generation)
                      : client_->unsubscribe(change.filter, generation);
    if (failure) return broke("cannot subscribe: " + *failure);
  }
}

void MqttSession::send_messages(std::vector<Message>& messages) {
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    generation = generation_;
  }
  PahoClient::Failure failure;
  for (Message& message : messages) {
    failure = client_->publish(std::move(message), generation);
    if (failure) break;
  }
  Lock lock(mutex_);
  sending_ = false;
  if (failure) give_up(lock, *failure);
}

// Nearly always the connection just broke: Paho will say why in a moment.
void MqttSession::give_up(Lock& lock, const std::string& cannot_publish) {
  if (work_.wait_for(lock, goodbye_ms, [this] { return broke_; })) return;
  broke_ = true;
  broke_reason_ = "cannot publish: " + cannot_publish;
}

// The connection ended, or ends now: everything that belongs to it goes.
void MqttSession::went_down() {
  std::string reason;
  {
    const std::lock_guard lock(mutex_);
    online_ = false;
    ++generation_;
    outbox_.clear();
    subscribing_ = 0;
    changes_.clear();
    count_as_sender();
    reason = broke_reason_;
  }
  say_goodbye();
  inbox_.note({Event::Kind::disconnected, {}, reason});
}

void MqttSession::say_goodbye() {
  if (!client_->connected()) return;
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    leaving_ = true;
    generation = generation_;
  }
  const bool asked = !client_->disconnect(generation);
  Lock lock(mutex_);
  const auto end = Clock::now() + goodbye_ms;
  if (asked)
    await(
        lock, [this] { return !leaving_; }, [end] { return end; });
  const bool stuck = std::exchange(leaving_, false) && asked;
  lock.unlock();
  if (stuck) make_client();
}

}  // namespace

std::unique_ptr<Session> make_session(Options options) {
  return std::make_unique<MqttSession>(std::move(options));
}

}  // namespace tributary::transports::mqtt
