// SPDX-License-Identifier: Apache-2.0
#include "transports/memory/broker.h"

#include <utility>

#include "transports/memory/world.h"

namespace tributary::transports::memory {
namespace {

class MemorySession final : public Session {
 public:
  MemorySession(std::shared_ptr<World> world, ClientPtr client)
      : world_(std::move(world)), client_(std::move(client)) {}
  ~MemorySession() override { world_->abandon(client_); }
  MemorySession(const MemorySession&) = delete;
  MemorySession& operator=(const MemorySession&) = delete;

  bool publish(Message message) override { return world_->publish(client_, std::move(message)); }
  void subscribe(const std::string& filter, Qos qos, bool no_local) override {
    world_->subscribe(client_, {filter, qos, no_local});
  }
  void unsubscribe(const std::string& filter) override { world_->unsubscribe(client_, filter); }
  std::vector<Event> poll(std::size_t max) override { return world_->poll(client_, max); }
  bool connected() const override { return client_->up; }
  std::size_t outbox_size() const override {
    return client_->outbox.size() + client_->in_flight.size();
  }
  Progress progress() const override {
    return {client_->up ? client_->generation : 0, outbox_size()};
  }
  void on_ready(std::function<void()> wake) override { client_->wake = std::move(wake); }
  void start() override { world_->start(client_); }
  void stop(std::uint32_t flush_ms) override { world_->stop(client_, flush_ms); }

 private:
  std::shared_ptr<World> world_;
  ClientPtr client_;
};

}  // namespace

Broker::Broker(Options options) : world_(std::make_shared<World>(options)) {}
Broker::~Broker() {
  world_->shut_down();
}

std::unique_ptr<Session> Broker::session(std::string client_id, std::optional<Message> will) {
  auto client = std::make_shared<Client>(world_->options());
  client->id = std::move(client_id);
  client->link = &world_->links[client->id];
  client->will = std::move(will);
  return std::make_unique<MemorySession>(world_, std::move(client));
}

void Broker::advance(std::uint64_t now_ms) {
  world_->advance(now_ms);
}
std::uint64_t Broker::now_ms() const {
  return world_->now_ms();
}
std::optional<std::uint64_t> Broker::next_ms() const {
  return world_->next_ms();
}

void Broker::set_faults(const LinkFaults& faults) {
  world_->faults() = faults;
}
void Broker::set_faults(const std::string& client_id, const LinkFaults& faults) {
  world_->links[client_id].faults = faults;
}
void Broker::partition(const std::string& client_id, Cut cut) {
  world_->partition(client_id, cut);
}
void Broker::disconnect(const std::string& client_id) {
  world_->break_link(client_id, "connection lost");
}

void Broker::kill() {
  world_->kill();
}
void Broker::restart(Retained retained) {
  world_->restart(retained);
}
void Broker::take_snapshot() {
  world_->snapshot = world_->retained;
}

bool Broker::client_connected(const std::string& client_id) const {
  return world_->connections.count(client_id) > 0;
}
const std::map<std::string, Message>& Broker::retained() const {
  return world_->retained;
}
const Stats& Broker::stats() const {
  return world_->stats;
}
void Broker::on_trace(std::function<void(const std::string&)> sink) {
  world_->trace_sink = std::move(sink);
}

}  // namespace tributary::transports::memory
