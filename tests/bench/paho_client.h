// SPDX-License-Identifier: Apache-2.0
// Paho's C client as the programs have it that show what is there to reach with it: it hears all
// that devices send, at QoS 0 as a gateway does, and answers at QoS 0.
//
//   PahoClient client(port, &mine, arrived);
//   if (!client.connect()) return 1;              // says "ready" on stdout once it hears
//   client.answer("dev-1", 3);                    // for three messages
//
// Messages arrive in Paho's own thread.
#pragma once
#include <MQTTAsync.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace tributary::bench {

inline constexpr std::string_view bench_root = "tributary/v1/bench/";

class PahoClient {
 public:
  PahoClient(const std::string& port, void* context, MQTTAsync_messageArrived* arrived) {
    MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);  // as a gateway has it
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer;
    create.maxBufferedMessages = 1'000'000;
    const std::string uri = "tcp://127.0.0.1:" + port;
    MQTTAsync_createWithOptions(&client_, uri.c_str(), "answer", MQTTCLIENT_PERSISTENCE_NONE,
                                nullptr, &create);
    MQTTAsync_setCallbacks(client_, context, nullptr, arrived, nullptr);
  }
  ~PahoClient() {
    MQTTAsync_disconnectOptions disconnect = MQTTAsync_disconnectOptions_initializer;
    MQTTAsync_disconnect(client_, &disconnect);
  }
  PahoClient(const PahoClient&) = delete;
  PahoClient& operator=(const PahoClient&) = delete;

  bool connect() {
    MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer;
    connect.context = client_;
    connect.onSuccess = subscribe;
    connect.maxInflight = 65'535;
    return MQTTAsync_connect(client_, &connect) == MQTTASYNC_SUCCESS;
  }
  // An answer begins with how many messages it is for.
  void answer(std::string_view device, std::uint64_t messages) {
    constexpr std::size_t answer_bytes = 90;
    const std::string to = std::string(bench_root) + "ack/" + std::string(device);
    std::string payload = std::to_string(messages) + ' ';
    payload.resize(answer_bytes, 'a');
    MQTTAsync_send(client_, to.c_str(), static_cast<int>(payload.size()), payload.data(), 0, 0,
                   nullptr);
  }

 private:
  static void subscribe(void* client, MQTTAsync_successData*) {
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    options.onSuccess = [](void*, MQTTAsync_successData*) {
      std::puts("ready");
      std::fflush(stdout);
    };
    MQTTAsync_subscribe(client, "tributary/v1/bench/up/+", 0, &options);
  }
  MQTTAsync client_ = nullptr;
};

// The device whose topic it is, of up/<device>.
inline std::string_view device_of(std::string_view topic) {
  return topic.substr(bench_root.size() + 3);
}

// For the thread that waits for it; others inherit that they do not.
inline sigset_t block_sigterm() {
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);
  return end;
}

}  // namespace tributary::bench
