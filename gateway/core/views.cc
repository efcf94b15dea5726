// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/views.h"

#include "gateway/core/status.h"
#include "transports/wire/scalar.h"

namespace tributary::core {
namespace {

constexpr std::size_t view_bytes_max = 65'536;
constexpr std::size_t row_bytes_max = 4'096;
constexpr std::size_t rows_max = 5'000;  // of one look
// Read for it, of keys at rest.
constexpr std::size_t writers_read_max = 4'096, bytes_read_max = 4u << 20;

std::size_t elements_of(const KeyState& key) {
  if (const auto* g = key.if_a<GSet>()) return g->size();
  if (const auto* o = key.if_a<OrSet>()) return o->size();
  return 0;
}

}  // namespace

std::string display_json(const KeyState& key, std::size_t max_bytes) {
  if (key.marks.doubted) return display_json(key.without_excluded(), max_bytes);
  const std::size_t elements = elements_of(key);
  std::string size = "{\"size\":" + std::to_string(elements) + '}';
  if (elements * 3 > max_bytes) return size;  // do not even build it
  std::string json = key.json();
  return json.size() <= max_bytes ? json
         : elements > 0           ? size
                                  : "{\"size\":" + std::to_string(json.size()) + '}';
}

void Views::changed(Instant now, const std::vector<KeyState*>& keys) {
  if (keys.empty()) return;
  if (options_.view_enabled) {
    for (KeyState* key : keys) view_due(key);
  }
  if (row_dirty_.empty()) next_rows_ms_ = now.mono_ms + options_.values_interval_ms;
  for (KeyState* key : keys) {
    if (key->marks.row_due) continue;
    key->marks.row_due = true;
    row_dirty_.push_back(key);
  }
  if (!watching_) return;
  for (KeyState* key : keys) {
    if (key->marks.watch_due) continue;
    key->marks.watch_due = true;
    watched_.push_back(key);
  }
}

void Views::watch(bool on) {
  watching_ = on;
  if (!on) take_watched(watched_.size());
}

std::vector<const KeyState*> Views::take_watched(std::size_t max) {
  std::vector<const KeyState*> out;
  while (!watched_.empty() && out.size() < max) {
    out.push_back(watched_.front());
    watched_.front()->marks.watch_due = false;
    watched_.pop_front();
  }
  return out;
}

void Views::view_due(KeyState* key) {
  if (key->marks.view_due) return;
  key->marks.view_due = true;
  if (key->marks.view_said) {
    waiting_ += 1;
  } else {
    dirty_.push_back(key);
  }
}

void Views::announce_all() {
  if (!options_.view_enabled) return;
  for (KeyState* key : published_) view_due(key);
  hurry_ = true;
}

std::uint64_t Views::deadline() const {
  if (!dirty_.empty() || (hurry_ && waiting_ > 0)) return 0;
  return waiting_ > 0 ? lately_.front().until_ms : ~std::uint64_t{0};
}

// The key has a topic, or gets one.
bool Views::publishes(KeyState* key) {
  if (key->marks.published) return true;
  if (published_.size() >= options_.view_topics_max) return false;
  key->marks.published = true;
  published_.push_back(key);
  return true;
}

bool Views::inherit(LinkId link, std::string_view name, const Keyspace& keys, Output& out) {
  const std::size_t slash = name.find('/');
  const auto type = wire::type_named(name.substr(0, slash));
  KeyState* key = nullptr;
  if (type && slash != std::string_view::npos && options_.view_enabled)
    key = keys.find(name.substr(slash + 1), *type);
  if (key == nullptr || !publishes(key)) {
    out.publishes.push_back({link, topic_of(name), {}, true, true});
    return false;
  }
  view_due(key);
  return true;
}

std::string Views::topic_of(std::string_view name) const {
  return options_.root + "/view/" + options_.gateway + '/' + std::string(name);
}

void Views::forget_said(Instant now) {
  while (!lately_.empty() && (hurry_ || lately_.front().until_ms <= now.mono_ms)) {
    KeyState* key = lately_.front().key;
    lately_.pop_front();
    key->marks.view_said = false;
    if (!key->marks.view_due) continue;
    waiting_ -= 1;
    dirty_.push_back(key);
  }
  hurry_ = false;
}

void Views::run(Instant now, const std::vector<LinkId>& links, Output& out, Counters& counters) {
  forget_said(now);
  if (dirty_.empty()) return;
  std::vector<const KeyState*> said;
  for (KeyState* key : dirty_) {
    key->marks.view_due = false;
    key->marks.view_said = true;
    lately_.push_back({now.mono_ms + options_.view_interval_ms, key});
    if (publishes(key)) {
      said.push_back(key);
    } else {
      skipped_ += 1;
    }
  }
  const Shown shown = show_(said);
  std::size_t next = 0;
  for (KeyState* key : std::exchange(dirty_, {})) {
    if (next == said.size() || said[next] != key) continue;
    if (const KeyState* value = shown.keys[next++]) {
      publish(*value, links, out, counters);
    } else {  // it is due again
      key->marks.view_due = true;
      waiting_ += 1;
    }
  }
}

void Views::publish(const KeyState& key, const std::vector<LinkId>& links, Output& out,
                    Counters& counters) {
  const std::string type = wire::type_name(key.type);
  const std::string topic = topic_of(type + '/' + key.key);
  const std::string json = "{\"value\":" + display_json(key, view_bytes_max) + ",\"type\":\"" +
                           type + "\",\"at\":" + std::to_string(key.changed_at_ms) +
                           ",\"contributors\":" + std::to_string(key.contributors()) + '}';
  for (const LinkId link : links) {
    out.publishes.push_back({link, topic, json, true, true});
    counters.views += 1;
  }
}

std::vector<ValueRow> Views::take_rows(Instant now) {
  std::vector<KeyState*> taken;
  std::size_t writers = 0, bytes = 0;  // that are read
  while (!row_dirty_.empty() && taken.size() < rows_max && writers < writers_read_max &&
         bytes < bytes_read_max) {
    KeyState* key = row_dirty_.front();
    row_dirty_.pop_front();
    taken.push_back(key);
    const auto* resting = key->if_a<Resting>();
    if (resting == nullptr) continue;
    writers += resting->writers.size();
    bytes += resting->bytes;
  }
  const Shown shown = show_(std::vector<const KeyState*>(taken.begin(), taken.end()));
  std::vector<ValueRow> rows;
  rows.reserve(taken.size());
  for (std::size_t i = 0; i < taken.size(); ++i) {
    KeyState* key = taken[i];
    if (shown.keys[i] == nullptr) {
      row_dirty_.push_back(key);
      continue;
    }
    key->marks.row_due = false;
    rows.push_back({key->key, wire::type_name(key->type),
                    display_json(*shown.keys[i], row_bytes_max), key->contributors(),
                    key->changed_at_ms});
  }
  next_rows_ms_ = now.mono_ms + options_.values_interval_ms;
  return rows;
}

}  // namespace tributary::core
