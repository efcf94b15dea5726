// SPDX-License-Identifier: Apache-2.0
// What people get wrong, each with the exact sentence they see.
#include <gmock/gmock.h>

#include <ostream>

#include "config/config.h"

namespace tributary::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> mistakes(const Inputs& in) {
  auto loaded = load(in);
  std::vector<std::string> out;
  if (loaded) return out;
  for (const Problem& p : loaded.error()) out.push_back(p.where + ": " + p.message);
  return out;
}

struct Case {
  const char* name;
  const char* text;
  const char* message;
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.name;
}

class InTheFile : public testing::TestWithParam<Case> {};

TEST_P(InTheFile, IsNamed) {
  EXPECT_THAT(mistakes({.file = "g.toml", .text = GetParam().text}),
              ElementsAre(GetParam().message));
}

constexpr Case file_cases[] = {
    {"typo", "[commit]\nbatch_mx = 10\n",
     "g.toml:2:1: unknown key 'batch_mx' in [commit]; did you mean 'batch_max'?"},
    {"synonym", "[commit]\nbatch_size = 10\n",
     "g.toml:2:1: unknown key 'batch_size' in [commit]; did you mean 'batch_max'?"},
    {"elsewhere", "[commit]\n  settle_ms = 10\n",
     "g.toml:2:3: unknown key 'settle_ms' in [commit]; it belongs to [sync]"},
    {"nothing_near", "[view]\ncolour = 1\n",
     "g.toml:2:1: unknown key 'colour' in [view]; there are enabled, interval_ms, topics_max"},
    {"section", "[comit]\nbatch_max = 10\nx = 1\n",
     "g.toml:2:1: unknown section [comit]; did you mean [commit]?"},
    {"empty_section", "[influx]\n",
     "g.toml:1:1: unknown section [influx]; there are gateway, broker, commit, sync, limits, "
     "memory, "
     "view, store, http, security, seals, log, history, alerts, homeassistant"},
    {"listen_port_alone", "[http]\nlisten = \"8080\"\n",
     "g.toml:2:10: http.listen = \"8080\" must be address:port, for example 127.0.0.1:8080"},
    {"listen_name", "[http]\nlisten = \"gateway.local:8080\"\n",
     "g.toml:2:10: http.listen = \"gateway.local:8080\" must name an address of this machine: "
     "127.0.0.1 for this machine alone, 0.0.0.0 for all networks, [::] with IPv6"},
    {"listen_open_without_token", "[http]\nlisten = \"0.0.0.0:8080\"\n",
     "g.toml:2:1: http.listen = \"0.0.0.0:8080\" can be reached from other machines: set "
     "http.token_file, or listen on 127.0.0.1"},
    {"host_with_port", "[http]\nhosts = [\"a.example:80\"]\n",
     "g.toml:2:9: http.hosts: \"a.example:80\" is not a host name, without a port: A-Z a-z 0-9 . - "
     "_"},
    {"no_section", "batch_max = 10\n",
     "g.toml:1:1: key 'batch_max' stands in no section; it belongs below [commit]"},
    {"section_as_value", "commit = 3\n",
     "g.toml:1:1: commit is a section: write [commit] on a line of its own, and its keys below"},
    {"single_bracket", "[broker]\nuri = \"mqtt://a\"\n",
     "g.toml:1:2: broker is a list: write [[broker]], with double brackets, once for each broker"},
    {"quoted_number", "[commit]\nbatch_max = \"10\"\n",
     "g.toml:2:13: commit.batch_max must be a whole number of envelopes, not text; for example "
     "batch_max = 100"},
    {"fraction", "[commit]\ntimeout_ms = 1.5\n",
     "g.toml:2:14: commit.timeout_ms must be a whole number of ms, not a fraction; for example "
     "timeout_ms = 50"},
    {"too_small", "[commit]\nbatch_max = 0\n",
     "g.toml:2:13: commit.batch_max = 0 is out of range: 1 … 10000 envelopes"},
    {"no_session", "[[broker]]\nsessions = 0\n",
     "g.toml:2:12: broker.sessions = 0 is out of range: 1 … 8 connections"},
    {"nine_sessions", "[[broker]]\nsessions = 9\n",
     "g.toml:2:12: broker.sessions = 9 is out of range: 1 … 8 connections"},
    {"sessions_as_text", "[[broker]]\nsessions = \"many\"\n",
     "g.toml:2:12: broker.sessions must be a whole number of connections, not text; for example "
     "sessions = 1"},
    {"session", "[[broker]]\nsession = 4\n",
     "g.toml:2:1: unknown key 'session' in [[broker]]; did you mean 'sessions'?"},
    {"negative", "[sync]\nsettle_ms = -5\n",
     "g.toml:2:13: sync.settle_ms = -5 is out of range: 50 … 60000 ms"},
    {"huge", "[log]\n[limits]\nkey_bytes_max = 9223372036854775807\n",
     "g.toml:3:17: limits.key_bytes_max = 9223372036854775807 is out of range: 16 … 512 bytes"},
    {"choice", "[commit]\nsynchronous = \"ful\"\n",
     "g.toml:2:15: commit.synchronous = \"ful\" is none of \"full\" | \"normal\"; did you mean "
     "\"full\"?"},
    {"boolean", "[view]\nenabled = \"yes\"\n",
     "g.toml:2:11: view.enabled must be true or false, not text; for example enabled = true"},
    {"unquoted", "[gateway]\nid = 7\n",
     "g.toml:2:6: gateway.id must be text in quotes, not a whole number; for example id = "
     "\"gateway-1\""},
    {"bad_id", "[gateway]\nid = \"plant 1\"\n",
     "g.toml:2:6: gateway.id = \"plant 1\" is not an id: 1 to 64 of A-Z a-z 0-9 _ -"},
    {"wildcard_topic", "[gateway]\ntopic_root = \"a/#\"\n",
     "g.toml:2:14: gateway.topic_root = \"a/#\" must not contain + or #: those are wildcards of "
     "MQTT"},
    {"no_directory", "[gateway]\ndata_dir = \"\"\n",
     "g.toml:2:12: gateway.data_dir = \"\" must not be empty"},
    {"no_scheme", "[[broker]]\nuri = \"localhost:1883\"\n",
     "g.toml:2:7: broker.uri = \"localhost:1883\" must be mqtt://host[:port]; did you mean "
     "\"mqtt://localhost:1883\"?"},
    {"other_scheme", "[[broker]]\nuri = \"tcp://h\"\n",
     "g.toml:2:7: broker.uri = \"tcp://h\" must be mqtt://host[:port]; did you mean \"mqtt://h\"?"},
    {"websocket", "[[broker]]\nuri = \"wss://h\"\n",
     "g.toml:2:7: broker.uri = \"wss://h\" needs a transport that this version does not have; "
     "use mqtt:// or mqtts://"},
    {"ssl", "[[broker]]\nuri = \"ssl://h:8883\"\n",
     "g.toml:2:7: broker.uri = \"ssl://h:8883\" must be mqtts://host[:port]; did you mean "
     "\"mqtts://h:8883\"?"},
    {"tls_without_files", "[[broker]]\nuri = \"mqtts://h\"\nca_file = \"ca.crt\"\n",
     "g.toml:1:1: broker 'local' has mqtts:// and needs ca_file, certificate_file and key_file, "
     "all "
     "three; `tributary fleet enroll` makes them"},
    {"tls_to_an_ipv6_address",
     "[[broker]]\nuri = \"mqtts://[::1]\"\nca_file = \"c\"\ncertificate_file = \"t\"\n"
     "key_file = \"k\"\n",
     "g.toml:1:1: broker 'local' has mqtts:// and an IPv6 address, which the client library cannot "
     "check against a certificate: use the broker's name"},
    {"files_without_tls", "[[broker]]\nkey_file = \"tls.key\"\n",
     "g.toml:1:1: broker 'local' names TLS files, but its uri is mqtt://: write mqtts://, or leave "
     "them out"},
    {"port", "[[broker]]\nuri = \"mqtt://h:99999\"\n",
     "g.toml:2:7: broker.uri = \"mqtt://h:99999\" has a bad port \"99999\": 1 to 65535"},
    {"version", "[[broker]]\nuri = \"mqtt://h?version=3.1\"\n",
     "g.toml:2:7: broker.uri = \"mqtt://h?version=3.1\" must end after the port: "
     "mqtt://host[:port]"},
    {"password_in_uri", "[[broker]]\nuri = \"mqtt://u:p@h\"\n",
     "g.toml:2:7: broker.uri = \"mqtt://u:p@h\" must not hold a user name: use the keys username "
     "and password_file"},
    {"bare_ipv6", "[[broker]]\nuri = \"mqtt://::1:1883\"\n",
     "g.toml:2:7: broker.uri = \"mqtt://::1:1883\" names no host: mqtt://host[:port]"},
    {"hears_text", "[[broker]]\nhears = \"*\"\n",
     "g.toml:2:9: broker.hears must be a list of texts, not text; for example hears = [\"*\"]"},
    {"hears_nothing", "[[broker]]\nhears = []\n",
     "g.toml:2:9: broker.hears = [] would match nothing; leave it out, or write [\"*\"]"},
    {"hears_bad", "[[broker]]\nhears = [\"a/b\"]\n",
     "g.toml:2:9: broker.hears: \"a/b\" is not a pattern of device ids: A-Z a-z 0-9 _ - * ?"},
    {"twins", "[[broker]]\n[[broker]]\n",
     "g.toml:2:1: two brokers are named 'local': give each [[broker]] a name of its own"},
    {"idle_broker", "[[broker]]\ndevices = false\npeers = false\n",
     "g.toml:1:1: broker 'local' has devices = false and peers = false: it would do nothing"},
    {"password_without_user", "[[broker]]\npassword_file = \"p\"\n",
     "g.toml:1:1: broker 'local' has a password_file and no username: MQTT brokers want both"},
    {"reconnect_order", "[[broker]]\nreconnect_min_ms = 40_000\n",
     "g.toml:2:1: broker.local.reconnect_min_ms = 40000 is more than broker.local.reconnect_max_ms "
     "= 30000: the pause "
     "grows from one to the other"},
    {"interval_order", "[sync]\ninterval_max_ms = 1000\ninterval_min_ms = 2000\n",
     "g.toml:3:1: sync.interval_min_ms = 2000 is more than sync.interval_max_ms = 1000: the "
     "interval moves between them"},
    {"type_over_total", "[memory]\norset_max_mb = 2048\n",
     "g.toml:2:1: memory.orset_max_mb = 2048 is more than memory.total_max_mb = 1024: no type may "
     "be allowed more than "
     "everything together"},
    {"register_over_body", "[limits]\nbody_bytes_max = 60_000\n",
     "g.toml:2:1: limits.register_bytes_max = 65536 is more than limits.body_bytes_max = 60000: a "
     "body holds its "
     "register values"},
    {"date", "[commit]\ntimeout_ms = 2024-01-01\n",
     "g.toml:2:14: commit.timeout_ms must be a whole number of ms, not a date or time; for example "
     "timeout_ms = 50"},
};
INSTANTIATE_TEST_SUITE_P(Mistakes, InTheFile, testing::ValuesIn(file_cases),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(Syntax, IsNamedWithItsPlaceAndAHint) {
  for (const char* text :
       {"[commit\n", "[gateway]\nid = plant\n", "[commit]\nbatch_max =\n",
        "[commit]\nbatch_max = 1\nbatch_max = 2\n", "\xff\xfe", "[commit]\ntimeout_ms = 50ms\n"}) {
    const auto found = mistakes({.file = "g.toml", .text = text});
    ASSERT_EQ(found.size(), 1u) << text;
    EXPECT_THAT(found[0], testing::MatchesRegex("g.toml:[0-9]+:[0-9]+: not valid TOML: .*"))
        << text;
    EXPECT_THAT(found[0], testing::HasSubstr("Text needs quotes"));
  }
}

TEST(InTheEnvironment, IsNamed) {
  Inputs in;
  in.environment = {{"TRIBUTARY_COMMIT_BATCHMAX", "1"}, {"TRIBUTARY_COMMIT_TIMEOUT_MS", "50ms"},
                    {"TRIBUTARY_GATEWY_ID", "g"},       {"TRIBUTARY_LOG_LEVEL", "warning"},
                    {"TRIBUTARY_VIEW_ENABLED", "1"},    {"TRIBUTARY_BROKER_REMOTE_URI", "mqtt://h"},
                    {"TRIBUTARY_SYNC_COLOUR", "red"}};
  EXPECT_THAT(
      mistakes(in),
      ElementsAre(
          "environment TRIBUTARY_BROKER_REMOTE_URI: there is no broker 'remote'; there are local",
          "environment TRIBUTARY_COMMIT_BATCHMAX: unknown key 'batchmax' in [commit]; did you mean "
          "'batch_max'?",
          "environment TRIBUTARY_COMMIT_TIMEOUT_MS: commit.timeout_ms must be a whole number of "
          "ms, not \"50ms\"",
          "environment TRIBUTARY_GATEWY_ID: no key has this name; did you mean "
          "TRIBUTARY_GATEWAY_ID?",
          "environment TRIBUTARY_LOG_LEVEL: log.level = \"warning\" is none of \"trace\" | "
          "\"debug\" | \"info\" | "
          "\"warn\" | \"error\"; did you mean \"warn\"?",
          "environment TRIBUTARY_SYNC_COLOUR: unknown key 'colour' in [sync]; there are "
          "interval_min_ms, "
          "interval_max_ms, settle_ms, state_interval_min_ms, state_part_bytes, compression",
          "environment TRIBUTARY_VIEW_ENABLED: view.enabled must be true or false, not \"1\""));
}

// Found by fuzzing: it was taken, and what was shown of it could not be loaded.
TEST(InTheEnvironment, TextMustBeUtf8) {
  Inputs in;
  in.environment = {{"TRIBUTARY_GATEWAY_DATA_DIR", "data\xD3"}};
  EXPECT_THAT(mistakes(in),
              ElementsAre("environment TRIBUTARY_GATEWAY_DATA_DIR: gateway.data_dir is not UTF-8"));
}

TEST(OnTheCommandLine, IsNamed) {
  Inputs in;
  in.sets = {"commit.batch_max",  "batch_max=1",           "comit.batch_max=1",
             "commit.batch_mx=1", "commit.batch_max=many", "broker.far.uri=mqtt://h",
             "gateway.id="};
  EXPECT_THAT(
      mistakes(in),
      ElementsAre(
          "--set commit.batch_max: must be section.key=value, for example --set "
          "commit.batch_max=10",
          "--set batch_max=1: must be section.key=value, for example --set commit.batch_max=10",
          "--set comit.batch_max: unknown section [comit]; did you mean [commit]?",
          "--set commit.batch_mx: unknown key 'batch_mx' in [commit]; did you mean 'batch_max'?",
          "--set commit.batch_max: commit.batch_max must be a whole number of envelopes, not "
          "\"many\"",
          "--set broker.far.uri: there is no broker 'far'; there are local",
          "--set gateway.id: gateway.id = \"\" is not an id: 1 to 64 of A-Z a-z 0-9 _ -"));
}

TEST(Seals, MembersAreNamedAndSign) {
  using testing::HasSubstr;
  Inputs in{.file = "g.toml",
            .text =
                "[gateway]\nid = \"g1\"\n[seals]\nmembers = [\"g2\", \"g2\"]\n"
                "window_s = 10\ngrace_s = 10\n"};
  EXPECT_THAT(
      mistakes(in),
      ElementsAre(
          HasSubstr("g.toml:4:1: seals.members needs security.signatures"),
          HasSubstr("seals.members names a gateway twice"),
          HasSubstr("seals.members does not name this gateway, 'g1'"),
          HasSubstr("g.toml:6:1: seals.grace_s = 10 must be less than seals.window_s = 10")));
  in.text = "[seals]\nmembers = [\"a/b\"]\n";
  EXPECT_THAT(mistakes(in), ElementsAre(HasSubstr("seals.members: \"a/b\" is not an id")));
  in.text = "[seals]\nwindow_s = 9\n";
  EXPECT_THAT(mistakes(in), ElementsAre(HasSubstr("out of range: 10 … 31536000 s")));
  in.text = "[seals]\nmembers = []\n";
  EXPECT_THAT(mistakes(in), ElementsAre());
}

TEST(SeveralBrokers, MustBeNamedByWhoOverridesThem) {
  Inputs in{.file = "g.toml", .text = "[[broker]]\nname = \"a\"\n[[broker]]\nname = \"b\"\n"};
  in.environment = {{"TRIBUTARY_BROKER_URI", "mqtt://h"}};
  in.sets = {"broker.uri=mqtt://h"};
  EXPECT_THAT(
      mistakes(in),
      ElementsAre("environment TRIBUTARY_BROKER_URI: there are several brokers: say which, as in "
                  "TRIBUTARY_BROKER_A_URI",
                  "--set broker.uri: there are several brokers: write --set broker.<name>.uri; "
                  "there are a, b"));
}

TEST(AllMistakes, AreNamedAtOnceInTheOrderOfTheFile) {
  Inputs in{
      .file = "g.toml",
      .text =
          "[sync]\nsettle = 1\n[commit]\nbatch_max = 0\ntimeout = 1\n[[broker]]\nurl = \"x\"\n"};
  in.sets = {"log.level=loud"};
  const auto found = mistakes(in);
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(found[0].substr(0, 11), "g.toml:2:1:");
  EXPECT_EQ(found[1].substr(0, 12), "g.toml:4:13:");
  EXPECT_EQ(found[2].substr(0, 11), "g.toml:5:1:");
  EXPECT_EQ(found[3], "g.toml:7:1: unknown key 'url' in [[broker]]; did you mean 'uri'?");
  EXPECT_EQ(found[4].substr(0, 6), "--set ");
}

}  // namespace
}  // namespace tributary::config
