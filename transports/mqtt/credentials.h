// SPDX-License-Identifier: Apache-2.0
// The TLS side of one session: are its files fit, have they been replaced, why did a connect fail?
//
//   Credentials credentials(options);
//   if (std::string why = credentials.unfit(); !why.empty()) …        // before each connect
//   if (credentials.replaced()) …                                     // now and then, connected
//   std::string why = credentials.why_failed(paho_says, cancelled);   // in words
//
// Promise: without TLS all of it is free and says nothing new. replaced() is true once for a set of
// new files, and only when they are fit together: a set that is half copied is waited for. Not
// thread-safe.
#pragma once
#include <functional>
#include <string>

#include "transports/mqtt/session.h"
#include "transports/tls/probe.h"

namespace tributary::transports::mqtt {

class Credentials {
 public:
  explicit Credentials(const Options& options);

  bool used() const { return !peer_.files.none(); }
  // What is wrong with the files; empty: connect. Remembers which files these are.
  std::string unfit();
  bool replaced();
  std::string why_failed(const std::string& paho_says,
                         const std::function<bool()>& cancelled) const;

 private:
  tls::Peer peer_;
  std::string in_use_;  // the stamp of the files of this connection
  std::string seen_;    // the stamp that was last found unfit or in use
};

}  // namespace tributary::transports::mqtt
