// SPDX-License-Identifier: Apache-2.0
// A device with a memory, between an application, gateways that tell the truth or lie, bytes that
// are no ack at all, a memory that fails, restarts and roll-backs. What must hold, always:
//
//   - what it sends can be read, and the memory knew of it before;
//   - nothing is safe that no gateway acknowledged;
//   - bytes that are no ack change nothing;
//   - after all of it an honest gateway gets everything in a bounded number of exchanges.
#include <algorithm>
#include <map>
#include <optional>

#include "firmware-sim/sdk/snapshot.h"
#include "gateway/core/intake.h"
#include "tests/fuzz/craft.h"
#include "transports/wire/pack.h"

using namespace tributary;
using fuzz::require;
using fuzz::Script;

namespace {

constexpr std::size_t events_max = 100;
constexpr std::size_t rounds_max = 64;
constexpr std::string_view device_id = "a";  // craft_delta() names its adds as foreign ones

// What a gateway knows of the device: by epoch, what was received.
class Honest {
 public:
  void take(const wire::Envelope& e) {
    const wire::Delta& d = e.delta;
    by_epoch_[d.epoch].record({d.from, d.to, d.id, d.part, d.parts, e.hash});
  }
  wire::Ack ack(crdt::Hlc hlc) const {
    wire::Ack out;
    out.fleet = fuzz::fleet;
    out.gateway = "g1";
    out.incarnation = 1;
    out.hlc = hlc;
    out.device = device_id;
    for (const auto& [epoch, intake] : by_epoch_) {
      wire::ActorAck a;
      a.epoch = epoch;
      a.op = intake.contiguous().op;
      a.hash = intake.contiguous().hash;
      a.points = intake.points_above(a.op, wire::ack_points_max);
      if (out.actors.size() < wire::ack_actors_max) out.actors.push_back(std::move(a));
    }
    return out;
  }

 private:
  std::map<std::uint64_t, core::Intake> by_epoch_;
};

class Life {
 public:
  explicit Life(Script script) : script_(script) { open(""); }

  void run() {
    for (std::size_t n = 0; n < events_max && !script_.done(); ++n) {
      event();
      check();
    }
    settle();
  }

