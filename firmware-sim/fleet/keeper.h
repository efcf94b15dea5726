// SPDX-License-Identifier: Apache-2.0
// Keeps a fleet and its oracle in a directory, so that a kill -9 of the fleet's process is one more
// reboot of all its devices, and the verdict still knows what every life of it issued.
//
//   Keeper keeper("fleet.state", seed, now_ms);   // throws std::runtime_error when it cannot
//   keeper.replay(oracle);                        // what earlier lives issued
//   keeper.issued(actor, op, operation, hlc);     // before the operation can leave the device
//   keeper.save(id, snapshot);                    // a device's memory
//
// Promise: what was written before a kill is there after it; a record that the kill tore is left
// out, and nothing that it told of had left a device. Not power-safe: nothing is synced.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "crdt/actor.h"
#include "crdt/hlc.h"
#include "firmware-sim/devices/operation.h"

namespace tributary::fleet {

class Oracle;

class Keeper {
 public:
  // Makes the directory or goes on with the fleet in it: then its seed and birth count, not these.
  Keeper(std::string dir, std::uint64_t seed, std::uint64_t now_ms);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  std::uint64_t seed() const { return seed_; }
  std::uint64_t born_ms() const { return born_ms_; }  // of the first life: ids are drawn from it
  std::uint64_t life() const { return life_; }        // 0, 1 …

  void replay(Oracle& oracle) const;

  void issued(const crdt::Actor& actor, std::uint64_t op, const devices::Operation& operation,
              crdt::Hlc hlc);
  void promised(const crdt::Actor& actor, std::uint64_t upto);
  void forgotten(const crdt::Actor& actor, std::uint64_t above);

  std::string snapshot(const std::string& id) const;  // empty: none was saved
  bool save(const std::string& id, std::string_view snapshot) const;

 private:
  void write_record(std::string cbor);

  std::string dir_;
  std::uint64_t seed_ = 0, born_ms_ = 0, life_ = 0;
  int fd_ = -1;  // of the journal, which only grows
};

}  // namespace tributary::fleet
