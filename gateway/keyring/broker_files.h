// SPDX-License-Identifier: Apache-2.0
// What Mosquitto is told: TLS 1.3 with client certificates, the certificate's CN for the user name,
// and an access list that names every member. Nobody is allowed anything by a pattern: whoever is
// not named may do nothing, and a list with nobody in it still denies.
//
//   write("mosquitto.conf", broker_conf({.place = "/etc/mosquitto/fleet", .listen = "8883"}));
//   write("acl", access_list("tributary/v1/demo", members));
//
// Pure functions. docs/security.md says which topic is whose.
#pragma once
#include <string>
#include <vector>

namespace tributary::keyring {

enum class Role : unsigned char { gateway, device, viewer };
const char* name(Role role);
// False when it is none.
bool parse_role(const std::string& text, Role& role);

struct BrokerPlace {
  std::string place;   // the directory where the broker finds its files
  std::string listen;  // "8883", "8883 127.0.0.1": of Mosquitto's `listener`
};
// The lines about TLS, users and access.
std::string tls_lines(const BrokerPlace& place);
// The same and the rest of a whole configuration.
std::string broker_conf(const BrokerPlace& place);

struct Entry {
  Role role;
  std::string id;
};
// `root` is <topic root>/<fleet>.
std::string access_list(const std::string& root, const std::vector<Entry>& members);

}  // namespace tributary::keyring
