// SPDX-License-Identifier: Apache-2.0
// What the tables of keys are written with: from a member to the slot that the loader fills.
// Private to this folder.
//
//   constexpr Key keys[] = {{.section = "view", .name = "enabled",
//                            .in_gateway = at<&Gateway::view, &Gateway::View::enabled>, …}};
#pragma once
#include <span>
#include <type_traits>

#include "config/schema.h"

namespace tributary::config {

template <class T>
Slot slot_of(T* value) {
  if constexpr (std::is_enum_v<T>) {
    static_assert(std::is_same_v<std::underlying_type_t<T>, std::uint8_t>);
    return reinterpret_cast<std::uint8_t*>(value);  // unsigned char may alias anything
  } else {
    return value;
  }
}

template <auto Part, auto Member>
Slot at(Gateway& g) {
  return slot_of(&((g.*Part).*Member));
}

template <auto Member>
Slot of(Broker& b) {
  return slot_of(&(b.*Member));
}

// Of the sections history, alerts and homeassistant (keys_for_people.cc).
std::span<const Key> keys_for_people();
// Of the sections security and seals (keys_of_security.cc).
std::span<const Key> keys_of_security();

}  // namespace tributary::config
