// SPDX-License-Identifier: Apache-2.0
// What a person changes through the gateway: operations of an actor of its own
// ("operator-<gateway>"), a device like any other, with a memory beside the database; and envelopes
// from an export. Its promise: an operation goes the way of all others (decode, authorise, join,
// commit), is saved before it is answered, and is counted once.
//
//   Operator op({.fleet = "demo", .gateway = "g1", .memory_path = "data/operator.state", …});
//   std::string json = op.operate(R"({"key":"a","type":"gcounter","operation":"add","value":3})",
//                                 held, now_ms);
//   for (sdk::Packet& p : op.poll(now_ms)) inject(p.topic, p.payload);
//   op.acknowledged(payload, now_ms);              // of ack/<its id>
//
// A memory that is lost, or older than what its gateway holds of it (files put back from a copy),
// is left: a new epoch begins before anything is said, and `warn` hears what may be uncertain.
//
// Not thread-safe.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firmware-sim/sdk/device.h"
#include "gateway/app/memory_file.h"

namespace tributary::app {

class Operator {
 public:
  struct Options {
    std::string fleet, gateway, memory_path;
    std::function<std::uint64_t()> random;
    std::optional<signing::Signer> signer = {};         // its gateway's
    std::function<void(const std::string&)> warn = {};  // a memory was left, an operation refused
  };
  explicit Operator(Options options);

  // The highest operation of an actor, its id and this epoch, of which the gateway holds anything.
  using Held = std::function<std::uint64_t(const std::string& id, std::uint64_t epoch)>;

  // The answer, as JSON: what became of it.
  std::string operate(std::string_view arguments, const Held& held, std::uint64_t now_ms);
  std::vector<sdk::Packet> poll(std::uint64_t now_ms);
  void acknowledged(std::string_view payload, std::uint64_t now_ms);
  const std::string& id() const { return id_; }

 private:
  bool open(std::string& why);
  bool begin(std::string saved, std::string& why);
  bool leave_old_memory(const Held& held, std::string& why);
  void warn_of_new_epoch(std::uint64_t safe, std::uint64_t last) const;
  const Options options_;
  const std::string id_;
  std::unique_ptr<MemoryFile> memory_;
  std::optional<sdk::Device> device_;  // made by the first operation, or when it has a memory
};

// Lines of /api/v1/export/envelopes: what is to be taken in, as if their devices had sent it, and
// the answer.
struct Import {
  std::vector<sdk::Packet> packets;
  std::string answer;
};
Import read_import(const std::string& gateway, std::string_view lines);

}  // namespace tributary::app
