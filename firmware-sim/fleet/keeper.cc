// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/fleet/keeper.h"

#include <fcntl.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "firmware-sim/fleet/oracle.h"
#include "transports/wire/scalar.h"

namespace tributary::fleet {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path) {
  throw std::runtime_error(path + ": " + std::strerror(errno) +
                           "\n  name a directory that this user may write to");
}

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// Elements and registers are any bytes; JSON takes text only.
Json::binary_t bytes_of(const std::string& s) {
  return Json::binary_t(std::vector<std::uint8_t>(s.begin(), s.end()));
}
std::string text_of(const Json& j) {
  const Json::binary_t& b = j.get_binary();
  return {b.begin(), b.end()};
}

Json json_of(const devices::Operation& o) {
  const Result<std::string, wire::DecodeError> value = wire::encode_scalar(o.value);
  assert(value);
  return {o.key,    static_cast<int>(o.type), static_cast<int>(o.what),
          o.amount, bytes_of(o.element),      bytes_of(*value)};
}

devices::Operation operation_of(const Json& j) {
  devices::Operation o{j.at(0).get<std::string>(), static_cast<wire::Type>(j.at(1).get<int>()),
                       static_cast<devices::Operation::What>(j.at(2).get<int>())};
  o.amount = j.at(3).get<std::uint64_t>();
  o.element = text_of(j.at(4));
  auto value = wire::decode_scalar(text_of(j.at(5)));
  assert(value);
  o.value = *value;
  return o;
}

std::string cbor(const Json& record) {
  std::string out;
  Json::to_cbor(record, out);
  return out;
}

// Each record: its size in four bytes, then CBOR. The whole ones; the end that a kill tore is not
// among them.
template <typename Visit>
std::size_t for_each_record(const std::string& journal, Visit&& visit) {
  std::size_t at = 0;
  while (journal.size() - at >= 4) {
    std::uint32_t size = 0;
    std::memcpy(&size, journal.data() + at, sizeof size);
    if (journal.size() - at - 4 < size) break;
    visit(Json::from_cbor(journal.begin() + static_cast<std::ptrdiff_t>(at) + 4,
                          journal.begin() + static_cast<std::ptrdiff_t>(at + 4 + size)));
    at += 4 + size;
  }
  return at;
}

}  // namespace

Keeper::Keeper(std::string dir, std::uint64_t seed, std::uint64_t now_ms)
    : dir_(std::move(dir)), seed_(seed), born_ms_(now_ms) {
  std::error_code error;
  fs::create_directories(dir_, error);
  const std::string path = dir_ + "/journal";
  const std::string journal = read_all(path);
  const std::size_t whole = for_each_record(journal, [&](const Json& record) {
    if (record.at(0).get<std::string>() != "life") return;
    seed_ = record.at(1).get<std::uint64_t>();
    born_ms_ = record.at(2).get<std::uint64_t>();
    ++life_;
  });
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd_ < 0 || ftruncate(fd_, static_cast<off_t>(whole)) != 0) fail(path);
  write_record(cbor({"life", seed_, born_ms_}));
}

Keeper::~Keeper() {
  close(fd_);
}

// One write: a kill leaves all of it, none of it, or a torn end.
void Keeper::write_record(std::string cbor) {
  const auto size = static_cast<std::uint32_t>(cbor.size());
  cbor.insert(0, reinterpret_cast<const char*>(&size), sizeof size);
  if (!write_all(fd_, cbor)) fail(dir_ + "/journal");
}

void Keeper::replay(Oracle& oracle) const {
  for_each_record(read_all(dir_ + "/journal"), [&](const Json& r) {
    const std::string what = r.at(0).get<std::string>();
    if (what == "life") return;
    const crdt::Actor actor{r.at(1).get<std::string>(), r.at(2).get<std::uint64_t>()};
    const auto op = r.at(3).get<std::uint64_t>();
    if (what == "issued") {
      oracle.issued(actor, op, operation_of(r.at(4)), {r.at(5).get<std::uint64_t>()});
    }
    if (what == "promised") oracle.promised(actor, op);
    if (what == "forgotten") oracle.forget_above(actor, op);
  });
}

void Keeper::issued(const crdt::Actor& actor, std::uint64_t op, const devices::Operation& operation,
                    crdt::Hlc hlc) {
  write_record(cbor({"issued", actor.device, actor.epoch, op, json_of(operation), hlc.packed}));
}

void Keeper::promised(const crdt::Actor& actor, std::uint64_t upto) {
  write_record(cbor({"promised", actor.device, actor.epoch, upto}));
}

void Keeper::forgotten(const crdt::Actor& actor, std::uint64_t above) {
  write_record(cbor({"forgotten", actor.device, actor.epoch, above}));
}

std::string Keeper::snapshot(const std::string& id) const {
  return read_all(dir_ + "/" + id);
}

bool Keeper::save(const std::string& id, std::string_view snapshot) const {
  const std::string path = dir_ + "/" + id;
  const std::string fresh = path + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const bool written = write_all(fd, snapshot);
  return close(fd) == 0 && written && std::rename(fresh.c_str(), path.c_str()) == 0;
}

}  // namespace tributary::fleet
