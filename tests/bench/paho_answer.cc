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
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "tests/bench/paho_client.h"
#include "transports/batch_class.h"

namespace tributary::bench {
namespace {

// What came since the last answers.
class Batch {
 public:
  explicit Batch(std::uint64_t most) : most_(most) {}
  void add(PahoClient& client, std::string_view device) {
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
  void tick(PahoClient& client) {
    const std::scoped_lock lock(mutex_);
    end(client);
  }

 private:
  void end(PahoClient& client) {
    for (const auto& [device, messages] : waiting_) client.answer(device, messages);
    waiting_.clear();
    count_ = 0;
  }
  const std::uint64_t most_;
  std::mutex mutex_;
  std::map<std::string, std::uint64_t, std::less<>> waiting_;
  std::uint64_t count_ = 0;
};

struct Answering {
  Batch batch;
  PahoClient* client = nullptr;
};

int arrived(void* context, char* topic, int, MQTTAsync_message* message) {
  transports::batch_class_from_here_on();  // as a gateway has it
  auto& answering = *static_cast<Answering*>(context);
  answering.batch.add(*answering.client, device_of(topic));
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}

int run(const std::string& port, std::uint64_t batch) {
  const sigset_t end = block_sigterm();
  Answering answering{Batch(batch)};
  PahoClient client(port, &answering, arrived);
  answering.client = &client;
  if (!client.connect()) return 1;
  const timespec pause{0, 50'000'000};
  while (sigtimedwait(&end, nullptr, &pause) != SIGTERM) answering.batch.tick(client);
  return 0;
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  if (argc == 2 || argc == 3)
    return tributary::bench::run(argv[1], argc == 3 ? std::strtoul(argv[2], nullptr, 10) : 1);
  std::fprintf(stderr, "paho_answer PORT [PACKETS]\n");
  return 2;
}
