// SPDX-License-Identifier: Apache-2.0
// The address of a port on this machine, as sockets want it.
//
//   const sockaddr_in at = test::loopback(port);
//   connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at);
#pragma once
#include <netinet/in.h>

#include <cstdint>

namespace tributary::test {

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace tributary::test
