// SPDX-License-Identifier: Apache-2.0
// The actors that this gateway knows, one record each at a stable address. The data types hold
// ActorRef, a handle of one word that orders like the actor it stands for.
//
// Lifetime: records live as long as the table; a ref never dangles before that.
#pragma once
#include <absl/container/btree_set.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/actor.h"
#include "gateway/core/hash_index.h"
#include "gateway/core/intake.h"

namespace tributary::core {

// Mono time in steps of 16 ms: 32 bits of them last two years.
constexpr std::uint32_t steps_of(std::uint64_t mono_ms) {
  return static_cast<std::uint32_t>(mono_ms / 16);
}
// What was in use a moment ago stays in memory, the longer the more there would be to read: of the
// owner thread's time reading back takes a part, whatever there is room for. `used` in such steps;
// 0: never, since the start.
inline bool may_leave(std::uint64_t mono_ms, std::uint32_t used, std::uint64_t bytes) {
  constexpr std::uint64_t bytes_a_ms = 2'000;
  return used == 0 || std::uint64_t{steps_of(mono_ms) - used} * 16 >= bytes / bytes_a_ms;
}

struct ActorRecord {
  crdt::Actor name;
  std::uint32_t number = 0;  // in the table
  std::uint32_t bucket = 0;
  std::uint64_t row = 0;  // in the store; 0: has none yet
  Intake intake;
  std::uint64_t heard_at_ms = 0;  // wall time of the last envelope from the device itself; 0: never
  std::optional<std::int64_t> clock_ms;  // its clock less ours then; of this start

  // Of the live envelopes. `live_sum` adds the first 8 bytes of their hashes: stored with the
  // intake, it tells at the next start whether the disk still holds what the intake rests on.
  std::uint64_t live_count = 0, live_sum = 0, live_bytes = 0;
  std::uint32_t removals = 0;    // of others' adds, in its parts of sets
  std::uint64_t part_bytes = 0;  // what the actor's parts weigh, as they would be sent

  // Since when (mono) something of it is here and cannot be acknowledged, because what comes next
  // is missing; of this start.
  std::optional<std::uint64_t> gap_since_ms;
  // REQUIRES: called whenever `intake` has changed, with whether it has more without a gap.
  void look_for_gap(std::uint64_t mono_ms, bool advanced) {
    if (intake.contiguous().op >= intake.top()) {
      gap_since_ms.reset();
    } else if (!gap_since_ms || advanced) {
      gap_since_ms = mono_ms;
    }
  }

  // Of a cold one (cold.h): its envelopes, what was received from it and its parts of counters, and
  // of registers and sets that rest, are on the disk alone; of `intake` there is what reached() and
  // top() tell.
  static constexpr std::uint32_t none = 0xFFFFFFFF;
  std::uint32_t cold_first = none, cold_place = 0;  // of the ColdSet

  std::uint64_t through = 0;  // gateways that passed on what it said, a bit each; of this start

  bool touched = false;   // by the commit in the making
  bool heard = false;     // anew, which the disk does not tell yet
  bool excluded = false;  // what it says is not shown: it told two stories
  bool cold = false;
  bool opaque = false;       // it has entries of types that are not known
  std::uint32_t active = 0;  // steps_of(mono): when something of it was taken in, or read back
};

struct ActorRef {
  ActorRecord* record = nullptr;

  friend bool operator==(ActorRef a, ActorRef b) { return a.record == b.record; }
  friend std::strong_ordering operator<=>(ActorRef a, ActorRef b) {
    if (a.record == b.record) return std::strong_ordering::equal;
    if (!a.record || !b.record)
      return a.record ? std::strong_ordering::greater : std::strong_ordering::less;
    return a.record->name <=> b.record->name;
  }
};

class ActorTable {
 public:
  // nullptr when unknown.
  ActorRecord* find(std::string_view device, std::uint64_t epoch) const {
    const View name{device, epoch};
    return find(name, name.hash());
  }
  void look_ahead(std::string_view device, std::uint64_t epoch) const {
    by_name_.look_ahead(View{device, epoch}.hash());
  }
  // Makes the record when it is not there.
  ActorRecord& intern(std::string_view device, std::uint64_t epoch) {
    const View name{device, epoch};
    const std::size_t hash = name.hash();
    if (ActorRecord* known = find(name, hash)) return *known;
    auto made = std::make_unique<ActorRecord>();
    made->name = {std::string(device), epoch};
    made->number = static_cast<std::uint32_t>(records_.size());
    made->bucket = wire::bucket_of(device, epoch);
    ActorRecord& out = *made;
    by_name_.insert(hash, out.number);
    records_.push_back(std::move(made));
    return out;
  }
  std::size_t size() const { return records_.size(); }
  // Estimated memory of one that is not cold, beside its envelopes; and of one that is.
  static constexpr std::size_t warm_bytes = 360, cold_bytes = 320;
  ActorRecord& at(std::uint32_t number) const { return *records_[number]; }

  // Calls f(ActorRecord&) for every epoch of a device, ascending.
  template <class F>
  void each_epoch(std::string_view device, F&& f) const {
    for (auto at = order().lower_bound(View{device, 0});
         at != order_.end() && (*at)->name.device == device; ++at) {
      f(**at);
    }
  }
  // Calls f(ActorRecord&) for every actor after (device, epoch), ascending, until it returns false.
  template <class F>
  void each_after(std::string_view device, std::uint64_t epoch, F&& f) const {
    for (auto at = order().upper_bound(View{device, epoch}); at != order_.end(); ++at) {
      if (!f(**at)) return;
    }
  }

 private:
  struct View {  // of a record's own name
    std::string_view device;
    std::uint64_t epoch = 0;
    friend auto operator<=>(const View&, const View&) = default;
    std::size_t hash() const { return absl::HashOf(device, epoch); }
  };
  ActorRecord* find(const View& name, std::size_t hash) const {
    const auto is = [&](std::uint32_t n) { return view(*records_[n]) == name; };
    const auto number = by_name_.find(hash, is);
    return number ? records_[*number].get() : nullptr;
  }
  static View view(const View& v) { return v; }
  static View view(const ActorRecord& a) { return {a.name.device, a.name.epoch}; }
  static View view(const ActorRecord* a) { return view(*a); }
  struct InOrder {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const { return view(a) < view(b); }
  };
  using Order = absl::btree_set<ActorRecord*, InOrder>;
  // Made when it is asked for: people read in order now and then, devices come many at once. So not
  // even readers may be several at once here.
  const Order& order() const {
    for (; ordered_ < records_.size(); ++ordered_) order_.insert(records_[ordered_].get());
    return order_;
  }
  std::vector<std::unique_ptr<ActorRecord>> records_;  // by number
  HashIndex by_name_;
  mutable Order order_;  // of the first `ordered_`
  mutable std::size_t ordered_ = 0;
};

}  // namespace tributary::core

template <>
struct std::hash<tributary::core::ActorRef> {
  std::size_t operator()(tributary::core::ActorRef a) const noexcept {
    return std::hash<const void*>{}(a.record) >>
           4;  // records are aligned: the low bits say nothing
  }
};
