// SPDX-License-Identifier: Apache-2.0
// The file, as a flat list of what it sets and where. The only place that knows the TOML library.
// Private to this folder.
//
//   Document d = read_document(text, "gateway.toml");
//   for (const Setting& s : d.settings) …            // in the order of the file
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/value.h"

namespace tributary::config {

struct Setting {
  std::string section;
  std::optional<std::size_t> broker;  // which [[broker]], from 0
  std::string name;
  Given value;
  std::string where;        // of the key
  std::string value_where;  // of the value
};

struct Document {
  std::vector<Setting> settings;
  std::vector<std::string> brokers;  // where each [[broker]] begins; empty: the file names none
  Problems problems;                 // of syntax and of structure; unknown keys are not judged here
};
Document read_document(const std::string& text, const std::string& file);

}  // namespace tributary::config
