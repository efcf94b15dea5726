// SPDX-License-Identifier: Apache-2.0
// Everything that an enrolled gateway without the devices' keys can make of a true envelope:
// altered and inflated deltas under the signature of the true one, unsigned ones, ones by its own
// key, torn signatures, records that the admin never wrote, and evidence. Its promise to the tests:
// nothing it makes is true.
//
//   Forgery forgery(keys, "evil", random);
//   send(forgery.of(*wire::decode_envelope(heard, limits)));
#pragma once
#include <string>
#include <string_view>

#include "tests/simulation/fleet_keys.h"
#include "tests/simulation/random.h"
#include "transports/wire/envelope.h"

namespace tributary::simulation {

class Forgery {
 public:
  Forgery(const FleetKeys& keys, std::string self, Random& random)
      : keys_(keys), self_(std::move(self)), random_(random) {}
  std::string of(const wire::Envelope& truth);
  std::string record();  // an enrolment of its own key in a device's name
  // "This device tells two stories": what it said beside something else, said by it or not.
  std::string evidence(const wire::Envelope& truth, std::string_view other);

 private:
  std::string altered(const wire::Delta& truth, bool is_signed);

  const FleetKeys& keys_;
  std::string self_;
  Random& random_;
};

}  // namespace tributary::simulation
