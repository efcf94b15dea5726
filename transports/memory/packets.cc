// SPDX-License-Identifier: Apache-2.0
// How packets travel, and what broker and client do with them.
#include <algorithm>
#include <string_view>
#include <utility>

#include "transports/memory/world.h"

namespace tributary::transports::memory {
namespace {

constexpr std::string_view share_prefix = "$share/";

bool is_cut(Cut cut, Way way) {
  return cut == Cut::both || cut == (way == Way::to_broker ? Cut::to_broker : Cut::to_client);
}

Way other(Way way) {
  return way == Way::to_broker ? Way::to_client : Way::to_broker;
}

}  // namespace

// --- the link ---

void World::transmit(const ClientPtr& client, std::uint64_t generation, Way way,
                     const Packet& packet) {
  Link& link = *client->link;
  const LinkFaults& faults = link.faults ? *link.faults : options_.faults;
  if (chance(faults.disconnect)) {  // later, not inside: callers hold references to connections
    schedule(now_ms_, [this, client, generation] {
      const Connection* connection = client->link->connection;
      const bool current = connection != nullptr && connection->generation == generation;
      if (current) break_link(client->id, "connection lost");
    });
  }
  std::uint64_t at_ms = now_ms_ + between(faults.delay_min_ms, faults.delay_max_ms);
  const double loss =
      way == Way::to_client ? faults.loss_to_client.value_or(faults.loss) : faults.loss;
  if (chance(loss)) {
    ++stats.lost;
    trace(*client, "lost", way == Way::to_broker ? "to broker" : "to client");
    if (packet.kind == Packet::Kind::publish && packet.id == 0) return;
    if (packet.kind == Packet::Kind::ack) {
      schedule(at_ms + faults.retry_ms, [this, client, generation, way, id = packet.id] {
        ack_was_lost(client, generation, other(way), id);
      });
      return;
    }
    do at_ms += std::max(1U, faults.retry_ms);
    while (loss < 1 && chance(loss));
  }
  std::uint64_t& last_ms = link.last_arrival_ms[static_cast<unsigned>(way)];
  if (chance(faults.reorder)) {
    at_ms += between(1, std::max(1U, faults.reorder_ms));
  } else {
    at_ms = last_ms = std::max(at_ms, last_ms);  // one stream: what was sent first arrives first
  }
  schedule(at_ms, Arrival{client, generation, way, packet});
  if (packet.kind != Packet::Kind::publish || !chance(faults.duplicate)) return;
  ++stats.duplicated;
  schedule(at_ms + between(0, faults.reorder_ms), Arrival{client, generation, way, packet});
}

// `way` is the way of the publish whose ack got lost: its sender tries again.
void World::ack_was_lost(const ClientPtr& client, std::uint64_t generation, Way way,
                         std::uint64_t id) {
  Packet again{Packet::Kind::publish, id, {}, false, false, false};
  if (way == Way::to_broker) {
    const auto sent = client->in_flight.find(id);
    if (!client->up || client->generation != generation || sent == client->in_flight.end()) return;
    again.message = sent->second;
  } else {
    const Connection* connection = client->link->connection;
    if (connection == nullptr || connection->generation != generation) return;
    const auto sent = connection->in_flight.find(id);
    if (sent == connection->in_flight.end()) return;
    again = sent->second;
  }
  transmit(client, generation, way, again);
}

void World::hold(Link& link, Arrival&& arrival) {
  auto& held = link.held[static_cast<unsigned>(arrival.way)];
  const Packet& packet = arrival.packet;
  const bool may_drop =
      packet.kind == Packet::Kind::publish && packet.id == 0 && options_.queued_max > 0;
  if (may_drop && held.size() >= options_.queued_max) {
    ++stats.dropped;
    return;
  }
  held.push_back(std::move(arrival));
}

void World::arrive(Arrival&& arrival) {
  const ClientPtr& client = arrival.client;
  Link& link = *client->link;
  if (is_cut(link.cut, arrival.way)) return hold(link, std::move(arrival));
  if (arrival.way == Way::to_client) {
    if (client->up && client->generation == arrival.generation)
      client_receives(client, arrival.packet);
    return;
  }
  const bool current =
      link.connection != nullptr && link.connection->generation == arrival.generation;
  if (current) broker_receives(*link.connection, arrival.packet);
}

// --- the broker's end ---

void World::broker_receives(Connection& connection, const Packet& packet) {
  switch (packet.kind) {
    case Packet::Kind::publish:
      return broker_receives_publish(connection, packet);
    case Packet::Kind::ack:
      connection.in_flight.erase(packet.id);
      return pump(connection);
    case Packet::Kind::subscribe:
      return broker_subscribes(connection, packet);
    case Packet::Kind::unsubscribe:
      return broker_unsubscribes(connection, packet.message->topic);
    case Packet::Kind::disconnect:
      return broker_down(std::string(connection.client->id), false);
  }
}

void World::broker_receives_publish(Connection& connection, const Packet& packet) {
  const Message& message = *packet.message;
  const bool refused = message.topic.size() + message.payload.size() > options_.packet_bytes_max;
  trace(*connection.client, refused ? "refused" : "published", message.topic);
  ++(refused ? stats.refused : stats.published);
  if (packet.id != 0) {
    transmit(connection.client, connection.generation, Way::to_client,
             {Packet::Kind::ack, packet.id, packet.message, false, false, refused});
  }
  // Whatever the air does: on one connection MQTT keeps the order of a topic (4.6), and what is
  // retained must not go back to an older message.
  if (message.retain && packet.id != 0) {
    std::uint64_t& newest = connection.retained[message.topic];
    if (packet.id < newest) return;
    newest = packet.id;
  }
  if (!refused) route(packet.message, connection.client->id);
}

void World::broker_subscribes(Connection& connection, const Packet& packet) {
  const std::string& filter = packet.message->topic;
  const std::string& id = connection.client->id;
  const Qos qos = packet.message->qos;
  if (filter.compare(0, share_prefix.size(), share_prefix) == 0)
    return broker_joins_group(connection, filter, qos);
  const bool wild = filter.find_first_of("+#") != std::string::npos;
  (wild ? wild_ : exact_)[filter][id] = {qos, packet.no_local};
  forget_routes(filter);
  connection.filters.insert(filter);
  trace(*connection.client, "subscribed", filter);
  const std::string prefix = filter.substr(0, filter.find_first_of("+#"));
  const std::string parent = prefix.substr(0, prefix.find_last_not_of('/') + 1);  // "a/#": also "a"
  for (auto at = retained.lower_bound(parent);
       at != retained.end() && at->first.compare(0, parent.size(), parent) == 0; ++at) {
    if (topic_matches(filter, at->first)) {
      deliver(connection, std::make_shared<const Message>(at->second), qos, true);
    }
  }
}

// Nothing that is retained is replayed to it.
void World::broker_joins_group(Connection& connection, const std::string& shared, Qos qos) {
  Group& group = groups_[shared];
  group.filter = shared.substr(shared.find('/', share_prefix.size()) + 1);
  forget_routes(group.filter);
  const std::string& id = connection.client->id;
  std::erase_if(group.members, [&](const auto& m) { return m.first == id; });
  group.members.emplace_back(id, qos);
  connection.filters.insert(shared);
  trace(*connection.client, "subscribed", shared);
}

void World::broker_unsubscribes(Connection& connection, const std::string& filter) {
  if (const auto group = groups_.find(filter); group != groups_.end()) {
    forget_routes(group->second.filter);
    std::erase_if(group->second.members,
                  [&](const auto& m) { return m.first == connection.client->id; });
    if (group->second.members.empty()) groups_.erase(group);
  }
  for (auto* filters : {&exact_, &wild_}) {
    const auto found = filters->find(filter);
    if (found == filters->end()) continue;
    forget_routes(filter);
    found->second.erase(connection.client->id);
    if (found->second.empty()) filters->erase(found);
  }
  connection.filters.erase(filter);
}

// Where the topics go that this filter matches has changed.
void World::forget_routes(const std::string& filter) {
  std::erase_if(routes_, [&](const auto& r) { return topic_matches(filter, r.first); });
}

const World::Route& World::find_route(const std::string& topic) {
  constexpr std::size_t routes_max = 2'000;
  if (const auto known = routes_.find(topic); known != routes_.end()) return known->second;
  std::map<std::string, Target> targets;
  const auto add = [&](const Subscribers& subscribers) {
    for (const auto& [id, subscriber] : subscribers) {
      Target& target = targets.try_emplace(id, Target{&connections.at(id), {}, {}}).first->second;
      target.qos = std::max(target.qos, std::optional(subscriber.qos));
      if (!subscriber.no_local)
        target.from_itself = std::max(target.from_itself, std::optional(subscriber.qos));
    }
  };
  if (const auto exact = exact_.find(topic); exact != exact_.end()) add(exact->second);
  for (const auto& [filter, subscribers] : wild_) {
    if (topic_matches(filter, topic)) add(subscribers);
  }
  if (routes_.size() >= routes_max) routes_.clear();
  Route& route = routes_[topic];
  for (auto& [id, target] : targets) route.targets.push_back(target);
  for (auto& [name, group] : groups_) {
    if (topic_matches(group.filter, topic)) route.groups.push_back(&group);
  }
  return route;
}

void World::route(const MessagePtr& message, const std::string& from) {
  if (message->retain) {
    if (message->payload.empty()) {
      retained.erase(message->topic);
    } else {
      retained[message->topic] = *message;
    }
  }
  const Route& route = find_route(message->topic);
  for (Group* group : route.groups) {
    const auto member = group->members.front();
    group->members.pop_front();
    group->members.push_back(member);
    deliver(connections.at(member.first), message, member.second, false);
  }
  for (const Target& target : route.targets) {
    const bool own = target.connection->client->id == from;
    if (const auto qos = own ? target.from_itself : target.qos)
      deliver(*target.connection, message, *qos, false);
  }
}

void World::deliver(Connection& connection, MessagePtr message, Qos qos, bool retained_replay) {
  Packet packet{Packet::Kind::publish, 0, std::move(message), retained_replay, false, false};
  if (std::min(qos, packet.message->qos) == Qos::at_most_once) {
    return transmit(connection.client, connection.generation, Way::to_client, packet);
  }
  const bool queueing = connection.in_flight.size() >= options_.in_flight_max;
  if (queueing && options_.queued_max > 0 && connection.queue.size() >= options_.queued_max) {
    ++stats.dropped;
    return trace(*connection.client, "dropped", packet.message->topic);
  }
  packet.id = ++connection.last_id;
  connection.queue.push_back(std::move(packet));
  pump(connection);
}

void World::pump(Connection& connection) {
  while (!connection.queue.empty() && connection.in_flight.size() < options_.in_flight_max) {
    const Packet packet = std::move(connection.queue.front());
    connection.queue.pop_front();
    connection.in_flight.emplace(packet.id, packet);
    transmit(connection.client, connection.generation, Way::to_client, packet);
  }
}

// --- the client's end ---

void World::client_receives(const ClientPtr& client, const Packet& packet) {
  if (packet.kind == Packet::Kind::publish) {
    const bool full = client->inbox.size() >= options_.inbox_max || !client->waiting.empty();
    if (!full) return client_takes(client, packet);
    if (packet.id != 0 || options_.queued_max == 0 ||
        client->waiting.size() < options_.queued_max) {
      client->waiting.push_back(packet);
    } else {
      ++stats.dropped;
    }
    return;
  }
  if (client->in_flight.erase(packet.id) == 0) return;  // an ack, of a duplicate
  if (packet.refused) {
    Message about;
    about.topic = packet.message->topic;
    push_event(client, {Event::Kind::refused, std::move(about), "packet too large"});
  }
  pump(client);
  if (std::exchange(client->outbox_refused, false)) wake(client);
}

void World::client_takes(const ClientPtr& client, const Packet& packet) {
  ++stats.delivered;
  trace(*client, "delivered", packet.message->topic);
  Event event{Event::Kind::message, *packet.message, {}};
  event.message.retain = packet.retained;
  event.message.qos = packet.id == 0 ? Qos::at_most_once : Qos::at_least_once;
  push_event(client, std::move(event));
  if (packet.id == 0) return;
  transmit(client, client->generation, Way::to_broker,
           {Packet::Kind::ack, packet.id, {}, false, false, false});
}

std::vector<Event> World::poll(const ClientPtr& client, std::size_t max) {
  std::vector<Event> events;
  events.reserve(std::min(max, client->inbox.size()));
  while (events.size() < max && !client->inbox.empty()) {
    events.push_back(std::move(client->inbox.front()));
    client->inbox.pop_front();
    if (client->waiting.empty()) continue;
    const Packet packet = std::move(client->waiting.front());
    client->waiting.pop_front();
    client_takes(client, packet);
  }
  return events;
}

bool World::publish(const ClientPtr& client, Message message) {
  if (!client->up || client->stopping) return false;
  if (!topic_valid(message.topic)) {
    push_event(client, {Event::Kind::refused, {.topic = message.topic}, "not a valid topic"});
    return true;
  }
  if (client->outbox.size() + client->in_flight.size() >= options_.outbox_max) {
    client->outbox_refused = true;
    return false;
  }
  client->outbox.push_back(std::make_shared<const Message>(std::move(message)));
  pump(client);
  return true;
}

void World::pump(const ClientPtr& client) {
  while (!client->outbox.empty() && client->in_flight.size() < options_.window) {
    Packet packet{Packet::Kind::publish, 0, std::move(client->outbox.front()), false, false, false};
    client->outbox.pop_front();
    if (packet.message->qos == Qos::at_least_once) {
      packet.id = ++client->last_id;
      client->in_flight.emplace(packet.id, packet.message);
    }
    transmit(client, client->generation, Way::to_broker, packet);
  }
  if (client->stopping && client->outbox.empty() && client->in_flight.empty()) finish_stop(client);
}

void World::send_subscription(const ClientPtr& client, const Subscription& subscription) {
  Message filter;
  filter.topic = subscription.filter;
  filter.qos = subscription.qos;
  transmit(client, client->generation, Way::to_broker,
           {Packet::Kind::subscribe, 1, std::make_shared<const Message>(std::move(filter)), false,
            subscription.no_local, false});
}

void World::subscribe(const ClientPtr& client, Subscription subscription) {
  if (!filter_valid(subscription.filter)) {
    push_event(client,
               {Event::Kind::refused, {.topic = subscription.filter}, "not a valid topic filter"});
    return;
  }
  auto& all = client->subscriptions;
  const auto same = [&](const Subscription& s) { return s.filter == subscription.filter; };
  all.erase(std::remove_if(all.begin(), all.end(), same), all.end());
  all.push_back(subscription);
  if (client->up && !client->stopping) send_subscription(client, subscription);
}

void World::unsubscribe(const ClientPtr& client, const std::string& filter) {
  auto& all = client->subscriptions;
  const auto same = [&](const Subscription& s) { return s.filter == filter; };
  const auto gone = std::remove_if(all.begin(), all.end(), same);
  if (gone == all.end()) return;
  all.erase(gone, all.end());
  if (!client->up || client->stopping) return;
  Message message;
  message.topic = filter;
  transmit(client, client->generation, Way::to_broker,
           {Packet::Kind::unsubscribe, 1, std::make_shared<const Message>(std::move(message)),
            false, false, false});
}

}  // namespace tributary::transports::memory
