// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/devices/replay.h"

#include <gtest/gtest.h>

#include <sstream>

namespace tributary::devices {
namespace {

constexpr const char* header = "timestamp,key,type,operation,value\n";

Result<Replay, std::string> read(const std::string& text) {
  return Replay::read(std::make_unique<std::istringstream>(text), "day.csv");
}

// The rows, then the error if there is one.
std::string trace(const std::string& text) {
  auto r = read(text);
  if (!r) return r.error();
  std::string out;
  while (const auto row = r->next()) {
    const Operation& op = row->operation;
    out += std::to_string(row->at_ms) + " " + op.key + " " + name(op.what) + " ";
    if (op.amount > 0) out += std::to_string(op.amount);
    out += op.element;
    if (op.what == Operation::What::set)
      out += wire::json_of_scalar(*wire::encode_scalar(op.value));
    out += "\n";
  }
  return out + r->error();
}

std::string one(const std::string& line) {
  return trace(header + line);
}

TEST(Replay, ReadsEveryType) {
  EXPECT_EQ(trace(std::string(header) +
                  "1714564800000,hall/pulses,gcounter,add,3\n"
                  "2024-05-01T12:00:00Z,hall/people,pncounter,subtract,2\r\n"
                  "\n# a remark\n"
                  "2024-05-01T12:00:00.25Z,hall/badges,gset,insert,\"a, \"\"b\"\"\"\n"
                  "1714564800500,hall/alarms,orset,erase,smoke\n"),
            "1714564800000 hall/pulses add 3\n"
            "1714564800000 hall/people subtract 2\n"
            "1714564800250 hall/badges insert a, \"b\"\n"
            "1714564800500 hall/alarms erase smoke\n");
}

TEST(Replay, RegistersTakeAnyScalar) {
  const auto value = [](const std::string& v) { return one("1,k,lww,set," + v); };
  EXPECT_EQ(value("21.5"), "1 k set 21.5\n");
  EXPECT_EQ(value("-3"), "1 k set -3\n");
  EXPECT_EQ(value("true"), "1 k set true\n");
  EXPECT_EQ(value("null"), "1 k set null\n");
  EXPECT_EQ(value("door open"), "1 k set \"door open\"\n");
  EXPECT_EQ(value("\"\"\"21.5\"\"\""), "1 k set \"21.5\"\n");
  EXPECT_EQ(value(""), "1 k set \"\"\n");
}

TEST(Replay, ColumnsInAnyOrderAndMore) {
  EXPECT_EQ(trace("key,value,remark,operation,type,timestamp\nk,4,ignored,add,gcounter,7\n"),
            "7 k add 4\n");
}

TEST(Replay, FirstTimestamp) {
  auto r = read(std::string(header) + "500,k,gcounter,add,1\n900,k,gcounter,add,1\n");
  ASSERT_TRUE(r);
  EXPECT_EQ(r->first_ms(), 0u);
  while (r->next()) {
  }
  EXPECT_EQ(r->first_ms(), 500u);
}

TEST(Replay, ErrorsNameFileAndLine) {
  EXPECT_EQ(trace(""), "day.csv:1: empty: the first line must name the columns");
  EXPECT_EQ(trace("timestamp,key,kind,operation,value\n"),
            "day.csv:1: no column \"type\": the first line must be "
            "timestamp,key,type,operation,value");
  EXPECT_EQ(one("1,k,gcounter,add"), "day.csv:2: has 4 fields, the first line has 5");
  EXPECT_EQ(one("1,k,gcounter,add,1\nx,k,gcounter,add,1\n"),
            "1 k add 1\nday.csv:3: timestamp \"x\": milliseconds since 1970, or UTC as "
            "2024-05-01T12:00:00Z");
  EXPECT_EQ(one("1,k,counter,add,1"),
            "day.csv:2: type \"counter\": one of gcounter pncounter gset orset lww");
  EXPECT_EQ(one("1,k,gcounter,subtract,1"),
            "day.csv:2: operation \"subtract\": not one of type gcounter");
  EXPECT_EQ(one("1,k,gcounter,add,-1"), "day.csv:2: value \"-1\": a positive integer");
  EXPECT_EQ(one("1,k,gcounter,add,0"), "day.csv:2: value \"0\": a positive integer");
  EXPECT_EQ(one("1,a//b,gcounter,add,1"),
            "day.csv:2: key \"a//b\": segments between / of 1 to 512 bytes in all, no + # $");
  EXPECT_EQ(one("1,k,gset,insert,\"open"),
            "day.csv:2: a quote that is not closed, or text after a closing quote");
  EXPECT_EQ(one("1,k,lww,set,\xff"), "day.csv:2: value: not UTF-8, or over 65,536 bytes");
  EXPECT_EQ(one("2024-13-01T12:00:00Z,k,lww,set,1").substr(0, 20), "day.csv:2: timestamp");
  const auto missing = Replay::open("no/such/file.csv");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error(), "no/such/file.csv: cannot open: No such file or directory");
}

}  // namespace
}  // namespace tributary::devices
