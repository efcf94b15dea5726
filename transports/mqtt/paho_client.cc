// SPDX-License-Identifier: Apache-2.0
#include "transports/mqtt/paho_client.h"

#include <MQTTAsync.h>
#include <mqtt/async_client.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include "transports/batch_class.h"
#include "transports/mqtt/outbox.h"
#include "transports/mqtt/question.h"
#include "transports/mqtt/reason.h"
#include "transports/tls/policy.h"
#include "transports/tls/resumption.h"

namespace tributary::transports::mqtt {
namespace {

namespace paho = ::mqtt;

// Paho formats and keeps a trace of every function that it enters, for nobody unless it is told
// where to write it: a fifth of what a message costs us. Its own variable says who wants it. Once,
// before it has threads.
void trace_only_when_asked() {
  static const bool wanted = [] {
    const char* const to = std::getenv("MQTT_C_CLIENT_TRACE");
    const bool asked = to != nullptr && *to != '\0';
    if (!asked) MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
    return asked;
  }();
  static_cast<void>(wanted);
}

// Fixed header, topic length, packet id and the lengths of the properties.
constexpr std::size_t packet_overhead_bytes = 64;
constexpr int reason_error_min = 128;
constexpr int reason_none = 255;  // Paho C++'s "not MQTT 5"

bool is_error(int reason) {
  return reason >= reason_error_min && reason < reason_none;
}

void* to_pointer(std::uint64_t context) {
  // A number that Paho hands back as it is: nobody follows it.
  return reinterpret_cast<void*>(context);  // NOLINT(performance-no-int-to-ptr)
}

std::uint64_t context_of(const paho::token& token) {
  return reinterpret_cast<std::uintptr_t>(token.get_user_context());
}

paho::const_message_ptr to_paho(Message message, bool version_311) {
  paho::properties properties;
  if (version_311) {
    return paho::message::create(message.topic, with_question(message),
                                 static_cast<int>(message.qos), message.retain);
  }
  if (!message.response_topic.empty()) {
    properties.add({paho::property::RESPONSE_TOPIC, message.response_topic});
  }
  if (!message.correlation.empty()) {
    properties.add({paho::property::CORRELATION_DATA, message.correlation});
  }
  return paho::message::create(std::move(message.topic), std::move(message.payload),
                               static_cast<int>(message.qos), message.retain, properties);
}

Message from_paho(const paho::message& arrived, bool version_311) {
  Message message;
  message.topic = arrived.get_topic();
  if (const auto& payload = arrived.get_payload_ref()) message.payload = payload.str();
  message.qos = arrived.get_qos() == 0 ? Qos::at_most_once : Qos::at_least_once;
  message.retain = arrived.is_retained();
  if (version_311) {
    take_question(message);
    return message;
  }
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

// A reason code of the broker, or Paho's own return code.
std::string failure_words(const paho::token& token) {
  if (is_error(token.get_reason_code())) return reason_words(token.get_reason_code());
  const int code = token.get_return_code();
  if (code >= reason_error_min)
    return reason_words(code);  // a CONNACK's: Paho passes it on as this
  return "refused, or no answer (Paho code " + std::to_string(code) + ")";
}

// Paho refuses what it has more of than this; ours are the windows that count.
paho::create_options create_options(const Options& options) {
  paho::create_options create(options.version_311 ? MQTTVERSION_3_1_1 : MQTTVERSION_5);
  create.set_max_buffered_messages(
      static_cast<int>(2 * (options.in_flight_max + Outbox::qos0_window)));
  return create;
}

BrokerLimits limits_of(const paho::properties& properties) {
  BrokerLimits said;
  auto number = [&](paho::property::code code) -> std::optional<std::uint32_t> {
    if (!properties.contains(code)) return std::nullopt;
    return paho::get<std::uint32_t>(properties, code);
  };
  said.receive_maximum = number(paho::property::RECEIVE_MAXIMUM).value_or(said.receive_maximum);
  said.packet_bytes_max = number(paho::property::MAXIMUM_PACKET_SIZE);
  said.keepalive_s = number(paho::property::SERVER_KEEP_ALIVE);
  said.session_expiry_s = number(paho::property::SESSION_EXPIRY_INTERVAL);
  if (properties.contains(paho::property::MAXIMUM_QOS)) {
    said.qos_max = paho::get<std::uint8_t>(properties, paho::property::MAXIMUM_QOS);
  }
  auto flag = [&](paho::property::code code) {
    return !properties.contains(code) || paho::get<std::uint8_t>(properties, code) != 0;
  };
  said.retain = flag(paho::property::RETAIN_AVAILABLE);
  said.wildcards = flag(paho::property::WILDCARD_SUBSCRIPTION_AVAILABLE);
  return said;
}

// The files are read at each connect. Which version of TLS: see transports/tls/policy.h.
paho::ssl_options tls_options(const tls::Files& files) {
  paho::ssl_options ssl;
  ssl.set_trust_store(files.ca);
  ssl.set_key_store(files.certificate);
  ssl.set_private_key(files.key);
  ssl.set_enable_server_cert_auth(true);
  ssl.set_verify(true);  // that it is for the host of the URI
  return ssl;
}

paho::connect_options connect_options(const Options& options) {
  paho::connect_options connect;
  if (options.version_311) {
    connect.set_mqtt_version(MQTTVERSION_3_1_1);
    connect.set_clean_session(true);
  } else {
    connect.set_mqtt_version(MQTTVERSION_5);
    connect.set_clean_start(true);
  }
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
  if (!options.tls.none()) connect.set_ssl(tls_options(options.tls));
  if (options.version_311) return connect;
  paho::properties properties;
  const std::size_t largest = std::min<std::size_t>(
      options.max_packet_bytes + packet_overhead_bytes, std::numeric_limits<std::int32_t>::max());
  properties.add({paho::property::MAXIMUM_PACKET_SIZE, static_cast<std::int32_t>(largest)});
  connect.set_properties(properties);
  return connect;
}

}  // namespace

class PahoClient::Impl {
 public:
  Impl(const Options& options, PahoAnswers& answers)
      : answers_(answers),
        options_(options),
        client_(options.uri, options.client_id, create_options(options)) {
    client_.set_message_callback([this](const paho::const_message_ptr& arrived) {
      if (options_.batch_class) batch_class_from_here_on();
      guarded([&] { answers_.arrived(from_paho(*arrived, options_.version_311)); });
    });
    client_.set_connection_lost_handler([this](const std::string& cause) {
      guarded([&] { answers_.broke(cause.empty() ? "connection lost" : cause); });
    });
    client_.set_disconnected_handler([this](const paho::properties&, paho::ReasonCode reason) {
      guarded([&] { answers_.broke("the broker hung up: " + reason_words(reason)); });
    });
  }

