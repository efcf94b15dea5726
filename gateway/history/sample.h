// SPDX-License-Identifier: Apache-2.0
// A merged value as a number at a time: what history is made of.
//
//   numeric("gcounter", "42") == 42.0;  numeric("orset", R"(["a","b"])") == 2.0
//   numeric("lww", R"("open")") == std::nullopt
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace tributary::history {

struct Sample {
  std::string key, type;  // "gcounter" …
  double value = 0;
};

// Of the JSON that views and rows show: a number as it is, exact up to 2^53; true and false as 1
// and 0; a set by its size. Text has no history. REQUIRES: `json` is one valid JSON value.
std::optional<double> numeric(std::string_view type, std::string_view json);

}  // namespace tributary::history
