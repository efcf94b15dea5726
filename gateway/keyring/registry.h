// SPDX-License-Identifier: Apache-2.0
// The fleet's registry as the admin writes it: one actor, `admin`, whose G-Set `$fleet/keys` says
// who signs with which key, `$fleet/grants` who may do what, and `$fleet/settlements` what counts
// of an actor that is closed, and which grants are withdrawn. A pack of signed envelopes
// (docs/protocol.md), which gateways read from a file and pass on among themselves like everything
// else.
//
//   Registry registry = Registry::parse(read_file(path), admin_public_key);   // or Registry(fleet)
//   registry.add(Role::device, "sensor-7", key, now_ms);
//   write_file(path, registry.pack(admin_key), Access::visible);
//
// Promise: it only grows. A full envelope never changes again, so a new member costs one envelope
// of at most `records_max` records, and the same registry has the same bytes. Throws Error.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/keyring/broker_files.h"
#include "gateway/keyring/signing_key.h"
#include "transports/wire/envelope.h"
#include "transports/wire/record.h"

namespace tributary::keyring {

class Registry {
 public:
  static constexpr std::size_t records_max = 1'000;  // of one envelope

  explicit Registry(std::string fleet);
  static Registry parse(const std::string& pack, const PublicKey& admin);

  // Nothing happens when it is there.
  void add(Role role, const std::string& id, const PublicBytes& key, std::uint64_t now_ms);
  // False: it is there. One that was withdrawn is made anew: the same but for `since_ms`, by which
  // it is told from that one, and which says nothing where there is no rate.
  bool grant(wire::GrantRecord grant, std::uint64_t now_ms);
  // The grant allows nothing any more, but to these envelopes, which are carried in the file as
  // below. `grant` is the hash of its record. False: all of that is there.
  bool withdraw(const wire::Hash& grant, const std::vector<wire::Envelope>& envelopes,
                std::uint64_t now_ms);
  bool withdrawn(const wire::Hash& grant) const { return withdrawn_.count(grant) > 0; }
  // Exempt from that withdrawal.
  bool exempt(const wire::Hash& grant, const wire::Hash& envelope) const;
  std::vector<PublicBytes> keys_of(const std::string& id) const;
  std::vector<std::string> grants() const;  // the records
  // False: it is there.
  bool close(const wire::ClosingRecord& closing, std::uint64_t now_ms);
  // These envelopes of a device stay valid whatever was closed, and are carried in the file, in
  // case that no gateway has one of them any more. What was named once stays so, and is not named
  // again. False: all of them are. REQUIRES: they are its.
  bool settle(const std::string& device, const std::vector<wire::Envelope>& envelopes,
              std::uint64_t now_ms);
  // Removes an add of another actor in the admin's name. False: that is there. REQUIRES: an
  // OR-Set's key that a member may write.
  bool remove(const wire::RemovalRecord& add, std::uint64_t now_ms);
  // A settlement names it.
  bool names(const wire::Hash& envelope) const { return named_.count(envelope) > 0; }
  std::vector<std::string> settlements() const;  // the records
  std::size_t size() const;
  std::string pack(const SigningKey& admin) const;

 private:
  struct Chunk {  // one envelope; `from` is the `to` of the one before
    std::uint64_t from = 0, to = 0, hlc = 0;
    std::vector<std::string> grants, keys, settlements;  // ascending, each
    bool full(std::size_t more) const;  // a record of `more` bytes goes into the next one
  };
  bool put(std::string record, std::vector<std::string> Chunk::*set, std::uint64_t now_ms);
  static void read(const wire::Envelope& e, Chunk& out);
  void heed(const std::string& settlement);
  bool carries(const wire::Hash& envelope) const;
  bool allows_already(wire::GrantRecord grant) const;
  template <class Record>
  void put_list(Record record, const std::set<wire::Hash>& hashes, std::uint64_t now_ms);
  std::vector<std::string> all(std::vector<std::string> Chunk::*set) const;
  std::string fleet_;
  std::uint64_t epoch_ = 0;
  std::vector<Chunk> chunks_;
  std::set<std::string> carried_;  // envelopes of others, verbatim
  std::set<wire::Hash> named_;
  std::set<wire::Hash> withdrawn_;                     // grants
  std::map<wire::Hash, std::set<wire::Hash>> exempt_;  // envelopes, by grant
};

}  // namespace tributary::keyring
