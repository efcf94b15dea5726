// SPDX-License-Identifier: Apache-2.0
// The server itself, asked well and badly, in front of a gateway that answers as the test says.
#include "gateway/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "tests/http/support/client.h"
#include "tests/support/eventually.h"

namespace tributary::http {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::get;
using test::Raw;
using testing::HasSubstr;

// Answers at once with what it was asked, or keeps the question.
class Echo : public Backend {
 public:
  bool ask(std::string command, std::string arguments, std::function<void(Answer)> reply) override {
    const std::lock_guard lock(mutex);
    if (full) return false;
    if (keep) {
      kept.push_back(std::move(reply));
      return true;
    }
    const std::string more = arguments.find("after") == std::string::npos ? R"("two")" : "null";
    reply({R"({"command":")" + command + R"(","envelopes":[)" + padding +
               R"(],"ready":true,"next":)" + more + "}",
           ++n});
    return true;
  }
  void watch(bool on) override { watched = on; }

  std::mutex mutex;
  bool full = false, keep = false;
  std::vector<std::function<void(Answer)>> kept;
  std::string padding = "1";
  std::uint64_t n = 0;
  std::atomic<bool> watched{false};
};

class ServerTest : public testing::Test {
 protected:
  Server& start(Server::Options options = {}) {
    options.port = 0;
    server_ = std::make_unique<Server>(options, echo_, [](Server::Level, const std::string&) {});
    EXPECT_TRUE(eventually(5s, [&] { return server_->port() != 0; }));
    return *server_;
  }
  std::uint16_t port() const { return server_->port(); }
  bool alive() { return get(port(), "/api/v1/status").status == 200; }
  ~ServerTest() override {
    if (server_) server_->stop();
  }

  Echo echo_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersWithEveryHeaderThatKeepsBrowsersSafe) {
  start();
  for (const char* target : {"/", "/api/v1/status", "/nothing"}) {
    const auto r = get(port(), target);
    EXPECT_THAT(r.headers.at("content-security-policy"), HasSubstr("default-src 'none'"));
    EXPECT_THAT(r.headers.at("content-security-policy"), HasSubstr("frame-ancestors 'none'"));
    EXPECT_EQ(r.headers.at("content-security-policy").find("unsafe"), std::string::npos);
    EXPECT_EQ(r.headers.at("x-content-type-options"), "nosniff");
    EXPECT_EQ(r.headers.count("access-control-allow-origin"), 0U);
    EXPECT_EQ(r.headers.count("server"), 0U);
  }
  EXPECT_EQ(get(port(), "/", {"Host: evil.example"}).status, 421);
}

TEST_F(ServerTest, OneConnectionServesManyRequestsInOrder) {
  start();
  Raw raw(port());
  const std::string one = "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n";
  ASSERT_TRUE(raw.send(one + "HEAD /api/v1/peers HTTP/1.1\r\nHost: localhost\r\n\r\n" + one));
  const std::string all = raw.read_until("\"ready\":true,\"next\":\"two\"}\n", 5s) +
                          raw.read_until("\"ready\":true,\"next\":\"two\"}\n", 5s);
  std::size_t oks = 0, bodies = 0;
  for (std::size_t at = 0; (at = all.find("HTTP/1.1 200", at)) != std::string::npos; ++at) ++oks;
  for (std::size_t at = 0; (at = all.find("\"command\"", at)) != std::string::npos; ++at) ++bodies;
  EXPECT_EQ(oks, 3U) << all;
  EXPECT_EQ(bodies, 2U) << "HEAD has none";
}

TEST_F(ServerTest, WhatIsNoHttpIsRefusedAndTheServerGoesOn) {
  start();
  const std::string long_line(20'000, 'a');
  const std::pair<std::string, int> cases[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n", 400},
      {"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n", 400},
      {"GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + long_line + "\r\n\r\n", 431},
      {"GET /" + long_line + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 431},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", 413},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: "
       "chunked\r\n\r\n",
       400},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", 405},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello TLS\r\n\r\n", 25), 400}};
  for (const auto& [text, status] : cases) {
    Raw raw(port());
    ASSERT_TRUE(raw.send(text));
    const auto reply = test::parse(raw.read_until("\r\n\r\n", 5s));
    EXPECT_EQ(reply.status, status) << text.substr(0, 80);
  }
  EXPECT_TRUE(alive());
}