 private:
  void event() {
    switch (script_.below(16)) {
      default:
        return act();
      case 5:
      case 6:
        return advance(script_.number() % 100'000);
      case 7:
        return poll();
      case 8:
        return give(honest_.ack(hlc()));
      case 9:
      case 10:
        return lie();
      case 11:
        return garbage();
      case 12:
        return restart();
      case 13:
        save_works_ = !save_works_;
        return;
      case 14:
        return device_->link_up(now_ms_);
      case 15:
        return turn_back();
    }
  }

  void open(const std::string& saved) {
    sdk::Options o;
    o.fleet = fuzz::fleet;
    o.device = device_id;
    o.random = [this] { return ++epochs_; };
    o.save = [this](std::string_view s) {
      if (save_works_) saves_.emplace_back(s);
      return save_works_;
    };
    o.saved = saved;
    o.body_bytes_max = 256;
    o.small_set_bytes = 32;
    auto device = sdk::Device::open(std::move(o));
    require(bool(device), "a device opens with what it saved");
    device_ = std::move(*device);
  }

  void act() {
    const std::string_view key = fuzz::craft_key(script_);
    const std::string element(script_.bytes(4));
    device_->time(now_ms_);
    switch (script_.below(8)) {
      case 0:
        device_->counter(key).add(script_.number());
        return;
      case 1:
        device_->up_down(key).subtract(script_.number());
        return;
      case 2:
        device_->grow_set(key).insert(element);
        return;
      case 3:
        device_->set(key).erase(element);
        return;
      case 4:
        device_->set(key).erase_foreign("b", script_.below(3), script_.number());
        return;
      case 5:
        device_->set(key).forget_foreign("b", script_.below(3), script_.number());
        return;
      case 6:
        device_->reg(key).set(script_.number());
        return;
      default:
        device_->set(key).insert(element);
    }
  }

  void advance(std::uint64_t ms) { now_ms_ += ms; }
  void turn_back() { now_ms_ -= std::min<std::uint64_t>(now_ms_, script_.number() % 10'000'000); }
  crdt::Hlc hlc() const { return crdt::Hlc::at(now_ms_); }

  void poll() {
    for (const sdk::Packet& p : device_->poll(now_ms_)) {
      require(p.topic == "up/" + std::string(device_id), "it speaks on its own topic");
      wire::Pack storage;
      const auto envelopes = wire::split_upload(p.payload, {}, storage);
      require(bool(envelopes), "what it sends is an upload");
      for (const std::string_view bytes : *envelopes) {
        const auto e = wire::decode_envelope(bytes, {});
        require(bool(e), "what it sends is an envelope");
        check_saved(*e);
        last_ = *e;
        // Any of them may be lost.
        if (!script_.one_in(4)) honest_.take(*e);
      }
    }
  }

  void check_saved(const wire::Envelope& e) {
    require(!saves_.empty(), "it saves before it sends");
    sdk::Memory memory;
    const auto error = sdk::decode_snapshot(saves_.back(), fuzz::fleet, device_id, memory);
    require(!error, "what it saves can be read");
    require(memory.epoch == e.delta.epoch && memory.state.last_op() >= e.delta.to,
            "the memory knows what is sent");
    if (e.delta.part != e.delta.parts) return;
    require(memory.points.ask({e.delta.to, e.hash}) != sdk::Points::Answer::never_sent,
            "and would know its own point again");
  }

  void give(const wire::Ack& ack) {
    for (const wire::ActorAck& a : ack.actors)
      claimed_[a.epoch] = std::max(claimed_[a.epoch], a.op);
    const std::uint64_t before = device_->safe(), epoch = device_->epoch();
    for (const sdk::Event& e : device_->receive(now_ms_, wire::seal(wire::encode_body(ack)))) {
      require(!(e.kind == sdk::Event::Kind::acknowledged && e.op < before && e.epoch == epoch),
              "an acknowledgement tells progress");
    }
  }

  void lie() {
    wire::Ack ack = honest_.ack(hlc());
    const std::uint64_t what = script_.byte();
    if (what & 1) ack.gateway = "g2";
    if (what & 2) ack.incarnation = script_.below(3);
    if (what & 4) ack.hlc = crdt::Hlc::at(now_ms_ + script_.number() * 100);
    if (what & 8) ack.device = "b";
    fuzz::Arena arena;
    auto mine = std::find_if(ack.actors.begin(), ack.actors.end(),
                             [&](const auto& a) { return a.epoch == device_->epoch(); });
    if (mine != ack.actors.end()) distort(*mine, arena);
    give(ack);
  }

  void distort(wire::ActorAck& a, fuzz::Arena& arena) {
    const std::uint64_t what = script_.byte();
    if (what & 1) a.send_from_zero = true;
    if ((what & 2) && a.op > 0)
      a.op -= 1 + script_.below(static_cast<std::uint64_t>(std::min<std::uint64_t>(a.op, 200)));
    if (a.op == 0) a.hash = {};
    if ((what & 4) && last_) {
      a.op = last_->delta.to;
      a.hash = last_->hash;
      a.points.clear();
    }
    if ((what & 0x18) == 0x18) a.points = {{1 + script_.number() % 1'000, wire::Hash{}}};
    if (what & 0x20) a.removals.push_back(removal(arena));
    if (what & 0x40) a.refusals.push_back(refusal(arena));
  }

  std::string_view removal(fuzz::Arena& arena) {
    if (script_.one_in(8)) return arena.keep(std::string(script_.bytes(64)));
    wire::Delta d = fuzz::craft_delta(script_, arena);
    d.device = "c";
    wire::Entry e;
    e.key = fuzz::craft_key(script_);
    e.type = 4;
    e.hi = d.to;
    e.payload =
        wire::OrSetPayload{{}, {}, {{device_id, device_->epoch(), 1 + script_.number() % 1'000}}};
    d.entries = {e};
    return arena.keep(wire::seal(wire::encode_delta(d)));
  }

  wire::Refusal refusal(fuzz::Arena& arena) {
    wire::Refusal r;
    r.to = 1 + script_.number() % 1'000;
    r.rule = arena.keep("no");
    for (std::uint64_t n = script_.below(3); n > 0; --n)
      r.keys.emplace_back(fuzz::craft_key(script_), 1 + script_.below(5));
    return r;
  }

  // An ack with a damaged byte, or any bytes.
  void garbage() {
    std::string bytes(script_.bytes(80));
    if (script_.one_in(2)) {
      const std::string real = wire::seal(wire::encode_body(honest_.ack(hlc())));
      const std::size_t at = script_.byte() % real.size();
      bytes = real.substr(0, at) + static_cast<char>(script_.byte()) + real.substr(at + 1);
    }
    if (const auto ack = wire::decode_ack(bytes, {})) return give(*ack);
    const auto before = std::tuple(device_->epoch(), device_->last_op(), device_->safe());
    const auto events = device_->receive(now_ms_, bytes);
    require(events.size() >= 1 && events.back().kind == sdk::Event::Kind::bad_ack,
            "what is no ack is reported");
    require(std::tuple(device_->epoch(), device_->last_op(), device_->safe()) == before,
            "and changes nothing");
  }

  void restart() {
    const bool old = script_.one_in(4);
    std::string saved;
    if (!saves_.empty()) saved = old ? saves_[script_.byte() % saves_.size()] : saves_.back();
    saves_.clear();
    if (!saved.empty()) saves_.push_back(saved);
    open(saved);
  }

  void check() {
    require(device_->safe() <= device_->last_op(), "safe is what was done");
    require(device_->unacknowledged() == device_->last_op() - device_->safe(), "the rest is not");
    require(device_->safe() <= claimed_[device_->epoch()], "safe is what was acknowledged");
  }

  void settle() {
    save_works_ = true;
    script_ = Script("");
    for (std::size_t n = 0; n < rounds_max && device_->unacknowledged() > 0; ++n) {
      now_ms_ = std::max(now_ms_ + 60, device_->deadline().value_or(0));
      poll();
      give(honest_.ack(hlc()));
      check();
    }
    require(device_->unacknowledged() == 0, "an honest gateway gets everything");
  }

  Script script_;
  std::uint64_t now_ms_ = 1'700'000'000'000;
  std::uint64_t epochs_ = 0;
  bool save_works_ = true;
  std::vector<std::string> saves_;
  std::optional<sdk::Device> device_;
  Honest honest_;
  std::optional<wire::Envelope> last_;
  std::map<std::uint64_t, std::uint64_t> claimed_;  // by epoch: the most that an ack said
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Life(Script(data, size)).run();
  return 0;
}
