// SPDX-License-Identifier: Apache-2.0
// MQTT 5 reason codes in words (OASIS MQTT 5.0, section 2.4).
//
//   reason_words(0x95)  →  "packet too large (149)"
#pragma once
#include <string>

namespace tributary::transports::mqtt {

std::string reason_words(int code);

}  // namespace tributary::transports::mqtt
