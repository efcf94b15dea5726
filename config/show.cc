// SPDX-License-Identifier: Apache-2.0
// The configuration in words: what is in force and why, and the commented file of all defaults.
#include <algorithm>
#include <functional>
#include <sstream>

#include "config/config.h"
#include "config/schema.h"

namespace tributary::config {
namespace {

constexpr std::size_t columns_max = 100;

// Text as comment lines of at most columns_max.
std::string comment(std::string_view text) {
  std::string out, line = "#";
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > columns_max) {
      out += line + "\n";
      line = "#";
    }
    line += " " + word;
  }
  return out + line + "\n";
}

struct Item {
  const Key* key;
  std::string path;   // "commit.batch_max", "broker.local.uri"
  std::string value;  // as TOML and JSON
  std::string origin;
};

std::string origin_of(const Loaded& loaded, const std::string& path) {
  const auto found = loaded.origins.find(path);
  return found == loaded.origins.end() ? "default" : found->second;
}

std::vector<Item> items(const Loaded& loaded, std::string_view section, const Broker* broker) {
  // The slots are pointers into something that may be changed: a copy.
  Gateway gateway = loaded.gateway;
  Broker copy = broker ? *broker : Broker{};
  std::vector<Item> out;
  for (const Key& key : schema()) {
    if (key.section != section) continue;
    const Slot slot = key.in_broker ? key.in_broker(copy) : key.in_gateway(gateway);
    const std::string path =
        std::string(section) + "." + (broker ? broker->name + "." : "") + std::string(key.name);
    out.push_back({&key, path, format(key, slot), origin_of(loaded, path)});
  }
  return out;
}

// Calls with each section's heading and items; with "broker" once for each broker.
void each_table(
    const Loaded& loaded,
    const std::function<void(std::string_view, const Broker*, const std::vector<Item>&)>& visit) {
  for (const Section& section : sections()) {
    if (section.name != "broker") {
      visit(section.name, nullptr, items(loaded, section.name, nullptr));
      continue;
    }
    for (const Broker& broker : loaded.gateway.brokers) {
      visit(section.name, &broker, items(loaded, section.name, &broker));
    }
  }
}

std::string heading(std::string_view section) {
  const std::string name(section);
  return section == "broker" ? "[[" + name + "]]\n" : "[" + name + "]\n";
}

std::string describe(const Key& key) {
  const std::string name =
      key.in_broker ? "TRIBUTARY_BROKER_<NAME>_" + shout(key.name) : environment_name(key);
  return "Values: " + domain_of(key) + ". Environment: " + name;
}

}  // namespace

std::string show(const Loaded& loaded) {
  std::string out;
  each_table(loaded, [&](std::string_view section, const Broker*, const std::vector<Item>& all) {
    out += (out.empty() ? "" : "\n") + heading(section);
    std::size_t width = 0;
    for (const Item& item : all)
      width = std::max(width, item.key->name.size() + item.value.size() + 3);
    width = std::min<std::size_t>(width, 50);
    for (const Item& item : all) {
      std::string line = std::string(item.key->name) + " = " + item.value;
      if (line.size() < width) line.resize(width, ' ');
      const std::string unit(item.key->unit);
      out += line + "  # " + (unit.empty() ? "" : unit + ", ") + item.origin + "\n";
    }
  });
  if (!out.empty()) out.pop_back();  // the caller prints a line
  return out;
}

std::string show_json(const Loaded& loaded) {
  std::string out = "{", brokers;
  each_table(loaded, [&](std::string_view section, const Broker* broker,
                         const std::vector<Item>& all) {
    std::string table;
    for (const Item& item : all) {
      table += (table.empty() ? "{" : ",") + quote(item.key->name) + ":{\"value\":" + item.value +
               ",\"origin\":" + quote(item.origin) + ",\"unit\":" + quote(item.key->unit) + "}";
    }
    table += "}";
    if (broker) {
      brokers += (brokers.empty() ? "" : ",") + table;
    } else {
      out += (out.size() > 1 ? "," : "") + quote(section) + ":" + table;
    }
  });
  return out + ",\"broker\":[" + brokers + "]}";
}

std::string summary(const Loaded& loaded, const Inputs& in) {
  const Gateway& g = loaded.gateway;
  std::string names;
  for (const Broker& broker : g.brokers) names += (names.empty() ? "" : ", ") + broker.name;
  const std::size_t set = loaded.origins.size();
  return (in.file.empty() ? "defaults" : in.file) + ": ok: gateway '" + g.gateway.id +
         "' of fleet '" + g.gateway.fleet + "', " + std::to_string(g.brokers.size()) +
         (g.brokers.size() == 1 ? " broker (" : " brokers (") + names + "), " +
         std::to_string(set) + (set == 1 ? " key set" : " keys set");
}

std::string reference() {
  std::string out = comment(
      "Every key of a Tributary gateway, at its default: a file may leave out whatever it does not "
      "change. The "
      "environment (TRIBUTARY_<SECTION>_<KEY>) overrides the file, --set section.key=value "
      "overrides both. "
      "`tributary config check FILE` names every mistake, `tributary config show FILE` what is in "
      "force and why.");
  for (const Section& section : sections()) {
    out += "\n\n" + comment(section.doc) + heading(section.name);
    for (const Key& key : schema()) {
      if (key.section != section.name) continue;
      out += "\n" + comment(key.doc) + comment(describe(key)) + std::string(key.name) + " = " +
             default_of(key) + "\n";
    }
  }
  return out;
}

}  // namespace tributary::config
