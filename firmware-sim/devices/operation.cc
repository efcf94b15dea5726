// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/devices/operation.h"

#include <array>
#include <cassert>

namespace tributary::devices {
namespace {

using What = Operation::What;
constexpr std::array whats{What::add, What::subtract, What::insert, What::erase, What::set};
constexpr std::array types{wire::Type::gcounter, wire::Type::pncounter, wire::Type::gset,
                           wire::Type::orset, wire::Type::lww};

}  // namespace

bool valid(wire::Type type, What what) {
  switch (type) {
    case wire::Type::gcounter:
      return what == What::add;
    case wire::Type::pncounter:
      return what == What::add || what == What::subtract;
    case wire::Type::gset:
      return what == What::insert;
    case wire::Type::orset:
      return what == What::insert || what == What::erase;
    case wire::Type::lww:
      return what == What::set;
  }
  return false;
}

sdk::Outcome apply(sdk::Device& device, const Operation& op, std::uint64_t at_ms) {
  assert(valid(op.type, op.what));
  switch (op.type) {
    case wire::Type::gcounter:
      return device.counter(op.key).add(op.amount);
    case wire::Type::pncounter:
      return op.what == What::add ? device.up_down(op.key).add(op.amount)
                                  : device.up_down(op.key).subtract(op.amount);
    case wire::Type::gset:
      return device.grow_set(op.key).insert(op.element);
    case wire::Type::orset:
      return op.what == What::insert ? device.set(op.key).insert(op.element)
                                     : device.set(op.key).erase(op.element);
    case wire::Type::lww:
      return device.reg(op.key).set_at(at_ms, op.value);
  }
  return sdk::Outcome::bad_value;
}

const char* name(What what) {
  constexpr std::array names{"add", "subtract", "insert", "erase", "set"};
  return names[static_cast<std::size_t>(what)];
}

std::optional<What> what_named(std::string_view text) {
  for (const What w : whats) {
    if (text == name(w)) return w;
  }
  return std::nullopt;
}

std::optional<wire::Type> type_named(std::string_view text) {
  for (const wire::Type t : types) {
    if (text == wire::type_name(static_cast<std::uint8_t>(t))) return t;
  }
  return std::nullopt;
}

}  // namespace tributary::devices
