// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/history_answers.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gateway/app/requests.h"
#include "gateway/app/text.h"

namespace tributary::app {
namespace {

using nlohmann::json;

constexpr std::uint64_t hour_ms = 3'600'000;
constexpr std::uint64_t latest_ms = std::uint64_t{1} << 48;  // of the year 10889

// Whole numbers as such: 42, not 42.0.
json number(double v) {
  constexpr double exact_max = 9007199254740992.0;  // 2^53
  if (v == std::trunc(v) && std::abs(v) <= exact_max) return static_cast<std::int64_t>(v);
  return v;
}

json point(const history::Point& p) {
  return json::array({p.at_ms, number(p.last), number(p.low), number(p.high)});
}

std::uint64_t whole(const json& arguments, const char* name, std::uint64_t otherwise) {
  const auto it = arguments.find(name);
  if (it == arguments.end() || it->is_null()) return otherwise;
  if (!it->is_number_unsigned()) throw std::string(name) + " is not a whole number";
  return it->get<std::uint64_t>();
}

std::string text(const json& arguments, const char* name) {
  const auto it = arguments.find(name);
  if (it == arguments.end() || !it->is_string() || it->get<std::string>().empty())
    throw std::string("there is no ") + name;
  return it->get<std::string>();
}

}  // namespace

HistoryAsked read_history_question(std::string_view arguments, std::uint64_t now_ms) {
  HistoryAsked out;
  try {
    const json given = arguments.empty() ? json::object() : json::parse(arguments, nullptr, false);
    if (!given.is_object()) throw std::string("the payload is not a JSON object");
    history::Question& q = out.question;
    q.key = text(given, "key");
    q.type = text(given, "type");
    if (!parse_type(q.type)) throw "no such type: " + q.type;
    q.to_ms = std::min(whole(given, "to", now_ms), latest_ms);
    q.from_ms = whole(given, "from", q.to_ms > hour_ms ? q.to_ms - hour_ms : 0);
    if (q.from_ms >= q.to_ms) throw std::string("from is not before to");
    q.points_max =
        std::clamp<std::uint64_t>(whole(given, "points", 500), 1, history::Question::points_most);
  } catch (const std::string& what) {
    out.error = answer_error(
        what, R"(give {"key":"…","type":"gcounter","from":ms,"to":ms,"points":1 to 5000})");
  }
  return out;
}

std::string history_answer(const std::string& gateway, const history::Question& q,
                           const history::Answer& a) {
  if (!a.wrong.empty()) return answer_error("history cannot be read", a.wrong);
  json points = json::array();
  for (const history::Point& p : a.points) points.push_back(point(p));
  const json out = {{"gateway", gateway},
                    {"key", q.key},
                    {"type", q.type},
                    {"from", q.from_ms},
                    {"to", q.to_ms},
                    {"known", a.known},
                    {"tier", history::name(a.tier)},
                    {"step_ms", a.step_ms},
                    {"before", a.before ? point(*a.before) : json(nullptr)},
                    {"points", std::move(points)}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace tributary::app
