// SPDX-License-Identifier: Apache-2.0
// The limit of the library underneath: Paho's C client alone, without its C++ layer and without our
// session, which answers each message at QoS 0 from the callback that brings it.
//
//   paho_answer PORT [PACKETS]
//
// With PACKETS it answers as a gateway does: once so many came, or 50 ms have passed, one
// answer to each device for all that it sent. An answer begins with how many messages it is
// for.
//
// Says "ready" on stdout, and ends with SIGTERM.
#include <MQTTAsync.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <mutex>
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

void answer(MQTTAsync client, std::string_view device, std::uint64_t messages) {
  const std::string to = std::string(prefix) + "ack/" + std::string(device);
  std::string payload = std::to_string(messages) + ' ';
  payload.resize(answer_bytes, 'a');
  MQTTAsync_send(client, to.c_str(), static_cast<int>(payload.size()), payload.data(), 0, 0,
                 nullptr);
}

// What came since the last answers.
class Batch {
 public:
  explicit Batch(std::uint64_t most) : most_(most) {}
  void add(MQTTAsync client, std::string_view device) {
    const std::scoped_lock lock(mutex_);
    const auto at = waiting_.find(device);
    if (at == waiting_.end()) {
      waiting_.emplace(device, 1);
    } else {
      at->second += 1;
    }
    if (++count_ >= most_) end(client);
  }
  // Called every 50 ms.
  void tick(MQTTAsync client) {
    const std::scoped_lock lock(mutex_);
    end(client);
  }

 private:
  void end(MQTTAsync client) {
    for (const auto& [device, messages] : waiting_) answer(client, device, messages);
    waiting_.clear();
    count_ = 0;
  }
  const std::uint64_t most_;
  std::mutex mutex_;
  std::map<std::string, std::uint64_t, std::less<>> waiting_;
  std::uint64_t count_ = 0;
};

struct Answering {
  MQTTAsync client = nullptr;
  Batch batch;
};

int arrived(void* context, char* topic, int, MQTTAsync_message* message) {
  auto& answering = *static_cast<Answering*>(context);
  answering.batch.add(answering.client, std::string_view(topic).substr(prefix.size() + 3));
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "paho_answer PORT [PACKETS]\n");
    return 2;
  }
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);
  const std::uint64_t batch = argc == 3 ? std::strtoul(argv[2], nullptr, 10) : 1;
  Answering answering{nullptr, Batch(batch)};
  MQTTAsync& client = answering.client;
  MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer;
  create.maxBufferedMessages = 1'000'000;
  const std::string uri = std::string("tcp://127.0.0.1:") + argv[1];
  MQTTAsync_createWithOptions(&client, uri.c_str(), "answer", MQTTCLIENT_PERSISTENCE_NONE, nullptr,
                              &create);
  MQTTAsync_setCallbacks(client, &answering, nullptr, arrived, nullptr);
  MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer;
  connect.context = client;
  connect.onSuccess = subscribe;
  connect.maxInflight = 65'535;
  if (MQTTAsync_connect(client, &connect) != MQTTASYNC_SUCCESS) return 1;
  const timespec pause{0, 50'000'000};
  while (sigtimedwait(&end, nullptr, &pause) != SIGTERM) answering.batch.tick(client);
  MQTTAsync_disconnectOptions disconnect = MQTTAsync_disconnectOptions_initializer;
  MQTTAsync_disconnect(client, &disconnect);
  return 0;
}
