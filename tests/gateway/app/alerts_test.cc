// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/alerts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

#include "gateway/app/metrics.h"
#include "gateway/http/server_metrics.h"

namespace tributary::app {
namespace {

std::string slurp(const std::string& path) {
  std::ifstream in(std::string(TRIBUTARY_SOURCE_DIR) + "/" + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Rule {
  std::string alert, expr, hold, severity;
};

// Of our own file, which is written one key a line.
std::vector<Rule> rules() {
  std::vector<Rule> out;
  std::istringstream in(slurp("config/alerts.rules.yml"));
  const auto after = [](const std::string& line, const std::string& key) {
    return line.substr(line.find(key) + key.size());
  };
  for (std::string line; std::getline(in, line);) {
    if (line.find("- alert: ") != std::string::npos)
      out.push_back({after(line, "- alert: "), {}, {}, {}});
    if (line.find("expr: ") != std::string::npos) out.back().expr = after(line, "expr: ");
    if (line.find("for: ") != std::string::npos) out.back().hold = after(line, "for: ");
    if (line.find("severity: ") != std::string::npos) {
      out.back().severity = after(line, "severity: ");
      out.back().severity.pop_back();  // }
    }
  }
  return out;
}

TEST(Alerts, TheRulesForPrometheusHaveTheThresholdsOfTheTable) {
  const std::vector<Rule> all = rules();
  std::set<const Rule*> used;
  for (const Threshold& t : thresholds()) {
    const Rule* found = nullptr;
    for (const Rule& r : all) {
      if (r.alert == t.rule && r.severity == t.severity) found = &r;
    }
    ASSERT_NE(found, nullptr) << t.rule << " " << t.severity;
    EXPECT_TRUE(used.insert(found).second) << t.rule;
    const std::string op = t.below ? " < " : " > ";
    const std::size_t at = found->expr.rfind(op);
    ASSERT_NE(at, std::string::npos) << found->expr;
    EXPECT_EQ(std::stod(found->expr.substr(at + 3)), t.limit) << found->expr;
    EXPECT_EQ(found->hold, std::to_string(t.for_s) + "s") << t.rule;
  }
  // What only somebody else can see.
  EXPECT_EQ(all.size(), used.size() + 1);
  EXPECT_EQ(all.front().alert, "TributaryGatewayDown");
}

TEST(Alerts, HaveTheThresholdsThatWerePromised) {
  const auto limit = [](Signal signal, const std::string& severity) {
    for (const Threshold& t : thresholds()) {
      if (t.signal == signal && t.severity == severity) return t.limit;
    }
    return -1.0;
  };
  EXPECT_EQ(limit(Signal::sync_latency, "warning"), 0.1);
  EXPECT_EQ(limit(Signal::sync_latency, "critical"), 1);
  EXPECT_EQ(limit(Signal::conflicts, "warning"), 0.05);
  EXPECT_EQ(limit(Signal::conflicts, "critical"), 0.2);
  EXPECT_EQ(limit(Signal::memory, "warning"), 0.8);
  EXPECT_EQ(limit(Signal::memory, "critical"), 0.95);
  EXPECT_EQ(limit(Signal::errors, "warning"), 0.01);
  EXPECT_EQ(limit(Signal::errors, "critical"), 0.05);
}

TEST(Alerts, EachIsExplained) {
  const std::string text = slurp("docs/alerts.md");
  for (const Threshold& t : thresholds()) {
    EXPECT_NE(text.find("## " + std::string(t.name)), std::string::npos) << t.name;
    EXPECT_NE(text.find(t.rule), std::string::npos) << t.rule;
  }
}

// Every family that a gateway can show.
std::set<std::string> families() {
  core::Options o;
  o.fleet = "demo";
  o.gateway = "g1";
  core::Gateway gateway(o, 1, 2);
  Aside aside;
  aside.history = Aside::History{};
  for (const char* name :
       {"clients/connected", "clients/total", "subscriptions/count", "retained messages/count",
        "store/messages/count", "store/messages/bytes", "publish/messages/dropped",
        "publish/messages/received", "publish/messages/sent", "bytes/received", "bytes/sent",
        "heap/current", "uptime"}) {
    aside.brokers["local"][name] = 1;
  }
  ProcessState process;
  process.aside = &aside;
  const std::string text =
      metrics_text(gateway, process) + http::metrics_text(http::Server::Stats{});
  std::set<std::string> out;
  const std::regex line("# TYPE ([a-z_]+) ([a-z]+)");
  for (std::sregex_iterator at(text.begin(), text.end(), line), end; at != end; ++at) {
    out.insert((*at)[1]);
    if ((*at)[2] != "histogram") continue;
    for (const char* suffix : {"_bucket", "_sum", "_count"}) out.insert((*at)[1].str() + suffix);
  }
  return out;
}

void names_only_what_exists(const std::string& text, std::set<std::string> known) {
  const std::regex name("\\b(tributary|process)_[a-z_]+");
  std::size_t seen = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at, ++seen)
    EXPECT_TRUE(known.count(at->str())) << at->str();
  EXPECT_GT(seen, 10U);
}

TEST(Alerts, RulesAndTheGrafanaDashboardNameOnlyMetricsThatExist) {
  const std::set<std::string> known = families();
  std::string exprs;
  for (const Rule& r : rules()) exprs += r.expr + "\n";
  names_only_what_exists(exprs, known);
  names_only_what_exists(slurp("config/grafana/tributary.json"), known);
}

class AlertsInTime : public testing::Test {
 protected:
  // A reading every 5 s for so long; the names that fire in the end.
  std::string after(std::uint64_t seconds, const std::function<void(Reading&)>& each) {
    for (std::uint64_t s = 0; s < seconds; s += 5) {
      now_ms_ += 5'000;
      each(reading_);
      alerts_.take(reading_, {now_ms_, now_ms_});
    }
    std::string out;
    for (const Aside::Alert& a : alerts_.current()) {
      if (a.firing) out += (out.empty() ? "" : " ") + a.name + ":" + a.severity;
    }
    return out;
  }
  Alerts alerts_;
  Reading reading_;
  std::uint64_t now_ms_ = 1'000'000;
};

TEST_F(AlertsInTime, NothingIsWrongWithNothing) {
  EXPECT_EQ(after(3'600, [](Reading&) {}), "");
  EXPECT_TRUE(alerts_.take_changes().empty());
}

TEST_F(AlertsInTime, AShareIsOfTheLastFiveMinutes) {
  const auto bad = [](Reading& r) { r.messages += 100, r.errors += 2; };
  const auto good = [](Reading& r) { r.messages += 100; };
  EXPECT_EQ(after(100, bad), "") << "not for long enough";
  EXPECT_EQ(after(60, bad), "errors:warning");
  const auto begun = alerts_.take_changes();
  ASSERT_EQ(begun.size(), 1U);
  EXPECT_FALSE(begun[0].over);
  EXPECT_NEAR(begun[0].alert.value, 0.02, 1e-9);
  EXPECT_EQ(begun[0].alert.since_ms, 1'010'000U) << "the first that has one to compare with";
  EXPECT_EQ(after(420, good), "");
  const auto over = alerts_.take_changes();
  ASSERT_EQ(over.size(), 1U);
  EXPECT_TRUE(over[0].over);
}

TEST_F(AlertsInTime, TheWorseOneIsShown) {
  EXPECT_EQ(after(200, [](Reading& r) { r.memory = 0.9; }), "memory:warning");
  EXPECT_EQ(after(120, [](Reading& r) { r.memory = 0.951; }), "memory:critical");
  EXPECT_EQ(after(120, [](Reading& r) { r.memory = 0.95; }), "memory:warning")
      << "at it is not above";
  EXPECT_EQ(after(5, [](Reading& r) { r.memory = 0.8; }), "");
}

TEST_F(AlertsInTime, LatencyIsTheQuantileThatPrometheusComputes) {
  // Of 100: 90 within 100 ms (class 9), 10 between 100 and 250 ms: 0.1 + 0.15 * (95 - 90) / 10.
  const auto some = [](Reading& r) { r.acks[9] += 90, r.acks[10] += 10; };
  EXPECT_EQ(after(200, some), "sync-latency:warning");
  EXPECT_NEAR(*alerts_.value(Signal::sync_latency), 0.175, 1e-9);
  EXPECT_EQ(after(600, [](Reading& r) { r.acks[9] += 95, r.acks[10] += 5; }), "");
  EXPECT_EQ(after(500, [](Reading& r) { r.acks[17] += 1; }), "sync-latency:critical")
      << "longer than all classes";
  after(600, [](Reading&) {});
  EXPECT_EQ(alerts_.value(Signal::sync_latency), std::nullopt) << "nobody said anything";
}

TEST_F(AlertsInTime, OthersFireWhenTheyShould) {
  const std::pair<std::function<void(Reading&)>, const char*> cases[] = {
      {[](Reading& r) { r.register_writes += 100, r.register_conflicts += 21; },
       "conflicts:critical"},
      {[](Reading& r) { r.behind_s += 5; }, "behind:critical"},
      {[](Reading& r) { r.peers_away = 1; }, "peer-away:warning"},
      {[](Reading& r) { r.brokers_away = 1; }, "broker-away:critical"},
      {[](Reading& r) { r.disk_free = 0.05; }, "disk:warning"},
      {[](Reading& r) { r.disk_free = 0.02; }, "disk:critical"},
      {[](Reading& r) { r.degraded = true; }, "database:critical"},
      {[](Reading& r) { r.certificate_s = 13.0 * 86'400; }, "certificate:warning"},
      {[](Reading& r) { r.certificate_s = -1; }, "certificate:critical"},
      {[](Reading& r) { r.dead_letters += 1; }, "dead-letters:warning"},
      {[](Reading& r) { r.device_clock_s = 6; }, "device-clock:warning"},
      {[](Reading& r) { r.gateway_clock_s = -3'600; }, "gateway-clock:warning"},
      {[](Reading& r) { r.history_written = false; }, "history:warning"}};
  for (const auto& [wrong, expected] : cases) {
    alerts_ = Alerts();
    reading_ = Reading();
    after(60, [](Reading&) {});
    EXPECT_EQ(after(900, wrong), expected);
  }
}

}  // namespace
}  // namespace tributary::app
