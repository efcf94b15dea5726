// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/requests.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gateway/app/text.h"
#include "transports/wire/evidence.h"
#include "transports/wire/scalar.h"

namespace tributary::app {
namespace {

using nlohmann::json;

class Requests : public ::testing::Test {
 protected:
  Requests() : gateway_(options(), 1, 2) {
    process_.gateway = "g1";
    link_ = gateway_.attach({.name = "local"});
    gateway_.start({1, 1});
    gateway_.connected({1, 1}, link_);
  }

  static core::Options options() {
    core::Options o;
    o.fleet = "demo";
    o.gateway = "g1";
    return o;
  }

  // One envelope of `device` with one entry, committed.
  void put(const std::string& device, const std::string& key, std::uint8_t type,
           wire::Payload payload) {
    wire::Delta delta;
    delta.fleet = "demo";
    delta.device = device;
    delta.epoch = 7;
    delta.from = op_;
    delta.to = op_ + 1;
    delta.id = 1;
    delta.hlc = crdt::Hlc::at(1);
    delta.entries.push_back({.key = key,
                             .type = type,
                             .lo = 0,
                             .hi = op_ + 1,
                             .payload = std::move(payload),
                             .bytes = 0});
    ++op_;
    gateway_.receive({2, 2}, {link_, "tributary/v1/demo/up/" + device,
                              wire::seal(wire::encode_delta(delta)), false});
  }
  void commit() {
    gateway_.tick({1'000, 1'000});
    for (int i = 0; i < 100; ++i) {
      const auto out = gateway_.take_output();
      if (!out.commit) return;
      gateway_.committed({1'000, 1'000}, out.commit->ticket);
    }
  }
  json ask(const std::string& command, const std::string& arguments = "{}") {
    const std::string text = answer(gateway_, process_, command, arguments);
    EXPECT_LE(text.size(), std::size_t{1} << 20);
    return json::parse(text);
  }
  // Every page of a list.
  json all(const std::string& command, const std::string& list, json arguments) {
    json items = json::array();
    for (int page = 0; page < 10'000; ++page) {
      const std::string text = answer(gateway_, process_, command, arguments.dump());
      EXPECT_LE(text.size(), page_bytes_max);
      const json reply = json::parse(text);
      for (const json& item : reply.at(list)) items.push_back(item);
      if (reply.at("next").is_null()) return items;
      arguments["after"] = reply.at("next");
    }
    ADD_FAILURE() << "the list of " << command << " has no end";
    return items;
  }

  core::Gateway gateway_;
  ProcessState process_;
  core::LinkId link_ = 0;
  std::uint64_t op_ = 0;
};

TEST_F(Requests, GetShowsAllTypesOfAKeyOrTheOneAskedFor) {
  put("d", "k", 1, wire::GCounterPayload{3});
  put("d", "k", 2, wire::PnCounterPayload{3, 5});
  commit();
  EXPECT_EQ(ask("get", R"({"key":"k"})")["values"].size(), 2U);
  const json one = ask("get", R"({"key":"k","type":"pncounter"})");
  ASSERT_EQ(one["values"].size(), 1U) << one;
  EXPECT_EQ(one["values"][0]["value"], -2);
  EXPECT_EQ(ask("get", R"({"key":"none"})")["values"].size(), 0U);
}

TEST_F(Requests, WhatIsAtRestAndCannotBeReadIsSaidToBeUnread) {
  gateway_.read_back_with([](const core::RowsWanted&) { return std::nullopt; });
  put("d", "s", 3, wire::GSetPayload{{"x"}});
  put("d", "t", 1, wire::GCounterPayload{4});
  commit();
  core::Limits small;
  small.warm_bytes_max = 0;
  gateway_.set_limits(small);
  gateway_.tick({900'000, 900'000});
  for (auto out = gateway_.take_output(); out.commit; out = gateway_.take_output())
    gateway_.committed({900'000, 900'000}, out.commit->ticket);
  ASSERT_EQ(ask("status")["cold_keys"], 1);
  const json one = ask("get", R"({"key":"s"})")["values"][0];
  EXPECT_TRUE(one["value"].is_null());
  EXPECT_EQ(one["unread"], true);
  EXPECT_EQ(one["contributors"], 1);
  const json values = all("values", "values", json::object());
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values[0]["unread"], true);
  EXPECT_EQ(values[1]["value"], 4) << "the others are there";
  EXPECT_FALSE(values[1].contains("unread"));
  EXPECT_EQ(ask("contributions", R"({"key":"s","type":"gset"})")["cold_parts"], 1);
}

TEST_F(Requests, EvidenceNamesWhoToldTwoStoriesAndShowsBoth) {
  EXPECT_EQ(ask("status")["equivocators"], 0);
  for (const char* device : {"c", "a", "b"}) {
    put(device, "k", 1, wire::GCounterPayload{5});
    --op_;
    put(device, "k", 1, wire::GCounterPayload{6});
  }
  commit();
  EXPECT_EQ(ask("status")["equivocators"], 3);
  for (const int max : {1, 2, 100}) {
    const json found = all("evidence", "evidence", {{"max", max}});
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0]["device"], "a");
    EXPECT_EQ(found[0]["epoch"], "0000000000000007");
    EXPECT_EQ(found[0]["key"], "k");
    EXPECT_EQ(found[0]["type"], "gcounter");
    EXPECT_EQ(found[0]["proof"], false);
    EXPECT_EQ(found[0]["excluded"], false);
    const auto pair =
        wire::decode_evidence(*base64_decode(found[0]["bytes"].get<std::string>()), wire::Limits{});
    ASSERT_TRUE(pair);
    EXPECT_EQ(found[0]["first"], wire::to_hex(pair->first.hash.view()));
  }
}

