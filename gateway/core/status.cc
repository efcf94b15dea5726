// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/status.h"

#include <charconv>

namespace tributary::core {
namespace {

std::string hex(std::uint64_t v) {
  char text[17];
  const auto end = std::to_chars(text, text + 16, v, 16);
  return std::string(text, end.ptr);
}

// The raw value of a top-level field: the text between the quotes, or the bare word. Enough for the
// flat object that a status is; what it makes of anything else is only ever shown.
std::optional<std::string_view> field(std::string_view json, std::string_view name) {
  const std::string quoted = '"' + std::string(name) + '"';
  std::size_t at = 0;
  do {  // a value may be the same word: a gateway may be called "state"
    at = json.find(quoted, at);
    if (at == std::string_view::npos) return std::nullopt;
    at = json.find_first_not_of(" \t\r\n", at + quoted.size());
    if (at == std::string_view::npos) return std::nullopt;
  } while (json[at] != ':');
  at = json.find_first_not_of(" \t\r\n", at + 1);
  if (at == std::string_view::npos) return std::nullopt;
  const bool text = json[at] == '"';
  const std::size_t begin = text ? at + 1 : at;
  const std::size_t end = json.find_first_of(text ? "\"" : ",} \t\r\n", begin);
  if (end == std::string_view::npos) return std::nullopt;
  return json.substr(begin, end - begin);
}

std::uint64_t number(std::optional<std::string_view> text, int base) {
  std::uint64_t v = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), v, base);
  return v;
}

constexpr std::string_view key_field = ",\"key\":\"";
constexpr std::string_view signature_field = "\",\"signature\":\"";

// Empty: it is no lower-case hex.
std::string bytes_of(std::string_view hex) {
  std::string out(hex.size() / 2, '\0');
  const bool good = wire::from_hex(hex, reinterpret_cast<unsigned char*>(out.data()), out.size());
  return good ? out : std::string();
}

}  // namespace

std::string json_string(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string to_json(const Status& s) {
  std::string out = "{\"gateway\":" + json_string(s.gateway) + ",\"state\":\"" +
                    (s.online ? "online" : "offline") + "\",\"incarnation\":\"" +
                    hex(s.incarnation) + "\",\"session\":\"" + hex(s.session) +
                    "\",\"at_ms\":" + std::to_string(s.at_ms) +
                    ",\"version\":" + json_string(s.version);
  if (s.answers) out += ",\"answers\":true";
  if (!s.degraded.empty()) out += ",\"degraded\":" + json_string(s.degraded);
  return out + '}';
}

std::string to_json(const Status& s, std::string_view fleet, const signing::Signer& signer) {
  std::string out = to_json(s);
  out.pop_back();  // the brace
  const signing::Signature made = signer.sign(signing::message(signing::Kind::status, fleet, out));
  return out + std::string(key_field) + wire::to_hex(signer.id) + std::string(signature_field) +
         wire::to_hex(signing::view(made)) + "\"}";
}

// No text inside the object can look like the fields: its quotes are escaped.
StatusSeal status_seal(std::string_view json) {
  StatusSeal out{json, {}, {}};
  const std::size_t key = json.rfind(key_field);
  const std::size_t signature = json.rfind(signature_field);
  if (key == std::string_view::npos || signature == std::string_view::npos || signature < key)
    return out;
  const std::size_t key_at = key + key_field.size(), at = signature + signature_field.size();
  out.key_id = bytes_of(json.substr(key_at, signature - key_at));
  out.signature = bytes_of(json.substr(at, json.find('"', at) - at));
  out.body = json.substr(0, key);
  return out;
}

std::optional<Status> read_status(std::string_view json) {
  const auto state = field(json, "state");
  const auto gateway = field(json, "gateway");
  if (!gateway || !state || (*state != "online" && *state != "offline")) return std::nullopt;
  Status s;
  s.gateway = std::string(*gateway);
  s.online = *state == "online";
  s.incarnation = number(field(json, "incarnation"), 16);
  s.session = number(field(json, "session"), 16);
  s.at_ms = number(field(json, "at_ms"), 10);
  s.version = std::string(field(json, "version").value_or(""));
  s.degraded = std::string(field(json, "degraded").value_or(""));
  s.answers = field(json, "answers") == "true";
  return s;
}

}  // namespace tributary::core
