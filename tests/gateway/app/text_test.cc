// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/text.h"

#include <gtest/gtest.h>

namespace tributary::app {
namespace {

TEST(Base64, OfTheRfcsExamplesAndBack) {
  const std::vector<std::pair<std::string, std::string>> pairs = {{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : pairs) {
    EXPECT_EQ(base64_encode(plain), coded);
    EXPECT_EQ(base64_decode(coded), plain);
  }
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(base64_decode(base64_encode(all)), all);
}

TEST(Base64, RefusesWhatIsNotCanonical) {
  for (const char* bad :
       {"Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm 8=", "Zm8=Zg==", "Zm9\n"}) {
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  }
}

TEST(Hex, BothWays) {
  EXPECT_EQ(hex64(0), "0000000000000000");
  EXPECT_EQ(hex64(UINT64_MAX), "ffffffffffffffff");
  EXPECT_EQ(parse_hex64("FfFfFfFfFfFfFfFf"), UINT64_MAX);
  EXPECT_EQ(parse_hex64("2a"), 42U);
  EXPECT_EQ(parse_hex64(""), std::nullopt);
  EXPECT_EQ(parse_hex64("0x1"), std::nullopt);
  EXPECT_EQ(parse_hex64("11112222333344445"), std::nullopt);
  EXPECT_EQ(parse_hex_bytes("00ff"), std::string("\x00\xff", 2));
  EXPECT_EQ(parse_hex_bytes("0"), std::nullopt);
  EXPECT_EQ(parse_hex_bytes("zz"), std::nullopt);
}

TEST(Text, GroupsThousandsOfWholeNumbersOnly) {
  EXPECT_EQ(grouped("0"), "0");
  EXPECT_EQ(grouped("999"), "999");
  EXPECT_EQ(grouped("1000"), "1,000");
  EXPECT_EQ(grouped("-1234567"), "-1,234,567");
  EXPECT_EQ(grouped("21.55555"), "21.55555");
  EXPECT_EQ(grouped("on"), "on");
  EXPECT_EQ(grouped(""), "");
}

TEST(Text, NamesTheCandidateThatWasMeant) {
  const std::vector<std::string> names = {"gateway", "get", "keys", "watch"};
  EXPECT_EQ(nearest("gatway", names), "gateway");
  EXPECT_EQ(nearest("kesy", names), "keys");
  EXPECT_EQ(nearest("elephant", names), "");
}

TEST(Text, TypesAndTimes) {
  EXPECT_EQ(parse_type("gcounter"), 1);
  EXPECT_EQ(parse_type("lww"), 5);
  EXPECT_EQ(parse_type("set"), std::nullopt);
  EXPECT_EQ(utc_time(1'714'565'696'789), "2024-05-01T12:14:56.789Z");
}

}  // namespace
}  // namespace tributary::app
