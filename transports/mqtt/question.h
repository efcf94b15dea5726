// SPDX-License-Identifier: Apache-2.0
// What MQTT 5 carries as properties of a question and its answer, within the payload, for MQTT
// 3.1.1: docs/protocol.md, section 1.
//
//   message.payload = with_question(message);     // before it is sent
//   take_question(message);                       // when it arrived
//
// Promise: taking gives back what was put; a payload that has no such header, or half of one, is
// left as it is. Pure.
#pragma once
#include <string>

#include "transports/session.h"

namespace tributary::transports::mqtt {

// 00 'Q' 'A' '1', then response topic and correlation, each as two bytes of length (big-endian) and
// its bytes, then the payload. Just the payload when both are empty.
// REQUIRES: each is at most 65,535 bytes.
std::string with_question(const Message& message);

void take_question(Message& message);

}  // namespace tributary::transports::mqtt
