// SPDX-License-Identifier: Apache-2.0
// Defaults, file, environment, flags, then what only shows in the whole.
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>

#include "config/config.h"
#include "config/document.h"
#include "config/schema.h"
#include "config/value.h"

namespace tributary::config {
namespace {

class Loader {
 public:
  explicit Loader(const Inputs& in) : in_(in) {}

  Result<Loaded, Problems> load() {
    if (!in_.file.empty() || !in_.text.empty()) read_file();
    read_environment();
    for (const std::string& set : in_.sets) read_set(set);
    name_origins();
    check_whole();
    if (!problems_.empty()) return Failure{std::move(problems_)};
    derive();
    return std::move(out_);
  }

 private:
  Gateway& gateway() { return out_.gateway; }
  void complain(std::string where, std::string message) {
    problems_.push_back({std::move(where), std::move(message)});
  }

  void read_file();
  void apply(const Setting&);
  void unknown_key(const std::string& where, const std::string& section, const std::string& name);
  void unknown_section(const std::string& where, const std::string& section);

  void read_environment();
  void read_variable(const std::string& name, const std::string& value);
  bool read_broker_variable(const std::string& rest, const std::string& name,
                            const std::string& value);
  void unknown_variable(const std::string& name);
  bool unknown_broker(const std::string& where, const std::string& rest);
  void read_set(const std::string& set);
  void read_broker_set(const std::string& where, const std::string& path, const std::string& value);
  void override_key(const Key&, std::optional<std::size_t> broker, const std::string& value,
                    const std::string& name, const std::string& where);

  void name_origins();
  void check_whole();
  void check_brokers();
  void check_http();
  void check_security();
  void check_seals();
  void check_tls(const Broker&, const std::string& at);
  void check_order(std::uint32_t low, std::string_view low_name, std::uint32_t high,
                   std::string_view high_name, const std::string& why);
  void derive();

  // Where a key was set: the origin, or the defaults'.
  std::string where(const std::string& name) const {
    const auto found = out_.origins.find(name);
    return found == out_.origins.end() ? "defaults" : found->second;
  }

