// SPDX-License-Identifier: Apache-2.0
// What was really done: the operations of every memory that ever wrote, kept outside of the system
// under test. Its promise: it takes nothing from gateways, so what gateways show can be judged.
//
//   Log& log = history.log({"dev-1", epoch}, copy);
//   log.add({.number = 3, .kind = Op::Kind::count, .key = "k", .type = 2, .up = 17});
//   log.up_to(3);           // everything the actor has done, as it must be found on a disk
//
// A cloned or restored memory writes a log of its own under the same actor; an actor with more than
// one is tainted: of it nothing more is promised than that no gateway shows more than was issued.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace tributary::simulation {

using Actor = std::pair<std::string, std::uint64_t>;  // device, epoch
using KeyType = std::pair<std::string, std::uint8_t>;

struct DotName {
  std::string device;
  std::uint64_t epoch = 0, op = 0;
  friend auto operator<=>(const DotName&, const DotName&) = default;
};

// One operation, with what it left behind.
struct Op {
  enum class Kind : std::uint8_t { count, insert, erase, set, erase_foreign, forget_foreign, mute };
  std::uint64_t number = 0;
  Kind kind = Kind::count;
  KeyType key;
  std::uint64_t up = 0, down = 0;     // count: the totals after it
  std::string element;                // insert, erase; set: the value's bytes
  std::vector<std::uint64_t> killed;  // insert, erase: own adds that it retired
  DotName target;                     // erase_foreign, forget_foreign
};

class Log {
 public:
  const std::vector<Op>& ops() const { return ops_; }
  std::uint64_t last() const { return ops_.empty() ? 0 : ops_.back().number; }

  // What the application and the SDK did. `number` is the next one.
  void count(std::uint64_t number, const KeyType&, std::uint64_t up, std::uint64_t down);
  void insert(std::uint64_t number, const KeyType&, const std::string& element);
  void erase(std::uint64_t number, const KeyType&, const std::string& element);
  void set(std::uint64_t number, const KeyType&, const std::string& bytes);
  void erase_foreign(std::uint64_t number, const KeyType&, const DotName& target);
  void forget_foreign(std::uint64_t number, const KeyType&, const DotName& target);

  // Keys that were refused fall silent: the number moves on, and that is all.
  void mute(std::uint64_t number);

  // A memory that was not saved forgets what came after `number`.
  void forget_after(std::uint64_t number);

  struct Totals {
    std::uint64_t up = 0, down = 0;
  };
  const std::map<KeyType, Totals>& totals() const { return totals_; }
  // Elements that are in the set by this log, and the operation that put them there.
  std::map<std::string, std::uint64_t> live(const KeyType&) const;
  bool ever_inserted(const KeyType&, const std::string& element) const;
  // The operation is an insert of that element.
  bool inserted_by(std::uint64_t number, const KeyType&, const std::string& element) const;
  bool set_by(std::uint64_t number, const KeyType&, const std::string& bytes) const;
  // Removals that are not forgotten, each with the operation that made it (again, perhaps).
  const std::map<DotName, std::uint64_t>& foreign(const KeyType&) const;
  std::vector<KeyType> keys() const;

 private:
  const Op* find(std::uint64_t number) const;
  void apply(const Op&);

  std::vector<Op> ops_;  // ascending by number, without gaps
  std::map<KeyType, Totals> totals_;
  std::map<KeyType, std::map<std::string, std::uint64_t>> live_;
  std::map<KeyType, std::set<std::string>> inserted_;
  std::map<KeyType, std::map<DotName, std::uint64_t>> foreign_;
};

class History {
 public:
  // The log of one memory (a device's copy, by number) for an actor; made when it is new.
  std::shared_ptr<Log> log(const Actor&, std::uint64_t memory);
  // Another memory goes on as this actor from here.
  std::shared_ptr<Log> fork(const Actor&, std::uint64_t from_memory, std::uint64_t memory);
  void taint(const Actor& actor) { tainted_.insert(actor); }
  // In all its epochs, also those to come.
  void taint_device(const std::string& device) { tainted_devices_.insert(device); }
  bool device_tainted(const std::string& device) const {
    return tainted_devices_.count(device) != 0;
  }
  bool tainted(const Actor& actor) const {
    return tainted_.count(actor) != 0 || device_tainted(actor.first);
  }

  // All logs of an actor; none for one that never wrote.
  const std::map<std::uint64_t, std::shared_ptr<Log>>* logs(const Actor&) const;
  const std::map<Actor, std::map<std::uint64_t, std::shared_ptr<Log>>>& all() const { return all_; }
  std::uint64_t operations() const;

 private:
  std::map<Actor, std::map<std::uint64_t, std::shared_ptr<Log>>> all_;
  std::set<Actor> tainted_;
  std::set<std::string> tainted_devices_;
};

}  // namespace tributary::simulation
