// SPDX-License-Identifier: Apache-2.0
// Questions about history as JSON, both ways: docs/api.md.
//
//   const HistoryAsked asked = read_history_question(R"({"key":"a","type":"gcounter"})", now_ms);
//   if (!asked.error.empty()) return asked.error;
//   … history_answer("g1", asked.question, answer)
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/history/history.h"

namespace tributary::app {

struct HistoryAsked {
  history::Question question;
  std::string error;  // what to answer instead; empty: it is a question
};

// {"key", "type", "from", "to", "points"}: times in ms since 1970; the last hour when left out.
HistoryAsked read_history_question(std::string_view arguments, std::uint64_t now_ms);
std::string history_answer(const std::string& gateway, const history::Question& question,
                           const history::Answer& answer);

}  // namespace tributary::app
