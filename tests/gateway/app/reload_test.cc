// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "gateway/app/cli.h"
#include "tests/support/temp_dir.h"

namespace tributary::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

config::Loaded loaded(const std::string& text) {
  auto made = config::load({.file = "gateway.toml", .text = text});
  EXPECT_TRUE(made) << (made ? "" : to_string(made.error()));
  return *made;
}

class ReloadTest : public testing::Test {
 protected:
  std::string text = "[log]\nlevel = \"info\"\n";
  std::shared_ptr<http::Token> token = std::make_shared<http::Token>();
  Reload reload{loaded(text), token,
                [this] { return config::Inputs{.file = "gateway.toml", .text = text}; }};
};

TEST_F(ReloadTest, WhatCanChangeDoesAndWhatCannotWaitsAndIsNamed) {
  text =
      "[log]\nlevel = \"debug\"\nformat = \"json\"\n[limits]\ndead_letters_max = 7\nkeys_max = 9\n"
      "entries_max = 99\n[memory]\ngset_max_mb = 3\n[[broker]]\noutbox_max = 177\n";
  const Reloaded r = reload.again();
  EXPECT_EQ(r.refused, "");
  EXPECT_THAT(r.changed,
              testing::UnorderedElementsAre(
                  HasSubstr("log.level: \"info\" -> \"debug\""), HasSubstr("log.format"),
                  HasSubstr("limits.dead_letters_max: 1000 -> 7"),
                  HasSubstr("limits.keys_max: 1000000 -> 9"),
                  HasSubstr("memory.gset_max_mb: 512 -> 3"), HasSubstr("broker.local.outbox_max")));
  EXPECT_THAT(r.waiting, ElementsAre(HasSubstr("limits.entries_max: 8192 -> 99")));
  EXPECT_EQ(r.log.level, Level::debug);
  EXPECT_EQ(r.log.format, Log::Format::json);
  EXPECT_EQ(r.limits.dead_letters_max, 7U);
  EXPECT_EQ(r.limits.core.keys_max, 9U);
  EXPECT_EQ(r.limits.core.type_bytes_max[3], std::size_t{3} << 20);
  EXPECT_EQ(r.limits.core.actors_max, 200'000U) << "the others as they were";
  EXPECT_THAT(r.limits.outbox_max, ElementsAre(177U));
  const Reloaded again = reload.again();
  EXPECT_THAT(again.changed, IsEmpty()) << "it is in force by now";
  EXPECT_THAT(again.waiting, ElementsAre(HasSubstr("limits.entries_max"))) << "and this is not";
}

TEST_F(ReloadTest, AMistakeAnywhereRefusesTheWholeAndIsNamed) {
  text = "[log]\nlevel = \"debug\"\n[commit]\nbatch_mx = 1\n";
  const Reloaded r = reload.again();
  EXPECT_THAT(r.refused, HasSubstr("gateway.toml:4:1"));
  EXPECT_THAT(r.refused, HasSubstr("batch_max"));
  text = "[log]\nlevel = \"info\"\n";
  EXPECT_THAT(reload.again().changed, IsEmpty()) << "the refused level was never in force";
}

TEST_F(ReloadTest, AFileThatCannotBeReadIsARefusal) {
  Reload other(loaded(text), token,
               []() -> config::Inputs { throw Trouble(Exit::config, "g.toml: gone"); });
  EXPECT_EQ(other.again().refused, "g.toml: gone");
}

TEST_F(ReloadTest, ATokenIsReplacedAtOnceAndTakenAwayAtAStart) {
  const test::TempDir dir;
  const std::string file = (dir.path() / "token").string();
  const auto write = [&](const std::string& line) {
    std::ofstream(file) << line << "\n";
    std::filesystem::permissions(
        file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  };
  text = "[http]\ntoken_file = \"" + file + "\"\n";
  write("the first token of all");
  const auto again = [&] {
    Reloaded r = reload.again();
    if (r.token) token->replace(*r.token);
    return r;
  };
  Reloaded r = again();
  EXPECT_EQ(r.refused, "");
  EXPECT_THAT(r.changed, ElementsAre("http.token_file: \"\" -> \"" + file + "\""));
  EXPECT_TRUE(token->is("the first token of all"));
  EXPECT_THAT(again().changed, IsEmpty());

  write("the second token of all");
  r = again();
  EXPECT_THAT(r.changed, ElementsAre("http.token_file: another token"));
  EXPECT_TRUE(token->is("the second token of all"));

  write("short");
  r = again();
  EXPECT_THAT(r.refused, HasSubstr(file + ": a token has 16 characters or more"));
  std::filesystem::remove(file);
  EXPECT_THAT(again().refused, HasSubstr(file));

  text = "";  // where we listen may need it: it is wanted until a start
  r = again();
  EXPECT_EQ(r.refused, "");
  EXPECT_THAT(r.waiting, ElementsAre("http.token_file: \"" + file + "\" -> \"\""));
  EXPECT_TRUE(token->is("the second token of all"));
}

TEST_F(ReloadTest, OtherBrokersWaitForAStart) {
  text = "[[broker]]\nname = \"a\"\n[[broker]]\nname = \"b\"\nuri = \"mqtt://127.0.0.1:1884\"\n";
  const Reloaded r = reload.again();
  EXPECT_EQ(r.refused, "");
  EXPECT_THAT(r.waiting, ElementsAre("broker: local -> a, b"));
  EXPECT_EQ(r.limits.outbox_max.size(), 1U) << "of the brokers that there are";
}

}  // namespace
}  // namespace tributary::app
