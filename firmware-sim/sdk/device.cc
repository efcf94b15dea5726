// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/sdk/device.h"

#include <algorithm>
#include <cassert>

#include "crdt/planted.h"
#include "firmware-sim/sdk/engine.h"

namespace tributary::sdk {
namespace {

const wire::Limits limits;
constexpr std::size_t body_bytes_min = 256;

std::optional<Error> check(const Options& o) {
  const auto bad = [](std::string text) { return Error{Error::Code::bad_option, std::move(text)}; };
  if (!wire::valid_id(o.fleet)) return bad("fleet: must match [A-Za-z0-9_-]{1,64}");
  if (!wire::valid_id(o.device)) return bad("device: must match [A-Za-z0-9_-]{1,64}");
  if (!o.random) return bad("random: required, for epochs and delta ids");
  if (o.body_bytes_max < body_bytes_min || o.body_bytes_max > limits.body_bytes_max) {
    return bad("body_bytes_max: must be 256 to 196,608");
  }
  if (o.batch_ops_max == 0) return bad("batch_ops_max: must be at least 1");
  if (o.resend_min_ms == 0 || o.resend_max_ms < o.resend_min_ms) {
    return bad("resend_min_ms: must be at least 1 and at most resend_max_ms");
  }
  if (o.catch_up_ms == 0) return bad("catch_up_ms: must be at least 1");
  if (o.signer && (!o.signer->sign || !signing::vet(o.signer->key).empty())) {
    return bad("signer: needs a function that signs, and a fit public key");
  }
  for (const MemberKey& m : o.members) {
    if (!wire::valid_id(m.id) || !signing::vet(m.key).empty()) {
      return bad("members: \"" + m.id + "\" has no fit public key");
    }
  }
  if (o.acks_needed == 0 || o.acks_needed > Gateways::links_max) {
    return bad("acks_needed: must be 1 to 64");
  }
  for (const ValueKey& v : o.value_keys) {
    if (v.prefix.size() > limits.key_bytes_max) return bad("value_keys: a prefix is no key's");
  }
  if (o.inflight_max == 0) return bad("inflight_max: must be at least 1");
  if (o.burst_packets_max == 0) return bad("burst_packets_max: must be at least 1");
  return std::nullopt;
}

// The element as this device holds it.
std::optional<std::string> held_form(const Engine& engine, const Cell& cell,
                                     std::string_view element) {
  for (std::string& form : engine.forms(cell, element)) {
    if (cell.set->op_of.count(form) != 0) return std::move(form);
  }
  return std::nullopt;
}

}  // namespace

const char* name(Outcome o) {
  switch (o) {
    case Outcome::applied:
      return "applied";
    case Outcome::unchanged:
      return "unchanged";
    case Outcome::overflow:
      return "overflow";
    case Outcome::muted:
      return "muted";
    case Outcome::too_large:
      return "too large";
    case Outcome::bad_value:
      return "bad value";
    case Outcome::bad_key:
      break;
  }
  return "bad key";
}

const char* name(Event::Kind k) {
  switch (k) {
    case Event::Kind::acknowledged:
      return "acknowledged";
    case Event::Kind::refused:
      return "refused";
    case Event::Kind::removed:
      return "removed";
    case Event::Kind::twin:
      return "twin";
    case Event::Kind::save_failed:
      return "save failed";
    case Event::Kind::bad_ack:
      break;
  }
  return "bad ack";
}

Result<Device, Error> Device::open(Options options) {
  if (std::optional<Error> e = check(options)) return Failure<Error>{std::move(*e)};
  auto memory = std::make_unique<Memory>();
  if (options.saved.empty()) {
    memory->epoch = planted(Bug::reuse_epoch) ? 1 : options.random();
  } else if (auto e = decode_snapshot(options.saved, options.fleet, options.device, *memory)) {
    return Failure<Error>{std::move(*e)};
  }
  options.saved = {};
  std::stable_sort(
      options.value_keys.begin(), options.value_keys.end(),
      [](const ValueKey& a, const ValueKey& b) { return a.prefix.size() > b.prefix.size(); });
  return Device(std::make_unique<Engine>(std::move(options), std::move(memory)));
}

Device::Device(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Device::Device(Device&&) noexcept = default;
Device& Device::operator=(Device&&) noexcept = default;
Device::~Device() = default;

Counter Device::counter(std::string_view key) {
  return {engine_.get(), engine_->state().cell(key, wire::Type::gcounter)};
}
UpDown Device::up_down(std::string_view key) {
  return {engine_.get(), engine_->state().cell(key, wire::Type::pncounter)};
}
GrowSet Device::grow_set(std::string_view key) {
  return {engine_.get(), engine_->state().cell(key, wire::Type::gset)};
}
Set Device::set(std::string_view key) {
  return {engine_.get(), engine_->state().cell(key, wire::Type::orset)};
}
Register Device::reg(std::string_view key) {
  return {engine_.get(), engine_->state().cell(key, wire::Type::lww)};
}

void Device::time(std::uint64_t now_ms) {
  engine_->advance(now_ms);
}
std::vector<Packet> Device::poll(std::uint64_t now_ms) {
  return engine_->poll(now_ms);
}
std::vector<Event> Device::receive(std::uint64_t now_ms, std::string_view ack_payload) {
  return engine_->receive(now_ms, ack_payload);
}
std::optional<std::uint64_t> Device::deadline() const {
  return engine_->deadline();
}
void Device::link_up(std::uint64_t now_ms) {
  engine_->link_up(now_ms);
}
bool Device::persist() {
  return engine_->persist();
}
const std::string& Device::fleet() const {
  return engine_->options().fleet;
}
const std::string& Device::id() const {
  return engine_->options().device;
}
std::uint64_t Device::epoch() const {
  return engine_->epoch();
}
std::uint64_t Device::last_op() const {
  return engine_->state().last_op();
}
std::uint64_t Device::safe() const {
  return engine_->safe();
}
std::uint64_t Device::unacknowledged() const {
  return last_op() - safe();
}
bool Device::save_failing() const {
  return engine_->save_failing();
}
crdt::Hlc Device::clock() const {
  return engine_->state().clock();
}

Outcome Counter::add(std::uint64_t amount) {
  if (cell_ == nullptr) return Outcome::bad_key;
  return engine_->did(engine_->state().add(*cell_, amount, 0));
}
std::uint64_t Counter::value() const {
  return cell_ == nullptr ? 0 : cell_->p;
}

Outcome UpDown::add(std::uint64_t amount) {
  if (cell_ == nullptr) return Outcome::bad_key;
  return engine_->did(engine_->state().add(*cell_, amount, 0));
}
Outcome UpDown::subtract(std::uint64_t amount) {
  if (cell_ == nullptr) return Outcome::bad_key;
  return engine_->did(engine_->state().add(*cell_, 0, amount));
}
std::uint64_t UpDown::added() const {
  return cell_ == nullptr ? 0 : cell_->p;
}
std::uint64_t UpDown::subtracted() const {
  return cell_ == nullptr ? 0 : cell_->n;
}

Outcome GrowSet::insert(std::string_view element) {
  if (cell_ == nullptr) return Outcome::bad_key;
  return engine_->did(engine_->state().insert(*cell_, engine_->sealed(*cell_, element)));
}
bool GrowSet::contains(std::string_view element) const {
  return cell_ != nullptr && held_form(*engine_, *cell_, element).has_value();
}
std::size_t GrowSet::size() const {
  return cell_ == nullptr ? 0 : cell_->set->adds.size();
}

Outcome Set::insert(std::string_view element) {
  if (cell_ == nullptr) return Outcome::bad_key;
  const Outcome outcome =
      engine_->did(engine_->state().insert(*cell_, engine_->sealed(*cell_, element)));
  if (outcome != Outcome::applied || !engine_->seals(*cell_)) return outcome;
  const std::vector<std::string> forms = engine_->forms(*cell_, element);
  for (std::size_t i = 1; i < forms.size(); ++i) {  // what an earlier key had made of it goes
    if (cell_->set->op_of.count(forms[i]) != 0)
      engine_->did(engine_->state().erase(*cell_, forms[i]));
  }
  return outcome;
}
Outcome Set::erase(std::string_view element) {
  if (cell_ == nullptr) return Outcome::bad_key;
  const auto held = held_form(*engine_, *cell_, element);
  return engine_->did(engine_->state().erase(*cell_, held ? *held : std::string(element)));
}
bool Set::contains(std::string_view element) const {
  return cell_ != nullptr && held_form(*engine_, *cell_, element).has_value();
}
std::size_t Set::size() const {
  return cell_ == nullptr ? 0 : cell_->set->adds.size();
}
std::vector<std::string> Set::elements() const {
  std::vector<std::string> out;
  if (cell_ == nullptr) return out;
  for (const auto& [op, element] : cell_->set->adds)
    out.push_back(engine_->opened(*cell_, element));
  return out;
}
Outcome Set::erase_foreign(std::string_view device, std::uint64_t epoch, std::uint64_t op) {
  if (cell_ == nullptr) return Outcome::bad_key;
  // Not foreign at all: no reader takes an actor's own add in `foreign`.
  if (device == engine_->options().device && epoch == engine_->epoch())
    return engine_->did(engine_->state().erase_op(*cell_, op));
  return engine_->did(
      engine_->state().erase_foreign(*cell_, ForeignDot{std::string(device), epoch, op}));
}
Outcome Set::forget_foreign(std::string_view device, std::uint64_t epoch, std::uint64_t op) {
  if (cell_ == nullptr) return Outcome::bad_key;
  return engine_->did(
      engine_->state().forget_foreign(*cell_, ForeignDot{std::string(device), epoch, op}));
}

Outcome Register::put(std::optional<std::uint64_t> at_ms, const wire::Scalar& value) {
  if (cell_ == nullptr) return Outcome::bad_key;
  State& state = engine_->state();
  const std::uint64_t at = at_ms.value_or(state.wall());
  if (!engine_->seals(*cell_)) return engine_->did(state.set(*cell_, at, value));
  const auto plain = wire::encode_scalar(value);
  if (!plain) return engine_->did(Outcome::bad_value);
  const std::string salt =
      std::to_string(engine_->epoch()) + ' ' + std::to_string(state.last_op() + 1);
  return engine_->did(state.set(*cell_, at, wire::Blob{engine_->sealed(*cell_, *plain, salt)}));
}
std::optional<wire::Scalar> Register::value() const {
  if (cell_ == nullptr || cell_->last == 0) return std::nullopt;
  const Result<wire::Scalar, wire::DecodeError> v = wire::decode_scalar(cell_->value);
  assert(v);
  const auto* blob = std::get_if<wire::Blob>(&*v);
  if (blob == nullptr || !engine_->seals(*cell_)) return *v;
  const auto inner = wire::decode_scalar(engine_->opened(*cell_, blob->bytes));
  return inner ? *inner : *v;
}

}  // namespace tributary::sdk
