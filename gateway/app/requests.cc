// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/requests.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "gateway/app/text.h"
#include "transports/wire/envelope.h"

namespace tributary::app {
namespace {

using nlohmann::json;

constexpr std::size_t arguments_bytes_max = 64 * 1024;
constexpr std::size_t page_items_max = 1000;
constexpr std::size_t chunk_items = 64;             // asked of the core at once, to stop soon after
constexpr std::size_t value_bytes_max = 32 * 1024;  // of one value on a page
constexpr std::size_t get_bytes_max = 900 * 1024;   // of everything that `get` answers

// What a request got wrong.
struct Mistake {
  std::string what, advice;
};

struct Query {
  const core::Gateway& gateway;
  const ProcessState& process;
  json arguments;
};

std::string dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string text_argument(const json& arguments, const char* name) {
  const auto it = arguments.find(name);
  if (it == arguments.end() || it->is_null()) return {};
  if (!it->is_string()) throw Mistake{std::string(name) + " is not a string", "quote it"};
  return it->get<std::string>();
}

std::size_t max_argument(const json& arguments) {
  const auto it = arguments.find("max");
  if (it == arguments.end() || it->is_null()) return page_items_max;
  if (!it->is_number_unsigned() || it->get<std::uint64_t>() == 0) {
    throw Mistake{"max is not a number from 1", "leave it out or give 1 to 1000"};
  }
  return std::min<std::size_t>(it->get<std::size_t>(), page_items_max);
}

std::uint8_t type_argument(const json& value) {
  const auto type = value.is_string() ? parse_type(value.get<std::string>()) : std::nullopt;
  if (!type) {
    throw Mistake{"no such type: " + dump(value), "one of gcounter pncounter gset orset lww"};
  }
  return *type;
}

// A cursor of two: what came back as "next".
std::optional<std::pair<std::string, json>> pair_argument(const json& arguments) {
  const auto it = arguments.find("after");
  if (it == arguments.end() || it->is_null()) return std::nullopt;
  if (!it->is_array() || it->size() != 2 || !(*it)[0].is_string()) {
    throw Mistake{"after is not a place in this list", "give back the \"next\" of the page before"};
  }
  return std::pair{(*it)[0].get<std::string>(), (*it)[1]};
}

json value_json(const core::ValueView& view, std::size_t bytes_max) {
  json out = {{"key", view.key},
              {"type", wire::type_name(view.type)},
              {"contributors", view.contributors},
              {"at", view.at_ms}};
  if (view.json.size() > bytes_max) {
    out["value"] = nullptr;
    out["too_large_bytes"] = view.json.size();
    return out;
  }
  json value = json::parse(view.json, nullptr, false);
  out["value"] = value.is_discarded() ? json(view.json) : std::move(value);
  return out;
}

// A page of values or, without them, of keys.
json list_values(const Query& q, bool with_values) {
  const std::string prefix = text_argument(q.arguments, "prefix");
  const std::size_t max = max_argument(q.arguments);
  std::string key = prefix;
  std::uint8_t type = 0;
  if (const auto after = pair_argument(q.arguments)) {
    key = after->first;
    type = type_argument(after->second);
  }
  json items = json::array();
  json next = nullptr;
  std::size_t bytes = 0;
  bool more = true;
  while (more && next.is_null()) {
    const auto chunk = q.gateway.values(key, type, chunk_items);
    more = chunk.size() == chunk_items;
    for (const core::ValueView& view : chunk) {
      if (view.key.compare(0, prefix.size(), prefix) != 0) {
        more = false;
        break;
      }
      json item = with_values ? value_json(view, value_bytes_max)
                              : json{{"key", view.key}, {"type", wire::type_name(view.type)}};
      bytes += dump(item).size() + 1;
      if (items.size() == max || bytes > page_bytes_max - 4096) {
        next = json::array({key, wire::type_name(type)});
        break;
      }
      key = view.key;
      type = view.type;
      items.push_back(std::move(item));
    }
  }
  return {{with_values ? "values" : "keys", std::move(items)}, {"next", std::move(next)}};
}

json get(const Query& q) {
  const std::string key = text_argument(q.arguments, "key");
  if (key.empty()) throw Mistake{"there is no key", R"(give {"key":"…"})"};
  json items = json::array();
  std::uint8_t first = 1;
  std::uint8_t last = 5;
  if (const auto it = q.arguments.find("type"); it != q.arguments.end() && !it->is_null()) {
    first = last = type_argument(*it);
  }
  for (std::uint8_t type = first; type <= last; ++type) {
    if (const auto view = q.gateway.value(key, type)) {
      items.push_back(value_json(*view, get_bytes_max / (1U + last - first)));
    }
  }
  return {{"values", std::move(items)}};
}

json devices(const Query& q) {
  const std::size_t max = max_argument(q.arguments);
  std::string device;
  std::uint64_t epoch = 0;
  if (const auto after = pair_argument(q.arguments)) {
    device = after->first;
    const auto parsed =
        after->second.is_string() ? parse_hex64(after->second.get<std::string>()) : std::nullopt;
    if (!parsed) throw Mistake{"after is not a place in this list", "give back \"next\" as it was"};
    epoch = *parsed;
  }
  json items = json::array();
  const auto views = q.gateway.devices(device, epoch, max);
  for (const core::DeviceView& view : views) {
    items.push_back({{"device", view.device},
                     {"epoch", hex64(view.epoch)},
                     {"op", view.op},
                     {"heard_at", view.heard_at_ms},
                     {"live_envelopes", view.live_envelopes},
                     {"live_bytes", view.live_bytes}});
  }
  json next = nullptr;
  if (views.size() == max) next = json::array({views.back().device, hex64(views.back().epoch)});
  return {{"devices", std::move(items)}, {"next", std::move(next)}};
}

json peers(const Query& q) {
  json items = json::array();
  for (const core::PeerView& view : q.gateway.peers()) {
    const bool heard = view.last_heard_ms > 0 && q.process.now.mono_ms >= view.last_heard_ms;
    items.push_back(
        {{"gateway", view.gateway},
         {"link", view.link},
         {"online", view.online},
         {"incarnation", hex64(view.incarnation)},
         {"silent_ms", heard ? json(q.process.now.mono_ms - view.last_heard_ms) : json(nullptr)},
         {"buckets_differing", view.buckets_differing},
         {"in_step", view.in_step},
         {"fetching", view.fetching}});
  }
  return {{"peers", std::move(items)}};
}

json envelopes(const Query& q) {
  const std::size_t max = max_argument(q.arguments);
  std::string after;
  if (const std::string hex = text_argument(q.arguments, "after"); !hex.empty()) {
    const auto bytes = parse_hex_bytes(hex);
    if (!bytes || bytes->size() != 32) {
      throw Mistake{"after is not a place in this list",
                    "give back the \"next\" of the page before"};
    }
    after = *bytes;
  }
  json items = json::array();
  json next = nullptr;
  std::size_t bytes = 0;
  bool more = true;
  while (more && next.is_null()) {
    const auto chunk = q.gateway.envelopes(after, chunk_items);
    more = chunk.size() == chunk_items;
    for (const auto& [hash, sealed] : chunk) {
      const std::size_t size = sealed->size() * 4 / 3 + 128;
      // The first always goes: an envelope is at most 256 KiB, a message may have 1 MiB.
      if (items.size() == max || (bytes + size > page_bytes_max && !items.empty())) {
        next = wire::to_hex(after);
        break;
      }
      bytes += size;
      after = std::string(hash.view());
      items.push_back({{"hash", wire::to_hex(after)}, {"bytes", base64_encode(*sealed)}});
    }
  }
  return {{"envelopes", std::move(items)}, {"next", std::move(next)}};
}

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
          {"views", c.views},
          {"bytes_in", c.bytes_in},
          {"bytes_out", c.bytes_out},
          {"rejected", std::move(rejected)},
          {"rejected_total", total}};
}

