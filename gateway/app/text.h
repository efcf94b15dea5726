// SPDX-License-Identifier: Apache-2.0
// Small conversions between numbers, bytes and what people and JSON read. Pure functions.
//
//   base64_encode(bytes);  base64_decode("AQI=");  hex64(0x2a) == "000000000000002a"
//   grouped("1234567") == "1,234,567";  nearest("gatway", names) == "gateway"
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::app {

std::string base64_encode(std::string_view bytes);
// nullopt: not canonical base64 (RFC 4648, padded, no white space).
std::optional<std::string> base64_decode(std::string_view text);

// 16 lower-case digits.
std::string hex64(std::uint64_t value);
// 1 … 16 digits of either case.
std::optional<std::uint64_t> parse_hex64(std::string_view text);
// The bytes that `text` (an even number of digits) stands for.
std::optional<std::string> parse_hex_bytes(std::string_view text);

// "gcounter" → 1; nullopt for a name that is none.
std::optional<std::uint8_t> parse_type(std::string_view name);

// Thousands separated by commas; anything that is not a whole number comes back as it is.
std::string grouped(std::string_view number);
// Milliseconds since 1970 as 2024-05-01T12:34:56.789Z.
std::string utc_time(std::uint64_t wall_ms);

// The candidate that `word` most likely meant; empty when none is close.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace tributary::app
