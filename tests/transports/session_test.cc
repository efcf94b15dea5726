// SPDX-License-Identifier: Apache-2.0
#include "transports/session.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>

namespace tributary::transports {
namespace {

TEST(TopicMatches, FollowsTheStandardsExamples) {
  struct Case {
    const char* filter;
    const char* topic;
    bool matches;
  };
  const Case cases[] = {
      {"a/b", "a/b", true},      {"a/b", "a/c", false},      {"a/b", "a", false},
      {"a", "a/b", false},       {"a/#", "a", true},         {"a/#", "a/b/c", true},
      {"#", "a/b", true},        {"#", "/a", true},          {"a/+", "a/b", true},
      {"a/+", "a", false},       {"a/+", "a/", true},        {"a/+", "a/b/c", false},
      {"+/+", "/finance", true}, {"/+", "/finance", true},   {"+", "/finance", false},
      {"+/b/#", "a/b", true},    {"+/b/#", "a/c/d", false},  {"#", "$SYS/x", false},
      {"+/x", "$SYS/x", false},  {"$SYS/#", "$SYS/x", true}, {"a//b", "a//b", true},
      {"a/+/b", "a//b", true},   {"a/#/b", "a/x/b", false},  {"", "a", false},
      {"a", "", false},          {"ab", "a", false},         {"a/b/", "a/b", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(topic_matches(c.filter, c.topic), c.matches) << c.filter << " against " << c.topic;
  }
}

TEST(TopicValid, RefusesWhatABrokerWouldHangUpOn) {
  EXPECT_TRUE(topic_valid("a"));
  EXPECT_TRUE(topic_valid("/"));
  EXPECT_TRUE(topic_valid("caf\xC3\xA9/\xE2\x82\xAC/\xF0\x9F\x8C\x8A"));
  EXPECT_TRUE(topic_valid(std::string(65'535, 'x')));
  EXPECT_FALSE(topic_valid(std::string(65'536, 'x')));
  EXPECT_FALSE(topic_valid(""));
  EXPECT_FALSE(topic_valid("a/+"));
  EXPECT_FALSE(topic_valid("a/#"));
  EXPECT_FALSE(topic_valid(std::string_view("a\0b", 3)));
  for (const char* bad : {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xE2\x82",
                          "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_FALSE(topic_valid(bad));
    EXPECT_FALSE(filter_valid(bad));
  }
}

TEST(FilterValid, AllowsWildcardsOnlyAsWholeLevels) {
  for (const char* good : {"#", "+", "a/#", "+/b/#", "a/+/c", "/", "+/"}) {
    EXPECT_TRUE(filter_valid(good)) << good;
  }
  for (const char* bad : {"", "a#", "a/#/b", "a/b#", "+a", "a+/b", "##"}) {
    EXPECT_FALSE(filter_valid(bad)) << bad;
  }
}

// A transport may use session.h and its own folder, never another transport: they must stay
// replaceable by one another. Formats and signatures are no transport, and need none; TLS is none,
// either: what a transport may need.
TEST(IncludeRule, NoTransportIncludesAnother) {
  namespace fs = std::filesystem;
  const fs::path root = fs::path(TRIBUTARY_SOURCE_DIR) / "transports";
  const std::regex include("^\\s*#\\s*include\\s*[<\"]transports/([^\"/>]+)/");
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".h" && extension != ".cc") continue;
    ++files;
    const std::string folder = fs::relative(entry.path(), root).begin()->string();
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      std::smatch match;
      if (!std::regex_search(line, match, include) || match[1] == "tls") continue;
      if (folder == "signing" && match[1] == "wire") continue;
      EXPECT_EQ(match[1], folder) << entry.path() << " includes another transport: " << line
                                  << "\nWhat both need belongs into transports/session.h.";
    }
  }
  EXPECT_GT(files, 5);
}

}  // namespace
}  // namespace tributary::transports
