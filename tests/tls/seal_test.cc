// SPDX-License-Identifier: Apache-2.0
// Four gateways behind TLS and an access list seal short windows while a device counts; one is
// killed, and the others go on; and anybody can check what they sealed without them.
#include "transports/signing/seal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "gateway/keyring/signing_key.h"
#include "tests/e2e/support/program.h"
#include "tests/support/eventually.h"
#include "tests/tls/world.h"
#include "transports/wire/window_seal.h"

namespace tributary::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

const std::vector<std::string> all{"g1", "g2", "g3", "g4"};
constexpr auto long_enough = 300s;  // several windows, on a machine that has much else to do

class SealTest : public testing::Test {
 protected:
  void SetUp() override {
    {
      keyring::Keyring ring = test::small_fleet(fleet);
      for (const char* id : {"g3", "g4"}) ring.enroll(keyring::Role::gateway, id, test::now_s());
      ring.save(test::now_s());
    }
    broker = std::make_unique<test::Mosquitto>(test::broker_lines(fleet) +
                                               "max_queued_messages 100000\n");
    for (const std::string& id : all) gateways[id] = gateway(id);
  }
  std::string uri() const { return "mqtts://127.0.0.1:" + std::to_string(broker->port()); }
  std::unique_ptr<Program> gateway(const std::string& id) const {
    const std::string me = fleet + "/gateways/" + id;
    const std::string file = (dir.path() / (id + ".toml")).string();
    write_file(file, "[gateway]\nid = \"" + id + "\"\ndata_dir = \"" + (dir.path() / id).string() +
                         "\"\n[http]\nlisten = \"\"\n[[broker]]\nuri = \"" + uri() +
                         "\"\nreconnect_max_ms = 1000\nca_file = \"" + me +
                         "/ca.crt\"\ncertificate_file = \"" + me + "/tls.crt\"\nkey_file = \"" +
                         me + "/tls.key\"\n" + test::security_lines(me) +
                         "[seals]\nmembers = [\"g1\", \"g2\", \"g3\", \"g4\"]\nwindow_s = 15\n"
                         "grace_s = 2\nstates_kept = 100\n");
    return std::make_unique<Program>(std::vector<std::string>{"gateway", "--config", file},
                                     dir.path() / (id + ".log"));
  }
  Ran as(const std::string& who, std::vector<std::string> words) const {
    words.insert(words.end(), {"--broker", uri(), "--identity", fleet + "/" + who});
    return run(words);
  }
  Ran verify(const std::string& seal, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"seal", "verify", seal, "--registry", fleet + "/registry", "--admin",
                               fleet + "/admin/sign.pub"});
    return run(more);
  }
  // Files of its folder `sealed` that end so, by when their window closed.
  std::map<std::string, std::string> files(const std::string& id, const std::string& end) const {
    std::map<std::string, std::string> out;
    std::error_code none;
    for (fs::directory_iterator at(dir.path() / id / "sealed", none), last; !none && at != last;
         at.increment(none)) {
      const std::string name = at->path().filename().string();
      if (name.ends_with(end)) out[name.substr(0, 20)] = at->path().string();
    }
    return out;
  }
  // The newest window after that one for which all these have a seal; empty: there is none.
  std::string sealed_by_all(const std::vector<std::string>& ids, const std::string& after) const {
    std::map<std::string, std::size_t> held;
    for (const std::string& id : ids)
      for (const auto& [stamp, file] : files(id, ".seal")) ++held[stamp];
    std::string newest;
    for (const auto& [stamp, count] : held)
      if (count == ids.size() && stamp > after) newest = stamp;
    return newest;
  }
  std::string wait_for_a_seal(const std::vector<std::string>& ids, const std::string& after = {}) {
    std::string stamp;
    test::eventually(long_enough, [&] { return !(stamp = sealed_by_all(ids, after)).empty(); });
    return stamp;
  }
  // What is not so.
  void expect_refusals(const std::string& file, const std::string& state) const {
    const std::string other = (dir.path() / "other.seal").string();
    const std::string bytes = read_file(file);
    const auto seal = wire::decode_window_seal(bytes, {});
    std::string changed = bytes;
    changed.back() = static_cast<char>(changed.back() ^ 1);
    write_file(other, changed);
    Ran ran = verify(other);
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.err, HasSubstr("is wrong"));
    auto fewer = seal->cosigned;
    fewer.resize(2);
    write_file(other, wire::encode_window_seal(seal->body, fewer));
    ran = verify(other);
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.err, HasSubstr("only 2 of 4 members have cosigned it, 3 make a seal"));
    wire::SealStatement wrong = seal->statement;
    wrong.digest.bytes[0] ^= 1;
    write_file(other, wire::encode_window_seal(wire::encode_body(wrong), seal->cosigned));
    EXPECT_EQ(verify(other).status, 1);
    ran = verify(file, {"--members", "g1,g2,g3"});
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.err, HasSubstr("it is of other members: g1, g2, g3, g4"));
    const std::string text = read_file(state);
    const std::string less = (dir.path() / "less.jsonl").string();
    write_file(less, text.substr(text.find('\n') + 1));
    ran = verify(file, {"--state", less});
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.err, HasSubstr("it is not the state that was sealed"));
    write_file(other, "no seal");
    EXPECT_EQ(verify(other).status, 1);
  }
  std::string logs() const {
    std::string out;
    for (const auto& [id, program] : gateways) out += id + ":\n" + program->log();
    return out;
  }

  test::TempDir dir;
  const std::string fleet = (dir.path() / "fleet").string();
  std::unique_ptr<test::Mosquitto> broker;
  std::map<std::string, std::unique_ptr<Program>> gateways;
};

