// SPDX-License-Identifier: Apache-2.0
// What a power cut leaves of a disk, after any number of the steps in its record. Its promise: what
// was synced is there in every variant; the rest is there as that variant has it, and the same seed
// gives the same files.
//
//   Replay at(disk.record());
//   for (; !at.done(); at.advance()) check(at.cut(Variant::reordered, seed));
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <string>

#include "tests/storage/support/disk.h"

namespace tributary::storage {

enum class Variant : std::uint8_t {
  written,    // all of it reached the disk
  dropped,    // nothing that was not synced did
  torn,       // of what was not synced, some sectors of 512 bytes did; new ones may hold rubbish
  reordered,  // of what was not synced, some writes did, in any order
};
inline constexpr Variant variants[] = {Variant::written, Variant::dropped, Variant::torn,
                                       Variant::reordered};
const char* name(Variant);

class Replay {
 public:
  explicit Replay(const Record& record);

  std::size_t at() const { return at_; }  // steps done
  bool done() const { return at_ == record_.steps.size(); }
  void advance(std::size_t steps = 1);
  void advance_to(std::size_t step) { advance(step - at_); }
  Image cut(Variant, std::uint64_t seed) const;

 private:
  // In order. One that a sync covered is safe, and may still wait behind one that no sync ever
  // will: a failed sync leaves those that it should have covered forgotten.
  struct Change {
    const Step* step = nullptr;
    bool safe = false, forgotten = false;
  };
  struct Content {
    std::string safe;
    std::deque<Change> changes;
  };
  using Names = std::map<std::string, std::uint32_t>;
  using Random = std::mt19937_64;

  static void rename(Names&, const Step&);
  static void apply(std::string&, const Step&);
  static void tear(std::string&, const Step&, Random&);
  static std::string content(const Content&, Variant, Random&);
  Names names(Variant, Random&) const;
  void take(const Step&);

  const Record& record_;
  std::size_t at_ = 0;
  Names names_;  // as they are safe
  std::deque<const Step*> renames_;
  std::map<std::uint32_t, Content> contents_;
};

}  // namespace tributary::storage
