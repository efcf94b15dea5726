// SPDX-License-Identifier: Apache-2.0
// What stands behind a Device: when to make which delta, what an ack means, and when to save. All
// decisions about time are in plan() and deadline(), all about trust in take().
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firmware-sim/sdk/delta_maker.h"
#include "firmware-sim/sdk/device.h"
#include "firmware-sim/sdk/snapshot.h"
#include "transports/wire/ack.h"

namespace tributary::sdk {

class Engine {
 public:
  // REQUIRES: options were checked; memory is new or was restored.
  Engine(Options options, std::unique_ptr<Memory> memory);

  State& state() { return memory_->state; }
  const State& state() const { return memory_->state; }
  // Every operation passes its outcome through here.
  Outcome did(Outcome);

  void advance(std::uint64_t now_ms);
  std::vector<Packet> poll(std::uint64_t now_ms);
  std::vector<Event> receive(std::uint64_t now_ms, std::string_view payload);
  std::optional<std::uint64_t> deadline() const;
  void link_up(std::uint64_t now_ms);
  bool persist();

  const Options& options() const { return options_; }

  // What an element or a register's bytes are on the wire, and back. Without a key that fits they
  // stay as they are. `salt` as in ValueCipher.
  std::string sealed(const Cell&, std::string_view plain, std::string_view salt = {}) const;
  std::string opened(const Cell&, std::string_view bytes) const;
  bool seals(const Cell&) const;
  // Every form of the element, the present one first: an earlier key may have sealed it, or none.
  std::vector<std::string> forms(const Cell&, std::string_view plain) const;
  std::uint64_t epoch() const { return memory_->epoch; }
  std::uint64_t safe() const;
  bool save_failing() const { return save_retry_at_.has_value(); }

 private:
  // A delta as it was sent, kept so that a repetition is the same bytes: parts of it that arrived
  // add up.
  struct Flight {
    std::shared_ptr<const MadeDelta> delta;
    std::uint32_t rounds = 0;
  };
  struct Outgoing {
    std::shared_ptr<const MadeDelta> delta;
    std::size_t part = 0;
  };

  // Calls f(cipher) for those that fit, the one that seals first, until it returns true.
  template <class F>
  void each_cipher(const Cell&, F&& f) const;

  // Sending (engine.cc)
  std::uint64_t from() const { return memory_->gateways.kth_point(options_.acks_needed); }
  bool whole_flight_in_air() const;
  std::optional<std::uint64_t> next_main() const;
  std::optional<std::uint64_t> next_extra() const;
  std::optional<std::uint64_t> next_refresh() const;
  void rest();
  void plan();
  void send(Flight&, std::uint64_t from);
  bool repeatable(const Flight&, std::uint64_t from) const;
  std::string next_payload();
  void abandon_flights();
  void save_failed();
  std::uint64_t jittered(std::uint64_t pause_ms);

  // Acknowledgements (acks.cc)
  void take(const wire::Ack&, const wire::ActorAck&);
  bool signed_by(signing::Kind, std::string_view member, std::string_view sealed) const;
  enum class Twin : std::uint8_t { no, yes, unproven };
  Twin shows_twin(const wire::ActorAck&);
  bool shown(const wire::ActorAck&, const wire::Point&) const;
  bool may_remove(const wire::Envelope&) const;
  void hear(const wire::Ack&, const wire::ActorAck&);
  void take_removal(std::string_view envelope, std::string_view gateway);
  void take_refusal(const wire::Refusal&, std::string_view gateway);
  void fresh_epoch(std::string_view gateway);
  void drop_acknowledged();
  void report_bad_ack(std::string text);

  const Options options_;
  std::unique_ptr<Memory> memory_;
  std::uint64_t now_ms_ = 0;

  bool dirty_ = true;       // memory_ differs from what was saved
  bool must_save_ = false;  // a delta was made that the saved memory does not know
  std::optional<std::uint64_t> save_retry_at_;

  Flight main_, extra_;  // extra_: for a gateway that is behind, or asked for everything
  std::deque<Outgoing> outgoing_;
  std::uint64_t sent_to_ = 0;   // operations up to this one were sent at least once
  std::uint64_t batch_at_ = 0;  // when the oldest unsent operation has waited long enough
  std::optional<std::uint64_t> resend_at_;
  std::optional<std::uint64_t> refresh_at_;  // since the last packet or ack
  std::uint64_t pause_ms_;
  std::uint32_t inflight_ = 0;            // packets since an ack told of progress
  std::optional<std::uint64_t> zero_at_;  // a gateway asked for everything: not before
  bool zero_wanted_ = false;
  std::uint64_t zero_pause_ms_ = 0;
  std::uint32_t unproven_ = 0;  // acks in a row that claimed what they did not show
  std::vector<Event> events_;
};

}  // namespace tributary::sdk
