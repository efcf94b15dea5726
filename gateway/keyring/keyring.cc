// SPDX-License-Identifier: Apache-2.0
#include "gateway/keyring/keyring.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "gateway/keyring/enrolment.h"
#include "gateway/keyring/error.h"
#include "gateway/keyring/lines.h"
#include "gateway/keyring/members.h"
#include "gateway/keyring/signing_key.h"
#include "transports/tls/files.h"

namespace tributary::keyring {
namespace {

namespace fs = std::filesystem;
using transports::tls::day_s;

// A device's clock may be behind; what was made a moment ago must be valid for it.
constexpr std::int64_t backdate_s = day_s;

[[noreturn]] void refuse(const std::string& text) {
  throw Error(Error::Kind::refused, text);
}

const char* plural(Role role) {
  switch (role) {
    case Role::gateway:
      return "gateways";
    case Role::device:
      return "devices";
    case Role::viewer:
      return "operators";
  }
  return "";
}

std::string absolute(const std::string& dir) {
  std::string out = fs::absolute(dir).lexically_normal().string();
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

bool plain_path(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

void check(const InitOptions& o) {
  if (!is_id(o.fleet)) refuse("\"" + o.fleet + "\" is no fleet's name: 1 to 64 of A-Z a-z 0-9 _ -");
  if (o.hosts.empty()) refuse("the broker's certificate needs at least one host: --host");
  for (const std::string& host : o.hosts) {
    if (!is_host(host)) refuse("\"" + host + "\" is neither a host's name nor an address");
  }
  if (o.days < 1 || o.ca_days <= o.days) {
    refuse("certificates must last a day at least, and less than their CA (--days, --ca-days)");
  }
  if (!plain_path(o.broker_place) || !plain_path(o.listen) || !plain_path(o.dir)) {
    refuse("a path or address has control characters");
  }
  const std::string& root = o.topic_root;
  if (root.empty() || root.find_first_of("+#$ ") != std::string::npos || !plain_path(root)) {
    refuse("\"" + root + "\" is no topic: without + # $ and blanks");
  }
}

}  // namespace

Keyring::Keyring(const InitOptions& options, std::string dir)
    : dir_(std::move(dir)), options_(options) {}

Keyring Keyring::init(const InitOptions& options, std::int64_t now_s) {
  check(options);
  const std::string dir = absolute(options.dir);
  if (exists(dir + "/fleet.json")) {
    refuse(dir +
           ": is the directory of a fleet already, and is left as it is: `tributary fleet "
           "enroll` adds to it; for another fleet name another directory");
  }
  std::error_code ignored;
  if (exists(dir) && !fs::is_empty(dir, ignored)) {
    refuse(dir + ": is there and not empty: name a directory that is not there yet");
  }
  InitOptions complete = options;
  if (complete.broker_place.empty()) complete.broker_place = dir + "/broker";
  // Made beside and renamed: an init that was cut short leaves no half of a fleet behind.
  std::string beside = dir + ".XXXXXX";
  if (mkdtemp(beside.data()) == nullptr) {
    throw Error(Error::Kind::storage, dir +
                                          ": cannot be made: does its parent exist, and may you "
                                          "write there?");
  }
  try {
    Keyring made(complete, beside);
    made.make(now_s);
    made.save(now_s);
    rename_dir(beside, dir);
  } catch (...) {
    fs::remove_all(beside, ignored);
    throw;
  }
  return Keyring(dir);
}

void Keyring::make(std::int64_t now_s) {
  for (const char* part :
       {"/ca", "/admin", "/broker", "/gateways", "/devices", "/operators", "/pending"}) {
    make_dir(dir_ + part);
  }
  const Pair ca = make_ca(options_.fleet, {now_s - backdate_s, now_s + options_.ca_days * day_s});
  write_file(dir_ + "/ca/ca.key", ca.key, Access::secret);
  write_file(dir_ + "/ca/ca.crt", ca.certificate, Access::visible);
  const SigningKey admin = SigningKey::make({options_.fleet, "admin", "admin"});
  write_file(dir_ + "/admin/sign.key", admin.secret_text(), Access::secret);
  write_file(dir_ + "/admin/sign.pub", admin.public_text(), Access::visible);
  registry_.emplace(options_.fleet);
  registry_changed_ = true;
  write_file(broker_folder() + "/ca.crt", ca.certificate, Access::visible);
  renew_broker(now_s);
  write_file(broker_folder() + "/mosquitto.conf",
             broker_conf({options_.broker_place, options_.listen}), Access::secret);
}

Keyring::Keyring(const std::string& dir) : dir_(absolute(dir)) {
  if (!exists(dir_ + "/fleet.json")) {
    refuse(dir_ + ": is not the directory of a fleet: `tributary fleet init` makes one");
  }
  lock_ = std::make_unique<Lock>(dir_);
  load();
}

void Keyring::load() {
  Members file = parse_members(read_file(dir_ + "/fleet.json"), dir_ + "/fleet.json");
  options_ = std::move(file.options);
  options_.dir = dir_;
  members_ = std::move(file.members);
  revoked_ = std::move(file.revoked);
  if (exists(registry_file())) {
    const PublicKey admin = PublicKey::parse(read_file(dir_ + "/admin/sign.pub"));
    registry_ = Registry::parse(read_file(registry_file()), admin);
    return;
  }
  // Made before there was a registry: everybody enrolled is entered.
  registry_.emplace(options_.fleet);
  registry_changed_ = gateways_changed_ = true;
  for (const Member& member : members_) {
    const std::string key_file = folder(member.role, member.id) + "/sign.pub";
    if (exists(key_file)) register_key(member, PublicKey::parse(read_file(key_file)).bytes, 0);
  }
}

void Keyring::register_key(const Member& member, const PublicBytes& key, std::int64_t now_s) {
  const std::uint64_t now_ms = static_cast<std::uint64_t>(now_s) * 1'000;
  registry_->add(member.role, member.id, key, now_ms);
  // What people change through a gateway is an actor of its own, signed by the gateway.
  if (member.role == Role::gateway) {
    registry_->add(Role::device, wire::operator_id(member.id), key, now_ms);
  }
  registry_changed_ = true;
  gateways_changed_ |= member.role == Role::gateway;
}

bool Keyring::grant(const wire::GrantRecord& record, std::int64_t now_s) {
  const bool fresh = registry_->grant(record, static_cast<std::uint64_t>(now_s) * 1'000);
  registry_changed_ |= fresh;
  return fresh;
}

bool Keyring::settle(const std::string& device, const std::vector<wire::ClosingRecord>& closings,
                     const std::vector<wire::Envelope>& stay, std::int64_t now_s) {
  const std::uint64_t now_ms = static_cast<std::uint64_t>(now_s) * 1'000;
  bool fresh = registry_->settle(device, stay, now_ms);
  for (const wire::ClosingRecord& closing : closings) fresh |= registry_->close(closing, now_ms);
  registry_changed_ |= fresh;
  return fresh;
}

bool Keyring::withdraw(const wire::Hash& grant, const std::vector<wire::Envelope>& stay,
                       std::int64_t now_s) {
  const bool fresh = registry_->withdraw(grant, stay, static_cast<std::uint64_t>(now_s) * 1'000);
  registry_changed_ |= fresh;
  return fresh;
}

bool Keyring::remove(const std::vector<wire::RemovalRecord>& adds, std::int64_t now_s) {
  bool fresh = false;
  for (const wire::RemovalRecord& add : adds)
    fresh |= registry_->remove(add, static_cast<std::uint64_t>(now_s) * 1'000);
  registry_changed_ |= fresh;
  return fresh;
}

std::vector<PublicBytes> Keyring::registered_keys(const std::string& device) const {
  return registry_->keys_of(device);
}

// One public key after the other, as in their own files.
std::string Keyring::gateway_keys() const {
  std::string out;
  for (const Member& member : members_) {
    if (member.role == Role::gateway)
      out += read_file(folder(member.role, member.id) + "/sign.pub");
  }
  return out;
}

// Before the list of members: who is in the list has all its files.
void Keyring::save_registry() {
  if (!std::exchange(registry_changed_, false)) return;
  const SigningKey admin = SigningKey::parse(read_file(dir_ + "/admin/sign.key"));
  const std::string pack = registry_->pack(admin);
  write_file(registry_file(), pack, Access::visible);
  const bool gateways = std::exchange(gateways_changed_, false);
  const std::string keys = gateways ? gateway_keys() : std::string();
  for (const Member& member : members_) {
    const std::string place = folder(member.role, member.id);
    if (member.role == Role::gateway) {
      write_file(place + "/registry", pack, Access::visible);
      write_file(place + "/admin.pub", admin.public_text(), Access::visible);
    } else if (member.role == Role::device && gateways) {
      write_file(place + "/gateways.pub", keys, Access::visible);
    }
  }
}

void Keyring::save(std::int64_t now_s) {
  // Those that expired are refused as such.
  const auto expired = [&](const Issued& one) { return one.until_s < now_s; };
  std::erase_if(revoked_, expired);
  for (Member& member : members_) std::erase_if(member.valid, expired);
  save_registry();
  write_file(dir_ + "/fleet.json", members_text({options_, members_, revoked_}), Access::secret);
  std::vector<Entry> entries;
  for (const Member& member : members_) entries.push_back({member.role, member.id});
  write_file(broker_folder() + "/acl", access_list(root(), entries), Access::secret);
  std::vector<std::string> serials;
  for (const Issued& one : revoked_) serials.push_back(one.serial);
  // A list that ran out would shut everybody out: it is good for as long as the CA.
  const auto ca = transports::tls::read_certificate(dir_ + "/ca/ca.crt");
  write_file(broker_folder() + "/revoked.pem",
             revocations(authority(), serials, {now_s - backdate_s, ca ? ca->not_after_s : 0}),
             Access::visible);
  for (const std::string& file : done_challenges_) std::remove(file.c_str());
  done_challenges_.clear();
}

Member& Keyring::at(const std::string& id) {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const Member& member) { return member.id == id; });
  if (found == members_.end()) {
    refuse(id + ": is no member of fleet " + options_.fleet +
           ": `tributary fleet keys` lists them");
  }
  return *found;
}

std::string Keyring::folder(Role role, const std::string& id) const {
  return dir_ + "/" + plural(role) + "/" + id;
}

// One name, one member: the broker knows no roles, just names.
void Keyring::refuse_taken(const std::string& id) const {
  if (!is_id(id)) refuse("\"" + id + "\" is no id: 1 to 64 of A-Z a-z 0-9 _ -");
  // The last are what people change through a gateway.
  if (id == "broker" || id == "admin" || id == "nobody" || id.starts_with("operator-")) {
    refuse("\"" + id + "\" is not free for a member: choose another id");
  }
  for (const Member& member : members_) {
    if (member.id != id) continue;
    refuse(id + ": is enrolled already, as " + name(member.role) +
           ": `tributary fleet rotate` renews its certificate, `tributary fleet revoke` ends it");
  }
}

Pair Keyring::authority() const {
  return {read_file(dir_ + "/ca/ca.crt"), read_file(dir_ + "/ca/ca.key")};
}

Subject Keyring::subject_of(const Member& member) const {
  return {.common_name = member.id,
          .uri = "tributary:" + options_.fleet + ":" + name(member.role) + ":" + member.id};
}

Subject Keyring::broker_subject() const {
  return {.common_name = "broker",
          .uri = "tributary:" + options_.fleet + ":broker:broker",
          .hosts = options_.hosts,
          .server = true};
}

// Never longer than the CA itself.
Validity Keyring::validity(std::int64_t now_s) const {
  const auto ca = transports::tls::read_certificate(dir_ + "/ca/ca.crt");
  const std::int64_t last_s = ca ? ca->not_after_s : 0;
  if (last_s <= now_s) refuse("the fleet's CA has expired: make a new fleet directory");
  return {now_s - backdate_s, std::min(now_s + options_.days * day_s, last_s)};
}

void Keyring::note(Member& member, const std::string& certificate, std::int64_t now_s) const {
  member.valid.push_back({serial_of(certificate), validity(now_s).to_s});
}

// Made beside and renamed. One of that name is the remains of an enrolment that was cut short
// before it was saved, or of a member that was revoked.
void Keyring::put_folder(const Member& member,
                         const std::vector<std::pair<std::string, std::string>>& secret,
                         const std::vector<std::pair<std::string, std::string>>& visible) {
  const std::string place = folder(member.role, member.id);
  const std::string beside = dir_ + "/pending/" + member.id + ".new";
  std::error_code ignored;
  fs::remove_all(beside, ignored);
  make_dir(beside);
  for (const auto& [file, text] : secret) write_file(beside + "/" + file, text, Access::secret);
  for (const auto& [file, text] : visible) write_file(beside + "/" + file, text, Access::visible);
  fs::remove_all(place, ignored);
  rename_dir(beside, place);
}

void Keyring::enroll(Role role, const std::string& id, std::int64_t now_s) {
  refuse_taken(id);
  Member member{.role = role, .id = id, .keys_here = true, .valid = {}};
  const Pair ca = authority();
  const std::string key = make_key();
  const std::string certificate = issue(ca, subject_of(member), key, validity(now_s));
  if (role == Role::viewer) {
    put_folder(member, {{"tls.key", key}}, {{"tls.crt", certificate}, {"ca.crt", ca.certificate}});
  } else {
    const SigningKey signing = SigningKey::make({options_.fleet, name(role), id});
    std::vector<std::pair<std::string, std::string>> visible = {
        {"tls.crt", certificate}, {"ca.crt", ca.certificate}, {"sign.pub", signing.public_text()}};
    if (role == Role::device) visible.emplace_back("gateways.pub", gateway_keys());
    put_folder(member, {{"tls.key", key}, {"sign.key", signing.secret_text()}}, visible);
    register_key(member, signing.public_key().bytes, now_s);
  }
  note(member, certificate, now_s);
  members_.push_back(std::move(member));
}

std::string Keyring::challenge_file(const std::string& id) const {
  return dir_ + "/pending/" + id + ".challenge";
}

std::string Keyring::challenge(Role role, const std::string& id) {
  refuse_taken(id);
  if (role == Role::viewer) refuse("an operator signs nothing: enroll it without a challenge");
  std::string text = Challenge::make({options_.fleet, name(role), id}).text();
  write_file(challenge_file(id), text, Access::secret);
  return text;
}

void Keyring::enroll_proven(Role role, const std::string& id, const std::string& proof,
                            std::int64_t now_s) {
  refuse_taken(id);
  if (!exists(challenge_file(id))) {
    refuse(id + ": has no challenge to answer: `tributary fleet enroll " + id +
           " --challenge FILE` makes one, good for one answer");
  }
  const Challenge challenge = Challenge::parse(read_file(challenge_file(id)));
  if (challenge.owner != Owner{options_.fleet, name(role), id}) {
    refuse(id + ": its challenge was for a " + challenge.owner.role + ", not for a " + name(role));
  }
  const Proven proven = check_proof(proof, challenge);
  for (const KeyRow& row : keys()) {
    if (row.signing_fingerprint == proven.key.fingerprint()) {
      refuse(id + ": its public key is that of " + row.role + " " + row.id +
             ": every device needs a key of its own");
    }
  }
  Member member{.role = role, .id = id, .keys_here = false, .valid = {}};
  const Pair ca = authority();
  const std::string certificate =
      issue_requested(ca, subject_of(member), proven.request, validity(now_s));
  put_folder(member, {},
             {{"tls.crt", certificate},
              {"ca.crt", ca.certificate},
              {"gateways.pub", gateway_keys()},
              {"sign.pub", proven.key.text()}});
  register_key(member, proven.key.bytes, now_s);
  note(member, certificate, now_s);
  members_.push_back(std::move(member));
  done_challenges_.push_back(challenge_file(id));
}

// The key first: whoever copies between the two sees a pair that does not fit, and waits.
void Keyring::renew(Member& member, std::int64_t now_s) {
  const std::string place = folder(member.role, member.id);
  const Pair ca = authority();
  std::string certificate;
  if (member.keys_here) {
    const std::string key = make_key();
    certificate = issue(ca, subject_of(member), key, validity(now_s));
    write_file(place + "/tls.key", key, Access::secret);
  } else {
    certificate =
        issue_again(ca, subject_of(member), read_file(place + "/tls.crt"), validity(now_s));
  }
  write_file(place + "/tls.crt", certificate, Access::visible);
  note(member, certificate, now_s);
}

void Keyring::renew_broker(std::int64_t now_s) {
  const std::string key = make_key();
  const std::string certificate = issue(authority(), broker_subject(), key, validity(now_s));
  write_file(broker_folder() + "/tls.key", key, Access::secret);
  write_file(broker_folder() + "/tls.crt", certificate, Access::visible);
}

std::vector<std::string> Keyring::rotate(const std::vector<std::string>& ids,
                                         std::int64_t within_days, std::int64_t now_s) {
  std::vector<std::string> wanted = ids;
  if (wanted.empty()) {
    for (const KeyRow& row : keys()) {
      const bool soon = row.ends_s != 0 && row.ends_s <= now_s + within_days * day_s;
      if (soon && row.role != "ca") wanted.push_back(row.id);
    }
  }
  for (const std::string& id : wanted) {
    if (id != "broker") at(id);  // all are known before one is touched
  }
  for (const std::string& id : wanted) {
    if (id == "broker") {
      renew_broker(now_s);
    } else {
      renew(at(id), now_s);
    }
  }
  return wanted;
}

void Keyring::revoke(const std::string& id) {
  const Member& member = at(id);
  revoked_.insert(revoked_.end(), member.valid.begin(), member.valid.end());
  if (member.role == Role::gateway) registry_changed_ = gateways_changed_ = true;  // gateways.pub
  std::erase_if(members_, [&](const Member& one) { return one.id == id; });
}

std::vector<KeyRow> Keyring::keys() const {
  std::vector<KeyRow> out;
  const auto add = [&](std::string role, std::string id, const std::string& place,
                       const std::string& certificate, bool keys_here) {
    KeyRow row{.role = std::move(role),
               .id = std::move(id),
               .place = place,
               .tls_fingerprint = {},
               .ends_s = 0,
               .signing_fingerprint = {},
               .keys_here = keys_here};
    if (!certificate.empty()) {
      std::string why;
      const auto facts = transports::tls::read_certificate(place + "/" + certificate, &why);
      if (!facts) throw Error(Error::Kind::storage, why);
      row.tls_fingerprint = facts->fingerprint;
      row.ends_s = facts->not_after_s;
    }
    if (exists(place + "/sign.pub")) {
      row.signing_fingerprint = PublicKey::parse(read_file(place + "/sign.pub")).fingerprint();
    }
    out.push_back(std::move(row));
  };
  add("ca", options_.fleet, dir_ + "/ca", "ca.crt", true);
  add("admin", "admin", dir_ + "/admin", "", true);
  add("broker", "broker", broker_folder(), "tls.crt", true);
  for (const Member& member : members_) {
    add(name(member.role), member.id, folder(member.role, member.id), "tls.crt", member.keys_here);
  }
  return out;
}

}  // namespace tributary::keyring
