// SPDX-License-Identifier: Apache-2.0
// Records of the registry: each field at its limits and beyond, and where a bad one is said to be.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "transports/wire/envelope.h"
#include "transports/wire/record.h"
#include "transports/wire/utf8.h"
#include "transports/wire/writer.h"

namespace tributary::wire {
namespace {

using Code = DecodeError::Code;
using Fill = std::function<void(Writer&)>;

std::string made(const Fill& fill) {
  Writer w;
  fill(w);
  return w.take();
}

// A grant, field by field; each may be written in another way.
struct Grant {
  Fill kind = [](Writer& w) { w.str("grant"); };
  Fill members = [](Writer& w) { w.str("press-*"); };
  Fill keys = [](Writer& w) { w.str("{id}/parts"); };
  Fill types = [](Writer& w) { w.array(2), w.uint(1), w.uint(4); };
  Fill operations = [](Writer& w) { w.uint(5); };
  Fill since = [](Writer& w) { w.uint(1'700'000'000'000); };
  Fill burst = [](Writer& w) { w.uint(10); };
  Fill per_hour = [](Writer& w) { w.uint(100); };
  Fill bytes_max = [](Writer& w) { w.uint(200); };
  std::size_t fields = 9;

  std::string bytes() const {
    return made([this](Writer& w) {
      w.array(fields);
      for (const Fill* f :
           {&kind, &members, &keys, &types, &operations, &since, &burst, &per_hour, &bytes_max})
        (*f)(w);
    });
  }
};

void refuses_grant(const Grant& g, Code code, const std::string& where) {
  const auto r = decode_grant_record(g.bytes());
  ASSERT_FALSE(r) << where;
  EXPECT_EQ(r.error().code, code) << where << ": " << to_string(r.error());
  EXPECT_EQ(std::string(r.error().where), where);
}
const Fill text = [](Writer& w) { w.str("x"); };
Fill string_of(std::string s) {
  return [s = std::move(s)](Writer& w) { w.str(s); };
}
Fill types_of(std::vector<std::uint64_t> types) {
  return [types = std::move(types)](Writer& w) {
    w.array(types.size());
    for (const std::uint64_t t : types) w.uint(t);
  };
}
Fill number(std::uint64_t n) {
  return [n](Writer& w) { w.uint(n); };
}

TEST(GrantRecords, AreReadAsTheyWereWritten) {
  const std::string bytes = Grant{}.bytes();
  const auto g = decode_grant_record(bytes);
  ASSERT_TRUE(g) << to_string(g.error());
  EXPECT_EQ(g->members, "press-*");
  EXPECT_EQ(g->keys, "{id}/parts");
  EXPECT_EQ(g->types, (std::vector<std::uint8_t>{1, 4}));
  EXPECT_EQ(g->operations, GrantRecord::add | GrantRecord::set);
  EXPECT_EQ(g->since_ms, 1'700'000'000'000u);
  EXPECT_EQ(g->burst, 10u);
  EXPECT_EQ(g->per_hour, 100u);
  EXPECT_EQ(g->bytes_max, 200u);
  EXPECT_EQ(encode(*g), bytes);
  EXPECT_TRUE(decode_grant_record(Grant{.types = types_of({})}.bytes()));
}

TEST(GrantRecords, EveryFieldIsChecked) {
  refuses_grant({.kind = text}, Code::version, "record.kind");
  refuses_grant({.kind = number(1)}, Code::type, "record.kind");
  refuses_grant({.fields = 8}, Code::type, "record");
  refuses_grant({.members = number(1)}, Code::type, "grant.members");
  refuses_grant({.members = string_of("")}, Code::utf8, "grant.members");
  refuses_grant({.members = string_of("a/b")}, Code::utf8, "grant.members");
  refuses_grant({.members = string_of(std::string(id_bytes_max + 1, 'a'))}, Code::utf8,
                "grant.members");
  refuses_grant({.members = string_of(std::string(257, 'a'))}, Code::limit, "grant.members");
  refuses_grant({.keys = number(1)}, Code::type, "grant.keys");
  refuses_grant({.keys = string_of("$fleet/keys")}, Code::utf8, "grant.keys");
  refuses_grant({.keys = string_of("")}, Code::utf8, "grant.keys");
  refuses_grant({.types = text}, Code::type, "grant.types");
  refuses_grant({.types = types_of({0})}, Code::range, "grant.types");
  refuses_grant({.types = types_of({4, 1})}, Code::not_canonical, "grant.types");
  refuses_grant({.types = types_of({4, 4})}, Code::not_canonical, "grant.types");
  refuses_grant({.types = types_of({type_max + 1})}, Code::range, "grant.types");
  refuses_grant({.operations = text}, Code::type, "grant.operations");
  refuses_grant({.operations = number(0)}, Code::range, "grant.operations");
  refuses_grant({.operations = number(16)}, Code::version, "grant.operations");
  refuses_grant({.since = text}, Code::type, "grant.since");
  refuses_grant({.burst = text}, Code::type, "grant.burst");
  refuses_grant({.per_hour = text}, Code::type, "grant.per_hour");
  refuses_grant({.bytes_max = text}, Code::type, "grant.bytes_max");
}

TEST(GrantRecords, NothingFollowsAndNothingIsMissing) {
  const std::string bytes = Grant{}.bytes();
  const auto longer = decode_grant_record(bytes + '\x01');
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, Code::trailing);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(decode_grant_record(std::string_view(bytes).substr(0, n))) << n;
}

TEST(KeyRecords, EveryFieldIsChecked) {
  const std::string key(32, 'k');
  const auto record = [](const Fill& role, const Fill& id, const Fill& bytes, std::size_t fields) {
    return made([&](Writer& w) {
      w.array(fields), w.str("key");
      role(w), id(w), bytes(w);
    });
  };
  const Fill good_key = [&](Writer& w) { w.bin(key); };
  const Fill role = string_of("device"), id = string_of("press-7");
  const auto refuses = [](const std::string& bytes, Code code, const std::string& where) {
    const auto r = decode_key_record(bytes);
    ASSERT_FALSE(r) << where;
    EXPECT_EQ(r.error().code, code) << where << ": " << to_string(r.error());
    EXPECT_EQ(std::string(r.error().where), where);
  };
  const std::string good = record(role, id, good_key, 4);
  ASSERT_TRUE(decode_key_record(good));
  EXPECT_EQ(encode(*decode_key_record(good)), good);
  EXPECT_TRUE(decode_key_record(record(string_of("gateway"), id, good_key, 4)));
  refuses(made([](Writer& w) { w.array(0); }), Code::type, "record");
  refuses(record(role, id, good_key, 3), Code::type, "record");
  refuses(record(number(1), id, good_key, 4), Code::type, "record.role");
  refuses(record(string_of("admin"), id, good_key, 4), Code::version, "record.role");
  refuses(record(role, string_of("a b"), good_key, 4), Code::utf8, "record.id");
  refuses(record(role, id, text, 4), Code::type, "record.key");
  refuses(record(
              role, id, [&](Writer& w) { w.bin(key.substr(1)); }, 4),
          Code::range, "record.key");
  refuses(record(
              role, id, [&](Writer& w) { w.bin(key + 'k'); }, 4),
          Code::limit, "record.key");
  refuses(good + '\x01', Code::trailing, "record");
  for (std::size_t n = 0; n < good.size(); ++n)
    EXPECT_FALSE(decode_key_record(std::string_view(good).substr(0, n))) << n;
}

TEST(ClosingRecords, AreOfAnEpochOrOfAKey) {
  const std::string key(32, 'k');
  for (const ClosingRecord& c :
       {ClosingRecord{"press-7", 7, {}}, ClosingRecord{"press-7", ~std::uint64_t{0}, {}},
        ClosingRecord{"press-7", std::nullopt, key}}) {
    const std::string bytes = encode(c);
    const auto read = decode_closing_record(bytes);
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(read->device, c.device);
    EXPECT_EQ(read->epoch, c.epoch);
    EXPECT_EQ(read->key, c.key);
    EXPECT_FALSE(decode_key_record(bytes) || decode_grant_record(bytes));
    EXPECT_FALSE(decode_settlement_record(bytes));
    EXPECT_EQ(decode_closing_record(bytes + '\x01').error().code, Code::trailing);
    for (std::size_t n = 0; n < bytes.size(); ++n)
      EXPECT_FALSE(decode_closing_record(std::string_view(bytes).substr(0, n))) << n;
  }
}

TEST(SettlementRecords, TheFullestFitsAnElement) {
  SettlementRecord s{
      "press-7", ~std::uint64_t{0}, SettlementRecord::parts_max, SettlementRecord::parts_max, {}};
  const std::string longest(id_bytes_max, 'd');
  s.device = longest;
  for (std::size_t i = 0; i < SettlementRecord::hashes_max; ++i)
    s.hashes.push_back(sha256(std::to_string(i)));
  std::sort(s.hashes.begin(), s.hashes.end());
  const std::string bytes = encode(s);
  EXPECT_LE(bytes.size(), Limits{}.element_bytes_max);
  const auto read = decode_settlement_record(bytes);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(encode(*read), bytes);
  EXPECT_EQ(read->hashes, s.hashes);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(decode_settlement_record(std::string_view(bytes).substr(0, n))) << n;
}

TEST(WithdrawalRecords, NameAGrantAndNothingElse) {
  const std::string bytes = encode(WithdrawalRecord{sha256("a grant")});
  const auto read = decode_withdrawal_record(bytes);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(read->grant, sha256("a grant"));
  EXPECT_FALSE(decode_grant_record(bytes) || decode_closing_record(bytes) ||
               decode_settlement_record(bytes) || decode_exemption_record(bytes));
  EXPECT_EQ(decode_withdrawal_record(bytes + '\x01').error().code, Code::trailing);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(decode_withdrawal_record(std::string_view(bytes).substr(0, n))) << n;
}

TEST(ExemptionRecords, TheFullestFitsAnElement) {
  ExemptionRecord e{sha256("a grant"),
                    ~std::uint64_t{0},
                    ExemptionRecord::parts_max,
                    ExemptionRecord::parts_max,
                    {}};
  for (std::size_t i = 0; i < ExemptionRecord::hashes_max; ++i)
    e.hashes.push_back(sha256(std::to_string(i)));
  std::sort(e.hashes.begin(), e.hashes.end());
  const std::string bytes = encode(e);
  EXPECT_LE(bytes.size(), Limits{}.element_bytes_max);
  const auto read = decode_exemption_record(bytes);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(encode(*read), bytes);
  EXPECT_EQ(read->grant, e.grant);
  EXPECT_EQ(read->hashes, e.hashes);
  EXPECT_FALSE(decode_settlement_record(bytes) || decode_withdrawal_record(bytes));
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(decode_exemption_record(std::string_view(bytes).substr(0, n))) << n;
}

TEST(RemovalRecords, TheLongestFitsAnElement) {
  const std::string key(Limits{}.key_bytes_max, 'k'), device(id_bytes_max, 'd');
  const RemovalRecord r{key, device, ~std::uint64_t{0}, ~std::uint64_t{0}};
  const std::string bytes = encode(r);
  EXPECT_LE(bytes.size(), Limits{}.element_bytes_max);
  const auto read = decode_removal_record(bytes);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(encode(*read), bytes);
  EXPECT_FALSE(decode_settlement_record(bytes) || decode_withdrawal_record(bytes) ||
               decode_exemption_record(bytes) || decode_closing_record(bytes));
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(decode_removal_record(std::string_view(bytes).substr(0, n))) << n;
}

TEST(Patterns, HaveWhatIdsAndKeysHaveAndThePatternsOwn) {
  EXPECT_TRUE(valid_member_pattern("*"));
  EXPECT_TRUE(valid_member_pattern("press-?7"));
  EXPECT_FALSE(valid_member_pattern(""));
  EXPECT_FALSE(valid_member_pattern("a/b"));
  EXPECT_FALSE(valid_member_pattern(std::string(id_bytes_max + 1, '*')));
  EXPECT_TRUE(valid_key_pattern("site/*/parts"));
  EXPECT_TRUE(valid_key_pattern("{id}/parts"));
  EXPECT_FALSE(valid_key_pattern(""));
  EXPECT_FALSE(valid_key_pattern("$fleet/*"));
  EXPECT_FALSE(valid_key_pattern("a//b"));
  EXPECT_FALSE(valid_key_pattern(std::string(257, 'a')));
}

TEST(Operators, HaveAnIdOfTheirGatewayThatIsAnId) {
  EXPECT_EQ(operator_id("g1"), "operator-g1");
  EXPECT_TRUE(valid_id(operator_id(std::string(id_bytes_max, 'g'))));
}

}  // namespace
}  // namespace tributary::wire
