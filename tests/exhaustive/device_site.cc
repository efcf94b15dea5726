// SPDX-License-Identifier: Apache-2.0
#include "tests/exhaustive/device_site.h"

#include <algorithm>
#include <cassert>

#include "firmware-sim/sdk/device.h"
#include "transports/wire/ack.h"

namespace tributary::exhaustive {
namespace {

constexpr std::uint64_t hour_ms = 3'600'000;
const std::string long_tail(150, '.');
constexpr std::uint64_t probe_every = 16;

std::uint64_t mix(std::uint64_t h, std::uint64_t v) {
  h = (h ^ v) * 0x9E3779B97F4A7C15u;
  return h ^ h >> 29;
}

void put(std::string& key, std::string_view bytes) {
  key += std::to_string(bytes.size()) + ':';
  key += bytes;
}

}  // namespace

std::uint64_t DeviceSite::epoch(std::size_t index) {
  return 101 + index;
}

// A live device, made from a state.
class DeviceSite::Run {
 public:
  Run(DeviceSite& site, const DeviceState& from)
      : site_(site),
        done_(from.start_done),
        boots_(from.boots),
        log_(from.start_log),
        saved_(from.start),
        saved_log_(from.start_log),
        given_(from.start),
        saved_done_(from.start_done),
        deltas_(from.start_deltas),
        links_(from.start_links),
        saved_links_(from.start_links) {
    open();
    for (const DeviceEvent& e : from.events) apply(e);
    sent_.clear();
    reached_ = 0;
  }

  void apply(const DeviceEvent& e) {
    // As good as random: a delta made again after a reboot has another id, a repeated one has not.
    nonce_ = mix(mix(mix(site_.index_, boots_), device_->last_op()), device_->safe());
    switch (e.type) {
      case DeviceEvent::Type::operate:
        return operate();
      case DeviceEvent::Type::send:
        device_->link_up(now_ms);
        send(now_ms, flight_);
        return;
      case DeviceEvent::Type::late:
        late_ += 1;
        if (send(now_ms + hour_ms, extra_)) {
          if (device_->unacknowledged() > 0) flight_ = extra_;
          reached_ |= bit(Reached::late_delta);
        }
        device_->time(now_ms);
        return;
      case DeviceEvent::Type::ack:
        return hear(site_.messages_[e.message]);
      case DeviceEvent::Type::reboot:
        return reboot();
    }
  }

  // What can tell this state from another. Ends the run.
  std::string key() {
    std::string out;
    probing_ = true;
    device_->persist();
    put(out, given_);
    put(out, saved_);
    put(out, log_);
    put(out, saved_log_);
    for (const std::uint64_t n :
         {std::uint64_t{done_}, std::uint64_t{saved_done_}, std::uint64_t{boots_},
          std::uint64_t{late_}, deltas_, stale_[0], stale_[1], std::uint64_t{awake_},
          links_.points[0], links_.points[1], std::uint64_t{links_.met[0]},
          std::uint64_t{links_.met[1]}}) {
      out += std::to_string(n) + ' ';
    }
    for (const std::vector<MessageId>* flight : {&flight_, &extra_}) {
      for (const MessageId m : *flight) out += std::to_string(m) + ' ';
      out += '/';
    }
    return out;
  }

  DeviceState state(const DeviceState& from, const DeviceEvent& e) const {
    DeviceState out;
    const bool fresh = e.type == DeviceEvent::Type::reboot;
    if (!fresh) out = from;
    if (fresh) {
      out.start = saved_;
      out.start_log = saved_log_;
      out.start_done = saved_done_;
      out.start_links = saved_links_;
      out.start_deltas = deltas_;
      out.boots = boots_;
    } else {
      out.events.push_back(e);
    }
    out.depth = from.depth + 1;
    out.done = done_;
    out.log = log_;
    out.deltas = deltas_;
    out.safe = device_->safe();
    out.points = links_.points;
    out.stale = stale_;
    out.unsaved = saved_log_ != log_;
    return out;
  }

