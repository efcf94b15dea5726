// SPDX-License-Identifier: Apache-2.0
#include "transports/mqtt/reason.h"

namespace tributary::transports::mqtt {
namespace {

const char* words(int code) {
  switch (code) {
    case 0:
      return "normal";
    case 4:
      return "disconnected, with will";
    case 128:
      return "unspecified error";
    case 129:
      return "malformed packet";
    case 130:
      return "protocol error";
    case 131:
      return "implementation specific error";
    case 132:
      return "the broker does not speak MQTT 5";
    case 133:
      return "client id not valid";
    case 134:
      return "bad user name or password";
    case 135:
      return "not authorised";
    case 136:
      return "server unavailable";
    case 137:
      return "server busy";
    case 138:
      return "banned";
    case 139:
      return "server shutting down";
    case 140:
      return "bad authentication method";
    case 141:
      return "keepalive time-out";
    case 142:
      return "session taken over by another client";
    case 143:
      return "topic filter not valid";
    case 144:
      return "topic not valid";
    case 145:
      return "packet identifier in use";
    case 146:
      return "packet identifier not found";
    case 147:
      return "receive maximum exceeded";
    case 148:
      return "topic alias not valid";
    case 149:
      return "packet too large";
    case 150:
      return "message rate too high";
    case 151:
      return "quota exceeded";
    case 152:
      return "administrative action";
    case 153:
      return "payload format not valid";
    case 154:
      return "retained messages not supported";
    case 155:
      return "QoS not supported";
    case 156:
      return "use another server";
    case 157:
      return "server moved";
    case 158:
      return "shared subscriptions not supported";
    case 159:
      return "connection rate exceeded";
    case 160:
      return "maximum connect time";
    case 161:
      return "subscription identifiers not supported";
    case 162:
      return "wildcard subscriptions not supported";
    default:
      return "reason unknown to this client";
  }
}

}  // namespace

std::string reason_words(int code) {
  return std::string(words(code)) + " (" + std::to_string(code) + ")";
}

}  // namespace tributary::transports::mqtt
