// SPDX-License-Identifier: Apache-2.0
// Peers that speak another version of TLS than we do, over OpenSSL alone.
//
//   OldServer server(folder);                       // TLS 1.2 only, with that folder's certificate
//   handshake(port, files, 0x0303) == "";           // refused; else the version agreed on
#pragma once
#include <cstdint>
#include <string>
#include <thread>

#include "transports/tls/files.h"

namespace tributary::test {

class OldServer {
 public:
  explicit OldServer(const std::string& folder);
  ~OldServer();
  OldServer(const OldServer&) = delete;
  OldServer& operator=(const OldServer&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  void serve(const std::string& folder) const;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

// `version` as on the wire: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3.
std::string handshake(std::uint16_t port, const transports::tls::Files& files, int version);

}  // namespace tributary::test