  const std::vector<MessageId>& sent() const { return sent_; }
  std::uint32_t reached() const { return reached_; }

 private:
  void open() {
    sdk::Options o;
    o.fleet = fleet;
    o.device = device_names[site_.index_];
    o.random = [this] { return nonce_; };
    o.save = [this](std::string_view bytes) { return save(bytes); };
    o.saved = saved_;
    o.batch_ms = 0;
    o.body_bytes_max = 256;
    o.compress = false;     // each envelope is a message of its own
    o.small_set_bytes = 0;  // sets as intervals, so that gaps matter
    o.clock_ahead_max_ms = 0;
    nonce_ = epoch(site_.index_);
    auto opened = sdk::Device::open(std::move(o));
    if (!opened) throw Violation("a device does not start from what it saved");
    device_.emplace(std::move(*opened));
    device_->time(now_ms);
  }

  bool save(std::string_view bytes) {
    given_ = std::string(bytes);
    if (probing_) return true;
    if (site_.fault_ == Fault::memory_forgets && !saved_.empty()) return true;
    saved_ = std::string(bytes);
    saved_log_ = log_;
    saved_done_ = done_;
    saved_links_ = links_;
    return true;
  }

  void operate() {
    const std::string set = "s";
    const std::size_t me = site_.index_;
    const char letter = site_.program_[done_++];
    const std::uint64_t n = device_->last_op() + 1, by = amount(me);
    const std::string name = std::to_string(me + 1) + '-' + std::to_string(n);
    switch (letter) {
      case 'i':
        device_->counter("c").add(by);
        break;
      case 'u':
        device_->up_down("u").add(by);
        break;
      case 'd':
        device_->up_down("u").subtract(by);
        break;
      case 'a':
        device_->set(set).insert("x");
        break;
      case 'r':
        device_->set(set).erase("x");
        break;
      case 'f':
        if (site_.other_first_add_ > 0) {
          device_->set(set).erase_foreign(device_names[1 - me], epoch(1 - me),
                                          site_.other_first_add_);
        }
        break;
      case 's':
        device_->grow_set("g").insert(name);
        break;
      case 'l':
        device_->set("long").insert(name + long_tail);
        break;
      case 'w':
        device_->reg("r").set(100 * (me + 1) + n);
        break;
      default:
        assert(false);
    }
    if (device_->last_op() == n) log_ += letter;
  }

  // True when something was due.
  bool send(std::uint64_t at_ms, std::vector<MessageId>& flight) {
    std::vector<MessageId> out;
    for (sdk::Packet& p : device_->poll(at_ms)) {
      out.push_back(site_.messages_.upload(site_.index_, std::move(p.payload)));
    }
    if (out.empty()) return false;
    awake_ = true;
    if (flight != out) deltas_ += 1;
    flight = out;
    if (out.size() > 1) reached_ |= bit(Reached::parts);
    sent_.insert(sent_.end(), out.begin(), out.end());
    return true;
  }

  void hear(const Message& m) {
    awake_ = true;
    const std::uint64_t before = device_->last_op();
    const bool overtaken = m.acked < links_.points[m.from];
    stale_[m.from] = overtaken ? stale_[m.from] + 1 : 0;
    if (overtaken) reached_ |= bit(Reached::ack_lost_word);
    for (const sdk::Event& e : device_->receive(now_ms, m.payload)) {
      if (e.kind == sdk::Event::Kind::twin)
        throw Violation("an honest device is told that it has a twin");
      if (e.kind == sdk::Event::Kind::bad_ack || e.kind == sdk::Event::Kind::refused)
        throw Violation(std::string("an honest device hears: ") + sdk::name(e.kind) + ' ' + e.text);
    }
    for (std::uint64_t n = before; n < device_->last_op(); ++n) {
      log_ += 'R';
      reached_ |= bit(Reached::removed_by_other);
    }
    if (!overtaken) links_.points[m.from] = m.acked;
    links_.met[m.from] = true;
    const std::uint64_t safe = device_->safe();
    if (safe > device_->last_op()) throw Violation("more is safe than was ever done");
    land(safe);
  }