  const Inputs& in_;
  Loaded out_;
  std::map<std::pair<std::size_t, std::string_view>, std::string> broker_origins_;
  std::vector<std::string> broker_where_;  // where each [[broker]] begins
  Problems problems_;
};

std::string list(const std::vector<std::string_view>& words) {
  std::string out;
  for (const std::string_view word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

std::vector<std::string_view> section_names() {
  std::vector<std::string_view> out;
  for (const Section& section : sections()) out.push_back(section.name);
  return out;
}

void Loader::unknown_section(const std::string& where, const std::string& section) {
  const std::string_view near = nearest(section, section_names());
  complain(where, "unknown section [" + section + "]; " +
                      (near.empty() ? "there are " + list(section_names())
                                    : "did you mean [" + std::string(near) + "]?"));
}

// The likeliest meaning first: the same name elsewhere, a similar one here, or all there are.
void Loader::unknown_key(const std::string& where, const std::string& section,
                         const std::string& name) {
  const std::string opened = section == "broker" ? "[[broker]]" : "[" + section + "]";
  std::string message = "unknown key '" + name + "' in " + opened + "; ";
  for (const Key& key : schema()) {
    if (key.name == name) {
      return complain(where, message + "it belongs to [" + std::string(key.section) + "]");
    }
  }
  const std::string_view near = nearest(name, key_names(section));
  complain(where, message + (near.empty() ? "there are " + list(key_names(section))
                                          : "did you mean '" + std::string(near) + "'?"));
}

void Loader::read_file() {
  Document document = read_document(in_.text, in_.file);
  problems_ = std::move(document.problems);
  if (!document.brokers.empty()) gateway().brokers.assign(document.brokers.size(), Broker{});
  broker_where_ = std::move(document.brokers);
  std::set<std::string> strangers;
  for (const Setting& setting : document.settings) {
    if (find_section(setting.section)) {
      apply(setting);
    } else if (strangers.insert(setting.section).second) {
      unknown_section(setting.where, setting.section);
    }
  }
}

void Loader::apply(const Setting& setting) {
  const Key* key = find_key(setting.section, setting.name);
  if (!key) return unknown_key(setting.where, setting.section, setting.name);
  const std::string name = setting.section + "." + setting.name;
  const Slot slot = setting.broker ? key->in_broker(gateway().brokers[*setting.broker])
                                   : key->in_gateway(gateway());
  const std::string wrong = assign(*key, slot, setting.value, name);
  if (!wrong.empty()) complain(setting.value_where, wrong);
  if (setting.broker) {
    broker_origins_[{*setting.broker, key->name}] = setting.where;
  } else {
    out_.origins[name] = setting.where;
  }
}

void Loader::override_key(const Key& key, std::optional<std::size_t> broker,
                          const std::string& value, const std::string& name,
                          const std::string& where) {
  const Slot slot = broker ? key.in_broker(gateway().brokers[*broker]) : key.in_gateway(gateway());
  const std::string wrong = assign_text(key, slot, value, name);
  if (!wrong.empty()) complain(where, wrong);
  if (broker) {
    broker_origins_[{*broker, key.name}] = where;
  } else {
    out_.origins[name] = where;
  }
}

void Loader::read_environment() {
  auto sorted = in_.environment;
  std::sort(sorted.begin(), sorted.end());
  for (const auto& [name, value] : sorted) {
    if (name.rfind("TRIBUTARY_", 0) == 0) read_variable(name, value);
  }
}

void Loader::read_variable(const std::string& name, const std::string& value) {
  for (const Key& key : schema()) {
    if (key.in_gateway && environment_name(key) == name) {
      const std::string path = std::string(key.section) + "." + std::string(key.name);
      return override_key(key, std::nullopt, value, path, "environment " + name);
    }
  }
  const std::string broker = "TRIBUTARY_BROKER_";
  if (name.rfind(broker, 0) == 0 && read_broker_variable(name.substr(broker.size()), name, value))
    return;
  unknown_variable(name);
}

// `rest` is <NAME>_<KEY>, or <KEY> while there is just one broker.
bool Loader::read_broker_variable(const std::string& rest, const std::string& name,
                                  const std::string& value) {
  const std::string where = "environment " + name;
  for (const std::string_view key_name : key_names("broker")) {
    const Key& key = *find_key("broker", key_name);
    const std::string path = "broker." + std::string(key_name);
    for (std::size_t i = 0; i < gateway().brokers.size(); ++i) {
      if (rest == shout(gateway().brokers[i].name) + "_" + shout(key_name)) {
        override_key(key, i, value, path, where);
        return true;
      }
    }
    if (rest == shout(key_name)) {
      if (gateway().brokers.size() == 1) {
        override_key(key, 0, value, path, where);
      } else {
        complain(where, "there are several brokers: say which, as in " +
                            environment_name(key, gateway().brokers.front().name));
      }
      return true;
    }
  }
  return false;
}

std::string whisper(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Kubernetes gives every pod variables of this shape for a service called tributary-gateway.
bool injected(const std::string& name) {
  const auto ends = [&](std::string_view tail) {
    return name.size() >= tail.size() &&
           name.compare(name.size() - tail.size(), tail.size(), tail) == 0;
  };
  return name.find("_PORT_") != std::string::npos || name.find("_SERVICE_") != std::string::npos ||
         ends("_PORT");
}

// A variable that begins like a key of ours and is none is a mistake; others (TRIBUTARY_HOME) are
// not our business.
void Loader::unknown_variable(const std::string& name) {
  if (injected(name)) return;
  const std::string where = "environment " + name;
  for (const Section& section : sections()) {
    const std::string prefix = "TRIBUTARY_" + shout(section.name) + "_";
    if (name.rfind(prefix, 0) != 0) continue;
    const std::string rest = name.substr(prefix.size());
    if (section.name == "broker" && unknown_broker(where, rest)) return;
    return unknown_key(where, std::string(section.name), whisper(rest));
  }
  std::string best;
  for (const Key& key : schema()) {
    const std::string known = environment_name(key);
    if (best.empty() && distance(name, known, 2) <= 2) best = known;
  }
  if (!best.empty()) complain(where, "no key has this name; did you mean " + best + "?");
}

// Is `rest` a known key of a broker that is not there?
bool Loader::unknown_broker(const std::string& where, const std::string& rest) {
  for (const std::string_view key : key_names("broker")) {
    const std::string tail = "_" + shout(key);
    if (rest.size() <= tail.size() || rest.substr(rest.size() - tail.size()) != tail) continue;
    std::vector<std::string_view> names;
    for (const Broker& broker : gateway().brokers) names.push_back(broker.name);
    complain(where, "there is no broker '" + whisper(rest.substr(0, rest.size() - tail.size())) +
                        "'; there are " + list(names));
    return true;
  }
  return false;
}

void Loader::read_set(const std::string& set) {
  const std::size_t equals = set.find('=');
  const std::string path = set.substr(0, equals);
  const std::string where = "--set " + path;
  const std::size_t dot = path.find('.');
  if (equals == std::string::npos || dot == std::string::npos) {
    return complain("--set " + set,
                    "must be section.key=value, for example --set commit.batch_max=10");
  }
  const std::string section = path.substr(0, dot);
  const std::string value = set.substr(equals + 1);
  if (!find_section(section)) return unknown_section(where, section);
  if (section == "broker") return read_broker_set(where, path.substr(dot + 1), value);
  const Key* key = find_key(section, path.substr(dot + 1));
  if (!key) return unknown_key(where, section, path.substr(dot + 1));
  override_key(*key, std::nullopt, value, path, where);
}

// `path` is <name>.<key>, or <key> while there is just one broker.
void Loader::read_broker_set(const std::string& where, const std::string& path,
                             const std::string& value) {
  const std::size_t dot = path.rfind('.');
  const std::string name = dot == std::string::npos ? "" : path.substr(0, dot);
  const std::string key_name = dot == std::string::npos ? path : path.substr(dot + 1);
  std::vector<std::string_view> names;
  std::optional<std::size_t> index;
  for (std::size_t i = 0; i < gateway().brokers.size(); ++i) {
    names.push_back(gateway().brokers[i].name);
    if (gateway().brokers[i].name == name) index = i;
  }
  if (name.empty() && names.size() == 1) index = 0;
  if (!index) {
    return complain(
        where, (name.empty() ? "there are several brokers: write --set broker.<name>." + key_name
                             : "there is no broker '" + name + "'") +
                   "; there are " + list(names));
  }
  const Key* key = find_key("broker", key_name);
  if (!key) return unknown_key(where, "broker", key_name);
  override_key(*key, index, value, "broker." + key_name, where);
}

// From positions to names, now that the names are known.
void Loader::name_origins() {
  for (const auto& [at, origin] : broker_origins_) {
    out_.origins["broker." + gateway().brokers[at.first].name + "." + std::string(at.second)] =
        origin;
  }
}

void Loader::check_order(std::uint32_t low, std::string_view low_name, std::uint32_t high,
                         std::string_view high_name, const std::string& why) {
  if (low <= high) return;
  const std::string low_key(low_name), high_key(high_name);
  const std::string at = out_.origins.count(low_key) ? where(low_key) : where(high_key);
  complain(at, low_key + " = " + std::to_string(low) + " is more than " + high_key + " = " +
                   std::to_string(high) + ": " + why);
}

void Loader::check_whole() {
  const Gateway& g = gateway();
  check_order(g.sync.interval_min_ms, "sync.interval_min_ms", g.sync.interval_max_ms,
              "sync.interval_max_ms", "the interval moves between them");
  check_order(g.limits.body_bytes_max, "limits.body_bytes_max", g.limits.envelope_bytes_max,
              "limits.envelope_bytes_max", "an envelope holds its body");
  check_order(g.limits.key_bytes_max, "limits.key_bytes_max", g.limits.body_bytes_max,
              "limits.body_bytes_max", "a body holds its keys");
  check_order(g.limits.element_bytes_max, "limits.element_bytes_max", g.limits.body_bytes_max,
              "limits.body_bytes_max", "a body holds its elements");
  check_order(g.limits.register_bytes_max, "limits.register_bytes_max", g.limits.body_bytes_max,
              "limits.body_bytes_max", "a body holds its register values");
  check_order(g.commit.batch_max, "commit.batch_max", g.limits.waiting_max, "limits.waiting_max",
              "a batch must be able to fill");
  const std::string why = "no type may be allowed more than everything together";
  for (const std::string_view name : key_names("memory")) {
    const Key& key = *find_key("memory", name);
    const std::uint32_t value = *std::get<std::uint32_t*>(key.in_gateway(gateway()));
    check_order(value, "memory." + std::string(name), g.memory.total_max_mb, "memory.total_max_mb",
                why);
  }
  check_brokers();
  check_http();
  check_security();
  if (g.homeassistant.enabled && !g.view.enabled) {
    complain(where("homeassistant.enabled"),
             "homeassistant.enabled = true needs view.enabled = true: it shows those topics");
  }
}

void Loader::check_http() {
  const Gateway::Http& h = gateway().http;
  check_order(h.streams_max, "http.streams_max", h.connections_max, "http.connections_max",
              "each stream is a connection");
  if (h.listen.empty()) return;
  const std::string host = parse_listen(h.listen)->host;  // checked when it was assigned
  if (!is_loopback(host) && h.token_file.empty()) {
    complain(where("http.listen"),
             "http.listen = \"" + h.listen +
                 "\" can be reached from other machines: set http.token_file, or listen on "
                 "127.0.0.1");
  }
}

void Loader::check_security() {
  const Gateway::Security& s = gateway().security;
  if (s.permissions && s.signatures != Signatures::require) {
    complain(
        where("security.permissions"),
        "security.permissions needs security.signatures = \"require\": what anybody could have "
        "said cannot be permitted to one");
  }
  if (s.equivocation == Equivocation::exclude && s.signatures == Signatures::off) {
    complain(where("security.equivocation"),
             "security.equivocation = \"exclude\" needs security.signatures: without them anybody "
             "could have a device excluded");
  }
  check_seals();
  if (s.signatures == Signatures::off) return;
  if (!s.admin_key_file.empty() && !s.signing_key_file.empty()) return;
  complain(
      where("security.signatures"),
      "security.signatures needs security.admin_key_file and security.signing_key_file: "
      "`tributary fleet enroll` makes a gateway's folder with admin.pub, sign.key and registry");
}

void Loader::check_seals() {
  const Gateway::Seals& s = gateway().seals;
  if (s.members.empty()) return;
  const std::string at = where("seals.members");
  if (gateway().security.signatures == Signatures::off) {
    complain(at,
             "seals.members needs security.signatures: a seal is made of signatures of gateways");
  }
  const std::set<std::string> all(s.members.begin(), s.members.end());
  if (all.size() < s.members.size()) complain(at, "seals.members names a gateway twice");
  if (all.size() > 64) complain(at, "seals.members has more than 64 gateways");
  if (all.count(gateway().gateway.id) == 0) {
    complain(at, "seals.members does not name this gateway, '" + gateway().gateway.id +
                     "': name it there and on the others, or leave the key out here");
  }
  if (s.grace_s >= s.window_s) {
    complain(where("seals.grace_s"),
             "seals.grace_s = " + std::to_string(s.grace_s) +
                 " must be less than seals.window_s = " + std::to_string(s.window_s) +
                 ": a window is sealed before the next one closes");
  }
}

void Loader::check_brokers() {
  std::set<std::string> names, client_ids;
  for (std::size_t i = 0; i < gateway().brokers.size(); ++i) {
    const Broker& b = gateway().brokers[i];
    const std::string at = i < broker_where_.size() ? broker_where_[i] : "defaults";
    const std::string prefix = "broker." + b.name + ".";
    if (!names.insert(b.name).second) {
      complain(at,
               "two brokers are named '" + b.name + "': give each [[broker]] a name of its own");
    }
    if (!b.client_id.empty() && !client_ids.insert(b.client_id).second) {
      complain(at, "two brokers have client_id '" + b.client_id +
                       "': leave it out, or make them different");
    }
    if (!b.devices && !b.peers) {
      complain(
          at, "broker '" + b.name + "' has devices = false and peers = false: it would do nothing");
    }
    check_order(b.reconnect_min_ms, prefix + "reconnect_min_ms", b.reconnect_max_ms,
                prefix + "reconnect_max_ms", "the pause grows from one to the other");
    check_order(b.in_flight_max, prefix + "in_flight_max", b.outbox_max, prefix + "outbox_max",
                "the window is part of the outbox");
    check_tls(b, at);
    if (!b.password_file.empty() && b.username.empty()) {
      complain(at, "broker '" + b.name +
                       "' has a password_file and no username: MQTT brokers want both");
    }
  }
}

// That the files are there, and fit: see gateway/app/tls_check.h. Here: that they are named.
void Loader::check_tls(const Broker& b, const std::string& at) {
  const auto address = parse_uri(b.uri);
  if (!address) return;  // said already
  const bool some = !b.ca_file.empty() || !b.certificate_file.empty() || !b.key_file.empty();
  const bool all = !b.ca_file.empty() && !b.certificate_file.empty() && !b.key_file.empty();
  if (address->tls && !all) {
    complain(at, "broker '" + b.name +
                     "' has mqtts:// and needs ca_file, certificate_file and key_file, all three; "
                     "`tributary fleet enroll` makes them");
  }
  if (address->tls && address->host.find(':') != std::string::npos) {
    complain(at, "broker '" + b.name +
                     "' has mqtts:// and an IPv6 address, which the client library cannot check "
                     "against a certificate: use the broker's name");
  }
  if (!address->tls && some) {
    complain(at,
             "broker '" + b.name +
                 "' names TLS files, but its uri is mqtt://: write mqtts://, or leave them out");
  }
}

void Loader::derive() {
  const Gateway& g = gateway();
  Derived& d = out_.derived;
  for (const Broker& b : g.brokers) {
    Derived::Link link;
    link.address = *parse_uri(b.uri);  // checked when it was assigned
    link.client_id = b.client_id.empty() ? "tributary-" + g.gateway.id + "-" + b.name : b.client_id;
    d.links.push_back(std::move(link));
  }
  const std::string& dir = g.gateway.data_dir;
  d.database_path = dir + (dir.back() == '/' ? "" : "/") + "gateway.db";
  d.history_path = dir + (dir.back() == '/' ? "" : "/") + "history.db";
  d.seals_path = dir + (dir.back() == '/' ? "" : "/") + "seals.db";
  d.sealed_path = dir + (dir.back() == '/' ? "" : "/") + "sealed";
  d.topic_prefix = g.gateway.topic_root + "/" + g.gateway.fleet;
  if (!g.http.listen.empty()) {
    d.http.on = true;
    d.http.address = *parse_listen(g.http.listen);
    d.http.loopback = is_loopback(d.http.address.host);
  }
  constexpr std::uint64_t mib = 1u << 20;
  d.memory.gcounter_bytes = g.memory.gcounter_max_mb * mib;
  d.memory.pncounter_bytes = g.memory.pncounter_max_mb * mib;
  d.memory.gset_bytes = g.memory.gset_max_mb * mib;
  d.memory.orset_bytes = g.memory.orset_max_mb * mib;
  d.memory.lww_bytes = g.memory.lww_max_mb * mib;
  d.memory.unknown_bytes = g.memory.unknown_max_mb * mib;
  d.memory.total_bytes = g.memory.total_max_mb * mib;
}

}  // namespace

Result<Loaded, Problems> load(const Inputs& in) {
  return Loader(in).load();
}

std::string to_string(const Problems& problems) {
  std::string out;
  for (const Problem& p : problems) out += (out.empty() ? "" : "\n") + p.where + ": " + p.message;
  return out;
}

std::vector<std::pair<std::string, std::string>> environ_pairs() {
  std::vector<std::pair<std::string, std::string>> out;
  for (char** entry = ::environ; entry && *entry; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos)
      out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

}  // namespace tributary::config
