// SPDX-License-Identifier: Apache-2.0
// Engine: what an acknowledgement means. A gateway's word is checked against what this memory knows
// that it sent.
#include <algorithm>
#include <cassert>

#include "crdt/planted.h"
#include "firmware-sim/sdk/engine.h"

namespace tributary::sdk {
namespace {

const wire::Limits limits;
constexpr std::uint64_t zero_pause_min_ms = 10'000;
constexpr std::uint64_t zero_pause_max_ms = 600'000;
constexpr std::uint32_t unproven_max = 16;
constexpr std::size_t events_max = 1'024;  // not fetched: the oldest are dropped

}  // namespace

std::vector<Event> Engine::receive(std::uint64_t now_ms, std::string_view payload) {
  advance(now_ms);
  const Result<wire::Ack, wire::DecodeError> ack = wire::decode_ack(payload, limits);
  if (!ack) {
    report_bad_ack(wire::to_string(ack.error()));
  } else if (ack->fleet != options_.fleet || ack->device != options_.device) {
    report_bad_ack("for device \"" + std::string(ack->device) + "\" of fleet \"" +
                   std::string(ack->fleet) + "\"");
  } else if (!signed_by(signing::Kind::ack, ack->gateway, payload)) {
    report_bad_ack(
        "not signed by gateway \"" + std::string(ack->gateway) +
        "\" (does it have security.signatures set?), or of a gateway whose key this device was "
        "not given");
  } else {
    state().adopt(ack->hlc);
    for (const wire::ActorAck& a : ack->actors) {
      if (a.epoch == memory_->epoch) {
        take(*ack, a);
        break;
      }
    }
  }
  if (events_.size() > events_max) {
    events_.erase(events_.begin(), events_.end() - static_cast<std::ptrdiff_t>(events_max));
  }
  return std::exchange(events_, {});
}

void Engine::report_bad_ack(std::string text) {
  events_.push_back(
      {.kind = Event::Kind::bad_ack, .epoch = memory_->epoch, .text = std::move(text)});
}

void Engine::take(const wire::Ack& ack, const wire::ActorAck& a) {
  switch (shows_twin(a)) {
    case Twin::no:
      break;
    case Twin::yes:
      return fresh_epoch(ack.gateway);  // nothing else in this ack counts
    case Twin::unproven:
      return report_bad_ack("gateway \"" + std::string(ack.gateway) +
                            "\" claims an operation that this device does not know, and shows no "
                            "signature of this device for it");
  }
  const std::uint64_t safe_before = safe();
  rest();
  hear(ack, a);
  for (const std::string_view envelope : a.removals) take_removal(envelope, ack.gateway);
  for (const wire::Refusal& r : a.refusals) take_refusal(r, ack.gateway);
  if (safe() > safe_before) {
    events_.push_back({.kind = Event::Kind::acknowledged,
                       .op = safe(),
                       .last_op = state().last_op(),
                       .epoch = memory_->epoch,
                       .gateway = std::string(ack.gateway)});
  }
  drop_acknowledged();
}

bool Engine::signed_by(signing::Kind kind, std::string_view member, std::string_view bytes) const {
  if (options_.members.empty()) return true;
  const auto sealed = wire::decode_sealed(bytes, limits);
  if (!sealed || sealed->signature.empty()) return false;
  return std::any_of(options_.members.begin(), options_.members.end(), [&](const MemberKey& m) {
    const bool may = kind != signing::Kind::ack || m.gateway;
    return may && m.id == member && signing::key_id(m.key) == sealed->key_id &&
           signing::verifies(m.key, kind, options_.fleet, *sealed);
  });
}

// Is the envelope that ended there among those quoted, with our own signature? Without a signer a
// gateway's word is enough.
bool Engine::shown(const wire::ActorAck& a, const wire::Point& p) const {
  if (!options_.signer || planted(Bug::believe_points)) return true;
  return std::any_of(a.removals.begin(), a.removals.end(), [&](std::string_view bytes) {
    const auto e = wire::decode_envelope(bytes, limits);
    return e && e->hash == p.hash && e->delta.to == p.op && e->delta.epoch == memory_->epoch &&
           e->delta.device == options_.device && e->delta.fleet == options_.fleet &&
           !e->sealed.signature.empty() &&
           signing::verifies(options_.signer->key, signing::Kind::delta, options_.fleet, e->sealed);
  });
}

// A point that is claimed and not shown is ignored, and with it an ack that rests on one. Not for
// ever: what could show it may be gone everywhere, and a device must not wait for it.
Engine::Twin Engine::shows_twin(const wire::ActorAck& a) {
  if (planted(Bug::ack_without_hash)) return Twin::no;
  const auto foreign = [&](const wire::Point& p) {
    return memory_->points.ask(p) == Points::Answer::never_sent;
  };
  const auto proven = [&](const wire::Point& p) { return foreign(p) && shown(a, p); };
  const wire::Point held{a.op, a.hash};
  if ((a.op > 0 && proven(held)) || std::any_of(a.points.begin(), a.points.end(), proven))
    return Twin::yes;
  // What lies above `op` is not acknowledged anyway, and only that may be ignored by itself.
  const bool below = std::any_of(a.points.begin(), a.points.end(),
                                 [&](const wire::Point& p) { return p.op <= a.op && foreign(p); });
  if (a.op > 0 && foreign(held)) return Twin::unproven;
  if (!below) unproven_ = 0;
  return below && ++unproven_ <= unproven_max ? Twin::unproven : Twin::no;
}

void Engine::hear(const wire::Ack& ack, const wire::ActorAck& a) {
  const bool verified = a.op == 0 || planted(Bug::ack_without_hash) ||
                        memory_->points.ask({a.op, a.hash}) == Points::Answer::sent;
  const bool more =
      memory_->gateways.heard({ack.gateway, ack.incarnation, ack.hlc, a.op, verified}, now_ms_);
  dirty_ = dirty_ || more;
  if (more) {
    inflight_ = 0;
    pause_ms_ = options_.resend_min_ms;
  }
  memory_->gateways.watch(from(), now_ms_, options_.catch_up_ms);
  if (a.send_from_zero && !zero_wanted_ && (!zero_at_ || now_ms_ >= *zero_at_)) {
    zero_pause_ms_ = std::clamp(2 * zero_pause_ms_, zero_pause_min_ms, zero_pause_max_ms);
    zero_wanted_ = state().last_op() > 0;
    zero_at_ = now_ms_;
  } else if (!a.send_from_zero && !zero_wanted_) {
    zero_pause_ms_ = 0;
  }
}

// Else any gateway could have this device empty its sets. What cannot be verified is not taken: the
// add counts as removed on every gateway all the same.
bool Engine::may_remove(const wire::Envelope& e) const {
  if (!options_.signer || planted(Bug::believe_points)) return true;
  if (e.delta.device == options_.device) {
    return !e.sealed.signature.empty() &&
           signing::verifies(options_.signer->key, signing::Kind::delta, options_.fleet, e.sealed);
  }
  return !options_.members.empty() && signed_by(signing::Kind::delta, e.delta.device, *e.bytes);
}

// A gateway says that another actor removed adds of ours and quotes the envelope: it is read like
// any other. The adds are retired by operations of our own, so that the other actor may forget.
void Engine::take_removal(std::string_view envelope, std::string_view gateway) {
  const Result<wire::Envelope, wire::DecodeError> e = wire::decode_envelope(envelope, limits);
  if (!e) return report_bad_ack("quotes an envelope: " + wire::to_string(e.error()));
  const wire::Delta& d = e->delta;
  if (d.fleet != options_.fleet) return report_bad_ack("quotes an envelope of another fleet");
  if (d.device == options_.device && d.epoch == memory_->epoch) return;  // it shows a point
  if (!may_remove(*e)) return;
  for (const wire::Entry& entry : d.entries) {
    const auto* payload = std::get_if<wire::OrSetPayload>(&entry.payload);
    Cell* c = payload != nullptr ? state().find(entry.key, entry.type) : nullptr;
    if (c == nullptr) continue;
    for (const wire::OrSetPayload::Foreign& f : payload->foreign) {
      if (f.device != options_.device || f.epoch != memory_->epoch) continue;
      const auto add = c->set->adds.find(f.op);
      if (add == c->set->adds.end()) continue;
      Event event{.kind = Event::Kind::removed, .epoch = memory_->epoch};
      event.gateway = std::string(gateway);
      event.text = std::string(d.device);
      event.element = opened(*c, add->second);
      event.keys.push_back({c->key, entry.type});
      if (did(state().erase_op(*c, f.op)) != Outcome::applied) continue;
      event.op = state().last_op();
      events_.push_back(std::move(event));
    }
  }
}

// The delta that ended at `to` was refused whole. Its keys fall silent with an operation of their
// own: the number moves on, so what was refused is never sent again under a number that was used.
void Engine::take_refusal(const wire::Refusal& r, std::string_view gateway) {
  if (r.to > state().last_op()) return;
  Event event{.kind = Event::Kind::refused, .op = r.to, .epoch = memory_->epoch};
  event.gateway = std::string(gateway);
  event.text = std::string(r.rule);
  std::vector<Cell*> cells;
  for (const auto& [key, type] : r.keys) {
    Cell* c = state().find(key, type);
    if (c == nullptr || c->muted || c->last == 0) continue;
    cells.push_back(c);
    event.keys.push_back({c->key, type});
  }
  if (!cells.empty()) {
    state().mute(cells);
    did(Outcome::applied);
    event.last_op = state().last_op();
    abandon_flights();  // they carry what was refused
    events_.push_back(std::move(event));
    return;
  }
  GatewayLink* link = memory_->gateways.find(gateway);
  if (!r.keys.empty() || link == nullptr || link->refusal == r.rule) return;
  link->refusal = event.text;  // nothing to mute: said once
  events_.push_back(std::move(event));
}

// This memory was copied or rolled back. Whatever would be carried over may have been counted
// already: nothing is.
void Engine::fresh_epoch(std::string_view gateway) {
  Event event{.kind = Event::Kind::twin, .op = safe(), .last_op = state().last_op()};
  event.epoch = memory_->epoch;
  event.gateway = std::string(gateway);
  state().for_each_since(safe(), [&](Cell& c) {
    event.keys.push_back({c.key, static_cast<std::uint8_t>(c.type)});
  });
  events_.push_back(std::move(event));
  const std::uint64_t old = memory_->epoch;
  while (memory_->epoch == old) memory_->epoch = options_.random();
  if (!planted(Bug::carry_over)) state().reset();
  memory_->points.clear();
  memory_->gateways.clear();
  abandon_flights();
  sent_to_ = batch_at_ = 0;
  inflight_ = 0;
  pause_ms_ = options_.resend_min_ms;
  resend_at_.reset();
  refresh_at_.reset();
  zero_at_.reset();
  zero_wanted_ = false;
  dirty_ = true;
  persist();  // a failure is no harm: the old memory would find its twin again
}

// After an ack: what need not be sent any more, and whether a pause must run.
void Engine::drop_acknowledged() {
  const std::uint64_t held = from(), last = state().last_op();
  if (main_.delta && main_.delta->to <= held) {
    const std::shared_ptr<const MadeDelta> done = std::exchange(main_, Flight{}).delta;
    extra_ = {done, 0};  // a gateway that is behind may hold some of its parts already
    outgoing_.erase(std::remove_if(outgoing_.begin(), outgoing_.end(),
                                   [&](const Outgoing& o) { return o.delta == done; }),
                    outgoing_.end());
  }
  if (!next_extra()) extra_ = Flight{};
  sent_to_ = std::max(sent_to_, std::min(held, last));
  if (held >= last) {
    resend_at_.reset();
  } else if (!resend_at_) {
    resend_at_ = now_ms_ + jittered(pause_ms_);
  }
}

}  // namespace tributary::sdk
