// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "gateway/app/cli.h"
#include "tests/support/temp_dir.h"

namespace tributary::app {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Secrets, WhatIsKnownIsNowhere) {
  const test::TempDir dir;
  const std::string file = (dir.path() / "password").string();
  std::ofstream(file) << "correct horse\n";
  Secrets secrets;
  secrets.add_file(file);
  secrets.add("0123456789abcdef");
  const std::string out = secrets.without(
      "it said correct horse, twice: correct horse\n0123456789abcdef0123456789abcdef");
  EXPECT_THAT(out, Not(HasSubstr("correct")));
  EXPECT_THAT(out, Not(HasSubstr("0123")));
}

TEST(Secrets, WhatLooksLikeOneIsNowhere) {
  const Secrets secrets;
  const char* lines[] = {
      "password = \"SECRET1\"",
      "Password: SECRET1",
      "Authorization: Bearer SECRET1",
      "http.token=SECRET1",
      "{\"token\":\"SECRET1\"}",
      "mqtt://user:SECRET1@broker:1883/x",
      "api_key: 'SECRET1'",
      "-----BEGIN PRIVATE KEY-----\nSECRET1\n-----END PRIVATE KEY-----",
      "-----BEGIN EC PRIVATE KEY-----\nSECRET1",
  };
  for (const char* line : lines) {
    EXPECT_THAT(secrets.without(line), Not(HasSubstr("SECRET1"))) << line;
  }
}

TEST(Secrets, WhatIsNoneStays) {
  const Secrets secrets;
  for (const std::string line :
       {"token_file = \"/etc/tributary/token\"", "plain words", "mqtts://broker.site:8883",
        "a password was refused", "-----BEGIN CERTIFICATE-----"}) {
    EXPECT_EQ(secrets.without(line), line + "\n");
  }
}

TEST(Bundle, IsATarThatOthersReadAndNeverReplacesAFile) {
  const test::TempDir dir;
  const std::string file = (dir.path() / "b.tar.gz").string();
  const Secrets secrets;
  Bundle bundle(secrets);
  bundle.add("one.txt", "first");
  bundle.add("two.txt", std::string(5'000, 'x'));
  bundle.write(file);
  const std::string listed = (dir.path() / "list").string();
  ASSERT_EQ(std::system(("tar -xOzf " + file + " tributary-diag/one.txt > " + listed).c_str()), 0);
  std::string text;
  std::getline(std::ifstream(listed), text);
  EXPECT_EQ(text, "first");
  EXPECT_THROW(bundle.write(file), Trouble);
}

}  // namespace
}  // namespace tributary::app
