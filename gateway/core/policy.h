// SPDX-License-Identifier: Apache-2.0
// What may be joined. Only authorise() makes an Authorised, and only an Authorised can be joined: a
// path around the policy does not compile.
//
// Whether an envelope is allowed depends on its bytes and the fleet's rules alone, never on when,
// where or beside what it is seen: otherwise gateways would disagree for ever.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/result.h"
#include "gateway/core/glob.h"
#include "gateway/core/trust.h"
#include "gateway/core/types.h"
#include "transports/wire/envelope.h"

namespace tributary::core {

// Who brought the envelope. A device speaks only for itself; a peer passes on what others made.
struct Principal {
  std::string_view device;  // the topic's device; empty: a peer
};

class Authorised;
// The cheap checks first, the signature last; a body that is `held` already was verified then.
// A Denial `stranger` is no refusal: it leaves the envelope where it is, to wait for the registry.
Result<Authorised, Denial> authorise(const Options&, const Trust&, const Principal&,
                                     wire::Envelope&&, bool held);

class Authorised {
 public:
  const wire::Envelope& envelope() const { return envelope_; }
  // False: it was held when it came, so its signature was not looked at, and these bytes must not
  // take the place of those.
  bool verified() const { return verified_; }
  wire::Envelope take() && { return std::move(envelope_); }

 private:
  Authorised(wire::Envelope&& e, bool verified) : envelope_(std::move(e)), verified_(verified) {}
  friend Result<Authorised, Denial> authorise(const Options&, const Trust&, const Principal&,
                                              wire::Envelope&&, bool held);
  wire::Envelope envelope_;
  bool verified_ = false;
};

}  // namespace tributary::core
