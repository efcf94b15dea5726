// SPDX-License-Identifier: Apache-2.0
// The inside of the in-process broker: virtual time, links with faults, the broker's and the
// clients' ends. Private to transports/memory; use broker.h.
//
// Packets travel through transmit() → (the link's faults) → arrive() → broker_receives() or
// client_receives(). A connection is named by its generation: what belongs to an older one is
// ignored wherever it arrives.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "transports/backoff.h"
#include "transports/memory/broker.h"

namespace tributary::transports::memory {

using MessagePtr = std::shared_ptr<const Message>;

struct Packet {
  enum class Kind : std::uint8_t { publish, ack, subscribe, unsubscribe, disconnect };
  Kind kind = Kind::publish;
  std::uint64_t id = 0;  // 0: QoS 0, no ack
  MessagePtr message;    // publish; subscribe and unsubscribe: the filter as its topic, the QoS
  bool retained = false;
  bool no_local = false;
  bool refused = false;  // an ack that says no
};

enum class Way : std::uint8_t { to_broker, to_client };

struct Connection;
struct Client;
using ClientPtr = std::shared_ptr<Client>;

// A packet on its way.
struct Arrival {
  ClientPtr client;
  std::uint64_t generation = 0;
  Way way = Way::to_broker;
  Packet packet;
};

// Outlives sessions: a client that restarts meets the same network.
struct Link {
  Connection* connection = nullptr;  // the broker's end, while there is one
  std::optional<LinkFaults> faults;
  Cut cut = Cut::none;
  std::uint64_t cut_number = 0;  // which cut a keepalive timer was set for
  std::uint64_t last_arrival_ms[2] = {0, 0};
  std::vector<Arrival> held[2];  // they wait for the cut to heal
};

struct Subscription {
  std::string filter;
  Qos qos = Qos::at_least_once;
  bool no_local = false;
};

// The client's end.
struct Client {
  explicit Client(const Options& options)
      : backoff(options.reconnect_min_ms, options.reconnect_max_ms) {}

  std::string id;
  Link* link = nullptr;
  std::optional<Message> will;
  std::function<void()> wake;
  bool started = false;
  bool ended = false;  // stopped or destroyed: no event follows
  bool stopping = false;
  bool up = false;
  bool outbox_refused = false;  // publish() said no: wake when there is room
  std::uint64_t generation = 0;
  std::uint64_t last_id = 0;
  std::uint64_t up_since_ms = 0;
  Backoff backoff;
  std::string last_failure;  // the reason of the last connect that failed
  std::vector<Subscription> subscriptions;
  std::deque<MessagePtr> outbox;
  std::map<std::uint64_t, MessagePtr> in_flight;
  std::deque<Event> inbox;
  std::deque<Packet> waiting;  // arrived at a full inbox, not acknowledged
};

// The broker's end.
struct Connection {
  ClientPtr client;
  std::uint64_t generation = 0;
  std::uint64_t last_id = 0;
  std::map<std::uint64_t, Packet> in_flight;
  std::deque<Packet> queue;
  std::set<std::string> filters;
  // topic → newest packet id that was to be kept
  std::unordered_map<std::string, std::uint64_t> retained;
};

class World {
 public:
  explicit World(const Options& options) : options_(options), random_(options.seed) {}

  // Time.
  void advance(std::uint64_t now_ms);
  std::uint64_t now_ms() const { return now_ms_; }
  std::optional<std::uint64_t> next_ms() const;

  // The broker and the network.
  void partition(const std::string& id, Cut cut);
  void break_link(const std::string& id, const std::string& reason);
  void kill();
  void restart(Retained retained);
  void shut_down();  // the broker object is gone: sessions live on, disconnected, and nothing is
                     // due any more

  // The session's calls.
  void start(const ClientPtr& client);
  void stop(const ClientPtr& client, std::uint32_t flush_ms);
  void abandon(const ClientPtr& client);
  bool publish(const ClientPtr& client, Message message);
  void subscribe(const ClientPtr& client, Subscription subscription);
  void unsubscribe(const ClientPtr& client, const std::string& filter);
  std::vector<Event> poll(const ClientPtr& client, std::size_t max);

  std::map<std::string, Link> links;
  const Options& options() const { return options_; }
  LinkFaults& faults() { return options_.faults; }
  std::map<std::string, Message> retained;
  std::map<std::string, Message> snapshot;
  std::map<std::string, Connection> connections;  // by client id
  Stats stats;
  std::function<void(const std::string&)> trace_sink;

