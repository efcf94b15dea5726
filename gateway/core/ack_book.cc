// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/ack_book.h"

#include <algorithm>
#include <utility>

#include "crdt/planted.h"

namespace tributary::core {
namespace {

constexpr std::size_t points_max = 16;
constexpr std::size_t removals_quoted_max = 8;
constexpr std::size_t removals_kept_max = 64;
constexpr std::size_t refusals_max = 8;
// Live envelopes may weigh this many times what the parts weigh before the device is asked to send
// from 0.
constexpr std::uint64_t weight_factor = 4;
constexpr std::uint64_t weight_slack_bytes = 4096;

std::uint64_t hash_of(std::string_view device) {
  return absl::HashOf(device);
}

}  // namespace

void AckBook::Due::add(LinkId link) {
  const auto at = std::lower_bound(links.begin(), links.end(), link);
  if (at == links.end() || *at != link) links.insert(at, link);
}

AckBook::Answer& AckBook::Due::of(std::uint64_t epoch) {
  const auto at = std::lower_bound(epochs.begin(), epochs.end(), epoch,
                                   [](const Answer& a, std::uint64_t n) { return a.epoch < n; });
  if (at != epochs.end() && at->epoch == epoch) return *at;
  Answer made;
  made.epoch = epoch;
  return *epochs.insert(at, std::move(made));
}

AckBook::Due& AckBook::due(std::string_view device, std::uint64_t hash) {
  while (true) {
    const auto [at, made] = due_at_.try_emplace(hash, due_.size());
    if (made) {
      due_.push_back({std::string(device), {}, {}});
      return due_.back();
    }
    if (due_[at->second].device == device) return due_[at->second];
    ++hash;  // it has another one's
  }
}

void AckBook::answer(ActorRecord& actor, const Asked& asked, LinkId link) {
  const std::uint64_t hash = hash_of(actor.name.device);
  heard_on_[hash] = link;
  Due& due = this->due(actor.name.device, hash);
  due.add(link);
  Answer& a = due.of(actor.name.epoch);
  a.actor = &actor;
  a.from = std::min(a.from, asked.from);
  if (asked.to >= a.newest.to) a.newest = asked;
}

void AckBook::advanced(ActorRecord& actor) {
  const std::uint64_t hash = hash_of(actor.name.device);
  const auto at = heard_on_.find(hash);
  if (at == heard_on_.end()) return;
  Due& due = this->due(actor.name.device, hash);
  due.add(at->second);
  due.of(actor.name.epoch).actor = &actor;
}

void AckBook::refuse(std::string_view device, std::uint64_t epoch, const Asked& asked, LinkId link,
                     const Denial& denial) {
  Due& due = this->due(device, hash_of(device));
  due.add(link);
  Answer& a = due.of(epoch);
  if (asked.to >= a.newest.to) a.newest = asked;
  if (a.refusals.size() < refusals_max) a.refusals.push_back({asked.to, denial});
}

void AckBook::removed(const ForeignRemoval& f) {
  std::vector<ForeignRemoval>& kept = removals_[f.target.actor.record];
  if (kept.size() < removals_kept_max) kept.push_back(f);
  advanced(*f.target.actor.record);
}

void AckBook::seal(const Context& context, std::vector<std::string>& bodies) {
  const auto& signer = context.options.trust.signer;
  const auto one = [&](std::size_t i) {
    std::string& body = bodies[i];
    body = signer ? signing::seal(signing::Kind::ack, context.options.fleet, body, *signer)
                  : wire::seal(body);
  };
  if (signer && context.share) return context.share(bodies.size(), one);
  for (std::size_t i = 0; i < bodies.size(); ++i) one(i);
}

void AckBook::send(const Context& context, Output& out, Counters& counters) {
  std::vector<std::string> payloads;
  payloads.reserve(due_.size());
  for (const Due& due : due_) payloads.push_back(body_of(context, due));
  seal(context, payloads);
  const std::string above = context.options.root + "/ack/";
  out.publishes.reserve(out.publishes.size() + due_.size());
  for (std::size_t i = 0; i < due_.size(); ++i) {
    const auto& links = due_[i].links;
    for (const LinkId link : links) {
      std::string topic;
      topic.reserve(above.size() + due_[i].device.size());
      topic.append(above).append(due_[i].device);
      std::string payload = link == links.back() ? std::move(payloads[i]) : payloads[i];
      out.publishes.push_back({link, std::move(topic), std::move(payload), false, false});
      counters.acks += 1;
    }
  }
  due_.clear();
  due_at_.clear();
}

// The oldest stay: a device that was rolled back goes on from before what it forgot.
void AckBook::keep_overtaken(ActorRecord& actor, const Asked& asked, const LiveSet& live) {
  const auto known = overtaken_.find(&actor);
  if (known == overtaken_.end() && overtaken_.size() >= overtaken_max) return;
  std::vector<wire::Point> points = actor.intake.points_above(asked.from, points_max);
  if (const wire::Point all = actor.intake.contiguous(); all.op > asked.from) points.push_back(all);
  if (points.empty() && known == overtaken_.end()) return;
  Overtaken& o = overtaken_[&actor];
  std::erase_if(o.envelopes, [&](const auto& e) { return e.first.op <= asked.from; });
  if (o.envelopes.empty()) o.asks = 0;
  std::sort(points.begin(), points.end());
  for (const wire::Point& p : points) {
    const Bytes bytes = p.hash == asked.hash ? nullptr : at_point(actor, p.hash, live);
    const bool kept = std::any_of(o.envelopes.begin(), o.envelopes.end(),
                                  [&](const auto& k) { return k.first == p; });
    if (bytes != nullptr && !kept && o.envelopes.size() < overtaken_of_one_max)
      o.envelopes.emplace_back(p, bytes);
  }
  if (o.envelopes.empty()) {
    overtaken_.erase(&actor);
  } else {
    o.asks += 1;
  }
}

AckBook::Bytes AckBook::at_point(const ActorRecord& actor, const wire::Hash& hash,
                                 const LiveSet& live) const {
  if (const LiveEnvelope* e = live.find(hash)) return e->bytes;
  const auto at = silent_.find(&actor);
  return at != silent_.end() && at->second.hash == hash ? at->second.bytes : nullptr;
}

bool AckBook::keep_silent(const ActorRecord& actor, const wire::Envelope& e) {
  if (planted(Bug::forget_silent)) return false;
  const wire::Point newest = actor.intake.newest();
  const auto at = silent_.find(&actor);
  if (at != silent_.end() && at->second.hash == newest.hash) return false;
  if (e.delta.entries.empty() && e.hash == newest.hash) {
    silent_[&actor] = {e.hash, e.bytes};
    return true;
  }
  if (at == silent_.end()) return false;
  silent_.erase(at);
  return true;
}

std::string_view AckBook::silent(const ActorRecord& actor) const {
  const auto at = silent_.find(&actor);
  return at == silent_.end() ? std::string_view{} : *at->second.bytes;
}

void AckBook::restore_silent(const ActorRecord& actor, std::string_view bytes,
                             const wire::Limits& limits) {
  if (const auto e = wire::decode_envelope(bytes, limits)) keep_silent(actor, *e);
}

// A device that has a twin meets points that it does not know. Where envelopes are signed it
// believes that only when it is shown its own signature, so: the newest envelope held, when the
// device seems not to know it, and what it reaches beyond again and again.
void AckBook::show(const Context& context, ActorRecord& actor, const Asked& asked,
                   std::vector<std::string_view>& out) const {
  if (!context.options.trust.signer || asked.to == 0) return;
  const auto add = [&](std::string_view bytes) {
    if (out.size() < removals_quoted_max) out.push_back(bytes);
  };
  const wire::Point newest = actor.intake.newest();
  if (newest.op >= asked.to && newest.hash != asked.hash) {
    if (const Bytes bytes = at_point(actor, newest.hash, context.live)) add(*bytes);
  }
  const auto at = overtaken_.find(&actor);
  if (at == overtaken_.end() || at->second.asks < asks_in_doubt) return;
  for (const auto& [point, bytes] : at->second.envelopes) add(*bytes);
}

std::string AckBook::body_of(const Context& context, const Due& due) {
  wire::Ack ack;
  ack.fleet = context.options.fleet;
  ack.gateway = context.options.gateway;
  ack.incarnation = context.incarnation;
  ack.hlc = context.hlc;
  ack.device = due.device;
  for (const Answer& answer : due.epochs) {
    wire::ActorAck a;
    a.epoch = answer.epoch;
    for (const Refused& r : answer.refusals) {
      wire::Refusal refusal;
      refusal.to = r.to;
      refusal.rule = std::string_view(r.denial.rule).substr(0, 200);
      for (const auto& [key, type] : r.denial.keys) refusal.keys.emplace_back(key, type);
      a.refusals.push_back(std::move(refusal));
    }
    ActorRecord* const actor =
        answer.actor != nullptr ? answer.actor : context.actors.find(due.device, answer.epoch);
    if (actor != nullptr && !actor->cold) {  // a cold one is told when it speaks
      const wire::Point point = actor->intake.contiguous();
      a.op = point.op;
      a.hash = point.hash;
      a.points = actor->intake.points_above(
          answer.from == ~std::uint64_t{0} ? point.op : answer.from, points_max);
      a.send_from_zero = actor->live_bytes > weight_factor * actor->part_bytes + weight_slack_bytes;
      if (const auto at = removals_.find(actor); at != removals_.end()) {
        std::erase_if(at->second,
                      [&](const ForeignRemoval& f) { return f.key->as<OrSet>().dead(f.target); });
        for (const ForeignRemoval& f : at->second) {
          const LiveEnvelope* e = context.live.removal(f);
          if (e == nullptr || a.removals.size() >= removals_quoted_max) continue;
          const std::string_view bytes = *e->bytes;
          if (std::find(a.removals.begin(), a.removals.end(), bytes) == a.removals.end())
            a.removals.push_back(bytes);
        }
        if (at->second.empty()) removals_.erase(at);
      }
      show(context, *actor, answer.newest, a.removals);
    }
    ack.actors.push_back(std::move(a));
  }
  return wire::encode_body(ack);
}

}  // namespace tributary::core
