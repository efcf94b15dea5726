// SPDX-License-Identifier: Apache-2.0
// A gateway gone bad: enrolled, with a certificate and a key of its own, at a real broker with its
// access list in force. It alters, strips, wipes, floods and claims; the values of the others do
// not move, and it is named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "gateway/keyring/signing_key.h"
#include "tests/e2e/support/program.h"
#include "tests/support/eventually.h"
#include "tests/tls/world.h"
#include "transports/signing/seal.h"
#include "transports/wire/ack.h"
#include "transports/wire/pack.h"

namespace tributary::e2e {
namespace {

using test::World;
using testing::HasSubstr;
using transports::mqtt::Client;
using namespace std::chrono_literals;

const std::string root = "tributary/v1/demo/";

class Traitor : public testing::Test {
 protected:
  Traitor()
      : g1({"gateway", "--config", toml()}, dir.path() / "g1.log"),
        signer(signing::signer_of(
            keyring::SigningKey::parse(keyring::read_file(folder("gateways/g2") + "/sign.key"))
                .secret())),
        bad(world.options("gateways", "g2")) {
    bad.session->subscribe(root + "gw/g1/delta", transports::Qos::at_least_once);
  }
  std::string uri() const { return "mqtts://127.0.0.1:" + std::to_string(world.broker.port()); }
  std::string folder(const std::string& name) const { return world.dir() + "/" + name; }
  std::string toml() {
    const std::string file = (dir.path() / "g1.toml").string(), me = folder("gateways/g1");
    write_file(file, "[gateway]\nid = \"g1\"\ndata_dir = \"" + (dir.path() / "g1").string() +
                         "\"\n[http]\nlisten = \"\"\n[[broker]]\nuri = \"" + uri() +
                         "\"\nca_file = \"" + me + "/ca.crt\"\ncertificate_file = \"" + me +
                         "/tls.crt\"\nkey_file = \"" + me + "/tls.key\"\n" +
                         test::security_lines(me));
    return file;
  }
  Ran as(std::vector<std::string> words, const std::string& who) const {
    words.insert(words.end(), {"--broker", uri(), "--identity", folder(who)});
    return run(words);
  }
  void count(unsigned n) {
    write_file(dir.path() / "r.csv", "timestamp,key,type,operation,value\n1,a/b,gcounter,add," +
                                         std::to_string(n) + "\n2,a/set,orset,insert,x\n");
    const Ran sent =
        as({"device", "replay", (dir.path() / "r.csv").string(), "--id", "d1", "--speed", "0"},
           "devices/d1");
    EXPECT_EQ(sent.status, 0) << sent.err << g1.log();
  }
  // The newest envelope that g1 relayed, as it came.
  std::string heard() {
    bad.collect();
    for (auto m = bad.messages.rbegin(); m != bad.messages.rend(); ++m) {
      const auto batch = wire::decode_batch(m->payload, {});
      const auto pack = batch ? wire::decode_pack(batch->pack, {}) : wire::decode_pack("", {});
      if (!pack) continue;
      for (const std::string_view bytes : pack->envelopes) {
        const auto e = wire::decode_envelope(bytes, {});
        if (e && e->delta.device == "d1") return std::string(bytes);
      }
    }
    return {};
  }
  void say(const std::vector<std::string_view>& envelopes) {
    const std::string pack = wire::encode_pack(envelopes, wire::Codec::lz4);
    wire::Batch b;
    b.gateway = "g2";
    b.incarnation = b.session = 1;
    b.number = ++number;
    b.pack = pack;
    EXPECT_TRUE(bad.send(root + "gw/g2/delta", wire::encode(b), false));
  }
  static std::string inflated(const wire::Envelope& truth, bool is_signed) {
    wire::Delta d = truth.delta;
    d.is_signed = is_signed;
    for (wire::Entry& e : d.entries) {
      if (auto* g = std::get_if<wire::GCounterPayload>(&e.payload)) g->p += 1'000;
      if (auto* s = std::get_if<wire::OrSetPayload>(&e.payload)) s->adds.clear();
    }
    return wire::encode_delta(d);
  }

  World world;
  test::TempDir dir;
  Program g1;
  signing::Signer signer;
  Client bad;
  std::uint64_t number = 0;
};

TEST_F(Traitor, MovesNoValueAndIsNamed) {
  ASSERT_TRUE(bad.await_connected());
  // A gateway relays where it has heard another one. What is said before it listens is lost.
  const std::string nonsense = wire::seal("");
  EXPECT_TRUE(test::eventually(30s, [&] {
    say({nonsense});
    return g1.log().find("malformed") != std::string::npos;
  })) << g1.log();
  count(3);
  std::string bytes;
  ASSERT_TRUE(test::eventually(30s, [&] { return !(bytes = heard()).empty(); })) << g1.log();
  const auto truth = wire::decode_envelope(bytes, {});
  ASSERT_TRUE(truth);
  const std::string altered = inflated(*truth, true);
  const std::string under_theirs =
      wire::seal(altered, truth->sealed.key_id, truth->sealed.signature);
  const std::string under_ours = signing::seal(signing::Kind::delta, "demo", altered, signer);
  const std::string posing = wire::seal(
      altered, truth->sealed.key_id,
      signing::view(signer.sign(signing::message(signing::Kind::delta, "demo", altered))));
  const std::string bare = wire::seal(inflated(*truth, false));
  say({under_theirs, under_ours, posing, bare, bytes});
  for (int flood = 0; flood < 20; ++flood) say(std::vector<std::string_view>(50, under_theirs));
  wire::Head head;
  head.fleet = "demo";
  head.gateway = "g2";
  head.incarnation = head.session = 1;
  head.types = {1};
  head.buckets[5] = wire::BucketHead{wire::sha256("nothing"), {}, 9, wire::sha256("nothing"), 1};
  bad.send(root + "gw/g2/head", wire::seal(wire::encode_body(head)), true);

  count(4);  // the next one is counted while the flood goes on
  const auto get = [&](const std::string& key) { return as({"get", key}, "operators/op").out; };
  EXPECT_TRUE(test::eventually(30s, [&] { return get("a/b") == "7\n"; })) << get("a/b");
  EXPECT_THAT(get("a/set"), HasSubstr("x"));
  const nlohmann::json status =
      nlohmann::json::parse(as({"status", "--json"}, "operators/op").out).at(0);
  const nlohmann::json& offenders = status.at("offenders");
  ASSERT_EQ(offenders.size(), 1U) << status.dump(1);
  EXPECT_EQ(offenders[0].at("who"), "gw/g2");
  EXPECT_GE(offenders[0].at("refused").get<int>(), 60);
  EXPECT_THAT(g1.log(), HasSubstr("gw/g2/delta"));
  EXPECT_THAT(g1.log(), HasSubstr("bad-signature"));
  EXPECT_EQ(get("a/b"), "7\n");
}

}  // namespace
}  // namespace tributary::e2e
