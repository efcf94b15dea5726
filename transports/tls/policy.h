// SPDX-License-Identifier: Apache-2.0
// TLS 1.3 and nothing older, for every TLS context that this process makes from now on.
//
//   if (std::string why = tls::require_tls13(); !why.empty()) die(why);   // before Paho makes one
//
// Paho's own setting for it is without effect since OpenSSL 1.1 (its issue 1686): left alone it
// would connect over TLS 1.2. So the library's defaults are set, as a system's openssl.cnf does,
// and then looked at: a policy that is not in force is a reason not to start.
#pragma once
#include <string>

namespace tributary::transports::tls {

// Empty: in force. Thread-safe, and cheap after the first call.
std::string require_tls13();

}  // namespace tributary::transports::tls
