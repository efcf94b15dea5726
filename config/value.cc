// SPDX-License-Identifier: Apache-2.0
#include "config/value.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "transports/wire/utf8.h"

namespace tributary::config {
namespace {

bool id_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), id_character);
}

bool is_pattern(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return id_character(c) || c == '*' || c == '?';
  });
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 253 &&
         std::all_of(text.begin(), text.end(), [](char c) { return id_character(c) || c == '.'; });
}

std::string topic_trouble(const std::string& text) {
  if (text.empty() || text.size() > 200) return "must have 1 to 200 bytes";
  if (text.find_first_of("+#") != std::string::npos)
    return "must not contain + or #: those are wildcards of MQTT";
  if (text[0] == '$') return "must not begin with $: those topics belong to the broker";
  const bool empty_level =
      text.front() == '/' || text.back() == '/' || text.find("//") != std::string::npos;
  if (empty_level) return "must not begin or end with /, nor have an empty level";
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  return control ? "must not contain control characters" : "";
}

// What is wrong with a text of this form, as the end of a sentence.
std::string trouble(Form form, const std::string& text) {
  switch (form) {
    case Form::any:
      return text.find('\0') == std::string::npos ? "" : "must not contain a zero byte";
    case Form::id:
    case Form::ids:
      return is_id(text) ? "" : "is not an id: 1 to 64 of A-Z a-z 0-9 _ -";
    case Form::id_or_empty:
      return text.empty() || is_id(text) ? "" : "is not an id: at most 64 of A-Z a-z 0-9 _ -";
    case Form::patterns:
      return is_pattern(text) ? "" : "is not a pattern of device ids: A-Z a-z 0-9 _ - * ?";
    case Form::topic:
      return topic_trouble(text);
    case Form::path:
      if (text.empty()) return "must not be empty";
      return text.find('\0') == std::string::npos ? "" : "must not contain a zero byte";
    case Form::uri: {
      const auto address = parse_uri(text);
      return address ? "" : address.error();
    }
    case Form::listen: {
      const auto address = parse_listen(text);
      return text.empty() || address ? "" : address.error();
    }
    case Form::host:
      return is_host(text) ? "" : "is not a host name, without a port: A-Z a-z 0-9 . - _";
  }
  return "";
}

const char* kind_of(const Given& given) {
  constexpr const char* names[] = {"true or false", "a whole number", "a fraction", "text",
                                   "a list of texts"};
  if (const auto* unfit = std::get_if<Unfit>(&given)) return unfit->what.c_str();
  return names[given.index()];
}

std::string wrong_type(const Key& key, const Given& given, const std::string& name,
                       const char* wanted) {
  return name + " must be " + wanted + ", not " + kind_of(given) + "; for example " +
         std::string(key.name) + " = " + default_of(key);
}

// Assigns where the kinds agree; says what was wanted where not.
struct Assigner {
  const Key& key;
  const Given& given;
  const std::string& name;