 private:
  struct Due {
    std::uint64_t at_ms;
    std::uint64_t order;
    std::uint32_t arrival;  // in arrivals_, or no_arrival: then it is in errands_, by `order`
    bool operator<(
        const Due& other) const {  // the queue's top is the largest, so: earliest is largest
      return at_ms != other.at_ms ? at_ms > other.at_ms : order > other.order;
    }
  };

  // Time, chance, trace (world.cc).
  void schedule(std::uint64_t at_ms, std::function<void()> run);
  void schedule(std::uint64_t at_ms, Arrival arrival);
  void push_due(const Due& due);
  void run(const Due& due);
  std::uint64_t random();
  bool chance(double probability);
  std::uint32_t between(std::uint32_t low, std::uint32_t high);
  void trace(const Client& client, const char* what, const std::string& detail = {});
  void push_event(const ClientPtr& client, Event event);
  void wake(const ClientPtr& client);

  // Connections (world.cc).
  void connect_later(const ClientPtr& client);
  void connect(const ClientPtr& client);
  void refuse_connect(const ClientPtr& client, const std::string& reason);
  void client_down(const ClientPtr& client, const std::string& reason);
  void broker_down(const std::string& id, bool publish_will);
  void keepalive_ran_out(const std::string& id, std::uint64_t cut_number, bool at_broker);
  void finish_stop(const ClientPtr& client);

  // Packets (packets.cc).
  void transmit(const ClientPtr& client, std::uint64_t generation, Way way, const Packet& packet);
  void arrive(Arrival&& arrival);
  void hold(Link& link, Arrival&& arrival);
  void ack_was_lost(const ClientPtr& client, std::uint64_t generation, Way way, std::uint64_t id);
  void broker_receives(Connection& connection, const Packet& packet);
  void broker_receives_publish(Connection& connection, const Packet& packet);
  void broker_subscribes(Connection& connection, const Packet& packet);
  void broker_joins_group(Connection& connection, const std::string& shared, Qos qos);
  void broker_unsubscribes(Connection& connection, const std::string& filter);
  struct Route;
  void forget_routes(const std::string& filter);
  const Route& find_route(const std::string& topic);
  void route(const MessagePtr& message, const std::string& from);
  void deliver(Connection& connection, MessagePtr message, Qos qos, bool retained_replay);
  void pump(Connection& connection);
  void client_receives(const ClientPtr& client, const Packet& packet);
  void client_takes(const ClientPtr& client, const Packet& packet);
  void pump(const ClientPtr& client);
  void send_subscription(const ClientPtr& client, const Subscription& subscription);

  struct Subscriber {
    Qos qos;
    bool no_local;
  };
  using Subscribers = std::map<std::string, Subscriber>;  // by client id: ordered, so the trace is

  Options options_;
  std::uint64_t random_;
  std::uint64_t now_ms_ = 0;
  std::uint64_t last_order_ = 0;
  std::uint64_t last_generation_ = 0;
  bool alive_ = true;
  static constexpr std::uint32_t no_arrival = ~std::uint32_t{0};
  std::vector<Due> due_;           // a heap, of small things: nearly all that is due are packets
  std::vector<Arrival> arrivals_;  // of due_; of which these places are free
  std::vector<std::uint32_t> free_arrivals_;
  std::unordered_map<std::uint64_t, std::function<void()>> errands_;  // of due_, by their order
  std::vector<ClientPtr> clients_;                                    // started and not ended
  std::vector<ClientPtr> to_wake_, woken_;    // woken_: those of now, kept for its room
  std::map<std::string, Subscribers> exact_;  // filters without wildcards: found without matching
  std::map<std::string, Subscribers> wild_;
  // MQTT 5, 4.8.2: of a group's subscribers each message goes to one, in turn. By "$share/…".
  struct Group {
    std::string filter;
    std::deque<std::pair<std::string, Qos>> members;  // by client id; whose turn it is first
  };
  std::map<std::string, Group> groups_;
  // Where a topic goes, until a subscription changes.
  struct Target {
    Connection* connection = nullptr;
    std::optional<Qos> qos;          // the best of its subscriptions
    std::optional<Qos> from_itself;  // of those that want to hear their own
  };
  struct Route {
    std::vector<Target> targets;  // once for each client, ordered by its id
    std::vector<Group*> groups;
  };
  std::unordered_map<std::string, Route> routes_;
};

}  // namespace tributary::transports::memory
