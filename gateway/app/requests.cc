// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/requests.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "gateway/app/request_table.h"
#include "gateway/app/requests_impl.h"
#include "gateway/app/text.h"
#include "transports/wire/envelope.h"

namespace tributary::app {
namespace {

using nlohmann::json;

constexpr std::size_t arguments_bytes_max = 64 * 1024;
constexpr std::size_t page_items_max = 1000;
constexpr std::size_t chunk_items = 64;             // asked of the core at once, to stop soon after
constexpr std::size_t looked_at_max = 4096;         // keys of other types passed over for one page
constexpr std::size_t value_bytes_max = 32 * 1024;  // of one value on a page
constexpr std::size_t get_bytes_max = 900 * 1024;   // of everything that `get` answers

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
  if (view.unread) out["unread"] = true;
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
  std::uint8_t only = 0;
  if (const auto it = q.arguments.find("type"); it != q.arguments.end() && !it->is_null())
    only = type_argument(*it);
  std::string key = prefix;
  std::uint8_t type = 0;
  if (const auto after = pair_argument(q.arguments)) {
    key = after->first;
    type = type_argument(after->second);
  }
  json items = json::array();
  json next = nullptr;
  std::size_t bytes = 0;
  std::size_t passed_over = 0;
  bool more = true;
  while (more && next.is_null()) {
    const auto chunk = q.gateway.values(key, type, chunk_items);
    more = chunk.size() == chunk_items;
    for (const core::ValueView& view : chunk) {
      if (view.key.compare(0, prefix.size(), prefix) != 0) {
        more = false;
        break;
      }
      if (only != 0 && view.type != only) {
        key = view.key;
        type = view.type;
        if (++passed_over < looked_at_max) continue;
        next = json::array({key, wire::type_name(type)});
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

// A cursor that names an actor; ("", 0) without one.
std::pair<std::string, std::uint64_t> actor_argument(const json& arguments) {
  const auto after = pair_argument(arguments);
  if (!after) return {};
  const auto epoch =
      after->second.is_string() ? parse_hex64(after->second.get<std::string>()) : std::nullopt;
  if (!epoch) throw Mistake{"after is not a place in this list", "give back \"next\" as it was"};
  return {after->first, *epoch};
}

json contributions(const Query& q) {
  const std::string key = text_argument(q.arguments, "key");
  const auto type = q.arguments.find("type");
  if (key.empty() || type == q.arguments.end()) {
    throw Mistake{"there is no key or no type", R"(give {"key":"…","type":"gcounter"})"};
  }
  const std::size_t max = max_argument(q.arguments);
  const auto [device, epoch] = actor_argument(q.arguments);
  const auto views = q.gateway.contributions(key, type_argument(*type), device, epoch, max);
  json items = json::array();
  json next = nullptr;
  std::size_t bytes = 0;
  for (const core::ContributionView& view : views) {
    bytes += view.json.size() + view.device.size() + 64;
    if (bytes > page_bytes_max - 4096 && !items.empty()) {
      next = json::array({items.back()["device"], items.back()["epoch"]});
      break;
    }
    items.push_back({{"device", view.device},
                     {"epoch", hex64(view.epoch)},
                     {"part", json::parse(view.json, nullptr, false)}});
  }
  if (next.is_null() && views.size() == max) {
    next = json::array({views.back().device, hex64(views.back().epoch)});
  }
  return {{"key", key},
          {"type", *type},
          {"contributions", std::move(items)},
          {"cold_parts", q.gateway.cold_parts(key, type_argument(*type))},
          {"next", std::move(next)}};
}

json devices(const Query& q) {
  const std::size_t max = max_argument(q.arguments);
  const auto [device, epoch] = actor_argument(q.arguments);
  json items = json::array();
  const auto views = q.gateway.devices(device, epoch, max);
  for (const core::DeviceView& view : views) {
    items.push_back(
        {{"device", view.device},
         {"epoch", hex64(view.epoch)},
         {"op", view.op},
         {"heard_at", view.heard_at_ms},
         {"live_envelopes", view.live_envelopes},
         {"live_bytes", view.live_bytes},
         {"top", view.top},
         {"bucket", view.bucket},
         {"closed", view.closed},
         {"unacknowledged_ms", view.gap_since_ms ? q.process.now.mono_ms - *view.gap_since_ms : 0},
         {"clock_ms", view.clock_ms ? json(*view.clock_ms) : json(nullptr)},
         {"through", view.through},
         {"refused", view.refusals ? view.refusals->refused : 0},
         {"refused_why", view.refusals ? view.refusals->why : ""}});
  }
  json next = nullptr;
  if (views.size() == max) next = json::array({views.back().device, hex64(views.back().epoch)});
  return {{"devices", std::move(items)}, {"next", std::move(next)}};
}

json evidence(const Query& q) {
  const std::size_t max = std::min(max_argument(q.arguments), chunk_items);
  const auto [device, epoch] = actor_argument(q.arguments);
  const auto views = q.gateway.evidence(device, epoch, max);
  json items = json::array();
  json next = nullptr;
  std::size_t bytes = 0;
  for (const core::EvidenceView& view : views) {
    bytes += view.bytes.size() * 4 / 3 + view.what.size() + 1024;
    // The first always goes: evidence is at most 256 KiB, a message may have 1 MiB.
    if (bytes > page_bytes_max && !items.empty()) {
      next = json::array({items.back()["device"], items.back()["epoch"]});
      break;
    }
    items.push_back({{"device", view.device},
                     {"epoch", hex64(view.epoch)},
                     {"key", view.key},
                     {"type", wire::type_name(view.type)},
                     {"what", view.what},
                     {"proof", view.proof},
                     {"excluded", view.excluded},
                     {"first", view.first},
                     {"second", view.second},
                     {"at", view.at_ms},
                     {"bytes", base64_encode(view.bytes)}});
  }
  if (next.is_null() && views.size() == max)
    next = json::array({views.back().device, hex64(views.back().epoch)});
  return {{"evidence", std::move(items)}, {"next", std::move(next)}};
}

json refusal_json(const core::RefusalView& r) {
  return {{"device", r.device}, {"refused", r.refused}, {"why", r.why}, {"at", r.at_ms}};
}

json refusals(const Query& q) {
  const std::size_t max = max_argument(q.arguments);
  const auto views = q.gateway.refusals(text_argument(q.arguments, "after"), max);
  json items = json::array();
  for (const core::RefusalView& r : views) items.push_back(refusal_json(r));
  json next = nullptr;
  if (views.size() == max) next = views.back().device;
  return {{"refusals", std::move(items)}, {"next", std::move(next)}};
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
  const std::string device = text_argument(q.arguments, "device");
  json items = json::array();
  json next = nullptr;
  std::size_t bytes = 0;
  bool more = true;
  while (more && next.is_null()) {
    const auto chunk = q.gateway.envelopes(after, chunk_items, device);
    if (!chunk) throw Mistake{"the database cannot be read now", "ask again; look at the log"};
    more = chunk->size() == chunk_items;
    for (const auto& [hash, sealed] : *chunk) {
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

json run(const Query& q, std::string_view command) {
  if (command == "status") return status(q);
  if (command == "get") return get(q);
  if (command == "keys") return list_values(q, false);
  if (command == "values") return list_values(q, true);
  if (command == "contributions") return contributions(q);
  if (command == "devices") return devices(q);
  if (command == "peers") return peers(q);
  if (command == "buckets") return buckets(q);
  if (command == "envelopes") return envelopes(q);
  if (command == "evidence") return evidence(q);
  if (command == "events") return events(q);
  if (command == "alerts") return alerts(q);
  if (command == "ready") return readiness(q);
  if (command == "refusals") return refusals(q);
  throw Mistake{"no such command: " + std::string(command), "one of " + request_names()};
}

}  // namespace

json values_json(const std::vector<core::ValueView>& views) {
  json out = json::array();
  for (const core::ValueView& view : views) out.push_back(value_json(view, value_bytes_max));
  return out;
}

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
