// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <algorithm>
#include <cstdio>

namespace tributary::config {

const Section* find_section(std::string_view name) {
  for (const Section& section : sections()) {
    if (section.name == name) return &section;
  }
  return nullptr;
}

const Key* find_key(std::string_view section, std::string_view name) {
  for (const Key& key : schema()) {
    if (key.section == section && key.name == name) return &key;
  }
  return nullptr;
}

std::vector<std::string_view> key_names(std::string_view section) {
  std::vector<std::string_view> out;
  for (const Key& key : schema()) {
    if (key.section == section) out.push_back(key.name);
  }
  return out;
}

std::string shout(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain) c = '_';
  }
  return out;
}

std::string environment_name(const Key& key, std::string_view broker) {
  std::string out = "TRIBUTARY_" + shout(key.section) + "_";
  if (key.in_broker && !broker.empty()) out += shout(broker) + "_";
  return out + shout(key.name);
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(byte));
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

namespace {

struct Formatter {
  const Key& key;
  std::string operator()(const bool* v) const { return *v ? "true" : "false"; }
  std::string operator()(const std::uint32_t* v) const { return std::to_string(*v); }
  std::string operator()(const std::string* v) const { return quote(*v); }
  std::string operator()(const std::uint8_t* v) const { return quote(key.choices[*v]); }
  std::string operator()(const std::vector<std::string>* v) const {
    std::string out = "[";
    for (const std::string& text : *v) out += (out.size() > 1 ? ", " : "") + quote(text);
    return out + "]";
  }
};

}  // namespace

std::string format(const Key& key, const Slot& slot) {
  return std::visit(Formatter{key}, slot);
}

std::string default_of(const Key& key) {
  Gateway gateway;
  return format(key,
                key.in_broker ? key.in_broker(gateway.brokers.front()) : key.in_gateway(gateway));
}

std::string domain_of(const Key& key) {
  if (key.max > 0) {
    return std::to_string(key.min) + " … " + std::to_string(key.max) + " " + std::string(key.unit);
  }
  if (!key.choices.empty()) {
    std::string out;
    for (const std::string_view choice : key.choices)
      out += (out.empty() ? "" : " | ") + quote(choice);
    return out;
  }
  const std::string standard = default_of(key);
  if (standard == "true" || standard == "false") return "true | false";
  switch (key.form) {
    case Form::id:
      return "1 … 64 of A-Z a-z 0-9 _ -";
    case Form::ids:
      return "a list of ids";
    case Form::id_or_empty:
      return "at most 64 of A-Z a-z 0-9 _ -";
    case Form::patterns:
      return "a list of texts";
    case Form::topic:
      return "levels separated by /";
    case Form::path:
      return "a path";
    case Form::uri:
      return "mqtt://host[:port] | mqtts://host[:port]";
    case Form::listen:
      return "address:port, or empty";
    case Form::host:
      return "a list of host names";
    case Form::any:
      break;
  }
  return "text";
}

}  // namespace tributary::config