  // Makes a call of Paho's; what it throws becomes what we return.
  template <typename Call>
  Failure attempt(Call&& call) {
    try {
      call(client_);
      return std::nullopt;
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  Failure publish(Message message, std::uint64_t context) {
    return attempt([&](paho::async_client& client) {
      auto& listener = message.qos == Qos::at_most_once ? qos0_listener : qos1_listener;
      client.publish(to_paho(std::move(message), version_311()), to_pointer(context), listener);
    });
  }

  paho::connect_options connect_options_() const { return connect_options(options_); }
  const paho::async_client& client() const { return client_; }
  bool version_311() const { return options_.version_311; }

  struct Listener : paho::iaction_listener {
    explicit Listener(Impl& impl) : owner(impl) {}
    Impl& owner;
  };
  struct ConnectListener final : Listener {
    using Listener::Listener;
    void on_success(const paho::token& token) override {
      owner.guarded([&] { owner.connected(token); });
    }
    void on_failure(const paho::token& token) override {
      owner.guarded([&] {
        owner.answers_.connect_answered(context_of(token), {false, failure_words(token), 0, 0, {}});
      });
    }
  };
  struct PublishListener final : Listener {
    PublishListener(Impl& impl, Qos quality) : Listener(impl), qos(quality) {}
    Qos qos;
    void on_success(const paho::token& token) override {
      owner.guarded([&] { owner.published(context_of(token), qos); });
    }
    void on_failure(const paho::token& token) override {
      owner.guarded([&] { owner.publish_failed(token, qos); });
    }
  };
  struct SubscribeListener final : Listener {
    using Listener::Listener;
    void on_success(const paho::token& token) override {
      owner.guarded([&] { owner.answers_.subscribe_answered(context_of(token)); });
    }
    void on_failure(const paho::token& token) override {
      owner.guarded([&] { owner.subscribe_failed(token); });
    }
  };
  struct DisconnectListener final : Listener {
    using Listener::Listener;
    void on_success(const paho::token& token) override {
      owner.guarded([&] { owner.answers_.disconnect_answered(context_of(token)); });
    }
    void on_failure(const paho::token& token) override { on_success(token); }
  };

  ConnectListener connect_listener{*this};
  PublishListener qos0_listener{*this, Qos::at_most_once};
  PublishListener qos1_listener{*this, Qos::at_least_once};
  SubscribeListener subscribe_listener{*this};
  DisconnectListener disconnect_listener{*this};

 private:
  // Callbacks are called from C: an exception that left one would end the process.
  template <typename Action>
  void guarded(Action&& action) noexcept {
    try {
      action();
    } catch (const std::exception& error) {
      answers_.broke(std::string("internal error: ") + error.what());
    } catch (...) {
      answers_.broke("internal error");
    }
  }

  void connected(const paho::token& token) {
    ConnectAnswer answer{true, {}, options_.in_flight_max, options_.max_packet_bytes, {}};
    if (options_.version_311) return answers_.connect_answered(context_of(token), answer);
    const auto properties = token.get_connect_response().get_properties();
    auto bound = [&](paho::property::code code, std::size_t& limit) {
      if (!properties.contains(code)) return;
      const auto value = paho::get<std::uint32_t>(properties, code);
      limit = std::min<std::size_t>(limit, std::max(value, 1U));
    };
    bound(paho::property::RECEIVE_MAXIMUM, answer.receive_maximum);
    bound(paho::property::MAXIMUM_PACKET_SIZE, answer.packet_bytes_max);
    answer.said = limits_of(properties);
    answers_.connect_answered(context_of(token), answer);
  }

  void publish_failed(const paho::token& token, Qos qos) {
    const int reason = token.get_reason_code();
    if (is_error(reason)) {
      const auto message = static_cast<const paho::delivery_token&>(token).get_message();
      answers_.refused(message ? message->get_topic() : std::string(), reason_words(reason));
    }
    answers_.publish_answered(context_of(token), qos);
  }

  void published(std::uint64_t context, Qos qos) {
    if (qos != Qos::at_most_once) return answers_.publish_answered(context, qos);
    next_.clear();
    answers_.written(context, next_);
    for (Message& message : next_) {
      if (const Failure failure = publish(std::move(message), context))
        return answers_.cannot_publish(context, *failure);
    }
  }

  void subscribe_failed(const paho::token& token) {
    const int reason = token.get_reason_code();
    if (is_error(reason)) {
      const auto filters = token.get_topics();
      const bool known = filters && !filters->empty();
      answers_.refused(known ? (*filters)[0] : std::string(), reason_words(reason));
    }
    answers_.subscribe_answered(context_of(token));
  }

  PahoAnswers& answers_;
  const Options options_;
  std::vector<Message> next_;  // in one callback: Paho has one lock for all
  paho::async_client client_;  // last: its destructor waits for callbacks, which use the others
};

PahoClient::PahoClient(const Options& options, PahoAnswers& answers) {
  trace_only_when_asked();
  if (!options.tls.none()) {
    const std::string why = tls::require_tls13();
    if (!why.empty()) throw std::invalid_argument("MQTT session: " + why);
    tls::resume_sessions();
  }
  try {
    impl_ = std::make_unique<Impl>(options, answers);
  } catch (const paho::exception& error) {
    throw std::invalid_argument("MQTT session: Paho refuses uri or client_id: " +
                                std::string(error.what()));
  }
}

PahoClient::~PahoClient() = default;

PahoClient::Failure PahoClient::connect(std::uint64_t context) {
  return impl_->attempt([&](paho::async_client& client) {
    client.connect(impl_->connect_options_(), to_pointer(context), impl_->connect_listener);
  });
}

PahoClient::Failure PahoClient::publish(Message message, std::uint64_t context) {
  return impl_->publish(std::move(message), context);
}

PahoClient::Failure PahoClient::subscribe(const std::string& filter, Qos qos, bool no_local,
                                          std::uint64_t context) {
  return impl_->attempt([&](paho::async_client& client) {
    client.subscribe(filter, static_cast<int>(qos), to_pointer(context), impl_->subscribe_listener,
                     paho::subscribe_options(no_local));
  });
}

PahoClient::Failure PahoClient::unsubscribe(const std::string& filter, std::uint64_t context) {
  return impl_->attempt([&](paho::async_client& client) {
    client.unsubscribe(filter, to_pointer(context), impl_->subscribe_listener);
  });
}

PahoClient::Failure PahoClient::disconnect(std::uint64_t context) {
  return impl_->attempt([&](paho::async_client& client) {
    client.disconnect(0, to_pointer(context), impl_->disconnect_listener);
  });
}

bool PahoClient::connected() const {
  return impl_->client().is_connected();
}

}  // namespace tributary::transports::mqtt
