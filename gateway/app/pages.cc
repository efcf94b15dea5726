// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/pages.h"

#include <nlohmann/json.hpp>

namespace tributary::app {

using nlohmann::json;

std::string all_pages(Client& client, const std::string& gateway, const std::string& command,
                      const std::string& list, const std::string& arguments,
                      std::uint32_t timeout_ms) {
  json question = json::parse(arguments);
  json all = json::array();
  json next = nullptr;
  do {
    if (!next.is_null()) question["after"] = next;
    const json page = json::parse(client.request(gateway, command, question.dump(), timeout_ms));
    const auto items = page.find(list);
    if (items == page.end() || !items->is_array()) {
      throw Trouble(Exit::broker, "gateway " + gateway + " answered `" + command + "` without \"" +
                                      list + "\"\n  is it of another version?");
    }
    for (const json& item : *items) all.push_back(item);
    next = page.value("next", json(nullptr));
  } while (!next.is_null());
  return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string all_values(Client& client, const std::string& gateway, const std::string& prefix,
                       std::uint32_t timeout_ms) {
  const json question = {{"prefix", prefix}};
  json values =
      json::parse(all_pages(client, gateway, "values", "values", question.dump(), timeout_ms));
  for (json& value : values) {
    if (!value.contains("too_large_bytes")) continue;
    const json one = {{"key", value.at("key")}, {"type", value.at("type")}};
    json reply = json::parse(client.request(gateway, "get", one.dump(), timeout_ms));
    if (!reply.at("values").empty()) value = reply.at("values").at(0);
  }
  return values.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace tributary::app