  std::string operator()(bool* slot) const {
    const bool* value = std::get_if<bool>(&given);
    if (!value) return wrong_type(key, given, name, "true or false");
    *slot = *value;
    return "";
  }
  std::string operator()(std::uint32_t* slot) const {
    const auto* value = std::get_if<std::int64_t>(&given);
    if (!value) {
      const std::string wanted = "a whole number of " + std::string(key.unit);
      return wrong_type(key, given, name, wanted.c_str());
    }
    if (*value < std::int64_t{key.min} || *value > std::int64_t{key.max}) {
      return name + " = " + std::to_string(*value) + " is out of range: " + domain_of(key);
    }
    *slot = static_cast<std::uint32_t>(*value);
    return "";
  }
  std::string operator()(std::string* slot) const {
    const auto* value = std::get_if<std::string>(&given);
    if (!value) return wrong_type(key, given, name, "text in quotes");
    const std::string wrong = trouble(key.form, *value);
    if (!wrong.empty()) return name + " = " + quote(*value) + " " + wrong;
    *slot = *value;
    return "";
  }
  std::string operator()(std::uint8_t* slot) const {
    const auto* value = std::get_if<std::string>(&given);
    if (!value) return wrong_type(key, given, name, "text in quotes");
    const auto found = std::find(key.choices.begin(), key.choices.end(), *value);
    if (found != key.choices.end()) {
      *slot = static_cast<std::uint8_t>(found - key.choices.begin());
      return "";
    }
    const std::string_view near = nearest(*value, {key.choices.begin(), key.choices.end()});
    return name + " = " + quote(*value) + " is none of " + domain_of(key) +
           (near.empty() ? "" : "; did you mean " + quote(near) + "?");
  }
  std::string operator()(std::vector<std::string>* slot) const {
    const auto* value = std::get_if<std::vector<std::string>>(&given);
    if (!value) return wrong_type(key, given, name, "a list of texts");
    if (value->empty() && key.form != Form::ids)
      return name + " = [] would match nothing; leave it out, or write [\"*\"]";
    for (const std::string& text : *value) {
      const std::string wrong = trouble(key.form, text);
      if (!wrong.empty()) return name + ": " + quote(text) + " " + wrong;
    }
    *slot = *value;
    return "";
  }
};

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = text.find(at, begin);
    out.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return out;
    begin = end + 1;
  }
}

}  // namespace

std::string assign(const Key& key, const Slot& slot, const Given& given, const std::string& name) {
  return std::visit(Assigner{key, given, name}, slot);
}

std::string assign_text(const Key& key, const Slot& slot, const std::string& text,
                        const std::string& name) {
  if (!wire::is_utf8(text)) return name + " is not UTF-8";  // a file is, or it is no TOML
  if (std::holds_alternative<std::vector<std::string>*>(slot))
    return assign(key, slot, split(text, ','), name);
  if (std::holds_alternative<bool*>(slot)) {
    if (text == "true" || text == "false") return assign(key, slot, text == "true", name);
    return name + " must be true or false, not " + quote(text);
  }
  if (!std::holds_alternative<std::uint32_t*>(slot)) return assign(key, slot, text, name);
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = failed == std::errc() && end == text.data() + text.size();
  if (whole) return assign(key, slot, number, name);
  return name + " must be a whole number of " + std::string(key.unit) + ", not " + quote(text);
}

Result<Address, std::string> parse_uri(const std::string& uri) {
  const std::size_t colon = uri.find("://");
  const std::string scheme = colon == std::string::npos ? "" : uri.substr(0, colon);
  const bool tls = scheme == "mqtts";
  if (scheme != "mqtt" && !tls) {
    if (scheme == "wss" || scheme == "ws") {
      return Failure{std::string(
          "needs a transport that this version does not have; use mqtt:// or mqtts://")};
    }
    if (scheme == "ssl" || scheme == "tls") {
      return Failure{"must be mqtts://host[:port]; did you mean " +
                     quote("mqtts" + uri.substr(colon)) + "?"};
    }
    const std::string rest = colon == std::string::npos ? uri : uri.substr(colon + 3);
    return Failure{
        "must be mqtt://host[:port]" +
        (rest.empty() ? std::string() : "; did you mean " + quote("mqtt://" + rest) + "?")};
  }
  std::string rest = uri.substr(colon + 3);
  if (rest.find('@') != std::string::npos) {
    return Failure{
        std::string("must not hold a user name: use the keys username and password_file")};
  }
  Address address;
  if (const std::size_t end = rest.rfind(version_311_suffix);
      end != std::string::npos && end + version_311_suffix.size() == rest.size()) {
    address.version_311 = true;
    rest.resize(end);
  }
  if (rest.find_first_of("/ ?#") != std::string::npos) {
    return Failure{std::string("must end after the port: mqtt://host[:port]")};
  }
  address.tls = tls;
  if (tls) address.port = 8883;
  const bool bracketed = !rest.empty() && rest[0] == '[';
  const std::size_t host_end = bracketed ? rest.find(']') : rest.find(':');
  if (bracketed && host_end == std::string::npos)
    return Failure{std::string("has a [ without its ]")};
  address.host = bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end);
  if (address.host.empty()) return Failure{std::string("names no host: mqtt://host[:port]")};
  rest = host_end == std::string::npos ? "" : rest.substr(host_end + (bracketed ? 1 : 0));
  if (rest.empty()) return address;
  unsigned port = 0;
  const auto [end, failed] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), port);
  if (!bracketed && rest.find(':', 1) != std::string::npos) {
    return Failure{std::string("has an IPv6 address without brackets: mqtt://[::1]:1883")};
  }
  const bool whole = rest[0] == ':' && failed == std::errc() && end == rest.data() + rest.size();
  if (!whole || port == 0 || port > 65'535) {
    return Failure{"has a bad port " + quote(rest.substr(1)) + ": 1 to 65535"};
  }
  address.port = static_cast<std::uint16_t>(port);
  return address;
}

