// SPDX-License-Identifier: Apache-2.0
// Topics, filters, keys, ids and patterns against slow readers of the same rules; and any payload
// on any topic of a gateway, where garbage must leave no trace in the state. Input: a kind, then
// two texts separated by a zero byte.
#include <vector>

#include "gateway/core/gateway.h"
#include "gateway/core/policy.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reference.h"
#include "transports/session.h"

using namespace tributary;
using fuzz::require;

namespace {

using Levels = std::vector<std::string>;

Levels split(std::string_view path) {
  Levels out(1);
  for (const char c : path) {
    if (c == '/') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

// MQTT 5, section 4.7, level by level.
bool matches(const Levels& filter, const Levels& topic, std::size_t at) {
  if (at < filter.size() && filter[at] == "#" && at + 1 == filter.size()) return true;
  if (at == filter.size() || at == topic.size()) return filter.size() == topic.size();
  return (filter[at] == "+" || filter[at] == topic[at]) && matches(filter, topic, at + 1);
}

bool reference_matches(std::string_view filter, std::string_view topic) {
  if (topic.front() == '$' && filter.front() != '$') return false;
  const Levels f = split(filter), t = split(topic);
  // "a/#" matches its parent "a" as well.
  if (f.size() == t.size() + 1 && f.back() == "#")
    return matches(Levels(f.begin(), f.end() - 1), t, 0);
  return matches(f, t, 0);
}

bool text(std::string_view s) {
  return !s.empty() && s.size() <= 65'535 && s.find('\0') == s.npos && fuzz::reference_utf8(s);
}

bool reference_filter(std::string_view filter) {
  if (!text(filter)) return false;
  const Levels levels = split(filter);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const bool last = i + 1 == levels.size();
    if (levels[i].find('#') != std::string::npos && (levels[i] != "#" || !last)) return false;
    if (levels[i].find('+') != std::string::npos && levels[i] != "+") return false;
  }
  return true;
}

bool reference_glob(std::string_view pattern, std::string_view id) {
  if (pattern.empty()) return id.empty();
  if (pattern.front() == '*') {
    return reference_glob(pattern.substr(1), id) ||
           (!id.empty() && reference_glob(pattern, id.substr(1)));
  }
  return !id.empty() && (pattern.front() == '?' || pattern.front() == id.front()) &&
         reference_glob(pattern.substr(1), id.substr(1));
}

void check_topics(std::string_view a, std::string_view b) {
  const bool is_filter = transports::filter_valid(a), is_topic = transports::topic_valid(b);
  require(is_filter == reference_filter(a), "filter_valid() reads the rules");
  require(is_topic == (text(b) && b.find_first_of("+#") == b.npos), "topic_valid() does, too");
  const bool match = transports::topic_matches(a, b);
  if (is_filter && is_topic)
    require(match == reference_matches(a, b), "topic_matches() matches level by level");
}

void check_names(std::string_view a, std::string_view b) {
  require(wire::valid_key(a) == fuzz::reference_key(a), "valid_key() reads the rules");
  require(wire::valid_id(a) == fuzz::reference_id(a), "valid_id() does, too");
  // The reference tries all ways: a few stars are enough.
  if (a.size() <= 12 && std::count(a.begin(), a.end(), '*') <= 3 && wire::valid_id(b))
    require(core::glob_matches(a, b) == reference_glob(a, b), "glob_matches() matches");
  if (wire::valid_key(a))
    require(transports::topic_valid(a) || a.find('\0') != a.npos, "a key can be a topic");
}

void hear(std::string_view topic, std::string_view payload) {
  core::Options o;
  o.fleet = "demo";
  o.gateway = "gw";
  core::Gateway gateway(o, 1, 2);
  gateway.attach({});
  gateway.start({1'000, 1'700'000'000'000});
  gateway.connected({1'000, 1'700'000'000'000}, 0);
  const std::string before = gateway.summary().digest;
  gateway.take_output();
  const bool upload = topic.starts_with("up/");
  gateway.receive({1'001, 1'700'000'000'001},
                  {0, gateway.root() + '/' + std::string(topic), std::string(payload), false});
  for (const core::Notice& n : gateway.take_output().notices)
    require(!fuzz::reference_utf8(topic) || fuzz::reference_utf8(n.text), "notices are text");
  const auto& c = gateway.counters();
  require(c.messages == 1, "a message is counted");
  if (!upload) require(c.envelopes == 0 || topic.starts_with("gw/"), "only devices upload");
  require(gateway.summary().digest == before, "nothing is joined before it is due");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 2'000) return 0;
  const std::string_view all = fuzz::text_of(data + 1, size - 1);
  const std::size_t cut = all.find('\0');
  const std::string_view a = all.substr(0, cut);
  const std::string_view b = cut == all.npos ? std::string_view{} : all.substr(cut + 1);
  switch (data[0] % 8) {
    case 0:
      hear(a, b);
      break;
    case 1:
    case 2:
    case 3:
      check_names(a, b);
      break;
    default:
      check_topics(a, b);
  }
  return 0;
}
