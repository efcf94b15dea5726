// SPDX-License-Identifier: Apache-2.0
// Random worlds against an oracle: shipping gateways, shipping devices, and a network that loses,
// repeats and reorders whatever it likes, step by step. After every commit the disk is rebuilt and
// compared; every acknowledgement is checked against the disk that made it; at the end messages
// flow again and everything must agree.
//
//   Explorer world(Flavour::clone, seed);
//   std::string wrong = world.run();          // "" or what is wrong
//   world.trace, world.reached
//
// The flavours and checks are those of the executable model of the protocol.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/gateway/core/support/rig.h"
#include "tests/gateway/core/support/writer.h"

namespace tributary::core::testing {

enum class Flavour {
  honest,      // everything at once, nothing dishonest
  sets,        // two OR-Sets only, many deltas
  foreign,     // others remove what a device added
  unknown,     // sets in a type that no gateway knows, or learns by an upgrade on the way
  memoryless,  // devices lose their memory
  diskloss,    // gateways lose their disk, or an envelope rots on it
  rollback,    // devices are put back to an older memory
  clone,       // devices are copied
  heavy,       // sets of long elements: what is live must not outweigh the parts for ever
  settle,      // the admin closes an epoch, a thief goes on with it
};
const char* name(Flavour);

class Explorer {
 public:
  Explorer(Flavour flavour, std::uint64_t seed, int steps = 110);
  std::string run();

  std::vector<std::string> trace;
  std::map<std::string, int> reached;

 private:
  struct Node {  // a gateway and what the oracle knows of it
    std::unique_ptr<Rig> rig;
    std::unique_ptr<Core> committed;  // the join of all that was ever committed
    std::unique_ptr<Core> on_disk;    // what the disk rebuilds; made when asked for
    std::set<std::string> filters;    // of states that it asked for
    std::size_t writer = 0;           // who writes beside it, for an operator
    std::vector<std::string> file;    // of the registry, read at every start
    std::vector<std::string> ever;    // all that was ever committed; where it may be settled
    bool booting = false;             // it has not read all of its disk yet
  };
  struct Message {
    std::size_t to = 0;
    std::string topic, payload;
    bool retained = false;
  };
  struct Closed {  // an epoch that is over
    std::string device;
    std::uint64_t epoch = 0;
    std::vector<Op> log;
    std::map<std::uint64_t, std::uint64_t> promised;
  };

  // steps (explorer_steps.cc)
  void step();
  void write(Writer&);
  void send(Writer&);
  void deliver(std::size_t message);
  void answer_commit(Node&);
  void committed(Node&, const Commit&);
  void crash(Node&);
  void deliver_ack();
  void stale_head();
  void operator_acts(Node&);
  void rare();
  void roll_back(Writer&);
  void clone(Writer&);
  void lose_disk(Node&);
  void rot(Node&);
  void boot(Node&);
  void hear_early(Node&);
  void broker_forgets();
  void connect_all();
  void reboot(Writer&, bool with_memory);
  void pass(std::uint64_t ms);
  // Everything flows for a while.
  void flow(std::uint64_t ms);
  void finish();

  // what people do (explorer_admin.cc)
  void settle(Node&, Writer&);
  void settlement_reaches(Node&);
  void start_again(std::size_t node);  // what is on its disk is settled
  void upgrade();
  void forget_settled(Node&);
  bool forgotten(const Core& held, const wire::Delta&, const wire::Entry&,
                 const wire::OrSetPayload::Foreign&) const;
  std::string without_forgotten(const Core& held, const std::string& bytes) const;
  void check_settled();
  std::string alone(const Disk&) const;  // digest of the closed epoch, as this disk has it
  bool is_settled(std::string_view device, std::uint64_t epoch) const {
    return settled_.epoch != 0 && settled_.device == device && settled_.epoch == epoch;
  }

  // what gateways say (explorer.cc)
  void collect(std::size_t node);
  void published(std::size_t node, Publish&&);
  void asked(std::size_t node, const Subscription&);
  void post(std::size_t to, const std::string& topic, const std::string& payload, bool retained,
            double chance);
  void hear_ack(Writer&, const std::string& payload, std::uint64_t incarnation);
  void packets(Writer&, bool all);

  // the oracle (explorer_oracle.cc)
  Core& disk(Node&);
  void check(std::size_t node);
  void check_values(const Node&, const Core&) const;
  void check_ack(Node&, const std::string& payload);
  void check_head(Node&, const std::string& payload);
  void check_bounds(Core&);
  // The first of operations (from, upto] that `core` does not hold; "" when all are there.
  std::string missing(const Core& core, const std::string& device, std::uint64_t epoch,
                      const std::vector<Op>& log, std::uint64_t upto, std::uint64_t from = 0) const;
  std::uint64_t kept(const std::map<std::uint64_t, std::uint64_t>& promised) const;
  std::pair<std::uint64_t, std::uint64_t> doubtful(Writer&) const;
  void check_exact(std::size_t node);
  void check_heads(std::size_t node);
  void check_weight();
  bool agreed(std::string& why);
  std::string rebuilt(const Core&) const;  // digest, in types that everybody knows

  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  template <class T>
  auto& pick(T& all) {
    return all[below(all.size())];
  }
  // What one packet holds, and what counts as a small set: small numbers, so that much is cut.
  std::size_t packet() { return flavour_ == Flavour::heavy ? 1'300 : 256 + 16 * below(5); }
  std::size_t small() { return flavour_ == Flavour::heavy ? 0 : 64 * below(3); }
  std::uint32_t acks_needed() { return static_cast<std::uint32_t>(1 + below(3)); }
  void say(std::string text);
  [[noreturn]] void wrong(std::string text) const;

  Flavour flavour_;
  std::mt19937_64 random_, early_;  // the second: of starts alone
  int steps_;
  bool exact_;  // no device ever had a twin
  bool flowing_ = false;
  std::uint64_t now_ = 1'700'000'000'000;
  std::vector<Node> nodes_;
  std::deque<Writer> writers_;  // stable addresses
  std::vector<Message> net_;
  std::vector<std::pair<std::string, std::string>> history_;  // (device, payload): all ever sent
  struct SentAck {
    std::string device, payload;
    std::uint64_t incarnation = 0;
  };
  std::vector<SentAck> acks_;
  std::map<std::string, std::string> broker_;               // what is retained, by topic
  std::vector<std::pair<std::string, std::string>> heads_;  // every head ever published
  std::vector<Closed> closed_;
  std::map<wire::Hash, wire::Hash> original_;  // unknown: hash as sent → hash as made
  bool future_ = false;                        // sets are of a type that nobody knows yet
  struct Settled {
    std::string device;
    std::uint64_t epoch = 0;  // 0: none
    std::set<std::string> valid;
    std::string digest;             // of what the list names
    std::vector<std::string> file;  // of the registry, with it
  };
  Settled settled_;
  struct Copy {
    std::size_t writer = 0;
    std::string saved;
    Writer::Oracle oracle;
    std::uint64_t epoch = 0;
  };
  std::vector<Copy> copies_;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> issued_;  // by key, over all
  std::map<std::string, std::set<std::string>> added_;
};

}  // namespace tributary::core::testing