  // After an ack: which deltas the device still has in hand.
  void land(std::uint64_t safe) {
    const bool behind =
        (links_.met[0] && links_.points[0] < safe) || (links_.met[1] && links_.points[1] < safe);
    const std::vector<MessageId> done = flight_;
    const bool landed =
        !flight_.empty() && site_.messages_[flight_.front()].upto[site_.index_] <= safe;
    if (landed) flight_.clear();
    if (!behind) extra_.clear();
    if (behind && landed) extra_ = done;
  }

  void reboot() {
    reached_ |= bit(saved_log_ == log_ ? Reached::reboot_keeps : Reached::reboot_loses);
    log_ = saved_log_;
    done_ = saved_done_;
    links_ = saved_links_;
    boots_ += 1;
    device_.reset();
    flight_.clear();
    extra_.clear();
    stale_ = {};
    awake_ = false;
    open();
  }

  DeviceSite& site_;
  std::optional<sdk::Device> device_;
  std::uint32_t done_, boots_, late_ = 0;
  std::string log_, saved_, saved_log_;
  std::string given_;  // to save last
  std::uint32_t saved_done_;
  std::uint64_t nonce_ = 0;
  bool probing_ = false, awake_ = false;
  std::uint64_t deltas_ = 0;
  DeviceLinks links_, saved_links_;
  Ops stale_{};  // acks in a row that were overtaken
  std::vector<MessageId> flight_, extra_, sent_;
  std::uint32_t reached_ = 0;
};

DeviceSite::DeviceSite(std::size_t index, std::string program, std::uint64_t other_first_add,
                       Fault fault, Messages& messages)
    : index_(index),
      program_(std::move(program)),
      other_first_add_(other_first_add),
      fault_(fault),
      messages_(messages) {
  DeviceState first;
  first.key = Run(*this, first).key();
  known_.emplace(first.key, 0);
  states_.push_back(std::move(first));
  taken_.emplace_back();
}

bool DeviceSite::enabled(std::uint32_t state, const DeviceEvent& e) const {
  const DeviceState& s = states_[state];
  switch (e.type) {
    case DeviceEvent::Type::operate:
      return s.done < program_.size();
    case DeviceEvent::Type::send:
      return s.safe < s.log.size();
    case DeviceEvent::Type::late:
      return !s.log.empty();
    case DeviceEvent::Type::ack: {
      // Three in a row that were overtaken are believed, by design: one is enough here.
      const Message& m = messages_[e.message];
      return m.acked >= s.points[m.from] || s.stale[m.from] == 0;
    }
    case DeviceEvent::Type::reboot:
      return !s.events.empty();
  }
  return false;
}

DeviceState DeviceSite::evaluate(const DeviceState& from, const DeviceEvent& e, Step& step) {
  runs_ += 1;
  Run run(*this, from);
  run.apply(e);
  step.sent = run.sent();
  step.reached = run.reached();
  DeviceState next = run.state(from, e);
  next.key = run.key();
  return next;
}

Step DeviceSite::step(std::uint32_t state, const DeviceEvent& e) {
  Step out;
  DeviceState next = evaluate(states_[state], e, out);
  const auto [at, fresh] = known_.emplace(next.key, static_cast<std::uint32_t>(states_.size()));
  out.next = at->second;
  if (fresh) {
    states_.push_back(std::move(next));
    taken_.emplace_back();
  } else if (++merges_ % probe_every == 0) {
    probe(next, out.next);
  }
  taken_[state].emplace_back(e, out);
  return out;
}

void DeviceSite::probe(const DeviceState& other_way, std::uint32_t state) {
  for (const auto& [event, step] : taken_[state]) {
    Step other;
    const DeviceState next = evaluate(other_way, event, other);
    probes_ += 1;
    if (next.key != states_[step.next].key || other.sent != step.sent)
      throw Violation("one state of a device goes on in two ways, by what led to it");
  }
}

}  // namespace tributary::exhaustive
