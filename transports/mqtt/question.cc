// SPDX-License-Identifier: Apache-2.0
#include "transports/mqtt/question.h"

#include <cassert>
#include <optional>
#include <string_view>

namespace tributary::transports::mqtt {
namespace {

constexpr std::string_view magic{"\0QA1", 4};  // no payload of the protocol begins with a zero

void put(std::string& out, const std::string& text) {
  assert(text.size() <= 0xffff);
  out += static_cast<char>(text.size() >> 8U);
  out += static_cast<char>(text.size() & 0xffU);
  out += text;
}

std::optional<std::string_view> take(std::string_view& rest) {
  if (rest.size() < 2) return std::nullopt;
  const std::size_t size =
      std::size_t{static_cast<unsigned char>(rest[0])} << 8U | static_cast<unsigned char>(rest[1]);
  if (rest.size() < 2 + size) return std::nullopt;
  const std::string_view text = rest.substr(2, size);
  rest.remove_prefix(2 + size);
  return text;
}

}  // namespace

std::string with_question(const Message& message) {
  if (message.response_topic.empty() && message.correlation.empty()) return message.payload;
  std::string out(magic);
  put(out, message.response_topic);
  put(out, message.correlation);
  return out + message.payload;
}

void take_question(Message& message) {
  std::string_view rest = message.payload;
  if (rest.substr(0, magic.size()) != magic) return;
  rest.remove_prefix(magic.size());
  const auto response_topic = take(rest);
  const auto correlation = response_topic ? take(rest) : std::nullopt;
  if (!correlation) return;
  message.response_topic = std::string(*response_topic);
  message.correlation = std::string(*correlation);
  message.payload = std::string(rest);
}

}  // namespace tributary::transports::mqtt
