// SPDX-License-Identifier: Apache-2.0
// What a gateway can be asked, in one table: HTTP's paths (gateway/http/routes.cc) and MQTT's
// topics `req/<gateway>/<command>` lead here. Its promise: a command is the same behind both, and
// the table says who answers it and whether it changes anything.
//
//   const Request* r = find_request("dead-letters");
//   if (r == nullptr) …                    // request_names() lists those there are
//   if (r->changes) …                      // only for who has the token
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tributary::app {

struct Request {
  enum class By : std::uint8_t {
    core,      // at once, of what is in memory: requests.h
    beside,    // by who looks on from beside, now or later, from any thread: beside.h
    person,    // at once, by the operator's own actor: beside.h
    notes,     // by the disk: notes_desk.h
    snapshot,  // a copy of the database beside it
  };
  std::string_view name;
  By by = By::core;
  bool changes = false;  // needs the token of http.token_file
};

std::span<const Request> request_table();
const Request* find_request(std::string_view name);  // nullptr: there is none
std::string request_names();                         // "status get …"

}  // namespace tributary::app
