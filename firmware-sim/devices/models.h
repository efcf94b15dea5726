// SPDX-License-Identifier: Apache-2.0
// Simulated things in the field. A model decides what happens next and keeps no state that a reboot
// could lose: it looks at the device's own.
//
//   std::unique_ptr<Model> m = make_model(Model::Kind::people, "hall");
//   Operation op = m->next(device, random);
//
// Same seed, same device state: same operations. Random is any seeded std::mt19937_64.
#pragma once
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "firmware-sim/devices/operation.h"

namespace tributary::devices {

class Model {
 public:
  enum class Kind : std::uint8_t {
    people,       // PN-Counter <place>/people: as many leave as came
    pulses,       // G-Counter <place>/pulses
    alarms,       // OR-Set <place>/alarms: raised and cleared
    badges,       // G-Set <place>/badges: seen once, known for ever
    temperature,  // LWW-Register <place>/temperature
  };
  static constexpr std::size_t kinds = 5;
  virtual ~Model() = default;
  // What happens next. Applying it changes the device (badges may already be known).
  virtual Operation next(sdk::Device& device, std::mt19937_64& random) = 0;
};

std::unique_ptr<Model> make_model(Model::Kind kind, const std::string& place);
const char* name(Model::Kind kind);

}  // namespace tributary::devices
