// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/operator.h"

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "firmware-sim/devices/operation.h"
#include "gateway/app/cli.h"
#include "gateway/app/requests.h"
#include "gateway/app/text.h"
#include "transports/wire/record.h"

namespace tributary::app {
namespace {

using devices::Operation;
using nlohmann::json;

constexpr std::size_t refused_shown_max = 20;

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// What people call it, by what the type calls it.
std::optional<Operation::What> what_of(const std::string& word, wire::Type type) {
  using What = Operation::What;
  const bool set = type == wire::Type::gset || type == wire::Type::orset;
  if (word == "increment") return What::add;
  if (word == "decrement") return What::subtract;
  if (word == "remove") return What::erase;
  if (word == "add" && set) return What::insert;
  return devices::what_named(word);
}

std::uint64_t amount_of(const json& value) {
  if (value.is_null()) return 1;
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  throw std::string("value is not a whole number from 1");
}

wire::Scalar scalar_of(const json& value) {
  if (value.is_null()) return wire::Scalar{};
  if (value.is_boolean()) return wire::Scalar{value.get<bool>()};
  if (value.is_number_unsigned()) return wire::Scalar{value.get<std::uint64_t>()};
  if (value.is_number_integer()) return wire::Scalar{value.get<std::int64_t>()};
  if (value.is_number_float() && std::isfinite(value.get<double>()))
    return wire::Scalar{value.get<double>()};
  if (value.is_string()) return wire::Scalar{value.get<std::string>()};
  throw std::string("value is none of null, true, false, a number, a string");
}

std::string text_of(const json& given, const char* name) {
  const auto it = given.find(name);
  if (it == given.end() || !it->is_string()) throw std::string("there is no ") + name;
  return it->get<std::string>();
}

Operation read_operation(std::string_view arguments) {
  const json given = json::parse(arguments, nullptr, false);
  if (!given.is_object()) throw std::string("that is no JSON object");
  Operation op;
  op.key = text_of(given, "key");
  if (!wire::valid_key(op.key) || op.key.front() == '$') {
    throw std::string("key: segments between / of 1 to 512 bytes in all, no + # $");
  }
  const auto type = devices::type_named(text_of(given, "type"));
  if (!type) throw std::string("type is none of gcounter pncounter gset orset lww");
  op.type = *type;
  const std::string word = text_of(given, "operation");
  const auto what = what_of(word, op.type);
  if (!what || !devices::valid(op.type, *what)) {
    throw "operation \"" + word + "\" is none of type " + text_of(given, "type");
  }
  op.what = *what;
  const json value = given.value("value", json(nullptr));
  if (op.type == wire::Type::lww) {
    op.value = scalar_of(value);
  } else if (op.type == wire::Type::gcounter || op.type == wire::Type::pncounter) {
    op.amount = amount_of(value);
    if (op.amount == 0) throw std::string("value is not a whole number from 1");
  } else {
    if (!value.is_string()) throw std::string("value is not the element, a string");
    op.element = value.get<std::string>();
  }
  return op;
}

}  // namespace

Operator::Operator(Options options)
    : options_(std::move(options)), id_(wire::operator_id(options_.gateway)) {
  std::error_code ignored;
  std::string why;  // told by the next operation
  if (std::filesystem::exists(options_.memory_path, ignored)) open(why);
}

bool Operator::open(std::string& why) {
  if (device_) return true;
  try {
    memory_ = std::make_unique<MemoryFile>(options_.memory_path);
  } catch (const Trouble& trouble) {
    why = trouble.what();
    return false;
  }
  return begin(memory_->content(), why);
}

bool Operator::begin(std::string saved, std::string& why) {
  sdk::Options o;
  o.fleet = options_.fleet;
  o.device = id_;
  o.random = options_.random;
  o.save = [this](std::string_view snapshot) { return memory_->replace(snapshot); };
  o.saved = std::move(saved);
  o.batch_ops_max = 1;  // at once
  o.signer = options_.signer;
  auto opened = sdk::Device::open(o);
  if (!opened && opened.error().code == sdk::Error::Code::snapshot_corrupt) {
    o.saved.clear();  // a fresh epoch: what it had said stays counted
    opened = sdk::Device::open(o);
  }
  if (!opened) {
    why = opened.error().text;
    return false;
  }
  device_.emplace(std::move(*opened));
  return true;
}

// What it said since that copy was made is counted, and would be contradicted under its numbers.
bool Operator::leave_old_memory(const Held& held, std::string& why) {
  if (held(id_, device_->epoch()) <= device_->last_op()) return true;
  warn_of_new_epoch(device_->safe(), device_->last_op());
  device_.reset();
  return begin({}, why);
}

void Operator::warn_of_new_epoch(std::uint64_t safe, std::uint64_t last) const {
  if (!options_.warn) return;
  std::string uncertain;
  if (safe < last) {
    uncertain = "; its operations " + std::to_string(safe + 1) + " to " + std::to_string(last) +
                " of before may or may not be counted: look at what they changed";
  }
  options_.warn("the memory of " + id_ + " (" + options_.memory_path +
                ") is older than what gateways hold of it, or was copied: a new epoch" + uncertain);
}

std::string Operator::operate(std::string_view arguments, const Held& held, std::uint64_t now_ms) {
  try {
    const Operation op = read_operation(arguments);
    std::string why;
    if (!open(why) || !leave_old_memory(held, why))
      return answer_error("the operator's memory cannot be read", why);
    device_->time(now_ms);
    const sdk::Outcome outcome = devices::apply(*device_, op, now_ms);
    if (outcome != sdk::Outcome::applied && outcome != sdk::Outcome::unchanged)
      return answer_error(std::string("not done: ") + sdk::name(outcome), "see docs/api.md");
    if (!device_->persist()) {
      return answer_error("it could not be saved: " + options_.memory_path,
                          "free space, or permissions; it is sent once it is saved");
    }
    return dump({{"gateway", options_.gateway},
                 {"device", id_},
                 {"outcome", sdk::name(outcome)},
                 {"op", device_->last_op()}});
  } catch (const std::string& what) {
    return answer_error(what,
                        R"(give {"key":"…","type":"gcounter","operation":"increment","value":1})");
  }
}

std::vector<sdk::Packet> Operator::poll(std::uint64_t now_ms) {
  if (!device_ || device_->deadline().value_or(now_ms + 1) > now_ms) return {};
  return device_->poll(now_ms);
}

void Operator::acknowledged(std::string_view payload, std::uint64_t now_ms) {
  if (!device_) return;
  for (const sdk::Event& event : device_->receive(now_ms, payload)) {
    if (event.kind == sdk::Event::Kind::twin) {
      warn_of_new_epoch(event.op, event.last_op);
    } else if (event.kind == sdk::Event::Kind::refused && options_.warn) {
      options_.warn(event.gateway + " refused what " + id_ + " changed: " + event.text);
    }
  }
}

Import read_import(const std::string& gateway, std::string_view lines) {
  Import out;
  json refused = json::array();
  std::size_t number = 0;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines = end == std::string_view::npos ? std::string_view{} : lines.substr(end + 1);
    ++number;
    if (line.empty() || line == "\r") continue;
    const json item = json::parse(line, nullptr, false);
    const auto text = item.is_object() ? item.find("bytes") : item.end();
    const auto bytes = item.is_object() && text != item.end() && text->is_string()
                           ? base64_decode(text->get<std::string>())
                           : std::nullopt;
    bool taken = false;
    if (bytes) {
      const auto envelope = wire::decode_envelope(*bytes, wire::Limits{});
      if (envelope) out.packets.push_back({"up/" + std::string(envelope->delta.device), *bytes});
      taken = static_cast<bool>(envelope);
    }
    if (!taken && refused.size() < refused_shown_max) {
      refused.push_back(
          {{"line", number}, {"why", bytes ? "no envelope" : "no \"bytes\" in base64"}});
    }
  }
  out.answer =
      dump({{"gateway", gateway}, {"taken", out.packets.size()}, {"refused", std::move(refused)}});
  return out;
}

}  // namespace tributary::app
