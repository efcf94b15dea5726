// SPDX-License-Identifier: Apache-2.0
#include "tests/gateway/core/support/rig.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "gateway/core/status.h"

namespace tributary::core::testing {
namespace {

constexpr int turns_max = 64;  // calls of tick() at one time before it counts as spinning

void by_two_threads(std::size_t count, const std::function<void(std::size_t)>& work) {
  const auto every_other = [&](std::size_t from) {
    for (std::size_t i = from; i < count; i += 2) work(i);
  };
  std::future<void> other;
  if (count > 1) other = std::async(std::launch::async, every_other, 1);
  every_other(0);
}

}  // namespace

Options Rig::defaults(std::string gateway) {
  Options o;
  o.fleet = "demo";
  o.gateway = std::move(gateway);
  o.listen_ms = 100;
  o.settle_ms = 200;
  o.state_interval_min_ms = 300;
  o.sync_interval_max_ms = 2'000;
  return o;
}

Options Rig::cold(Options o) {
  o.warm_bytes_max = 0;
  return o;
}

Rig::Rig(Options o, std::vector<LinkOptions> l) : options(std::move(o)), links(std::move(l)) {
  disk.incarnation = 77;
}

void Rig::make() {
  gateway = std::make_unique<Gateway>(options, disk.incarnation, ++session);
  if (shares_work) gateway->share_work_with(by_two_threads);
  if (reads_back)
    gateway->read_back_with([this](const RowsWanted& rows) { return read_back(rows); });
}

std::optional<ReadRows> Rig::read_back(const RowsWanted& rows) const {
  if (unreadable) return std::nullopt;
  ReadRows out;
  for (const std::uint64_t row : rows.envelopes) {
    if (const auto at = disk.envelopes.find(row); at != disk.envelopes.end())
      out.envelopes.push_back(at->second);
  }
  for (const std::uint64_t row : rows.actors) {
    if (const auto at = disk.actors.find(row); at != disk.actors.end())
      out.actors.push_back(at->second);
  }
  return out;
}

void Rig::boot(bool online) {
  make();
  std::vector<EnvelopeRow> rows;
  for (const auto& [row, e] : disk.envelopes) rows.push_back(e);
  gateway->verify_ahead(rows);
  for (const auto& [row, e] : disk.envelopes) gateway->restore(EnvelopeRow(e));
  for (const auto& [row, a] : disk.actors) gateway->restore(ActorRow(a));
  for (const LinkOptions& link : links) gateway->attach(link);
  gateway->start(now_);
  perform();
  for (LinkId l = 0; online && l < links.size(); ++l) connect(l);
}

void Rig::boot_early(const std::function<void()>& between) {
  make();
  for (const auto& [row, a] : disk.actors) gateway->restore(ActorRow(a));
  for (const LinkOptions& link : links) gateway->attach(link);
  std::map<std::uint64_t, std::pair<std::string, std::uint64_t>> left;
  for (const auto& [row, e] : disk.envelopes) left.emplace(row, std::pair(e.device, e.epoch));
  gateway->begin_early(now_, left.empty() ? 0 : left.rbegin()->first);
  const auto give = [&](std::uint64_t row) {  // unless what came meanwhile superseded it
    if (const auto at = disk.envelopes.find(row); at != disk.envelopes.end())
      gateway->restore(EnvelopeRow(at->second));
  };
  const auto serve = [&] {
    for (auto wanted = gateway->lacking(); !wanted.empty(); wanted = gateway->lacking()) {
      for (const crdt::Actor& actor : wanted) {
        std::erase_if(left, [&](const auto& one) {
          if (one.second != std::pair(actor.device, actor.epoch)) return false;
          give(one.first);
          return true;
        });
        gateway->all_of(actor);
      }
    }
    gateway->commit_early(now_);
    perform();
  };
  serve();  // the admin's
  between(), serve();
  for (; !left.empty(); between(), serve()) {
    const std::uint64_t row = left.begin()->first;
    left.erase(left.begin());
    give(row);
  }
  between();
  gateway->start(now_);
  perform();
  for (LinkId l = 0; l < links.size(); ++l) connect(l);
}

void Rig::crash() {
  gateway.reset();
  waiting_.reset();
  failed_ = false;
}

void Rig::connect(LinkId link) {
  gateway->connected(now_, link);
  perform();
}

void Rig::disconnect(LinkId link) {
  gateway->disconnected(now_, link);
  perform();
}

void Rig::stop() {
  gateway->stop(now_);
  perform();
}

std::string Rig::registry(std::string_view pack) {
  std::string wrong = gateway->registry(now_, pack);
  perform();
  return wrong;
}

void Rig::up(std::string_view device, std::string payload, LinkId link) {
  hear(topic("up/" + std::string(device)), std::move(payload), false, link);
}

void Rig::hear(std::string at, std::string payload, bool was_retained, LinkId link) {
  gateway->verify_ahead(std::vector<Upcoming>{{at, payload}});
  gateway->receive(now_, {link, std::move(at), std::move(payload), was_retained});
  perform();
}

void Rig::meet(LinkId link) {
  Status status;
  status.gateway = "other";
  status.online = true;
  status.incarnation = status.session = 1;
  status.at_ms = now_.wall_ms;
  hear(topic("gw/other/status"), to_json(status), true, link);
}

void Rig::again(std::uint64_t letter, std::string_view device, std::string payload, LinkId link) {
  gateway->receive(now_, {.link = link,
                          .topic = topic("up/" + std::string(device)),
                          .payload = std::move(payload),
                          .retained = false,
                          .letter = letter});
  perform();
}

void Rig::pass(std::uint64_t ms) {
  const std::uint64_t end = now_.mono_ms + ms;
  int turns = 0;
  for (;;) {
    const auto due = gateway->deadline();
    if (!due || *due > end) break;
    if (*due > now_.mono_ms) {
      now_.wall_ms += *due - now_.mono_ms;
      now_.mono_ms = *due;
      turns = 0;
    }
    ASSERT_LT(++turns, turns_max) << "it asks to be woken at " << *due << " again and again";
    gateway->tick(now_);
    perform();
  }
  now_.wall_ms += end - now_.mono_ms;
  now_.mono_ms = end;
}

void Rig::commit() {
  if (!waiting_) return;
  finish_commit();
  perform();
}

void Rig::finish_commit() {
  const CommitRequest request = std::move(*waiting_);
  waiting_.reset();
  disk.apply(*request.rows);
  if (on_commit) on_commit(*request.rows);
  gateway->committed(now_, request.ticket);
}

void Rig::fail(std::string reason) {
  if (!waiting_) return;
  const Ticket ticket = waiting_->ticket;
  waiting_.reset();
  failed_ = true;
  gateway->commit_failed(now_, ticket, std::move(reason));
  perform();
}

void Rig::run(std::uint64_t ms) {
  commits_at_once = true;
  commit();
  pass(ms);
  commits_at_once = false;
}

void Rig::perform() {
  for (;;) {
    Output out = gateway->take_output();
    for (Publish& p : out.publishes) {
      if (p.retain) retained[{p.link, p.topic}] = p.payload;
      if (p.retain && p.payload.empty()) retained.erase({p.link, p.topic});
      published.push_back(std::move(p));
    }
    subscriptions.insert(subscriptions.end(), out.subscriptions.begin(), out.subscriptions.end());
    notices.insert(notices.end(), out.notices.begin(), out.notices.end());
    letters.insert(letters.end(), out.letters.begin(), out.letters.end());
    values.insert(values.end(), out.values.begin(), out.values.end());
    if (out.commit) {
      EXPECT_FALSE(waiting_) << "a second commit while one is unanswered";
      waiting_ = std::move(out.commit);
      failed_ = false;
    }
    if (!commits_at_once || !waiting_) return;
    finish_commit();
  }
}

std::unique_ptr<Rig::HeardAck> Rig::ack(std::string_view device) {
  std::unique_ptr<HeardAck> out;
  for (Publish& p : take("ack/" + std::string(device))) {
    EXPECT_FALSE(p.retain);
    out = std::make_unique<HeardAck>();
    out->bytes = std::move(p.payload);
    const auto ack = wire::decode_ack(out->bytes, wire::Limits{});
    EXPECT_TRUE(ack) << (ack ? "" : to_string(ack.error()));
    if (!ack) return nullptr;
    out->ack = *ack;
  }
  return out;
}

std::vector<Publish> Rig::take(std::string_view prefix) {
  const std::string begin = topic(prefix);
  std::vector<Publish> out;
  for (Publish& p : published) {
    if (p.topic.starts_with(begin)) out.push_back(std::move(p));
  }
  std::erase_if(published,
                [&](const Publish& p) { return p.topic.empty() || p.topic.starts_with(begin); });
  return out;
}

std::vector<Subscription> Rig::take_subscriptions() {
  return std::exchange(subscriptions, {});
}

std::string Rig::shows(std::string_view key, wire::Type type) const {
  const auto v = gateway->value(key, static_cast<std::uint8_t>(type));
  return v ? v->json : "nothing";
}

std::unique_ptr<Core> Rig::on_disk() const {
  auto core = std::make_unique<Core>();
  for (const auto& [row, e] : disk.envelopes) core->take(e.bytes);
  return core;
}

}  // namespace tributary::core::testing
