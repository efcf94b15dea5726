// SPDX-License-Identifier: Apache-2.0
// `tributary evidence verify`: a pair of envelopes and a key, and nobody to trust.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/support/program.h"
#include "tests/support/temp_dir.h"
#include "tests/transports/wire/vectors.h"

namespace tributary::e2e {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string base64(const std::string& bytes) {
  constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    unsigned v = 0;
    for (std::size_t i = 0; i < 3; ++i)
      v = v << 8U | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (unsigned i = 0; i < 4; ++i)
      out += at + i <= bytes.size() ? digits[v >> (18 - 6 * i) & 63U] : '=';
  }
  return out;
}

class EvidenceCommand : public testing::Test {
 protected:
  // What `evidence list --json` would write of these vectors.
  std::string found(const std::vector<std::string>& names) {
    json list = json::array();
    for (const auto& v : wire::vectors::valid("evidence")) {
      if (std::find(names.begin(), names.end(), v.at("name").get<std::string>()) != names.end())
        list.push_back({{"device", "meter-1"}, {"bytes", base64(wire::vectors::message(v))}});
    }
    EXPECT_EQ(list.size(), names.size());
    return written("found.json", json{{"gateway", "g1"}, {"evidence", list}}.dump());
  }
  std::string written(const std::string& name, const std::string& text) {
    const std::string path = (temp.path() / name).string();
    std::ofstream(path) << text;
    return path;
  }
  // The public key of that id in signature.json.
  std::string key(const std::string& vector, const std::string& id) {
    for (const auto& v : wire::vectors::valid("signature")) {
      if (v.at("name") != vector) continue;
      return written(id + ".pub", "tributary public key 1\nfleet demo\nrole device\nid " + id +
                                      "\npublic " + v.at("public").get<std::string>() + "\n");
    }
    ADD_FAILURE() << vector;
    return {};
  }
  static Ran verify(const std::string& file, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"evidence", "verify", file};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }

  test::TempDir temp;
  const std::string proof = "two counts at one operation, both signed";
};

TEST_F(EvidenceCommand, ProvesWithTheKeyOfTheDeviceAndWithNoOther) {
  const std::string file = found({proof});
  const Ran ran = verify(file, {"--key", key("an envelope", "meter-1")});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("meter-1, epoch 0000000000000007: proved: of parts/gcounter"));
  EXPECT_EQ(verify(file).status, 1);
  EXPECT_THAT(verify(file).out, HasSubstr("not signed by a key given"));
  EXPECT_EQ(verify(file, {"--key", key("an ack", "meter-1")}).status, 1) << "another key";
  EXPECT_EQ(verify(file, {"--key", key("an envelope", "meter-2")}).status, 1) << "of another id";
}

TEST_F(EvidenceCommand, IsNotConvincedByWhatIsNotSignedOrShowsNothing) {
  const std::vector<std::string> with = {"--key", key("an envelope", "meter-1")};
  EXPECT_EQ(verify(found({"two counts at one operation"}), with).status, 1);
  EXPECT_EQ(verify(found({proof, "two counts at one operation"}), with).status, 1);
  const Ran nothing = verify(found({"one count told twice"}), with);
  EXPECT_EQ(nothing.status, 1);
  EXPECT_THAT(nothing.out, HasSubstr("no evidence: the two go together"));
  EXPECT_EQ(verify(found({}), with).status, 1);
  EXPECT_EQ(verify(written("torn.json", R"({"evidence":[{"bytes":"kwfE"}]})"), with).status, 1);
  EXPECT_EQ(verify(written("other.json", "{}"), with).status, 2);
  EXPECT_EQ(verify(found({proof}), {"--registry", found({proof})}).status, 2) << "whose?";
}

TEST_F(EvidenceCommand, TakesKeysFromARegistryThatTheAdminSigned) {
  const std::string dir = (temp.path() / "f").string();
  ASSERT_EQ(run({"fleet", "init", dir, "--gateway", "g1"}).status, 0);
  const std::string file = found({proof});
  const std::vector<std::string> with = {"--registry", dir + "/registry", "--admin",
                                         dir + "/admin/sign.pub"};
  EXPECT_EQ(verify(file, with).status, 1) << "meter-1 has another key there, or none";
  const std::vector<std::string> wrong = {"--registry", dir + "/registry", "--admin",
                                          key("an envelope", "meter-1")};
  EXPECT_EQ(verify(file, wrong).status, 5) << "not the admin's";
}

}  // namespace
}  // namespace tributary::e2e
