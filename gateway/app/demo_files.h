// SPDX-License-Identifier: Apache-2.0
// What `tributary demo` writes down before it starts anything: a broker's and the gateways'
// configuration, in one directory.
//
//   const std::uint16_t port = free_port();
//   write_broker_files(dir, port, "config/mosquitto.conf");
//   write_gateway_files(dir, {.id = "g1", .fleet = "demo", .port = port, .hears = {"*-h1"}});
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace tributary::app {

// A TCP port on the loopback that nobody listens on. Throws Trouble(usage) when `wanted` (0: any)
// is taken.
std::uint16_t free_port(std::uint16_t wanted = 0);
// The first free one from `wanted` on that is not among `taken`; any, when a hundred are not.
std::uint16_t free_port_from(std::uint16_t wanted, const std::vector<std::uint16_t>& taken);

// <dir>/broker/mosquitto.conf; `profile` names a file whose settings are taken over, but for those
// that say where it listens and stores. Empty: a built-in profile. Throws Trouble(storage).
// `access` are the lines about listeners and users; empty: anybody, on this port of the loopback.
std::string write_broker_files(const std::string& dir, std::uint16_t port,
                               const std::string& profile, const std::string& access = {});
// Forgets what the broker retained. REQUIRES: the broker is not running.
void forget_broker_database(const std::string& dir);

struct DemoGateway {
  std::string id, fleet;
  std::uint16_t port = 0;       // the broker's
  std::uint16_t http_port = 0;  // its own
  std::vector<std::string> hears;
  std::string identity = {};  // its folder of the fleet; empty: without TLS
};
// <dir>/<id>/gateway.toml; returns its path. Throws Trouble(storage).
std::string write_gateway_files(const std::string& dir, const DemoGateway& gateway);

// The program's path: from PATH, or from where Debian keeps servers. Throws Trouble(usage).
std::string find_program(const std::string& name);

std::string read_text(const std::string& path);  // empty when there is none

}  // namespace tributary::app
