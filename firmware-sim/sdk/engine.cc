// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/sdk/engine.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "crdt/planted.h"
#include "transports/wire/pack.h"

namespace tributary::sdk {
namespace {

const wire::Limits limits;

// A delta of many parts is repeated as it is so often before a newer one takes its place: enough
// for a queue that lets eight of them through.
std::uint32_t rounds_max(std::size_t parts) {
  return 12 + static_cast<std::uint32_t>(parts / 8);
}

// Where repetition `round` begins. A queue that is too short drops the end of a burst, and the same
// parts would be lost for ever. Steps of the golden ratio leave the smallest gaps at every time: w
// parts a round are all of them after little more than parts / w rounds.
std::size_t first_part(std::size_t round, std::size_t parts) {
  auto step = static_cast<std::size_t>(std::lround(0.618034 * static_cast<double>(parts)));
  while (std::gcd(step, parts) != 1) ++step;
  return round * step % parts;
}

constexpr std::uint64_t save_retry_ms = 1'000;
// Of an envelope: in a shorter one there is little to be found twice.
constexpr std::size_t worth_packing_bytes = 128;

void pull_back(std::optional<std::uint64_t>& at, std::uint64_t by) {
  if (at) *at -= std::min(*at, by);
}

}  // namespace

Engine::Engine(Options options, std::unique_ptr<Memory> memory)
    : options_(std::move(options)), memory_(std::move(memory)), pause_ms_(options_.resend_min_ms) {
  assert(options_.random && memory_);
  state().clock_ahead_max(options_.clock_ahead_max_ms);
}

Outcome Engine::did(Outcome outcome) {
  if (outcome != Outcome::applied) return outcome;
  dirty_ = true;
  if (state().last_op() == sent_to_ + 1) batch_at_ = now_ms_ + options_.batch_ms;
  return outcome;
}

void Engine::advance(std::uint64_t now_ms) {
  if (now_ms < now_ms_) {  // the clock stepped back: what was due in a second stays due in a second
    const std::uint64_t by = now_ms_ - now_ms;
    pull_back(save_retry_at_, by);
    pull_back(resend_at_, by);
    pull_back(zero_at_, by);
    pull_back(refresh_at_, by);
    batch_at_ -= std::min(batch_at_, by);
    memory_->gateways.shift_back(by);
  }
  now_ms_ = now_ms;
  state().wall(now_ms);
}

std::uint64_t Engine::safe() const {
  return std::min(from(), state().last_op());
}

std::uint64_t Engine::jittered(std::uint64_t pause_ms) {
  return pause_ms + options_.random() % (pause_ms / 4 + 1);
}

// While a delta of many parts is on its way, a newer one would only start the collecting anew.
bool Engine::whole_flight_in_air() const {
  const std::size_t parts = main_.delta ? main_.delta->envelopes.size() : 0;
  return parts > 1 && main_.rounds < rounds_max(parts) && main_.delta->from <= from() &&
         main_.delta->to > from();
}

std::optional<std::uint64_t> Engine::next_main() const {
  const std::uint64_t last = state().last_op();
  if (from() >= last) return std::nullopt;
  const std::uint64_t resend = resend_at_.value_or(now_ms_);
  const bool unsent = last > sent_to_ && inflight_ < options_.inflight_max;
  if (!unsent || whole_flight_in_air()) return resend;
  if (last - sent_to_ >= options_.batch_ops_max) return std::min(resend, now_ms_);
  return sent_to_ == 0 && !resend_at_ ? batch_at_
                                      : std::min(resend_at_.value_or(batch_at_), batch_at_);
}

std::optional<std::uint64_t> Engine::next_extra() const {
  std::optional<std::uint64_t> next = memory_->gateways.next_catch_up();
  if (zero_wanted_) next = std::min(next.value_or(*zero_at_), *zero_at_);
  return next;
}

std::optional<std::uint64_t> Engine::next_refresh() const {
  const std::uint64_t last = state().last_op();
  return last == 0 || from() < last ? std::nullopt : refresh_at_;
}

// Something was sent or heard: the next sign of life is due only after a while.
void Engine::rest() {
  if (options_.refresh_ms > 0) refresh_at_ = now_ms_ + jittered(options_.refresh_ms);
}

std::optional<std::uint64_t> Engine::deadline() const {
  std::optional<std::uint64_t> next = next_main();
  if (!next) next = next_refresh();
  if (!outgoing_.empty()) {
    next = now_ms_;
  } else if (const auto extra = next_extra()) {
    next = std::min(next.value_or(*extra), *extra);
  }
  if (next && save_retry_at_) next = std::max(*next, *save_retry_at_);
  return next;
}

bool Engine::repeatable(const Flight& f, std::uint64_t from) const {
  if (!f.delta || f.delta->from > from || f.delta->to <= from) return false;
  const wire::Point point{f.delta->to, f.delta->last_part};
  if (memory_->points.ask(point) != Points::Answer::sent)
    return false;  // its ack would tell nothing
  return f.delta->to == state().last_op() ||
         (f.delta->envelopes.size() > 1 && f.rounds < rounds_max(f.delta->envelopes.size()));
}

void Engine::send(Flight& flight, std::uint64_t from) {
  if (!repeatable(flight, from)) {
    const DeltaFrame frame{options_.fleet,           options_.device,
                           memory_->epoch,           options_.body_bytes_max,
                           options_.small_set_bytes, options_.signer ? &*options_.signer : nullptr};
    MadeDelta made = make_delta(state(), frame, from, options_.random());
    memory_->points.add({made.to, made.last_part});
    flight = {std::make_shared<const MadeDelta>(std::move(made)), 0};
    dirty_ = must_save_ = true;
  }
  ++flight.rounds;
  const std::size_t parts = flight.delta->envelopes.size();
  const std::size_t first = first_part(flight.rounds - 1, parts);
  for (std::size_t i = 0; i < parts; ++i) {
    outgoing_.push_back({flight.delta, (first + i) % parts});
  }
}

// Fills outgoing_ with what is due.
void Engine::plan() {
  const auto next = next_main();
  if (next && *next <= now_ms_) {
    const bool again = resend_at_ && *resend_at_ <= now_ms_;
    if (again) pause_ms_ = std::min<std::uint64_t>(2 * pause_ms_, options_.resend_max_ms);
    send(main_, from());
    sent_to_ = std::max(sent_to_, main_.delta->to);
    resend_at_ = now_ms_ + jittered(pause_ms_);
  }
  std::optional<std::uint64_t> behind = memory_->gateways.take_due(now_ms_);
  if (zero_wanted_ && *zero_at_ <= now_ms_) {
    behind = 0;
    zero_wanted_ = false;
    zero_at_ = now_ms_ + zero_pause_ms_;
  }
  const auto refresh = next_refresh();
  if (!refresh_at_) {
    rest();
  } else if (refresh && *refresh <= now_ms_) {
    const std::uint64_t last = state().last_op() - 1;
    behind = std::min(behind.value_or(last), last);
  }
  if (behind && *behind < state().last_op()) send(extra_, *behind);
}

std::vector<Packet> Engine::poll(std::uint64_t now_ms) {
  advance(now_ms);
  if (save_retry_at_ && now_ms_ < *save_retry_at_) return {};
  if (outgoing_.empty()) plan();
  if (must_save_ && !planted(Bug::send_before_save) && !persist()) {
    save_failed();
    return {};
  }
  std::vector<Packet> out;
  const std::string topic = "up/" + options_.device;
  while (!outgoing_.empty() && out.size() < options_.burst_packets_max) {
    out.push_back({topic, next_payload()});
  }
  inflight_ += static_cast<std::uint32_t>(out.size());
  if (!out.empty()) rest();
  return out;
}

// Takes from outgoing_ one envelope, or a pack of as many as fit a packet. REQUIRES: there is one.
std::string Engine::next_payload() {
  const auto envelope = [this](std::size_t i) -> const std::string& {
    return outgoing_[i].delta->envelopes[outgoing_[i].part];
  };
  const std::size_t waiting = std::min(outgoing_.size(), limits.pack_envelopes_max);
  std::string best = envelope(0);
  std::size_t taken = 1;
  const bool worth_it = options_.compress && best.size() >= worth_packing_bytes;
  for (std::size_t n = 1; worth_it; n = std::min(2 * n, waiting)) {
    std::vector<std::string_view> together;
    for (std::size_t i = 0; i < n; ++i) together.push_back(envelope(i));
    std::string packed = wire::encode_pack(together, wire::Codec::lz4);
    if (n == 1 ? packed.size() >= best.size() : packed.size() > options_.body_bytes_max) break;
    best = std::move(packed);
    taken = n;
    if (n == waiting) break;
  }
  outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(taken));
  return best;
}

bool Engine::persist() {
  if (!dirty_ || !options_.save) {
    dirty_ = must_save_ = false;
    return true;
  }
  if (!options_.save(encode_snapshot(options_.fleet, options_.device, *memory_))) return false;
  dirty_ = must_save_ = false;
  save_retry_at_.reset();
  return true;
}

// Nothing that the saved memory does not know may leave: the deltas are made anew when saving works
// again.
void Engine::save_failed() {
  if (!save_retry_at_) events_.push_back({.kind = Event::Kind::save_failed, .text = "save failed"});
  abandon_flights();
  save_retry_at_ = now_ms_ + save_retry_ms;
  resend_at_ = *save_retry_at_;
}

void Engine::abandon_flights() {
  main_ = extra_ = Flight{};
  outgoing_.clear();
}

void Engine::link_up(std::uint64_t now_ms) {
  advance(now_ms);
  pause_ms_ = options_.resend_min_ms;
  inflight_ = 0;
  if (from() < state().last_op()) resend_at_ = now_ms_;
}

}  // namespace tributary::sdk