json status(const Query& q) {
  const core::Summary s = q.gateway.summary();
  json links = json::array();
  for (const ProcessState::Link& link : q.process.links) {
    links.push_back({{"name", link.name},
                     {"connected", link.connected},
                     {"outbox", link.outbox},
                     {"dropped", link.dropped},
                     {"reason", link.reason},
                     {"tls", link.tls}});
    if (link.certificate_ends_s > 0) {
      const auto now_s = static_cast<std::int64_t>(q.process.now.wall_ms / 1'000);
      links.back()["certificate_ends"] =
          utc_time(static_cast<std::uint64_t>(link.certificate_ends_s) * 1'000);
      links.back()["certificate_days_left"] = (link.certificate_ends_s - now_s) / 86'400;
    }
  }
  return {{"fleet", q.process.fleet},
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
          {"pending", s.pending},
          {"state_bytes", s.state_bytes},
          {"accepting", q.gateway.accepting()},
          {"shed", q.process.shed},
          {"counters", counters_json(q.gateway.counters())},
          {"links", std::move(links)},
          {"database",
           {{"path", q.process.database_path},
            {"bytes", q.process.database_bytes},
            {"commit_last_us", q.process.commit_last_us},
            {"commit_max_us", q.process.commit_max_us}}},
          {"memory_bytes", q.process.memory_bytes},
          {"cpu_ms", q.process.cpu_ms}};
}

json run(const Query& q, std::string_view command) {
  if (command == "status") return status(q);
  if (command == "get") return get(q);
  if (command == "keys") return list_values(q, false);
  if (command == "values") return list_values(q, true);
  if (command == "devices") return devices(q);
  if (command == "peers") return peers(q);
  if (command == "envelopes") return envelopes(q);
  throw Mistake{"no such command: " + std::string(command),
                "one of status get keys values devices peers envelopes snapshot"};
}

}  // namespace

std::string answer_error(std::string_view what, std::string_view advice) {
  return dump({{"error", {{"what", what}, {"do", advice}}}});
}

std::string answer(const core::Gateway& gateway, const ProcessState& process,
                   std::string_view command, std::string_view arguments) {
  try {
    if (arguments.size() > arguments_bytes_max) {
      throw Mistake{"the arguments are larger than 64 KiB", "ask for less at once"};
    }
    json parsed = arguments.empty() ? json::object() : json::parse(arguments, nullptr, false);
    if (!parsed.is_object()) {
      throw Mistake{"the payload is not a JSON object", "send nothing or an object"};
    }
    json out = run({gateway, process, std::move(parsed)}, command);
    out["gateway"] = process.gateway;
    return dump(out);
  } catch (const Mistake& mistake) {
    return answer_error(mistake.what, mistake.advice);
  } catch (const json::exception& e) {
    return answer_error(e.what(), "check the arguments");
  }
}

}  // namespace tributary::app