TEST_F(Requests, ListsComeInPagesThatMissNothingAndRepeatNothing) {
  for (int i = 0; i < 500; ++i) put("d", "p/" + std::to_string(i), 1, wire::GCounterPayload{1});
  put("d", "q", 1, wire::GCounterPayload{1});
  commit();
  for (const int max : {1, 7, 64, 65, 1'000}) {
    const json values = all("values", "values", {{"prefix", "p/"}, {"max", max}});
    EXPECT_EQ(values.size(), 500U) << max;
  }
  EXPECT_EQ(all("keys", "keys", json::object()).size(), 501U);
  EXPECT_EQ(all("devices", "devices", {{"max", 1}}).size(), 1U);
  EXPECT_EQ(all("envelopes", "envelopes", {{"max", 10}}).size(), ask("status")["live_envelopes"]);
}

TEST_F(Requests, PagesStaySmallWhateverTheValues) {
  const std::string text(20'000, 'x');
  const auto scalar = wire::encode_scalar(wire::Scalar(text));
  ASSERT_TRUE(scalar);
  for (int i = 0; i < 60; ++i)
    put("d", "r/" + std::to_string(i), 5, wire::LwwPayload{op_ + 1, crdt::Hlc::at(1), *scalar});
  commit();
  const json values = all("values", "values", json::object());
  ASSERT_EQ(values.size(), 60U);
  EXPECT_EQ(values[0]["value"], text);
}

TEST_F(Requests, EnvelopesAreTheExactBytes) {
  put("d", "k", 1, wire::GCounterPayload{3});
  commit();
  const json item = all("envelopes", "envelopes", json::object()).at(0);
  const auto bytes = base64_decode(item.at("bytes").get<std::string>());
  ASSERT_TRUE(bytes);
  const auto envelope = wire::decode_envelope(*bytes, wire::Limits{});
  ASSERT_TRUE(envelope);
  EXPECT_EQ(wire::to_hex(envelope->hash.view()), item.at("hash"));
}

TEST_F(Requests, WhateverIsAskedTheAnswerIsJsonThatSaysWhatIsWrong) {
  for (const char* command :
       {"status", "get", "keys", "values", "devices", "peers", "envelopes", "nothing", ""}) {
    for (const char* arguments :
         {"[", "[]", "3", "\xff", R"({"key":3})", R"({"max":0})", R"({"max":-1})", R"({"max":"x"})",
          R"({"after":3})", R"({"after":[1,2]})", R"({"after":["a","b"]})", R"({"after":"zz"})",
          R"({"after":"00"})", R"({"key":"a","type":"x"})", R"({"key":"a","type":7})",
          R"({"prefix":[]})"}) {
      const json reply = ask(command, arguments);
      if (reply.contains("error")) {
        EXPECT_FALSE(reply["error"]["what"].get<std::string>().empty());
        EXPECT_FALSE(reply["error"]["do"].get<std::string>().empty()) << command << arguments;
      }
    }
  }
  EXPECT_TRUE(ask("nothing").contains("error"));
  EXPECT_TRUE(ask("get", std::string(100'000, ' ') + "{}").contains("error"));
}

TEST_F(Requests, ContributionsAreThePartsOfAKeyInPages) {
  for (int i = 0; i < 7; ++i) {
    op_ = 0;
    put("d" + std::to_string(i), "k", 1, wire::GCounterPayload{std::uint64_t{1} << (10 * i)});
  }
  commit();
  const json parts =
      all("contributions", "contributions", {{"key", "k"}, {"type", "gcounter"}, {"max", 3}});
  ASSERT_EQ(parts.size(), 7U);
  EXPECT_EQ(parts[0],
            (json{{"device", "d0"}, {"epoch", "0000000000000007"}, {"part", {{"value", 1}}}}));
  EXPECT_EQ(parts[6]["part"]["value"], std::to_string(std::uint64_t{1} << 60)) << "exact, as text";
  EXPECT_TRUE(ask("contributions", R"({"key":"k","type":"lww"})")["contributions"].empty());
  EXPECT_TRUE(ask("contributions", R"({"key":"k"})").contains("error"));
}

TEST_F(Requests, ValuesOfOneTypeAreFoundAmongMany) {
  for (int i = 0; i < 300; ++i) put("d", "k/" + std::to_string(i), 1, wire::GCounterPayload{1});
  put("d", "k/register", 5,
      wire::LwwPayload{op_ + 1, crdt::Hlc::at(1),
                       *wire::encode_scalar(wire::Scalar(std::int64_t{3}))});
  commit();
  const json found = all("values", "values", {{"type", "lww"}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["value"], 3);
}

TEST_F(Requests, WhatChangesIsNotedForWhoWatchesAndForNobodyElse) {
  put("d", "before", 1, wire::GCounterPayload{1});
  commit();
  EXPECT_TRUE(gateway_.take_watched(10).empty());
  gateway_.watch(true);
  put("d", "a", 1, wire::GCounterPayload{1});
  put("d", "b", 1, wire::GCounterPayload{1});
  put("d", "a", 1, wire::GCounterPayload{2});
  commit();
  const auto changed = gateway_.take_watched(10);
  ASSERT_EQ(changed.size(), 2U) << "each once";
  EXPECT_EQ(changed[0].json, "2");
  EXPECT_TRUE(gateway_.take_watched(10).empty());
  put("d", "c", 1, wire::GCounterPayload{1});
  commit();
  gateway_.watch(false);
  EXPECT_TRUE(gateway_.take_watched(10).empty());
}

TEST_F(Requests, LatencyIsFromArrivalToDurable) {
  put("d", "k", 1, wire::GCounterPayload{1});  // at 2
  commit();                                    // at 1'000
  const core::Histogram& h = gateway_.counters().ack;
  EXPECT_EQ(h.total(), 1U);
  EXPECT_EQ(h.sum_us, 998'000U);
  EXPECT_EQ(h.quantile_us(0.99), 1'000'000U);
  EXPECT_EQ(gateway_.counters().entries[1], 1U);
}

TEST_F(Requests, ReadyNamesWhatIsMissing) {
  process_.pending_max = 100;
  process_.links = {
      {.name = "local", .connected = false, .outbox = 0, .dropped = 0, .reason = "refused"}};
  const json ready = ask("ready");
  EXPECT_EQ(ready["ready"], false);
  EXPECT_EQ(ready["checks"][0]["detail"], "not connected to local: refused");
  EXPECT_EQ(ready["checks"][3]["ok"], true);
}

TEST_F(Requests, StatusCountsAndNamesItsRejects) {
  gateway_.receive({3, 3}, {link_, "tributary/v1/demo/up/d", "nonsense", false});
  const json status = ask("status");
  EXPECT_EQ(status["counters"]["rejected_total"], 1);
  EXPECT_EQ(status["gateway"], "g1");
  EXPECT_EQ(status["incarnation"], "0000000000000001");
}

}  // namespace
}  // namespace tributary::app
