// SPDX-License-Identifier: Apache-2.0
// The registry as the admin writes it: only growing, in envelopes that stay what they are, and
// believed only with the admin's signature.
#include "gateway/keyring/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "gateway/keyring/error.h"
#include "gateway/keyring/signing_key.h"
#include "transports/signing/seal.h"
#include "transports/wire/pack.h"
#include "transports/wire/record.h"

namespace tributary::keyring {
namespace {

using testing::HasSubstr;

const wire::Limits limits;
constexpr std::uint64_t now_ms = 1'800'000'000'000;

// Good enough for a record: nobody signs with these.
PublicBytes key_of(const std::string& id) {
  PublicBytes out{};
  const wire::Hash hash = wire::sha256(id);
  std::copy(hash.bytes.begin(), hash.bytes.end(), out.begin());
  return out;
}

std::string id_of(std::size_t i) {
  return "d" + std::to_string(i);
}

struct Read {
  std::string bytes;
  wire::Envelope envelope;
  std::vector<wire::KeyRecord> records;
};

std::vector<Read> read(const std::string& pack) {
  std::vector<Read> out;
  const auto p = wire::decode_pack(pack, limits);
  EXPECT_TRUE(p) << to_string(p.error());
  for (const std::string_view one : p->envelopes) {
    const auto e = wire::decode_envelope(one, limits);
    EXPECT_TRUE(e) << to_string(e.error());
    Read r{std::string(one), *e, {}};
    for (const wire::Entry& entry : e->delta.entries) {
      if (entry.key != wire::keys_key) continue;
      for (const std::string_view x : std::get<wire::GSetPayload>(entry.payload).elements) {
        const auto record = wire::decode_key_record(x);
        EXPECT_TRUE(record) << to_string(record.error());
        r.records.push_back(*record);
      }
    }
    out.push_back(std::move(r));
  }
  return out;
}

template <class Action>
std::string refusal(Action&& action) {
  try {
    action();
    return "";
  } catch (const Error& e) {
    return e.what();
  }
}

class RegistryTest : public testing::Test {
 protected:
  void enroll(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i)
      registry.add(Role::device, id_of(i), key_of(id_of(i)), now_ms + i);
  }
  const SigningKey admin = SigningKey::make({"plant", "admin", "admin"});
  Registry registry{"plant"};
};

TEST_F(RegistryTest, AnEmptyOneIsAPackOfNothing) {
  const std::string pack = registry.pack(admin);
  EXPECT_TRUE(read(pack).empty());
  EXPECT_EQ(Registry::parse(pack, admin.public_key()).size(), 0u);
}

TEST_F(RegistryTest, SaysWhoSignsWithWhichKeyUnderTheAdminsSignature) {
  registry.add(Role::device, "d1", key_of("d1"), now_ms);
  registry.add(Role::gateway, "g1", key_of("g1"), now_ms + 1);
  const std::vector<Read> all = read(registry.pack(admin));
  ASSERT_EQ(all.size(), 1u);
  const wire::Delta& d = all[0].envelope.delta;
  EXPECT_EQ(d.fleet, "plant");
  EXPECT_EQ(d.device, "admin");
  EXPECT_EQ(d.from, 0u);
  EXPECT_EQ(d.to, 2u);
  EXPECT_EQ(d.hlc.ms(), now_ms + 1);
  EXPECT_TRUE(d.is_signed);
  EXPECT_TRUE(signing::verifies(admin.public_key().bytes, signing::Kind::delta, "plant",
                                all[0].envelope.sealed));
  std::set<std::pair<std::string, std::string>> named;
  for (const wire::KeyRecord& r : all[0].records) {
    named.emplace(r.role, r.id);
    EXPECT_EQ(r.key, signing::view(key_of(std::string(r.id))));
  }
  const std::set<std::pair<std::string, std::string>> expected = {{"device", "d1"},
                                                                  {"gateway", "g1"}};
  EXPECT_EQ(named, expected);
}

TEST_F(RegistryTest, ReadAgainItHasTheSameBytes) {
  enroll(0, 7);
  const std::string pack = registry.pack(admin);
  EXPECT_EQ(Registry::parse(pack, admin.public_key()).pack(admin), pack);
  EXPECT_EQ(registry.pack(admin), pack);
}

TEST_F(RegistryTest, WhatIsThereIsNotEnteredAgain) {
  enroll(0, 3);
  const std::string pack = registry.pack(admin);
  enroll(0, 3);
  EXPECT_EQ(registry.size(), 3u);
  EXPECT_EQ(registry.pack(admin), pack);
  Registry again = Registry::parse(pack, admin.public_key());
  again.add(Role::device, id_of(1), key_of(id_of(1)), now_ms + 99);
  EXPECT_EQ(again.pack(admin), pack);
  // The same member with another key, or in another role, is another record.
  again.add(Role::device, id_of(1), key_of("new"), now_ms);
  again.add(Role::gateway, id_of(1), key_of(id_of(1)), now_ms);
  EXPECT_EQ(again.size(), 5u);
}

// Every step read back from its own bytes, as the program does it.
TEST_F(RegistryTest, OnlyGrowsAndFullEnvelopesStayAsTheyAre) {
  std::vector<std::string> full;
  std::set<std::string> known;
  for (const std::size_t upto : {1U, 999U, 1'000U, 1'001U, 1'999U, 2'000U, 2'500U}) {
    SCOPED_TRACE("members: " + std::to_string(upto));
    enroll(registry.size(), upto);
    EXPECT_EQ(registry.size(), upto);
    const std::string pack = registry.pack(admin);
    const std::vector<Read> all = read(pack);
    ASSERT_EQ(all.size(), (upto + 999) / 1'000);
    std::set<std::string> ids;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const wire::Delta& d = all[i].envelope.delta;
      EXPECT_EQ(d.from, 1'000 * i);
      EXPECT_EQ(d.to, std::min(upto, 1'000 * (i + 1)));
      EXPECT_EQ(all[i].records.size(), d.to - d.from);
      EXPECT_EQ(d.epoch, all[0].envelope.delta.epoch);
      EXPECT_LE(all[i].envelope.sealed.body.size(), limits.body_bytes_max);
      if (i < full.size()) {
        EXPECT_EQ(all[i].bytes, full[i]);
      }
      if (i == full.size() && d.to == 1'000 * (i + 1)) full.push_back(all[i].bytes);
      for (const wire::KeyRecord& r : all[i].records) ids.emplace(r.id);
    }
    EXPECT_EQ(ids.size(), upto);
    EXPECT_TRUE(std::includes(ids.begin(), ids.end(), known.begin(), known.end()));
    known = std::move(ids);
    registry = Registry::parse(pack, admin.public_key());
    EXPECT_EQ(registry.size(), upto);
  }
  EXPECT_EQ(full.size(), 2u);
}

// The longest ids there are.
TEST_F(RegistryTest, AFullEnvelopeKeepsTheLimits) {
  for (std::size_t i = 0; i < Registry::records_max; ++i) {
    std::string id = std::to_string(i);
    id.insert(0, 64 - id.size(), 'x');
    registry.add(Role::gateway, id, key_of(id), now_ms);
  }
  const std::vector<Read> all = read(registry.pack(admin));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].records.size(), Registry::records_max);
}

// 1,000 of these would pass the size of a body: found when grants came to share the envelopes.
TEST_F(RegistryTest, LongGrantsFillAnEnvelopeByTheirBytes) {
  const std::string pattern(240, 'k');
  for (std::size_t i = 0; i < 1'500; ++i) {
    const std::string keys = pattern + std::to_string(i);
    wire::GrantRecord g;
    g.members = "*";
    g.keys = keys;
    g.operations = wire::GrantRecord::add;
    EXPECT_TRUE(registry.grant(g, now_ms + i));
    if (i % 3 == 0) registry.add(Role::device, id_of(i), key_of(id_of(i)), now_ms + i);
    if (i % 500 == 0) registry = Registry::parse(registry.pack(admin), admin.public_key());
  }
  EXPECT_EQ(registry.size(), 2'000u);
  const std::string pack = registry.pack(admin);
  const std::vector<Read> all = read(pack);
  EXPECT_GT(all.size(), 2u);
  std::uint64_t upto = 0;
  for (const Read& r : all) {
    EXPECT_EQ(r.envelope.delta.from, upto);
    upto = r.envelope.delta.to;
    EXPECT_LE(r.envelope.sealed.body.size(), limits.body_bytes_max);
  }
  EXPECT_EQ(upto, 2'000u);
  Registry again = Registry::parse(pack, admin.public_key());
  EXPECT_EQ(again.pack(admin), pack);
  EXPECT_EQ(again.grants().size(), 1'500u);
  // One more: all but the last stay as they are.
  again.add(Role::device, "late", key_of("late"), now_ms);
  const std::vector<Read> more = read(again.pack(admin));
  ASSERT_GE(more.size(), all.size());
  for (std::size_t i = 0; i + 1 < all.size(); ++i) EXPECT_EQ(more[i].bytes, all[i].bytes);
}

TEST_F(RegistryTest, AnotherAdminsOrFleetsIsRefused) {
  enroll(0, 2);
  const std::string pack = registry.pack(admin);
  const SigningKey thief = SigningKey::make({"plant", "admin", "admin"});
  const auto parse = [&](const std::string& bytes, const PublicKey& key) {
    return refusal([&] { Registry::parse(bytes, key); });
  };
  EXPECT_EQ(parse(pack, admin.public_key()), "");
  EXPECT_THAT(parse(pack, thief.public_key()), HasSubstr("is not signed by this fleet's admin"));
  EXPECT_THAT(parse(registry.pack(thief), admin.public_key()), HasSubstr("is not signed by this"));
  Registry other("other");
  other.add(Role::device, "d1", key_of("d1"), now_ms);
  EXPECT_THAT(parse(other.pack(admin), admin.public_key()), HasSubstr("is not signed by this"));
  PublicKey elsewhere = admin.public_key();
  elsewhere.owner.fleet = "other";
  EXPECT_THAT(parse(pack, elsewhere), HasSubstr("is not signed by this fleet's admin"));
}

TEST_F(RegistryTest, DamageAnywhereIsFound) {
  enroll(0, 2);
  const std::string pack = registry.pack(admin);
  for (std::size_t i = 0; i < pack.size(); ++i) {
    std::string bad = pack;
    bad[i] = static_cast<char>(bad[i] ^ 1 << i % 8);
    // The key's id is a name alone: with another one the envelope still proves itself.
    const std::size_t key_id = pack.size() - 66 - 8;
    if (i >= key_id && i < key_id + 8) continue;
    EXPECT_NE(refusal([&] { Registry::parse(bad, admin.public_key()); }), "") << "byte " << i;
    EXPECT_NE(refusal([&] { Registry::parse(pack.substr(0, i), admin.public_key()); }), "") << i;
  }
}

// What the admin signed in another form than this version's is left alone, never half read.
TEST_F(RegistryTest, AnotherFormOfItsOwnIsRefusedByName) {
  const signing::Signer signer = signing::signer_of(admin.secret());
  enroll(0, 2);
  const std::string good_pack = registry.pack(admin);
  const auto form = [&](const std::function<void(wire::Delta&, wire::Entry&)>& change) {
    const Read first = read(good_pack).at(0);
    wire::Delta d = first.envelope.delta;
    wire::Entry entry = d.entries.at(0);
    change(d, entry);
    d.entries = {entry};
    const std::string one =
        signing::seal(signing::Kind::delta, "plant", wire::encode_delta(d), signer);
    const std::string pack =
        wire::encode_pack(std::vector<std::string_view>{one}, wire::Codec::plain);
    return refusal([&] { Registry::parse(pack, admin.public_key()); });
  };
  EXPECT_EQ(form([](auto&, auto&) {}), "");
  const auto newer = HasSubstr("was not written by this version");
  EXPECT_THAT(form([](auto&, wire::Entry& e) { e.key = "$fleet/later"; }), newer);
  EXPECT_THAT(form([](wire::Delta& d, wire::Entry& e) { d.to = e.hi = 3; }), newer);
  EXPECT_THAT(form([](wire::Delta& d, wire::Entry& e) {
                d.from = e.lo = 1'000;
                d.to = e.hi = 1'002;
              }),
              newer);
}

// --- settlements

// What a device said; who signed it does not matter here.
std::vector<wire::Envelope> said(std::size_t n) {
  std::vector<wire::Envelope> out;
  for (std::size_t i = 0; i < n; ++i) {
    wire::Delta d;
    d.fleet = "plant";
    d.device = "d1";
    d.epoch = 7;
    d.to = d.id = i + 1;
    wire::Entry entry;
    entry.key = "parts";
    entry.type = 1;
    entry.hi = i + 1;
    entry.payload = wire::GCounterPayload{i + 1};
    d.entries.push_back(entry);
    out.push_back(*wire::decode_envelope(wire::seal(wire::encode_delta(d)), limits));
  }
  return out;
}

TEST_F(RegistryTest, SettlementsNameTheirEnvelopesAndCarryThem) {
  enroll(0, 2);
  const std::vector<wire::Envelope> stay = said(30);  // more than one record names
  EXPECT_TRUE(registry.settle("d1", stay, now_ms));
  EXPECT_TRUE(registry.close({"d1", 7, {}}, now_ms));
  EXPECT_TRUE(registry.close({"d1", std::nullopt, signing::view(key_of("d1"))}, now_ms));
  EXPECT_FALSE(registry.close({"d1", 7, {}}, now_ms)) << "it is there";
  EXPECT_EQ(registry.size(), 6u);
  const std::string pack = registry.pack(admin);
  Registry again = Registry::parse(pack, admin.public_key());
  EXPECT_EQ(again.pack(admin), pack) << "the same registry has the same bytes";
  std::set<wire::Hash> named;
  std::set<std::uint64_t> parts;
  std::size_t closings = 0;
  for (const std::string& record : again.settlements()) {
    closings += static_cast<bool>(wire::decode_closing_record(record));
    const auto s = wire::decode_settlement_record(record);
    if (!s) continue;
    EXPECT_EQ(s->parts, 2u);
    parts.insert(s->part);
    named.insert(s->hashes.begin(), s->hashes.end());
  }
  EXPECT_EQ(closings, 2u);
  EXPECT_EQ(parts, (std::set<std::uint64_t>{1, 2}));
  std::set<wire::Hash> wanted;
  for (const wire::Envelope& e : stay) wanted.insert(e.hash);
  EXPECT_EQ(named, wanted);
  const std::vector<Read> all = read(pack);
  ASSERT_EQ(all.size(), 31u) << "the admin's, and what it carries";
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_EQ(wanted.count(all[i].envelope.hash), 1u);
  EXPECT_FALSE(again.settle("d1", said(7), now_ms)) << "they are named already";
  EXPECT_TRUE(again.names(stay.front().hash) && !again.names(said(31).back().hash));
  EXPECT_EQ(again.pack(admin), pack);
  again.add(Role::device, "late", key_of("late"), now_ms);
  EXPECT_EQ(read(again.pack(admin)).size(), 31u) << "and goes on carrying";
}

TEST_F(RegistryTest, WithdrawalsNameTheirGrantAndCarryWhatIsExempt) {
  wire::GrantRecord g;
  g.members = "d*";
  g.keys = "parts";
  g.operations = wire::GrantRecord::add;
  const wire::Hash id = wire::sha256(wire::encode(g));
  enroll(0, 2);
  EXPECT_TRUE(registry.grant(g, now_ms));
  const std::vector<wire::Envelope> stay = said(30);  // more than one record names
  EXPECT_FALSE(registry.withdrawn(id));
  EXPECT_TRUE(registry.withdraw(id, stay, now_ms));
  EXPECT_FALSE(registry.withdraw(id, said(7), now_ms)) << "all of it is there";
  EXPECT_EQ(registry.size(), 6u);
  const std::string pack = registry.pack(admin);
  Registry again = Registry::parse(pack, admin.public_key());
  EXPECT_EQ(again.pack(admin), pack) << "the same registry has the same bytes";
  EXPECT_TRUE(again.withdrawn(id));
  for (const wire::Envelope& e : stay) {
    EXPECT_TRUE(again.exempt(id, e.hash));
    EXPECT_FALSE(again.names(e.hash)) << "no closing leaves it";
  }
  EXPECT_FALSE(again.exempt(id, said(31).back().hash));
  EXPECT_FALSE(again.exempt(wire::sha256("another grant"), stay[0].hash));
  EXPECT_EQ(read(pack).size(), 31u) << "the admin's, and what it carries";
  EXPECT_TRUE(again.withdraw(id, said(31), now_ms)) << "one more";
  EXPECT_EQ(again.size(), 7u);
  EXPECT_EQ(read(again.pack(admin)).size(), 32u);
}

TEST_F(RegistryTest, ARemovalIsDoneByAnEntryBesideItsRecord) {
  enroll(0, 2);
  EXPECT_TRUE(registry.remove({"hall/doors", "d1", 7, 3}, now_ms));
  EXPECT_TRUE(registry.remove({"hall/doors", "d0", 9, 12}, now_ms));
  EXPECT_TRUE(registry.remove({"!first", "d1", 7, 4}, now_ms)) << "a key before $fleet/";
  EXPECT_FALSE(registry.remove({"hall/doors", "d1", 7, 3}, now_ms)) << "it is there";
  EXPECT_EQ(registry.size(), 5u);
  const std::string pack = registry.pack(admin);
  Registry again = Registry::parse(pack, admin.public_key());
  EXPECT_EQ(again.pack(admin), pack) << "the same registry has the same bytes";
  const std::vector<Read> all = read(pack);
  ASSERT_EQ(all.size(), 1u);
  const wire::Delta& d = all[0].envelope.delta;
  std::vector<std::string> removed;
  for (const wire::Entry& entry : d.entries) {
    EXPECT_EQ(entry.lo, 0u);
    EXPECT_EQ(entry.hi, 5u);
    const auto* set = std::get_if<wire::OrSetPayload>(&entry.payload);
    if (set == nullptr) continue;
    EXPECT_TRUE(set->adds.empty() && set->removed.empty());
    for (const auto& f : set->foreign) {
      removed.push_back(std::string(entry.key) + ' ' + std::string(f.device) + ' ' +
                        std::to_string(f.epoch) + ' ' + std::to_string(f.op));
    }
  }
  EXPECT_EQ(removed,
            (std::vector<std::string>{"!first d1 7 4", "hall/doors d0 9 12", "hall/doors d1 7 3"}));
  // An entry that its records do not account for would be lost when this version writes it again.
  wire::Delta other = d;
  for (wire::Entry& entry : other.entries) {
    if (auto* set = std::get_if<wire::OrSetPayload>(&entry.payload)) set->foreign.resize(1);
  }
  const std::string one = signing::seal(signing::Kind::delta, "plant", wire::encode_delta(other),
                                        signing::signer_of(admin.secret()));
  const std::string odd = wire::encode_pack(std::vector<std::string_view>{one}, wire::Codec::plain);
  EXPECT_THAT(refusal([&] { Registry::parse(odd, admin.public_key()); }),
              HasSubstr("was not written by this version"));
}

TEST_F(RegistryTest, LongRemovalsFillAnEnvelopeByTheirBytes) {
  for (std::uint64_t op = 1; op <= 1'000; ++op)
    registry.remove({std::string(400, 'k'), id_of(op), 7, op}, now_ms);
  const std::vector<Read> all = read(registry.pack(admin));
  ASSERT_GT(all.size(), 4u);
  for (const Read& one : all) EXPECT_LE(one.envelope.sealed.body.size(), limits.body_bytes_max);
}

// One that was withdrawn is made anew under another name, and that one is there once.
TEST_F(RegistryTest, AWithdrawnGrantIsMadeAnew) {
  wire::GrantRecord g;
  g.members = "d*";
  g.keys = "parts";
  g.operations = wire::GrantRecord::add;
  wire::GrantRecord rated = g;
  rated.burst = 5;
  rated.per_hour = 1;
  rated.since_ms = now_ms;
  for (const wire::GrantRecord& one : {g, rated}) {
    EXPECT_TRUE(registry.grant(one, now_ms));
    EXPECT_FALSE(registry.grant(one, now_ms));
    EXPECT_TRUE(registry.withdraw(wire::sha256(wire::encode(one)), {}, now_ms));
    EXPECT_TRUE(registry.grant(one, now_ms));
    EXPECT_FALSE(registry.grant(g, now_ms + 9)) << "it is there, in force";
  }
  std::vector<std::uint64_t> since;
  std::size_t in_force = 0;
  for (const std::string& record : registry.grants()) {
    since.push_back(wire::decode_grant_record(record)->since_ms);
    in_force += registry.withdrawn(wire::sha256(record)) ? 0 : 1;
  }
  std::sort(since.begin(), since.end());
  EXPECT_EQ(since, (std::vector<std::uint64_t>{0, now_ms, now_ms, now_ms + 1}));
  EXPECT_EQ(in_force, 2u);
}

TEST_F(RegistryTest, WhatNoSettlementNamesIsNotCarried) {
  enroll(0, 1);
  registry.settle("d1", said(1), now_ms);
  const std::vector<Read> all = read(registry.pack(admin));
  ASSERT_EQ(all.size(), 2u);
  const std::string other = *said(2).back().bytes;
  const auto parse = [&](const std::vector<std::string_view>& envelopes) {
    const std::string pack = wire::encode_pack(envelopes, wire::Codec::plain);
    return refusal([&] { Registry::parse(pack, admin.public_key()); });
  };
  EXPECT_EQ(parse({all[0].bytes, all[1].bytes}), "");
  EXPECT_THAT(parse({all[0].bytes, other}), HasSubstr("is not signed by this fleet's admin"));
  EXPECT_THAT(parse({all[1].bytes, all[0].bytes}),
              HasSubstr("is not signed by this fleet's admin"));
}

TEST_F(RegistryTest, ThatWouldBeLargerThanGatewaysReadIsNotWritten) {
  std::vector<wire::Envelope> large(25);
  for (std::size_t i = 0; i < large.size(); ++i) {
    large[i].hash = wire::sha256(id_of(i));
    large[i].bytes = std::make_shared<const std::string>(200'000, static_cast<char>('a' + i));
  }
  registry.settle("d1", large, now_ms);
  EXPECT_THAT(refusal([&] { registry.pack(admin); }), HasSubstr("nothing was changed"));
}

}  // namespace
}  // namespace tributary::keyring
