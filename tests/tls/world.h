// SPDX-License-Identifier: Apache-2.0
// A fleet's directory and a Mosquitto that keeps to it.
//
//   World world;                                   // g1 g2 d1 d2 op
//   Client d1(world.options("devices", "d1"));
//   world.broker_certificate({.hosts = {"broker.example"}}, now_s() - 10, now_s() + 10);
#pragma once
#include <ctime>
#include <memory>
#include <string>

#include "gateway/keyring/keyring.h"
#include "tests/support/mosquitto.h"
#include "tests/support/temp_dir.h"
#include "tests/transports/mqtt/harness.h"

namespace tributary::test {

inline std::int64_t now_s() {
  return std::time(nullptr);
}

inline keyring::Keyring small_fleet(const std::string& dir, std::int64_t at_s = now_s(),
                                    std::int64_t days = 365) {
  keyring::InitOptions options;
  options.dir = dir;
  options.days = days;
  keyring::Keyring ring = keyring::Keyring::init(options, at_s);
  for (const char* id : {"g1", "g2"}) ring.enroll(keyring::Role::gateway, id, at_s);
  for (const char* id : {"d1", "d2"}) ring.enroll(keyring::Role::device, id, at_s);
  ring.enroll(keyring::Role::viewer, "op", at_s);
  ring.save(at_s);
  return ring;
}

// What the broker is told, but for where it listens: the harness says that.
inline std::string broker_lines(const std::string& fleet_dir) {
  std::string lines = keyring::tls_lines({fleet_dir + "/broker", "0"});
  const std::size_t at = lines.find("listener ");
  return lines.erase(at, lines.find('\n', at) + 1 - at);
}

// The section of a gateway's configuration with which it requires signatures; more keys of it may
// follow.
inline std::string security_lines(const std::string& folder) {
  return "[security]\nsignatures = \"require\"\nadmin_key_file = \"" + folder +
         "/admin.pub\"\nsigning_key_file = \"" + folder + "/sign.key\"\nregistry_file = \"" +
         folder + "/registry\"\n";
}

class World {
 public:
  World()
      : dir_((temp_.path() / "fleet").string()),
        ring_(small_fleet(dir_)),
        broker(broker_lines(dir_)) {}

  transports::tls::Files files(const std::string& kind, const std::string& id) const {
    const std::string folder = dir_ + "/" + kind + "/" + id;
    return {folder + "/ca.crt", folder + "/tls.crt", folder + "/tls.key"};
  }
  transports::mqtt::Options options(const std::string& kind, const std::string& id) const {
    transports::mqtt::Options o = transports::mqtt::options_for(broker, id);
    o.uri = "mqtts://127.0.0.1:" + std::to_string(broker.port());
    o.tls = files(kind, id);
    o.tls_look_ms = 50;
    return o;
  }
  keyring::Pair authority() const {
    return {keyring::read_file(dir_ + "/ca/ca.crt"), keyring::read_file(dir_ + "/ca/ca.key")};
  }
  // Gives the broker another certificate, and starts it again.
  void broker_certificate(const keyring::Pair& ca, const std::vector<std::string>& hosts,
                          keyring::Validity validity) {
    const std::string key = keyring::make_key();
    const std::string certificate = keyring::issue(ca,
                                                   {.common_name = "broker",
                                                    .uri = "tributary:demo:broker:broker",
                                                    .hosts = hosts,
                                                    .server = true},
                                                   key, validity);
    broker.stop();
    keyring::write_file(dir_ + "/broker/tls.key", key, keyring::Access::secret);
    keyring::write_file(dir_ + "/broker/tls.crt", certificate, keyring::Access::visible);
    broker.start();
  }
  const std::string& dir() const { return dir_; }
  keyring::Keyring& ring() { return ring_; }

 private:
  TempDir temp_;
  std::string dir_;
  keyring::Keyring ring_;

 public:
  Mosquitto broker;
};

}  // namespace tributary::test