// A device that counts all the while.
class Load {
 public:
  explicit Load(std::function<Ran(int)> count)
      : thread_([this, count = std::move(count)] {
          for (int n = 1; !over_; ++n) last_ = count(n).status;
        }) {}
  ~Load() {
    over_ = true;
    thread_.join();
  }
  int last() const { return last_; }

 private:
  std::atomic<bool> over_{false};
  std::atomic<int> last_{-1};
  std::thread thread_;
};

TEST_F(SealTest, AWindowIsSealedUnderLoadAndAnybodyCanCheckIt) {
  const Load load([this](int n) {
    const std::string file = (dir.path() / "r.csv").string();
    write_file(
        file, "timestamp,key,type,operation,value\n1,a/b,gcounter,add," + std::to_string(n) + "\n");
    return as("devices/d1", {"device", "replay", file, "--id", "d1", "--speed", "0"});
  });
  const std::string first = wait_for_a_seal(all);
  ASSERT_NE(first, "") << logs();
  std::set<std::string> bodies;
  std::string state;
  for (const std::string& id : all) {
    const std::string bytes = read_file(files(id, ".seal").at(first));
    const auto seal = wire::decode_window_seal(bytes, {});
    ASSERT_TRUE(seal);
    EXPECT_GE(seal->cosigned.size(), 3U);
    bodies.insert(std::string(seal->body));
    const auto states = files(id, ".jsonl");
    if (const auto at = states.find(first); at != states.end()) state = at->second;
  }
  EXPECT_EQ(bodies.size(), 1U) << "all four hold the same seal";
  ASSERT_NE(state, "");

  // Without any gateway.
  const std::string file = files("g1", ".seal").at(first);
  Ran ran = verify(file, {"--members", "g4,g3,g2,g1", "--state", state, "--values"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.err, AllOf(HasSubstr("sealed: fleet demo"), HasSubstr("of g1, g2, g3, g4"),
                             HasSubstr("the state is the one that was sealed")));
  EXPECT_THAT(ran.out, HasSubstr("{\"key\":\"a/b\",\"type\":\"gcounter\",\"value\":"));

  expect_refusals(file, state);

  // Three of four are enough.
  gateways.at("g4")->end(SIGKILL);
  const std::vector<std::string> three{"g1", "g2", "g3"};
  const std::string second = wait_for_a_seal(three, wait_for_a_seal(three));
  ASSERT_NE(second, "") << logs();
  const std::string newer = read_file(files("g2", ".seal").at(second));
  EXPECT_EQ(verify(files("g2", ".seal").at(second)).status, 0);
  EXPECT_EQ(load.last(), 0) << "counting goes on meanwhile";

  // Who was away hears of it, as soon as it is back.
  gateways.at("g4")->start();
  EXPECT_NE(wait_for_a_seal(all, first), "") << logs();
  ran = as("operators/op", {"seal", "list", "--gateway", "g4"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr(first), HasSubstr("by g1, g2, g3")));
  const std::string other = (dir.path() / "exported.seal").string();
  ran = as("operators/op", {"seal", "export", "--gateway", "g1", "--closes", first, "-o", other});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(verify(other, {"--state", state}).status, 0);
  for (auto& [id, program] : gateways) EXPECT_EQ(program->end(SIGTERM), 0);
}

// It has its key and its certificate, proposes what it never shows, and cosigns two states.
TEST_F(SealTest, ABadMemberIsNamedAndTheOthersSealWithoutIt) {
  gateways.at("g4")->end(SIGTERM);
  const std::string me = fleet + "/gateways/g4";
  transports::mqtt::Options options = transports::mqtt::options_for(*broker, "g4");
  options.uri = uri();
  options.tls = {me + "/ca.crt", me + "/tls.crt", me + "/tls.key"};
  transports::mqtt::Client bad(options);
  ASSERT_TRUE(bad.await_connected());
  const signing::Signer signer =
      signing::signer_of(keyring::SigningKey::parse(keyring::read_file(me + "/sign.key")).secret());
  const auto say = [&](const std::string& what, const std::string& payload) {
    return bad.send("tributary/v1/demo/gw/g4/seal/" + what, payload, true);
  };
  constexpr std::uint64_t window_ms = 15'000;
  std::uint64_t closes_ms = 0;
  const auto be_bad = [&] {
    bad.collect();
    const auto now_ms =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                       std::chrono::system_clock::now().time_since_epoch())
                                       .count());
    if (now_ms - now_ms % window_ms == closes_ms) return;
    closes_ms = now_ms - now_ms % window_ms;
    std::vector<std::string> statements;
    for (const char* state : {"A", "B"}) {
      wire::SealStatement s;
      s.fleet = "demo";
      s.opens_ms = closes_ms - window_ms;
      s.closes_ms = closes_ms;
      s.members.assign(all.begin(), all.end());
      s.digest = s.content = wire::sha256(state);
      statements.push_back(wire::encode_body(s));
    }
    say("part/0", wire::encode(wire::SealPart{"g4", closes_ms, 0, 3, std::string(200'000, 'x')}));
    say("part/1", "no part");
    say("proposal",
        signing::seal(signing::Kind::proposal, "demo",
                      wire::encode_body(wire::SealProposal{"demo", "g4", statements[0], 3}),
                      signer));
    for (const std::string& statement : statements)
      say("vote", signing::seal(signing::Kind::seal, "demo", statement, signer));
    say("sealed", wire::encode_window_seal(statements[1], {}));
  };
  const std::vector<std::string> three{"g1", "g2", "g3"};
  const auto named = [&](const char* how) {
    return std::any_of(three.begin(), three.end(), [&](const std::string& id) {
      return gateways.at(id)->log().find(how) != std::string::npos;
    });
  };
  std::string sealed;
  EXPECT_TRUE(test::eventually(long_enough, [&] {
    be_bad();
    sealed = sealed_by_all(three, {});
    return !sealed.empty() && named("'g4' has cosigned two states for the window that closed at") &&
           named("what 'g4' proposes is not cosigned: only 1 of its 3 parts came") &&
           named("sealed of 'g4': of 0 members, where 3 make a seal");
  })) << logs();
  ASSERT_NE(sealed, "");
  EXPECT_EQ(verify(files("g1", ".seal").at(sealed), {"--members", "g1,g2,g3,g4"}).status, 0);
  const Ran ran = as("operators/op", {"seal", "list", "--gateway", "g1"});
  EXPECT_THAT(ran.out, HasSubstr("PROOF: g4 has cosigned two states")) << ran.err;
}

}  // namespace
}  // namespace tributary::e2e