TEST_F(ServerTest, WhoTricklesIsLetGoAndKeepsNobodyOut) {
  start({.connections_max = 8, .request_timeout = 400ms});
  std::vector<std::unique_ptr<Raw>> slow;
  for (int i = 0; i < 40; ++i) {
    slow.push_back(std::make_unique<Raw>(port()));
    slow.back()->send("GET / HTTP/1.1\r\nHost: loc");
    if (i % 10 != 9) continue;
    EXPECT_TRUE(alive()) << "with " << i + 1 << " of them";
  }
  EXPECT_LE(server_->stats().connections, 8U);
  EXPECT_GT(server_->stats().evicted, 20U);
  // A byte now and then buys no time: the deadline is that of the whole request.
  Raw trickle(port());
  bool gone = false;
  EXPECT_TRUE(eventually(5s, [&] {
    gone = gone || !trickle.send("X") || trickle.closed_within(1ms);
    return gone;
  }));
  for (auto& raw : slow) EXPECT_TRUE(raw->closed_within(5s));
  EXPECT_TRUE(eventually(5s, [&] { return server_->stats().connections == 0; }));
}

TEST_F(ServerTest, AGatewayThatDoesNotAnswerIsSaidToBeSo) {
  start({.answer_timeout = 200ms});
  {
    const std::lock_guard lock(echo_.mutex);
    echo_.keep = true;
  }
  EXPECT_EQ(get(port(), "/healthz").status, 503);
  EXPECT_EQ(get(port(), "/api/v1/status").status, 503);
  {
    const std::lock_guard lock(echo_.mutex);
    for (auto& reply : echo_.kept) reply({"{}", 1});  // too late, for nobody
    echo_.keep = false;
    echo_.full = true;
  }
  const auto busy = get(port(), "/api/v1/status");
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.headers.at("retry-after"), "1");
  {
    const std::lock_guard lock(echo_.mutex);
    echo_.full = false;
  }
  EXPECT_TRUE(alive());
}

TEST_F(ServerTest, TheStreamTellsWhatIsPublishedUntilTheLastOneGoes) {
  start({.streams_max = 2, .heartbeat = 100ms});
  {
    Raw first(port()), second(port());
    const std::string ask = "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
    ASSERT_TRUE(first.send(ask));
    EXPECT_THAT(first.read_until("\n\n\r\n", 5s), HasSubstr("event: hello"));
    ASSERT_TRUE(second.send(ask));
    EXPECT_THAT(second.read_until("\n\n\r\n", 5s), HasSubstr("event: hello"));
    EXPECT_TRUE(echo_.watched);
    EXPECT_EQ(get(port(), "/api/v1/stream").status, 503) << "two are as many as may be";
    server_->publish("event: values\ndata: {\"x\":1}\n\n");
    for (Raw* raw : {&first, &second})
      EXPECT_THAT(raw->read_until("\"x\":1", 5s), HasSubstr("event: values"));
    EXPECT_THAT(first.read_until(": heartbeat", 5s), HasSubstr(": heartbeat"));
  }
  EXPECT_TRUE(eventually(5s, [&] { return !echo_.watched; }));
  EXPECT_TRUE(eventually(5s, [&] { return server_->stats().streams == 0; }));
}

