// SPDX-License-Identifier: Apache-2.0
// From what a person wrote to a value of a key, or the sentence that says what is wrong. Private to
// this folder.
//
//   std::string wrong = assign(key, slot, Given{std::int64_t{0}}, "commit.batch_max");
//   // "commit.batch_max = 0 is out of range: 1 … 10000 envelopes"
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"
#include "config/schema.h"

namespace tributary::config {

struct Unfit {
  std::string what;  // "a table", "a date"
};
// A value as TOML has it.
using Given =
    std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>, Unfit>;

// `name` is the key's whole name, for the sentence. Empty: assigned. Otherwise the slot is as it
// was.
std::string assign(const Key&, const Slot&, const Given&, const std::string& name);
// The same from plain text (environment, --set), read as the key's type says.
std::string assign_text(const Key&, const Slot&, const std::string& text, const std::string& name);

// "mqtt://host[:port]", "mqtts://host[:port]".
Result<Address, std::string> parse_uri(const std::string& uri);

// "address:port" to listen on; an address, not a name, but for localhost.
Result<Address, std::string> parse_listen(const std::string& text);
// An address or name that means this machine alone; "127.example.com" does not.
bool is_loopback(const std::string& host);

// The distance of Damerau and Levenshtein (edits and swaps of neighbours), for short words; most +
// 1 stands for all that is more.
std::size_t distance(std::string_view a, std::string_view b, std::size_t most);
// No distance is less than this, and it costs nothing: asked first, for a word may be of any
// length.
std::size_t length_gap(std::string_view a, std::string_view b);
// The candidate that `word` was probably meant to be; empty when none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace tributary::config
