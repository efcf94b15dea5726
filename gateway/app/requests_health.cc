// SPDX-License-Identifier: Apache-2.0
// Answers about the gateway itself: how it is doing, who its peers are, what happened lately.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/app/requests_impl.h"
#include "gateway/app/text.h"
#include "transports/wire/envelope.h"

namespace tributary::app {

using nlohmann::json;

namespace {

json counters_json(const core::Counters& c) {
  json rejected = json::object();
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(core::Reject::count_); ++i) {
    rejected[std::string(name(static_cast<core::Reject>(i)))] = c.rejected[i];
    // A device that answers to other gateways is no trouble.
    if (static_cast<core::Reject>(i) != core::Reject::not_heard) total += c.rejected[i];
  }
  return {{"messages", c.messages},
          {"envelopes", c.envelopes},
          {"duplicates", c.duplicates},
          {"superseded", c.superseded},
          {"operations", c.operations},
          {"register_writes", c.register_writes},
          {"register_conflicts", c.register_conflicts},
          {"commits", c.commits},
          {"commit_failures", c.commit_failures},
          {"acks", c.acks},
          {"batches_out", c.batches_out},
          {"batches_in", c.batches_in},
          {"gaps", c.gaps},
          {"heads_out", c.heads_out},
          {"heads_in", c.heads_in},
          {"state_parts_out", c.state_parts_out},
          {"state_parts_in", c.state_parts_in},
          {"fetches", c.fetches},
          {"fetches_incomplete", c.fetches_incomplete},
          {"asks_out", c.asks_out},
          {"asks_unclear", c.asks_unclear},
          {"asks_lost", c.asks_lost},
          {"answers_in", c.answers_in},
          {"answers_out", c.answers_out},
          {"views", c.views},
          {"bytes_in", c.bytes_in},
          {"bytes_out", c.bytes_out},
          {"rejected", std::move(rejected)},
          {"rejected_total", total}};
}

// Estimated, by type, against what the configuration allows.
json memory_json(const core::Summary& s, const ProcessState& process) {
  json types = json::object();
  for (std::size_t t = 0; t < s.type_bytes.size(); ++t) {
    types[t == 0 ? "unknown" : wire::type_name(static_cast<std::uint8_t>(t))] = {
        {"bytes", s.type_bytes[t]}, {"max", process.type_bytes_max[t]}};
  }
  return {
      {"types", std::move(types)}, {"bytes", s.memory_bytes}, {"max", process.memory_bytes_max}};
}

json history_json(const Aside::History& h) {
  return {{"series", h.series},   {"bytes", h.bytes},           {"rows_written", h.rows},
          {"skipped", h.skipped}, {"dropped", h.dropped},       {"failures", h.failures},
          {"renewed", h.renewed}, {"cpu_ms", h.cpu_us / 1'000}, {"wrong", h.wrong}};
}

json offenders_json(const core::Gateway& gateway) {
  json out = json::array();
  for (const core::OffenderView& o : gateway.offenders()) {
    out.push_back({{"who", o.name}, {"refused", o.refused}, {"why", o.why}, {"at_ms", o.at_ms}});
  }
  return out;
}

json links_json(const Query& q) {
  json links = json::array();
  for (const ProcessState::Link& link : q.process.links) {
    links.push_back({{"name", link.name},
                     {"connected", link.connected},
                     {"outbox", link.outbox},
                     {"dropped", link.dropped},
                     {"messages_in", link.messages_in},
                     {"messages_out", link.messages_out},
                     {"bytes_in", link.bytes_in},
                     {"bytes_out", link.bytes_out},
                     {"reason", link.reason},
                     {"tls", link.tls}});
    for (const transports::Session::Part& part : link.sessions) {
      links.back()["sessions"].push_back({{"name", part.name},
                                          {"connected", part.connected},
                                          {"outbox", part.outbox},
                                          {"messages_in", part.messages_in},
                                          {"messages_out", part.messages_out},
                                          {"connects", part.connects},
                                          {"given_again", part.given_again},
                                          {"reason", part.reason}});
    }
    if (link.certificate_ends_s > 0) {
      const auto now_s = static_cast<std::int64_t>(q.process.now.wall_ms / 1'000);
      links.back()["certificate_ends"] =
          utc_time(static_cast<std::uint64_t>(link.certificate_ends_s) * 1'000);
      links.back()["certificate_days_left"] = (link.certificate_ends_s - now_s) / 86'400;
    }
  }
  return links;
}

}  // namespace

std::uint64_t errors_of(const core::Counters& c) {
  std::uint64_t all = c.commit_failures;
  for (std::size_t i = 0; i < static_cast<std::size_t>(core::Reject::count_); ++i) {
    const auto why = static_cast<core::Reject>(i);
    // Meant for another gateway; and what only waits for its signer's record.
    if (why != core::Reject::not_heard && why != core::Reject::stranger) all += c.rejected[i];
  }
  return all;
}

std::vector<std::pair<std::string, double>> memory_shares(const core::Summary& s,
                                                          const ProcessState& process) {
  std::vector<std::pair<std::string, double>> out;
  const auto share = [](std::uint64_t used, std::size_t max) {
    return max == 0 ? 0 : static_cast<double>(used) / static_cast<double>(max);
  };
  for (std::uint8_t t = 0; t < s.type_bytes.size(); ++t) {
    out.emplace_back(t == 0 ? "unknown" : wire::type_name(t),
                     share(s.type_bytes[t], process.type_bytes_max[t]));
  }
  out.emplace_back("total", share(s.memory_bytes, process.memory_bytes_max));
  return out;
}

json alerts(const Query& q) {
  json items = json::array();
  const Aside none;
  for (const Aside::Alert& a : (q.process.aside ? *q.process.aside : none).alerts) {
    items.push_back({{"name", a.name},
                     {"severity", a.severity},
                     {"state", a.firing ? "firing" : "pending"},
                     {"since", a.since_ms},
                     {"value", a.value},
                     {"threshold", a.threshold},
                     {"summary", a.summary},
                     {"do", a.advice}});
  }
  return {{"alerts", std::move(items)}};
}

json status(const Query& q) {
  const core::Summary s = q.gateway.summary();
  const bool history = q.process.aside != nullptr && q.process.aside->history.has_value();
  return {{"fleet", q.process.fleet},
          {"history", history ? history_json(*q.process.aside->history) : json(nullptr)},
          {"version", q.process.version},
          {"incarnation", hex64(s.incarnation)},
          {"session", hex64(s.session)},
          {"started_at", q.process.started.wall_ms},
          {"uptime_ms", q.process.now.mono_ms - q.process.started.mono_ms},
          {"state", s.degraded    ? "degraded"
                    : s.announced ? "online"
                                  : "starting"},
          {"reason", s.degraded_reason},
          {"digest", s.digest},
          {"actors", s.actors},
          {"keys", s.keys},
          {"parts", s.parts},
          {"live_envelopes", s.live_envelopes},
          {"live_bytes", s.live_bytes},
          {"cold_actors", s.cold_actors},
          {"cold_envelopes", s.cold_envelopes},
          {"cold_keys", s.cold_keys},
          {"pending", s.pending},
          {"waiting_for_registry", s.waiting},
          {"registered_keys", s.registered_keys},
          {"settlements", s.settlements},
          {"offenders", offenders_json(q.gateway)},
          {"equivocators", s.equivocators},
          {"oldest_unacknowledged_ms", s.oldest_ms != 0 && s.oldest_ms < q.process.now.mono_ms
                                           ? q.process.now.mono_ms - s.oldest_ms
                                           : 0},
          {"state_bytes", s.state_bytes},
          {"accepting", q.gateway.accepting()},
          {"shed", q.process.shed},
          {"counters", counters_json(q.gateway.counters())},
          {"links", links_json(q)},
          {"database",
           {{"path", q.process.database_path},
            {"bytes", q.process.database_bytes},
            {"commit_last_us", q.process.commit_last_us},
            {"commit_max_us", q.process.commit_max_us},
            {"commit_p50_us", q.process.commits.quantile_us(0.50)},
            {"commit_p99_us", q.process.commits.quantile_us(0.99)},
            {"disk_free_bytes", q.process.disk_free_bytes},
            {"disk_size_bytes", q.process.disk_size_bytes}}},
          {"ack_p50_us", q.gateway.counters().ack.quantile_us(0.50)},
          {"ack_p99_us", q.gateway.counters().ack.quantile_us(0.99)},
          {"reload", q.process.reloaded_at_ms == 0 ? json(nullptr)
                                                   : json{{"at", q.process.reloaded_at_ms},
                                                          {"refused", q.process.reload_refused}}},
          {"requests",
           {{"taken", q.process.asked.taken},
            {"denied", q.process.asked.denied},
            {"limited", q.process.asked.limited},
            {"no_reply", q.process.asked.no_reply}}},
          {"pending_max", q.process.pending_max},
          {"memory", memory_json(s, q.process)},
          {"memory_bytes", q.process.memory_bytes},
          {"cpu_ms", q.process.cpu_ms}};
}

json peers(const Query& q) {
  json items = json::array();
  for (const core::PeerView& view : q.gateway.peers()) {
    const bool heard = view.last_heard_ms > 0 && q.process.now.mono_ms >= view.last_heard_ms;
    const bool differs =
        view.differs_since_ms > 0 && q.process.now.mono_ms >= view.differs_since_ms;
    items.push_back(
        {{"gateway", view.gateway},
         {"link", view.link},
         {"online", view.online},
         {"incarnation", hex64(view.incarnation)},
         {"silent_ms", heard ? json(q.process.now.mono_ms - view.last_heard_ms) : json(nullptr)},
         {"buckets_differing", view.buckets_differing},
         {"in_step", view.in_step},
         {"fetching", view.fetching},
         {"differing_mask", hex64(view.differing_mask)},
         {"fetching_mask", hex64(view.fetching_mask)},
         {"differs_ms",
          differs ? json(q.process.now.mono_ms - view.differs_since_ms) : json(nullptr)}});
  }
  return {{"peers", std::move(items)}};
}

json buckets(const Query& q) {
  json items = json::array();
  for (const core::BucketView& view : q.gateway.buckets()) {
    items.push_back({{"digest", view.digest}, {"envelopes", view.envelopes}});
  }
  return {{"buckets", std::move(items)}};
}

json events_json(const std::vector<Events::Item>& events) {
  json items = json::array();
  for (const Events::Item& e : events) {
    items.push_back({{"id", e.id},
                     {"changed", e.changed},
                     {"at", e.first_ms},
                     {"last_at", e.last_ms},
                     {"level", word(e.level)},
                     {"kind", e.kind},
                     {"text", e.text},
                     {"count", e.count}});
  }
  return items;
}

json events(const Query& q) {
  std::uint64_t after = 0;
  if (const auto it = q.arguments.find("after"); it != q.arguments.end() && !it->is_null()) {
    if (!it->is_number_unsigned()) {
      throw Mistake{"after is not a number", "give the \"latest\" of the answer before"};
    }
    after = it->get<std::uint64_t>();
  }
  const Events none;
  const Events& all = q.process.events == nullptr ? none : *q.process.events;
  return {{"events", events_json(all.after(after))}, {"latest", all.latest()}};
}

json readiness(const Query& q) {
  const core::Summary s = q.gateway.summary();
  json checks = json::array();
  bool ready = true;
  const auto check = [&](const char* name, bool ok, const std::string& detail) {
    ready = ready && ok;
    checks.push_back({{"name", name}, {"ok", ok}, {"detail", ok ? "" : detail}});
  };
  std::string away;
  for (const ProcessState::Link& link : q.process.links) {
    if (!link.connected) away += (away.empty() ? "" : "; ") + link.name + ": " + link.reason;
  }
  check("broker", away.empty(), "not connected to " + away);
  check("database", !s.degraded, s.degraded_reason);
  check("announced", s.announced, "still hearing what the broker retains");
  const bool keeps_up =
      q.gateway.accepting() && !q.process.shedding && s.pending * 2 <= q.process.pending_max;
  check("caught-up", keeps_up, std::to_string(s.pending) + " envelopes wait for the disk");
  return {{"ready", ready}, {"checks", std::move(checks)}};
}

}  // namespace tributary::app