TEST_F(ServerTest, WhoWatchesIsLetGoWhenTheTokenIsReplaced) {
  const auto token = std::make_shared<Token>("0123456789abcdef");
  start({.token = token, .heartbeat = 50ms});
  Raw watching(port());
  ASSERT_TRUE(
      watching.send("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n"
                    "Authorization: Bearer 0123456789abcdef\r\n\r\n"));
  EXPECT_THAT(watching.read_until("\n\n\r\n", 5s), HasSubstr("event: hello"));
  EXPECT_THAT(watching.read_until(": heartbeat", 5s), HasSubstr(": heartbeat"));
  token->replace("fedcba9876543210");
  EXPECT_TRUE(eventually(5s, [&] { return server_->stats().streams == 0; }));
  EXPECT_EQ(get(port(), "/api/v1/status").status, 401);
}

TEST_F(ServerTest, AnExportUnderWayIsCutWhenTheTokenIsReplaced) {
  const auto token = std::make_shared<Token>("0123456789abcdef");
  start({.token = token});
  echo_.keep = true;
  const auto asked = [&](std::size_t n) {
    return eventually(5s, [&] {
      const std::lock_guard lock(echo_.mutex);
      return echo_.kept.size() == n;
    });
  };
  Raw reader(port());
  ASSERT_TRUE(
      reader.send("GET /api/v1/export/envelopes HTTP/1.1\r\nHost: localhost\r\n"
                  "Authorization: Bearer 0123456789abcdef\r\n\r\n"));
  ASSERT_TRUE(asked(1));
  echo_.kept[0]({R"({"envelopes":["first"],"next":"more"})", 1});
  EXPECT_THAT(reader.read_until("first", 5s), HasSubstr("first"));
  ASSERT_TRUE(asked(2));
  token->replace("fedcba9876543210");
  echo_.kept[1]({R"({"envelopes":["second"],"next":null})", 2});
  EXPECT_THAT(reader.read_until("second", 5s), testing::Not(HasSubstr("second")));
  EXPECT_TRUE(reader.closed_within(5s));
}

TEST_F(ServerTest, WhoDoesNotReadTheStreamIsLetGo) {
  start({.stream_bytes_max = 256 * 1024});
  Raw deaf(port());
  deaf.small_window();
  ASSERT_TRUE(deaf.send("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  ASSERT_TRUE(eventually(5s, [&] { return server_->stats().streams == 1; }));
  const std::string frame = "data: " + std::string(64 * 1024, 'x') + "\n\n";
  EXPECT_TRUE(eventually(20s, [&] {
    server_->publish(frame);
    return server_->stats().streams == 0;
  }));
  EXPECT_EQ(server_->stats().slow_streams, 1U);
  EXPECT_TRUE(alive());
}

TEST_F(ServerTest, AnExportIsAllPagesLineByLine) {
  start();
  const auto r = get(port(), "/api/v1/export/envelopes");
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.body, "1\n1\n");
  EXPECT_EQ(r.headers.at("content-type"), "application/jsonl");
  Raw old(port());  // a proxy that speaks 1.0 knows no chunks
  ASSERT_TRUE(old.send("GET /api/v1/export/envelopes HTTP/1.0\r\nHost: localhost\r\n\r\n"));
  const auto plain = test::parse(old.read_until("", 5s));
  EXPECT_EQ(plain.body, "1\n1\n");
  EXPECT_EQ(plain.headers.count("transfer-encoding"), 0U);
}

TEST_F(ServerTest, APortThatIsTakenIsTriedAgain) {
  start();
  Server::Options o;
  o.port = port();
  o.retry = 20ms;
  std::atomic<int> warned{0};
  Server second(o, echo_, [&](Server::Level level, const std::string& text) {
    if (level == Server::Level::warning && text.find("in use") != std::string::npos) ++warned;
  });
  EXPECT_TRUE(eventually(5s, [&] { return warned == 1; }));
  EXPECT_EQ(second.port(), 0);
  const std::uint16_t wanted = port();
  server_->stop();
  EXPECT_TRUE(eventually(5s, [&] { return second.port() == wanted; }));
  EXPECT_EQ(get(wanted, "/healthz").status, 200);
  second.stop();
}

}  // namespace
}  // namespace tributary::http
