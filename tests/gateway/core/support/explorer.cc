// SPDX-License-Identifier: Apache-2.0
#include "tests/gateway/core/support/explorer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "tests/gateway/core/support/enrolled.h"
#include "transports/session.h"

namespace tributary::core::testing {

struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

const char* name(Flavour f) {
  switch (f) {
    case Flavour::honest:
      return "honest";
    case Flavour::sets:
      return "sets";
    case Flavour::foreign:
      return "foreign";
    case Flavour::unknown:
      return "unknown";
    case Flavour::memoryless:
      return "memoryless";
    case Flavour::diskloss:
      return "diskloss";
    case Flavour::rollback:
      return "rollback";
    case Flavour::clone:
      return "clone";
    case Flavour::heavy:
      return "heavy";
    case Flavour::settle:
      return "settle";
  }
  return "?";
}

Explorer::Explorer(Flavour flavour, std::uint64_t seed, int steps)
    : flavour_(flavour),
      random_(seed * 1'000 + static_cast<std::uint64_t>(flavour)),
      early_(seed),
      steps_(steps),
      exact_(flavour != Flavour::rollback && flavour != Flavour::clone),
      future_(flavour == Flavour::unknown) {
  const std::size_t gateways = 3, devices = 2;
  for (std::size_t i = 0; i < devices + gateways; ++i) {
    const bool device = i < devices;
    writers_.emplace_back((device ? "d" : "op-g") + std::to_string(device ? i : i - devices),
                          [this] { return random_() >> 8; });
    writers_.back().open(now_, "", packet(), small(), 1);
  }
  for (std::size_t i = 0; i < gateways; ++i) {
    const bool signs = flavour == Flavour::settle;
    Options o = signs ? enrolled("gw" + std::to_string(i), Signatures::accept)
                      : Rig::defaults("g" + std::to_string(i));
    o.batch_timeout_ms = 20;
    o.view_interval_ms = 60'000;
    o.values_interval_ms = 60'000;
    o.fetch_timeout_ms = 1'000;
    o.sync_interval_max_ms = 1'000;
    if (chance(0.3)) o.state_part_bytes = 400;  // buckets in several parts
    if (i > 0) o.state_envelopes_at_once = i;
    // What is at rest: stays in memory, leaves it at once, or leaves it now and then.
    if (i > 0) o.warm_bytes_max = i == 1 ? 0 : 8'000;
    Node node;
    node.rig = std::make_unique<Rig>(o);
    node.rig->disk.incarnation = random_();
    node.rig->session = i << 32;
    node.rig->shares_work = signs && i > 0;
    node.rig->on_commit = [this, i](const Commit& rows) { committed(nodes_[i], rows); };
    node.committed = std::make_unique<Core>();
    node.writer = devices + i;
    if (signs) node.file = {registry({"gw0", "gw1", "gw2"})};
    nodes_.push_back(std::move(node));
    boot(nodes_.back());
  }
  for (std::size_t i = 0; i < gateways; ++i) collect(i);
}

std::string Explorer::run() {
  try {
    for (int i = 0; i < steps_; ++i) step();
    finish();
    return {};
  } catch (const Broken& b) {
    return b.what();
  }
}

void Explorer::say(std::string text) {
  trace.push_back(std::to_string(now_ % 1'000'000) + " " + std::move(text));
}

void Explorer::wrong(std::string text) const {
  throw Broken(std::move(text));
}

// --- what gateways say

void Explorer::collect(std::size_t i) {
  Rig& rig = *nodes_[i].rig;
  if (!rig.gateway) return;
  for (Publish& p : std::exchange(rig.published, {})) published(i, std::move(p));
  for (const Subscription& s : rig.take_subscriptions()) asked(i, s);
  if (rig.gateway->starts_again()) start_again(i);
}

void Explorer::published(std::size_t i, Publish&& p) {
  const std::string rest = p.topic.substr(std::string_view("tributary/v1/demo/").size());
  if (p.retain) broker_[p.topic] = p.payload;
  if (rest.starts_with("ack/")) {
    check_ack(nodes_[i], p.payload);
    acks_.push_back({rest.substr(4), p.payload, nodes_[i].rig->disk.incarnation});
    return;
  }
  if (rest.starts_with("view/")) return;
  const bool head = rest.ends_with("/head"), state = rest.find("/state/") != std::string::npos;
  if (head) {
    heads_.emplace_back(p.topic, p.payload);
    check_head(nodes_[i], p.payload);
  }
  const double batches = flavour_ == Flavour::foreign ? 0.25 : 0.6;
  for (std::size_t to = 0; to < nodes_.size(); ++to) {
    if (to == i) continue;
    if (!state) post(to, p.topic, p.payload, false, head ? 0.5 : batches);
    for (const std::string& f : nodes_[to].filters) {
      if (state && transports::topic_matches(f, p.topic)) post(to, p.topic, p.payload, false, 0.7);
    }
  }
}

void Explorer::asked(std::size_t i, const Subscription& s) {
  if (!s.subscribe) {
    nodes_[i].filters.erase(s.filter);
    return;
  }
  if (s.filter.find("/state/") != std::string::npos) {
    nodes_[i].filters.insert(s.filter);
    reached["fetch"] += 1;
  }
  for (const auto& [topic, payload] : broker_) {
    if (!payload.empty() && transports::topic_matches(s.filter, topic))
      post(i, topic, payload, true, 0.85);
  }
}

void Explorer::post(std::size_t to, const std::string& topic, const std::string& payload,
                    bool retained, double likely) {
  if (flowing_ || chance(likely)) net_.push_back({to, topic, payload, retained});
}

void Explorer::packets(Writer& w, bool all) {
  w.device().time(now_);
  for (sdk::Packet& p : w.device().poll(now_)) {
    std::string payload = std::move(p.payload);
    if (future_) {
      const std::string sent = to_future(payload);
      original_[hash_of(sent)] = hash_of(payload);
      payload = sent;
    }
    history_.emplace_back(w.id(), payload);
    reached["parts"] += decoded(payload).delta.parts > 1;
    for (std::size_t to = 0; to < nodes_.size(); ++to) {
      if (all || chance(0.6))
        net_.push_back({to, "tributary/v1/demo/up/" + w.id(), payload, false});
    }
  }
}

void Explorer::hear_ack(Writer& w, const std::string& payload, std::uint64_t incarnation) {
  std::string bytes = payload;
  auto ack = *wire::decode_ack(payload, wire::Limits{});
  if (future_) {  // in the words of the device: it made other bodies
    const auto translate = [&](wire::Hash& h) {
      if (const auto at = original_.find(h); at != original_.end()) h = at->second;
    };
    for (wire::ActorAck& a : ack.actors) {
      translate(a.hash);
      for (wire::Point& p : a.points) translate(p.hash);
    }
    bytes = wire::seal(wire::encode_body(ack));
  }
  const std::uint64_t epoch = w.device().epoch();
  const std::uint32_t twins = w.twins;
  const std::vector<Op> log = w.oracle.log;
  w.note(w.device().receive(now_, bytes));
  if (w.twins != twins) {
    say("TWIN " + w.id());
    reached["twin"] += 1;
    if (exact_) wrong("an honest device was told that it has a twin: " + w.id());
    return;
  }
  for (const wire::ActorAck& a : ack.actors) {
    if (a.epoch != epoch) continue;
    std::uint64_t& promised = w.oracle.promised[incarnation];
    promised = std::max(promised, a.op);
    reached["asked from 0"] += a.send_from_zero;
  }
}

}  // namespace tributary::core::testing
