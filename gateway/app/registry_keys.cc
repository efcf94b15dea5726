// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/registry_keys.h"

#include <algorithm>

#include "gateway/app/cli.h"
#include "gateway/keyring/error.h"
#include "gateway/keyring/safe_file.h"
#include "gateway/keyring/signing_key.h"
#include "transports/signing/seal.h"
#include "transports/wire/pack.h"
#include "transports/wire/record.h"

namespace tributary::app {
namespace {

namespace kr = keyring;

kr::PublicKey read_key(const std::string& path) {
  try {
    return kr::PublicKey::parse(kr::read_file(path));
  } catch (const kr::Error& e) {
    const std::string what = e.what();  // an unreadable file is named in it already
    throw Trouble(Exit::usage, what.starts_with(path) ? what : path + ": " + what);
  }
}

void read_registry(const KeyFiles& files, std::string_view role, Keys& keys) {
  if (files.admin.empty()) throw Trouble(Exit::usage, "--registry needs --admin: who signed it");
  const kr::PublicKey admin = read_key(files.admin);
  const std::string file = kr::read_file(files.registry);
  const auto pack = wire::decode_pack(file, wire::Limits{});
  if (!pack) throw Trouble(Exit::storage, files.registry + ": " + to_string(pack.error()));
  for (const std::string_view bytes : pack->envelopes) {
    const auto e = wire::decode_envelope(bytes, wire::Limits{});
    if (e && e->delta.device != wire::admin_id) continue;  // carried, for a settlement
    if (!e || !signing::verifies(admin.bytes, signing::Kind::delta, e->delta.fleet, e->sealed)) {
      throw Trouble(Exit::storage, files.registry + ": not signed by the key in " + files.admin);
    }
    for (const wire::Entry& entry : e->delta.entries) {
      const auto* set = std::get_if<wire::GSetPayload>(&entry.payload);
      if (entry.key != wire::keys_key || set == nullptr) continue;
      for (const std::string_view element : set->elements) {
        const auto record = wire::decode_key_record(element);
        if (!record || (!role.empty() && record->role != role)) continue;
        signing::PublicBytes key{};
        std::copy(record->key.begin(), record->key.end(), key.begin());
        if (signing::vet(key).empty()) keys.emplace(record->id, key);
      }
    }
  }
}

}  // namespace

Keys keys_of(const KeyFiles& files, std::string_view role) {
  Keys keys;
  for (const std::string& path : files.keys) {
    const kr::PublicKey key = read_key(path);
    keys.emplace(key.owner.id, key.bytes);
  }
  if (!files.registry.empty()) read_registry(files, role, keys);
  return keys;
}

signing::PublicBytes admin_key_of(const std::string& path) {
  return read_key(path).bytes;
}

}  // namespace tributary::app
