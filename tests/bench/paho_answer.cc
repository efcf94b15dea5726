// SPDX-License-Identifier: Apache-2.0
// The limit of the library underneath: Paho's C client alone, without its C++ layer and without our
// session, which answers each message at QoS 0 from the callback that brings it.
//
//   paho_answer PORT
//
// Says "ready" on stdout, and ends with SIGTERM.
#include <MQTTAsync.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view prefix = "tributary/v1/bench/";
constexpr std::size_t answer_bytes = 90;

void say_ready(void*, MQTTAsync_successData*) {
  std::puts("ready");
  std::fflush(stdout);
}

void subscribe(void* client, MQTTAsync_successData*) {
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  options.onSuccess = say_ready;
  MQTTAsync_subscribe(client, "tributary/v1/bench/up/+", 1, &options);
}

int answer(void* client, char* topic, int, MQTTAsync_message* message) {
  static std::string to = std::string(prefix) + "ack/";
  static const std::string payload(answer_bytes, 'a');
  to.resize(prefix.size() + 4);
  to += std::string_view(topic).substr(prefix.size() + 3);
  MQTTAsync_send(client, to.c_str(), static_cast<int>(payload.size()), payload.data(), 0, 0,
                 nullptr);
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "paho_answer PORT\n");
    return 2;
  }
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);
  MQTTAsync client = nullptr;
  MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer;
  create.maxBufferedMessages = 1'000'000;
  const std::string uri = std::string("tcp://127.0.0.1:") + argv[1];
  MQTTAsync_createWithOptions(&client, uri.c_str(), "answer", MQTTCLIENT_PERSISTENCE_NONE, nullptr,
                              &create);
  MQTTAsync_setCallbacks(client, client, nullptr, answer, nullptr);
  MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer;
  connect.context = client;
  connect.onSuccess = subscribe;
  connect.maxInflight = 65'535;
  if (MQTTAsync_connect(client, &connect) != MQTTASYNC_SUCCESS) return 1;
  int signal = 0;
  sigwait(&end, &signal);
  MQTTAsync_disconnectOptions disconnect = MQTTAsync_disconnectOptions_initializer;
  MQTTAsync_disconnect(client, &disconnect);
  return 0;
}
