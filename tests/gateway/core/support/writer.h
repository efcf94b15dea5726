// SPDX-License-Identifier: Apache-2.0
// A shipping device with a memory, and a log of its operations that only the oracle reads.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "firmware-sim/sdk/device.h"

namespace tributary::core::testing {

struct Op {
  enum class What { up, down, grown, added, removed, set };
  std::uint64_t n = 0;
  std::string key;
  std::uint8_t type = 0;
  What what = What::up;
  std::uint64_t amount = 0;  // counters
  std::string element;       // sets
  std::string device;        // removed: whose add
  std::uint64_t epoch = 0, op = 0;
  std::uint64_t forgotten_at = 0;  // removed: by this operation, which leaves nothing to be seen
};

class Writer {
 public:
  struct Oracle {
    std::vector<Op> log;  // of this epoch
    // gateway incarnation → operation that the device was told is safe there; 0: by one that has
    // lost something of it since
    std::map<std::uint64_t, std::uint64_t> promised;
  };
  Writer(std::string id, std::function<std::uint64_t()> random)
      : id_(std::move(id)), random_(std::move(random)) {}

  void open(std::uint64_t now_ms, std::string snapshot, std::size_t body_bytes_max,
            std::size_t small_set_bytes, std::uint32_t acks_needed);
  sdk::Device& device() { return *device_; }
  const std::string& id() const { return id_; }
  const std::string& saved() const { return saved_; }

  // Each says whether it was an operation.
  bool count(const std::string& key, bool up, std::uint64_t amount, bool grow_only);
  bool grow(const std::string& key, const std::string& element);
  bool insert(const std::string& key, const std::string& element);
  bool erase(const std::string& key, const std::string& element);
  bool erase_foreign(const std::string& key, const std::string& device, std::uint64_t epoch,
                     std::uint64_t op);
  bool forget_foreign(const std::string& key, const std::string& device, std::uint64_t epoch,
                      std::uint64_t op);
  bool set(const std::string& key, std::uint64_t at_ms, const std::string& value);
  // Notes what an ack did to this device.
  void note(const std::vector<sdk::Event>&);

  // Own live adds of a set: element → operation.
  std::map<std::string, std::uint64_t> live(const std::string& key) const;
  // Foreign adds removed and not forgotten: (device, epoch, op).
  using Dot = std::tuple<std::string, std::uint64_t, std::uint64_t>;
  std::vector<Dot> removed_of_others(const std::string& key) const;

  Oracle oracle;
  std::uint32_t twins = 0, muted = 0, retired = 0;

 private:
  bool log(sdk::Outcome, Op);
  void log_removal_of(const std::string& key, const std::string& element, std::uint64_t n);

  std::string id_;
  std::function<std::uint64_t()> random_;
  std::optional<sdk::Device> device_;
  std::string saved_;
  std::map<std::string, std::vector<Dot>> foreign_;
};

}  // namespace tributary::core::testing
