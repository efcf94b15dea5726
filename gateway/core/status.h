// SPDX-License-Identifier: Apache-2.0
// gw/<gateway>/status: birth and will, docs/protocol.md section 7. JSON, so that a person with a
// plain MQTT client can read it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "transports/signing/seal.h"

namespace tributary::core {

struct Status {
  std::string gateway;
  bool online = false;
  std::uint64_t incarnation = 0;
  std::uint64_t session = 0;
  std::uint64_t at_ms = 0;  // wall time
  std::string version;
  std::string degraded;  // why, when it is
  bool answers = false;  // what peers ask
};

std::string to_json(const Status&);
// The same, and two fields at its end that sign all before them.
std::string to_json(const Status&, std::string_view fleet, const signing::Signer&);
struct StatusSeal {
  std::string_view body;  // of the JSON given: what is signed
  std::string key_id, signature;
  wire::Sealed sealed() const { return {body, key_id, signature}; }
};
// Without a signature: empty ones.
StatusSeal status_seal(std::string_view json);
// nullopt: not a status. A stranger's extra fields are ignored.
std::optional<Status> read_status(std::string_view json);

// Text as a JSON string, with its quotes. REQUIRES: UTF-8.
std::string json_string(std::string_view text);

}  // namespace tributary::core
