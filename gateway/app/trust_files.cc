// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/trust_files.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gateway/app/cli.h"
#include "gateway/core/gateway.h"
#include "gateway/keyring/error.h"
#include "gateway/keyring/signing_key.h"

namespace tributary::app {
namespace {

namespace fs = std::filesystem;
namespace kr = keyring;

std::optional<std::string> read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return in && out ? std::optional(out.str()) : std::nullopt;
}

[[noreturn]] void die(const std::string& path, const std::string& why) {
  throw Trouble(Exit::config,
                path + ": " + why + "\n  `tributary fleet enroll` makes it; carry it here whole");
}

std::string must_read(const std::string& path) {
  auto text = read(path);
  if (!text) die(path, "cannot be read");
  return std::move(*text);
}

void check_owner(const std::string& path, const kr::Owner& owner, const kr::Owner& wanted) {
  if (owner == wanted) return;
  die(path, "is the key of " + owner.role + " " + owner.id + " of fleet " + owner.fleet +
                ", and not of " + wanted.role + " " + wanted.id + " of fleet " + wanted.fleet);
}

signing::Signer read_signer(const std::string& path, const kr::Owner& wanted) {
  std::string text = must_read(path);
  try {
    const kr::SigningKey key = kr::SigningKey::parse(text);
    check_owner(path, key.public_key().owner, wanted);
    return signing::signer_of(key.secret());
  } catch (const kr::Error& e) {
    die(path, e.what());
  }
}

kr::PublicKey read_public(const std::string& path, const std::string& text) {
  try {
    return kr::PublicKey::parse(text);
  } catch (const kr::Error& e) {
    die(path, e.what());
  }
}

// Files of public keys one after the other.
std::vector<std::string> split_keys(const std::string& text) {
  constexpr std::string_view title = "tributary public key 1\n";
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t next = text.find(title, at + 1);
    if (next == std::string::npos) next = text.size();
    out.push_back(text.substr(at, next - at));
    at = next;
  }
  return out;
}

}  // namespace

core::TrustOptions trust_options(const config::Gateway& g) {
  core::TrustOptions out;
  const config::Gateway::Security& s = g.security;
  switch (s.signatures) {
    case config::Signatures::off:
      return out;
    case config::Signatures::accept:
      out.signatures = core::Signatures::accept;
      break;
    case config::Signatures::require:
      out.signatures = core::Signatures::require;
      break;
  }
  const kr::PublicKey admin = read_public(s.admin_key_file, must_read(s.admin_key_file));
  check_owner(s.admin_key_file, admin.owner, {g.gateway.fleet, "admin", "admin"});
  out.admin_key = admin.bytes;
  out.permissions = s.permissions;
  out.exclude_equivocators = s.equivocation == config::Equivocation::exclude;
  out.signer = read_signer(s.signing_key_file, {g.gateway.fleet, "gateway", g.gateway.id});
  return out;
}

void check_trust(const config::Gateway& g) {
  const std::string& file = g.security.registry_file;
  if (g.security.signatures == config::Signatures::off) return;
  core::Options options;
  options.fleet = g.gateway.fleet;
  options.gateway = g.gateway.id;
  options.trust = trust_options(g);
  if (file.empty()) return;
  const std::string wrong = core::Gateway(options, 0, 0).registry({}, must_read(file));
  if (!wrong.empty()) die(file, wrong);
}

std::function<std::optional<std::string>()> registry_reader(const std::string& file) {
  if (file.empty()) return {};
  return [file, seen = fs::file_time_type{}]() mutable -> std::optional<std::string> {
    std::error_code error;
    const auto changed = fs::last_write_time(file, error);
    if (error || changed == seen) return std::nullopt;
    auto text = read(file);
    if (text) seen = changed;
    return text;
  };
}

DeviceKeys device_keys(const std::string& folder, const std::string& fleet,
                       const std::string& device) {
  DeviceKeys out;
  if (folder.empty() || !fs::exists(folder + "/sign.key")) return out;
  out.signer = read_signer(folder + "/sign.key", {fleet, "device", device});
  const std::string path = folder + "/gateways.pub";
  const auto text = read(path);
  if (!text) return out;
  for (const std::string& one : split_keys(*text)) {
    const kr::PublicKey key = read_public(path, one);
    if (key.owner.fleet != fleet) die(path, "is of fleet " + key.owner.fleet);
    out.members.push_back({key.owner.id, key.bytes, key.owner.role == "gateway"});
  }
  return out;
}

}  // namespace tributary::app
