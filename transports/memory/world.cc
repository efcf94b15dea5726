// SPDX-License-Identifier: Apache-2.0
#include "transports/memory/world.h"

#include <algorithm>
#include <utility>

namespace tributary::transports::memory {

// --- time, chance, trace ---

void World::push_due(const Due& due) {
  due_.push_back(due);
  std::push_heap(due_.begin(), due_.end());
}

void World::schedule(std::uint64_t at_ms, std::function<void()> run) {
  errands_.emplace(++last_order_, std::move(run));
  push_due({at_ms, last_order_, no_arrival});
}

void World::schedule(std::uint64_t at_ms, Arrival arrival) {
  if (free_arrivals_.empty()) {
    free_arrivals_.push_back(static_cast<std::uint32_t>(arrivals_.size()));
    arrivals_.emplace_back();
  }
  const std::uint32_t place = free_arrivals_.back();
  free_arrivals_.pop_back();
  arrivals_[place] = std::move(arrival);
  push_due({at_ms, ++last_order_, place});
}

// What runs may schedule more: nothing of it stays in its place.
void World::run(const Due& due) {
  if (due.arrival == no_arrival) return errands_.extract(due.order).mapped()();
  Arrival arrival = std::move(arrivals_[due.arrival]);
  free_arrivals_.push_back(due.arrival);
  arrive(std::move(arrival));
}

void World::advance(std::uint64_t now_ms) {
  const std::uint64_t until_ms = std::max(now_ms, now_ms_);
  while (!due_.empty() && due_.front().at_ms <= until_ms) {
    std::pop_heap(due_.begin(), due_.end());
    const Due next = due_.back();
    due_.pop_back();
    now_ms_ = std::max(now_ms_, next.at_ms);
    run(next);
    // Only now is everything consistent: a wake may publish, poll, even destroy its session.
    woken_.clear();
    std::swap(woken_, to_wake_);
    for (const ClientPtr& client : woken_) {
      if (client->wake && !client->ended) client->wake();
    }
  }
  now_ms_ = until_ms;
}

std::optional<std::uint64_t> World::next_ms() const {
  if (due_.empty()) return std::nullopt;
  return due_.front().at_ms;
}

std::uint64_t
World::random() {  // splitmix64: the standard's distributions differ from library to library
  std::uint64_t z = (random_ += 0x9E3779B97F4A7C15U);
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

bool World::chance(double probability) {
  if (probability <= 0)
    return false;  // without drawing: a fault that is off does not shift the others
  return static_cast<double>(random() >> 11U) * 0x1.0p-53 < probability;
}

std::uint32_t World::between(std::uint32_t low, std::uint32_t high) {
  if (high <= low) return low;
  return low + static_cast<std::uint32_t>(random() % (std::uint64_t{high} - low + 1));
}

void World::trace(const Client& client, const char* what, const std::string& detail) {
  if (!trace_sink) return;
  trace_sink(std::to_string(now_ms_) + ' ' + client.id + ' ' + what + (detail.empty() ? "" : " ") +
             detail);
}

void World::wake(const ClientPtr& client) {
  if (to_wake_.empty() || to_wake_.back() != client) to_wake_.push_back(client);
}

void World::push_event(const ClientPtr& client, Event event) {
  if (client->ended || client->stopping) return;
  client->inbox.push_back(std::move(event));
  wake(client);
}

// --- connections ---

void World::start(const ClientPtr& client) {
  if (client->started || client->ended) return;
  client->started = true;
  clients_.push_back(client);
  schedule(now_ms_, [this, client] { connect(client); });
}

void World::connect_later(const ClientPtr& client) {
  if (client->ended || client->stopping) return;
  schedule(now_ms_ + client->backoff.next_ms(random()), [this, client] { connect(client); });
}

void World::refuse_connect(const ClientPtr& client, const std::string& reason) {
  if (client->last_failure != reason) {
    client->last_failure = reason;
    push_event(client, {Event::Kind::disconnected, {}, reason});
  }
  connect_later(client);
}

void World::connect(const ClientPtr& client) {
  if (client->ended || client->stopping || client->up) return;
  if (!alive_) return refuse_connect(client, "connection refused");
  if (client->link->cut != Cut::none) return refuse_connect(client, "timed out");
  if (const Connection* old = client->link->connection) {
    const ClientPtr taken = old->client;
    const std::uint64_t generation = old->generation;
    broker_down(client->id, true);
    if (taken->generation == generation) client_down(taken, "session taken over by another client");
  }
  client->generation = ++last_generation_;
  client->up = true;
  client->up_since_ms = now_ms_;
  client->last_failure.clear();
  Connection& connection = connections[client->id];
  connection = {client, client->generation, 0, {}, {}, {}, {}};
  client->link->connection = &connection;
  trace(*client, "connected");
  for (const Subscription& subscription : client->subscriptions)
    send_subscription(client, subscription);
  push_event(client, {Event::Kind::connected, {}, {}});
}

void World::client_down(const ClientPtr& client, const std::string& reason) {
  if (!client->up) return;
  client->up = false;
  client->backoff.connection_lasted(now_ms_ - client->up_since_ms);
  client->outbox.clear();
  client->in_flight.clear();
  client->waiting.clear();
  trace(*client, "disconnected", reason);
  push_event(client, {Event::Kind::disconnected, {}, reason});
  if (client->stopping) finish_stop(client);
  connect_later(client);
}

void World::broker_down(const std::string& id, bool publish_will) {
  const auto found = connections.find(id);
  if (found == connections.end()) return;
  const ClientPtr client = found->second.client;
  while (!found->second.filters.empty()) {
    broker_unsubscribes(found->second, std::string(*found->second.filters.begin()));
  }
  client->link->connection = nullptr;
  connections.erase(found);
  if (publish_will && client->will) {
    trace(*client, "will", client->will->topic);
    route(std::make_shared<const Message>(*client->will), id);
  }
}

void World::break_link(const std::string& id, const std::string& reason) {
  const auto found = connections.find(id);
  const std::uint64_t generation = found == connections.end() ? 0 : found->second.generation;
  broker_down(id, true);
  for (const ClientPtr& client : std::vector<ClientPtr>(clients_)) {
    if (client->id == id && (generation == 0 || client->generation == generation))
      client_down(client, reason);
  }
}

void World::partition(const std::string& id, Cut cut) {
  Link& link = links[id];
  const std::uint64_t number = ++link.cut_number;
  link.cut = cut;
  const bool open[2] = {cut == Cut::none || cut == Cut::to_client,
                        cut == Cut::none || cut == Cut::to_broker};
  for (const unsigned way : {0U, 1U}) {
    if (!open[way]) continue;
    for (Arrival& arrival : std::exchange(link.held[way], {}))
      schedule(now_ms_, std::move(arrival));
  }
  if (cut == Cut::none) return;
  schedule(now_ms_ + options_.keepalive_ms,
           [this, id, number] { keepalive_ran_out(id, number, false); });
  schedule(now_ms_ + options_.keepalive_ms * std::uint64_t{3} / 2,
           [this, id, number] { keepalive_ran_out(id, number, true); });
}

void World::keepalive_ran_out(const std::string& id, std::uint64_t cut_number, bool at_broker) {
  const Link& link = links[id];
  if (link.cut_number != cut_number) return;
  if (at_broker) return broker_down(id, true);
  for (const ClientPtr& client : std::vector<ClientPtr>(clients_)) {
    if (client->id == id) client_down(client, "the broker did not answer within the keepalive");
  }
  if (link.cut == Cut::to_client) broker_down(id, true);  // it hears the client hang up
}

void World::kill() {
  alive_ = false;
  while (!connections.empty()) broker_down(std::string(connections.begin()->first), false);
  for (const ClientPtr& client : std::vector<ClientPtr>(clients_))
    client_down(client, "connection lost");
}

void World::restart(Retained mode) {
  if (alive_) kill();
  alive_ = true;
  if (mode == Retained::forgotten) retained.clear();
  if (mode == Retained::snapshot) retained = snapshot;
}

void World::shut_down() {
  kill();
  due_.clear();
  arrivals_.clear();  // they hold clients, and clients hold what their wakes captured
  free_arrivals_.clear();
  errands_.clear();
  clients_.clear();
  to_wake_.clear();
  woken_.clear();
  trace_sink = nullptr;
}

void World::stop(const ClientPtr& client, std::uint32_t flush_ms) {
  if (client->ended || client->stopping) return;
  client->stopping = true;
  client->inbox.clear();
  const bool empty = client->outbox.empty() && client->in_flight.empty();
  if (!client->up || empty || flush_ms == 0) return finish_stop(client);
  schedule(now_ms_ + flush_ms, [this, client] { finish_stop(client); });
}

void World::finish_stop(const ClientPtr& client) {
  if (client->ended) return;
  client->ended = true;
  if (client->up) {
    transmit(client, client->generation, Way::to_broker,
             {Packet::Kind::disconnect, 1, {}, false, false, false});
  }
  client->up = false;
  client->outbox.clear();
  client->in_flight.clear();
  clients_.erase(std::remove(clients_.begin(), clients_.end(), client), clients_.end());
}

void World::abandon(const ClientPtr& client) {
  client->wake = nullptr;
  if (client->ended || client->stopping) return;  // a stop goes on without its Session
  client->ended = true;
  client->up = false;
  clients_.erase(std::remove(clients_.begin(), clients_.end(), client), clients_.end());
  const Cut cut = client->link->cut;
  const bool heard = cut == Cut::none || cut == Cut::to_client;
  const std::uint64_t at_ms =
      heard ? now_ms_ : now_ms_ + options_.keepalive_ms * std::uint64_t{3} / 2;
  schedule(at_ms, [this, client] {
    const Connection* connection = client->link->connection;
    if (connection != nullptr && connection->generation == client->generation)
      broker_down(client->id, true);
  });
}

}  // namespace tributary::transports::memory
