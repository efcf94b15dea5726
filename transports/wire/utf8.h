// SPDX-License-Identifier: Apache-2.0
// UTF-8 (RFC 3629) and the text rules of ids and keys. One promise: what is_utf8 accepts has no
// overlong form, no surrogate and nothing above U+10FFFF.
//
//   if (!is_utf8(text)) return refuse();
#pragma once
#include <cstdint>
#include <string_view>

namespace tributary::wire {

bool is_utf8(std::string_view text);

// Decodes the code point at the front of `text` and drops its bytes. false: malformed, `text` as it
// was.
bool next_code_point(std::string_view& text, std::uint32_t& code_point);

}  // namespace tributary::wire
