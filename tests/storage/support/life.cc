// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/support/life.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "transports/session.h"
#include "transports/wire/ack.h"

namespace tributary::storage {
namespace {

using store::Error;

// Every start has its own session, also one from a copied disk.
std::uint64_t next_session() {
  static std::uint64_t last = 0;
  return ++last;
}

core::Options gateway_options(const std::string& gateway) {
  core::Options o;
  o.fleet = "demo";
  o.gateway = gateway;
  o.listen_ms = 100;
  o.settle_ms = 200;
  o.state_interval_min_ms = 300;
  o.sync_interval_max_ms = 2'000;
  return o;
}

}  // namespace

Life::Life(Disk& disk, LifeOptions options)
    : disk_(disk),
      vfs_(disk),
      options_(std::move(options)),
      core_options_(gateway_options(options_.gateway)) {}

std::optional<Error> Life::open() {
  store::Options o;
  o.identity = {"demo", options_.gateway};
  o.full_sync = options_.full_sync;
  o.random = [this] { return options_.incarnation; };
  o.vfs = vfs_.name();
  o.files = &vfs_;
  o.checkpoint_pages = options_.checkpoint_pages;
  auto opened = store::Store::open(database, o);
  if (!opened) return opened.error();
  store_ = std::move(*opened);
  created_ = store_->created();
  return restore();
}

std::optional<Error> Life::restore() {
  gateway_ = std::make_unique<core::Gateway>(core_options_, store_->incarnation(), next_session());
  store::Store::Visitor visitor;
  visitor.envelope = [this](core::EnvelopeRow&& row) { gateway_->restore(std::move(row)); };
  visitor.actor = [this](core::ActorRow&& row) { gateway_->restore(std::move(row)); };
  const auto count = store_->load(visitor);
  if (count) return std::nullopt;
  gateway_.reset();
  store_.reset();
  return count.error();
}

std::string Life::boot() {
  close();
  lost_ = false;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const std::optional<Error> e = open();
    if (!e) {
      gateway_->attach({.name = "local"});
      gateway_->start(now_);
      perform();
      return {};
    }
    errors_.push_back(*e);
    if (e->kind != Error::Kind::corrupt) break;
  }
  return store::name(errors_.back().kind) + std::string(": ") + errors_.back().message;
}

void Life::close() {
  gateway_.reset();
  store_.reset();
  broker_ = nullptr;
  subscriptions_.clear();
  must_reopen_ = false;
}

void Life::connect(Broker& broker) {
  broker_ = &broker;
  gateway_->connected(now_, 0);
  const std::vector<core::Subscription> before = subscriptions_;
  for (const core::Subscription& s : before) subscribe(s);
  perform();
}

void Life::up(const std::string& device, std::string envelope) {
  hear(gateway_->root() + "/up/" + device, std::move(envelope));
}

void Life::hear(std::string topic, std::string payload, bool retained) {
  gateway_->receive(now_, {0, std::move(topic), std::move(payload), retained});
  perform();
}

void Life::run(std::uint64_t ms) {
  const std::uint64_t end = now_.mono_ms + ms;
  while (!lost_) {
    const auto due = gateway_->deadline();
    if (!due || *due > end) break;
    const std::uint64_t step = *due > now_.mono_ms ? *due - now_.mono_ms : 0;
    now_.mono_ms += step;
    now_.wall_ms += step;
    gateway_->tick(now_);
    perform();
  }
  now_.wall_ms += end - now_.mono_ms;
  now_.mono_ms = end;
}

bool Life::settle(std::uint64_t ms) {
  for (std::uint64_t passed = 0; passed < ms && !lost_; passed += 100) {
    run(100);
    const core::Summary s = gateway_->summary();
    if (s.pending == 0 && !s.degraded) return true;
  }
  return false;
}

void Life::perform() {
  for (bool more = true; more && !lost_;) {
    core::Output out = gateway_->take_output();
    more = out.commit.has_value();
    for (const core::Notice& n : out.notices) kinds_.emplace(n.kind);
    for (core::Publish& p : out.publishes) publish(p);
    for (const core::Subscription& s : out.subscriptions) {
      more = true;
      if (s.subscribe) subscriptions_.push_back(s);
      std::erase_if(subscriptions_, [&](const core::Subscription& x) {
        return !s.subscribe && x.filter == s.filter;
      });
      if (s.subscribe) subscribe(s);
    }
    if (out.commit) commit(std::move(*out.commit));
  }
}

// The daemon's store thread, step for step.
std::optional<Error> Life::write(const core::Commit& rows) {
  if (must_reopen_) {
    if (const auto reopened = store_->reopen(); !reopened) return reopened.error();
    must_reopen_ = false;
  }
  const auto done = store_->commit(rows);
  if (done) return std::nullopt;
  must_reopen_ = done.error().kind != Error::Kind::full;
  return done.error();
}

void Life::commit(core::CommitRequest&& request) {
  if (const std::optional<Error> e = write(*request.rows)) {
    errors_.push_back(*e);
    lost_ = e->kind == Error::Kind::corrupt || e->kind == Error::Kind::foreign;
    gateway_->commit_failed(now_, request.ticket, e->message);
    return;
  }
  // Before the gateway hears of it: then it may join what waits to what is on the disk.
  acked_.push_back({disk_.now(), held()});
  gateway_->committed(now_, request.ticket);
}

void Life::publish(core::Publish& p) {
  const std::string acks = gateway_->root() + "/ack/";
  if (p.topic.starts_with(acks)) {
    const auto ack = wire::decode_ack(p.payload, wire::Limits{});
    ASSERT_TRUE(ack);
    for (const wire::ActorAck& a : ack->actors) {
      told_[{p.topic.substr(acks.size()), a.epoch}] = a.op;
    }
  }
  if (!p.retain || broker_ == nullptr) return;
  if (p.payload.empty()) {
    broker_->retained.erase(p.topic);
  } else {
    broker_->retained[p.topic] = p.payload;
  }
}

void Life::subscribe(const core::Subscription& s) {
  if (broker_ == nullptr) return;
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [topic, payload] : broker_->retained) {
    if (transports::topic_matches(s.filter, topic)) found.emplace_back(topic, payload);
  }
  for (auto& [topic, payload] : found) {
    gateway_->receive(now_, {0, std::move(topic), std::move(payload), true});
  }
}

std::string Life::digest_of_nothing() {
  return core::Gateway(gateway_options("g"), 1, 1).summary().digest;
}

Held Life::held() const {
  Held out;
  out.digest = gateway_->summary().digest;
  const auto all = gateway_->envelopes("", gateway_->summary().live_envelopes);
  for (const auto& [hash, bytes] : *all) {
    out.envelopes.emplace(hash.view());
  }
  for (const core::DeviceView& d : gateway_->devices("", 0, 1'000)) {
    if (d.op > 0) out.points[{d.device, d.epoch}] = d.op;
  }
  return out;
}

}  // namespace tributary::storage
