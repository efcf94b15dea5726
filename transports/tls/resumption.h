// SPDX-License-Identifier: Apache-2.0
// TLS 1.3 sessions of clients are resumed (RFC 8446, section 2.2): whoever comes back brings the
// ticket that the same peer gave to the same certificate, and neither sends certificates again.
//
//   tls::resume_sessions();        // before Paho makes a context; from then on, for the process
//
// Paho takes a session before its ticket arrives, and gives that back: nothing to resume. So
// OpenSSL is asked to tell of every client connection that this process makes.
//
// A ticket is used once and for at most ticket_s; without one, or when the peer refuses it, the
// handshake is a full one. Another certificate of ours, or other CAs, and what was there before is
// not used. Of many peers, the tickets of tickets_max are kept, in memory only. Thread-safe.
#pragma once
#include <cstddef>
#include <cstdint>

namespace tributary::transports::tls {

inline constexpr std::size_t tickets_max = 64;
// A resumed handshake looks at no certificate of the peer: so long its end may be overlooked.
inline constexpr std::uint64_t ticket_s = 3'600;

void resume_sessions();

// Handshakes of clients that ended well.
struct Handshakes {
  std::uint64_t full = 0, resumed = 0;
};
Handshakes handshakes();

}  // namespace tributary::transports::tls
