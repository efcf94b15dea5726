// SPDX-License-Identifier: Apache-2.0
// A fleet's directory: its CA, its signing keys, a folder to carry to each machine, and what the
// broker is told. The admin's machine has it and nobody else.
//
//   Keyring ring = Keyring::init({.dir = "demo.fleet", .fleet = "demo"}, now_s);
//   ring.enroll(Role::gateway, "g1", now_s);
//   ring.enroll(Role::device, "sensor-7", now_s);
//   ring.save(now_s);                              // the member list, access list, revocations
//
// Promise: nothing that is there is ever overwritten but by rotate() and save(); every file is
// whole at any moment; a member is in the access list only when all its files are there; whatever
// is cut short can be asked for again. Everything throws Error. One change at a time, over
// processes too.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/keyring/broker_files.h"
#include "gateway/keyring/pki.h"
#include "gateway/keyring/registry.h"
#include "gateway/keyring/safe_file.h"

namespace tributary::keyring {

struct InitOptions {
  std::string dir{};
  std::string fleet{"demo"};
  std::string topic_root{"tributary/v1"};
  std::vector<std::string> hosts{"localhost", "127.0.0.1", "::1"};  // of the broker's certificate
  std::int64_t days = 365;                                          // of certificates
  std::int64_t ca_days = 3'650;
  std::string listen{"8883"};
  std::string broker_place{};  // where the broker will have its files; empty: <dir>/broker
};

struct Issued {
  std::string serial;
  std::int64_t until_s = 0;
};

struct Member {
  Role role = Role::device;
  std::string id;
  bool keys_here = true;      // false: the device made them itself and showed that it has them
  std::vector<Issued> valid;  // certificates that have not expired yet, the newest last
};

// A line of `tributary fleet keys`.
struct KeyRow {
  std::string role, id;
  std::string place;            // its folder
  std::string tls_fingerprint;  // SHA-256 of the certificate
  std::int64_t ends_s = 0;
  std::string signing_fingerprint;  // SHA-256 of the public key; empty: it signs nothing
  bool keys_here = true;
};

class Keyring {
 public:
  // Makes the directory, which must not be there or be empty.
  static Keyring init(const InitOptions& options, std::int64_t now_s);
  // Opens it and holds it until the end of this object.
  explicit Keyring(const std::string& dir);
  Keyring(Keyring&&) = default;

  const std::string& fleet() const { return options_.fleet; }
  const std::vector<Member>& members() const { return members_; }
  std::string root() const { return options_.topic_root + "/" + options_.fleet; }
  std::string folder(Role role, const std::string& id) const;
  std::string broker_folder() const { return dir_ + "/broker"; }

  // Makes its keys, certificate and folder.
  void enroll(Role role, const std::string& id, std::int64_t now_s);
  // Of a device that has its own keys: first what it must answer, then its answer.
  std::string challenge(Role role, const std::string& id);
  void enroll_proven(Role role, const std::string& id, const std::string& proof,
                     std::int64_t now_s);
  // New certificates for those named, or all that end within so many days; the broker's name is
  // "broker". Who holds its TLS key here gets a new one. Returns whose.
  std::vector<std::string> rotate(const std::vector<std::string>& ids, std::int64_t within_days,
                                  std::int64_t now_s);
  // Takes all its rights at the broker. Its signing key is another matter: docs/security.md.
  void revoke(const std::string& id);
  void save(std::int64_t now_s);

  std::vector<KeyRow> keys() const;
  // Enters a grant; false: it is there already.
  bool grant(const wire::GrantRecord& record, std::int64_t now_s);
  // Closes what is named of a device, and enters what of it stays valid (registry.h). False: all of
  // that is there already.
  bool settle(const std::string& device, const std::vector<wire::ClosingRecord>& closings,
              const std::vector<wire::Envelope>& stay, std::int64_t now_s);
  // Withdraws a grant, by the hash of its record, but for what these envelopes need of it
  // (registry.h). False: all of that is there already.
  bool withdraw(const wire::Hash& grant, const std::vector<wire::Envelope>& stay,
                std::int64_t now_s);
  // Removes these adds in the admin's name (registry.h). False: all of that is there already.
  bool remove(const std::vector<wire::RemovalRecord>& adds, std::int64_t now_s);
  bool withdrawn(const wire::Hash& grant) const { return registry_->withdrawn(grant); }
  bool exempt(const wire::Hash& grant, const wire::Hash& envelope) const {
    return registry_->exempt(grant, envelope);
  }
  // The records of the registry about grants, and about what was settled or withdrawn.
  std::vector<std::string> grants() const { return registry_->grants(); }
  std::vector<std::string> settlements() const { return registry_->settlements(); }
  // The public keys that the registry has of it, also of one that is a member no more.
  std::vector<PublicBytes> registered_keys(const std::string& device) const;
  // An earlier settlement names it: it stays valid for good.
  bool settled(const wire::Hash& envelope) const { return registry_->names(envelope); }
  // The registry's file, which every gateway's folder has a copy of.
  std::string registry_file() const { return dir_ + "/registry"; }

 private:
  Keyring(const InitOptions& options, std::string dir);
  void make(std::int64_t now_s);
  void load();
  Member& at(const std::string& id);
  void refuse_taken(const std::string& id) const;
  Pair authority() const;
  Subject subject_of(const Member& member) const;
  Subject broker_subject() const;
  Validity validity(std::int64_t now_s) const;
  void register_key(const Member& member, const PublicBytes& key, std::int64_t now_s);
  std::string gateway_keys() const;
  void save_registry();
  void note(Member& member, const std::string& certificate, std::int64_t now_s) const;
  void put_folder(const Member& member,
                  const std::vector<std::pair<std::string, std::string>>& secret,
                  const std::vector<std::pair<std::string, std::string>>& visible);
  void renew(Member& member, std::int64_t now_s);
  void renew_broker(std::int64_t now_s);
  std::string challenge_file(const std::string& id) const;

  std::string dir_;
  InitOptions options_;
  std::vector<Member> members_;  // in the order of their enrolment
  std::vector<Issued> revoked_;
  std::vector<std::string> done_challenges_;  // to be forgotten once the members are saved
  std::optional<Registry> registry_;
  bool registry_changed_ = false, gateways_changed_ = false;
  std::unique_ptr<Lock> lock_;
};

}  // namespace tributary::keyring
