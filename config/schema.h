// SPDX-License-Identifier: Apache-2.0
// Every key there is, once: where it lives, its unit, range and reason. Loader, `config show` and
// config/gateway.toml come from this table. Private to this folder.
//
//   const Key* key = find_key("commit", "batch_max");
//   Slot slot = key->in_gateway(gateway);             // a pointer into the struct
//   std::string literal = format(*key, slot);         // "100", as TOML
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace tributary::config {

// Enumerations are slots of their underlying byte, an index into Key::choices.
using Slot =
    std::variant<bool*, std::uint32_t*, std::string*, std::uint8_t*, std::vector<std::string>*>;

// What a text may be.
enum class Form : std::uint8_t {
  any,
  id,
  ids,
  id_or_empty,
  patterns,
  topic,
  path,
  uri,
  listen,
  host
};

struct Key {
  std::string_view section;
  std::string_view name;
  Slot (*in_gateway)(Gateway&) = nullptr;
  Slot (*in_broker)(Broker&) = nullptr;  // instead: section "broker", once for each [[broker]]
  std::string_view unit = {};
  std::uint32_t min = 0, max = 0;
  std::span<const std::string_view> choices = {};
  Form form = Form::any;
  std::string_view doc = {};
};

struct Section {
  std::string_view name;
  std::string_view doc;
};

std::span<const Section> sections();
std::span<const Key> schema();  // in the order of sections()

const Section* find_section(std::string_view name);
const Key* find_key(std::string_view section, std::string_view name);
std::vector<std::string_view> key_names(std::string_view section);

// "TRIBUTARY_COMMIT_BATCH_MAX"; of a broker's key "TRIBUTARY_BROKER_<NAME>_URI", or without the
// name when it is empty.
std::string environment_name(const Key&, std::string_view broker = {});
// Upper case, and '_' for whatever an environment name cannot hold.
std::string shout(std::string_view);

// The value as a TOML literal (which is also JSON).
std::string format(const Key&, const Slot&);
std::string quote(std::string_view text);
// The default as such a literal.
std::string default_of(const Key&);
// "1 … 10000 envelopes", `"full" | "normal"`, "true | false", …
std::string domain_of(const Key&);

}  // namespace tributary::config