Result<Address, std::string> parse_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const std::string port_text = colon == std::string::npos ? "" : text.substr(colon + 1);
  std::string host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  unsigned port = 0;
  const auto [end, failed] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  const bool whole = failed == std::errc() && end == port_text.data() + port_text.size();
  if (colon == std::string::npos || !whole || port > 65'535) {
    return Failure{std::string("must be address:port, for example 127.0.0.1:8080")};
  }
  if (host == "localhost") host = "127.0.0.1";
  std::array<unsigned char, 16> bytes{};
  const bool known = bracketed ? inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1
                               : inet_pton(AF_INET, host.c_str(), bytes.data()) == 1;
  if (!known) {
    return Failure{std::string(
        "must name an address of this machine: 127.0.0.1 for this machine alone, 0.0.0.0 for all "
        "networks, [::] with IPv6")};
  }
  return Address{std::move(host), static_cast<std::uint16_t>(port)};
}

bool is_loopback(const std::string& host) {
  in_addr four{};
  const bool in_127 =
      inet_pton(AF_INET, host.c_str(), &four) == 1 && ntohl(four.s_addr) >> 24 == 127;
  return in_127 || host == "::1" || host == "localhost";
}

std::size_t length_gap(std::string_view a, std::string_view b) {
  return std::max(a.size(), b.size()) - std::min(a.size(), b.size());
}

std::size_t distance(std::string_view a, std::string_view b, std::size_t most) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) {
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  if (length_gap(a, b) > most) return most + 1;
  std::vector<std::size_t> older, old, row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  std::size_t least_before = 0, least = 0;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    older = std::exchange(old, std::exchange(row, std::vector<std::size_t>(b.size() + 1)));
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({old[j] + 1, row[j - 1] + 1, old[j - 1] + cost});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], older[j - 2] + 1);
    }
    // Every later row is made of the last two.
    least_before = std::exchange(least, *std::min_element(row.begin(), row.end()));
    if (least > most && least_before > most) return most + 1;
  }
  return std::min(row[b.size()], most + 1);
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  if (word.size() > 64) return best;
  for (const std::string_view candidate : candidates) {
    if (length_gap(word, candidate) >= least) continue;
    const std::size_t d = distance(word, candidate, least - 1);
    if (d < least && d < candidate.size()) {
      least = d;
      best = candidate;
    }
  }
  if (!best.empty()) return best;
  // "warning" for "warn".
  for (const std::string_view candidate : candidates) {
    const std::size_t common = std::min(word.size(), candidate.size());
    if (common >= 3 && word.substr(0, common) == candidate.substr(0, common)) return candidate;
  }
  // "batch_size" for "batch_max": the same first word.
  const std::size_t first = word.find('_');
  if (first == std::string_view::npos) return best;
  for (const std::string_view candidate : candidates) {
    if (candidate.substr(0, first + 1) == word.substr(0, first + 1)) return candidate;
  }
  return best;
}

}  // namespace tributary::config
