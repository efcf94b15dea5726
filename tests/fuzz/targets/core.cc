// SPDX-License-Identifier: Apache-2.0
// The gateway's core, fed with a stream of events: devices that may be liars or clones, peers,
// their retained state, garbage, commits that fail or of which nobody knows, kills, rot and wipes.
// The oracle is bench.h's.
#include <algorithm>

#include "tests/fuzz/bench.h"
#include "tests/fuzz/craft.h"
#include "transports/wire/ask.h"
#include "transports/wire/pack.h"

using namespace tributary;
using fuzz::Script;

namespace {

constexpr std::size_t events_max = 64;
constexpr std::size_t heard_max = 64;

class Stream {
 public:
  explicit Stream(Script script) : script_(script) { bench_.boot(); }

  void run() {
    for (std::size_t n = 0; n < events_max && !script_.done(); ++n) event();
    bench_.settle();
    bench_.crash();
    bench_.boot();
  }

 private:
  void event() {
    switch (script_.below(24)) {
      default:
        return upload({craft()});
      case 1:
        return upload_again();
      case 2:
        return upload_damaged();
      case 3:
        return upload({craft(), craft()});
      case 4:
        return garbage();
      case 5:
      case 6:
        return bench_.pass(1 + script_.number() % 3'000);
      case 7:
      case 8:
      case 9:
        return bench_.commit_done();
      case 10:
        return bench_.commit_failed(script_.one_in(2));
      case 11:
        return bench_.connect(link());
      case 12:
        return bench_.disconnect(link());
      case 13:
        return restart();
      case 14:
        return batch();
      case 15:
        return bench_.receive(link(), bench_.topic("gw/peer/head"), peer_head(), true);
      case 16:
        return state();
      case 17:
        return replay_own();
      case 18:
        return bench_.step_clock((script_.one_in(2) ? -1'000 : 1'000) *
                                 static_cast<std::int64_t>(script_.number() % 1'000'000));
      case 19:
        return bench_.check_quiet();
      case 20:
        return ask();
      case 21:
        return answer();
    }
  }

  core::LinkId link() { return static_cast<core::LinkId>(script_.below(2)); }

  // A new envelope; remembered, so that it can be heard again, from others and damaged.
  std::string craft() {
    fuzz::Arena arena;
    const wire::Delta d = fuzz::craft_delta(script_, arena);
    const bool is_signed = script_.one_in(16);
    wire::Delta made = d;
    made.is_signed = is_signed;
    const std::string body = wire::encode_delta(made);
    std::string bytes =
        is_signed ? wire::seal(body, "key", std::string(64, '\x01')) : wire::seal(body);
    if (heard_.size() < heard_max) heard_.emplace_back(made.device, bytes);
    last_device_ = made.device;
    return bytes;
  }

  void upload(const std::vector<std::string>& envelopes) {
    const std::string_view device = script_.one_in(32) ? "b" : last_device_;
    std::string payload = envelopes.front();
    if (envelopes.size() > 1) payload = pack(envelopes);
    bench_.receive(0, bench_.topic("up/" + std::string(device)), std::move(payload), false);
  }

  std::string pack(const std::vector<std::string>& envelopes) {
    const std::vector<std::string_view> views(envelopes.begin(), envelopes.end());
    return wire::encode_pack(views, static_cast<wire::Codec>(script_.below(3)));
  }

  void upload_again() {
    if (heard_.empty()) return;
    const auto& [device, bytes] = heard_[script_.below(heard_.size())];
    bench_.receive(link(), bench_.topic("up/" + std::string(device)), bytes, false);
  }

  void upload_damaged() {
    if (heard_.empty()) return;
    const auto& [device, bytes] = heard_[script_.below(heard_.size())];
    std::string damaged = bytes;
    char& at = damaged[script_.byte() % damaged.size()];
    at = static_cast<char>(at ^ script_.byte());
    bench_.receive(0, bench_.topic("up/" + std::string(device)), std::move(damaged), false);
  }

  void garbage() {
    static constexpr std::string_view topics[] = {"up/a",
                                                  "up/",
                                                  "gw/peer/delta",
                                                  "gw/peer/head",
                                                  "gw/peer/state/1/0",
                                                  "gw/gw/status",
                                                  "gw/peer/status",
                                                  "gw/peer/nothing",
                                                  "view/gw/lww/k"};
    const std::string_view at = topics[script_.below(std::size(topics))];
    bench_.receive(link(), bench_.topic(at), std::string(script_.bytes(64)), script_.one_in(2));
  }

  void restart() {
    const std::uint64_t how = script_.below(16);
    if (how == 15) {
      bench_.wipe();
    } else {
      if (how == 14) bench_.stop();
      bench_.crash();
      if (how >= 12 && how < 14) {
        const std::uint64_t row = script_.byte(), at = script_.byte();
        bench_.rot(row, at, script_.byte());
      }
    }
    bench_.boot();
  }

  std::vector<std::string> some_envelopes() {
    std::vector<std::string> out;
    for (std::uint64_t n = script_.below(4); n > 0; --n) {
      const bool known = script_.one_in(2) && !heard_.empty();
      out.push_back(known ? heard_[script_.below(heard_.size())].second : craft());
    }
    return out;
  }

  void batch() {
    wire::Batch b;
    const std::string data = pack(some_envelopes());
    b.gateway = script_.one_in(8) ? "gw" : "peer";
    b.incarnation = 9;
    b.session = script_.below(2);
    b.number = 1 + script_.below(16);
    b.pack = data;
    bench_.receive(link(), bench_.topic("gw/" + std::string(b.gateway) + "/delta"), wire::encode(b),
                   false);
  }

  // The peer's retained state: one bucket in one part, as the newest head names it.
  std::string peer_head() {
    wire::Head head = fuzz::craft_head(script_);
    head.gateway = "peer";
    peer_bucket_ = static_cast<std::uint32_t>(script_.below(wire::bucket_count));
    const std::vector<std::string> envelopes = some_envelopes();
    const std::vector<std::string_view> views(envelopes.begin(), envelopes.end());
    const std::string plain = wire::plain_pack(views);
    peer_pack_ = wire::encode_pack(plain, wire::Codec::lz4);
    wire::BucketHead& b = head.buckets[peer_bucket_].emplace();
    b.digest = wire::sha256(plain);
    b.live = views.size();
    b.published = wire::sha256(wire::sha256(plain).view());
    b.parts = 1;
    return wire::seal(wire::encode_body(head));
  }

  void state() {
    wire::StatePart s;
    s.gateway = "peer";
    s.incarnation = 9;
    s.bucket = script_.one_in(8) ? static_cast<std::uint32_t>(script_.below(64)) : peer_bucket_;
    s.parts = 1u << script_.below(2);
    s.part = static_cast<std::uint32_t>(script_.below(s.parts));
    s.pack = peer_pack_;
    if (peer_pack_.empty()) return;
    const std::string below =
        "gw/peer/state/" + std::to_string(s.bucket) + "/" + std::to_string(s.part);
    bench_.receive(link(), bench_.topic(below), wire::encode(s), true);
  }

  // Of a state somewhat like ours, or of cells that are nobody's.
  void ask() {
    wire::Sketch cells(4 * (1 + script_.below(16)));
    const std::uint64_t token = script_.number();
    for (std::uint64_t n = script_.below(8); n > 0 && !heard_.empty(); --n) {
      const std::string& e = heard_[script_.below(heard_.size())].second;
      const auto sealed = wire::decode_sealed(e, {});
      if (sealed) cells.add(wire::sketch_id(token, wire::sha256(sealed->body)));
    }
    std::string bytes = cells.bytes();
    if (script_.one_in(4))
      bytes[script_.number() % bytes.size()] = static_cast<char>(script_.byte());
    wire::Ask a;
    a.gateway = "peer";
    a.token = token;
    a.buckets = script_.one_in(4) ? 1 + script_.number() / 2 : ~std::uint64_t{0};
    a.cells = bytes;
    bench_.receive(link(), bench_.topic("gw/peer/ask/gw"), wire::encode(a), false);
  }

  void answer() {
    const std::string data = pack(some_envelopes());
    wire::Answer a;
    a.gateway = "peer";
    a.token = script_.number();
    a.outcome = static_cast<wire::Outcome>(script_.below(3));
    a.pack = data;
    bench_.receive(link(), bench_.topic("gw/peer/answer/gw"), wire::encode(a), false);
  }

  // The broker replays what this gateway, or its earlier life, had published; sometimes cut short.
  void replay_own() {
    const auto all = bench_.retained();
    std::size_t left = script_.byte();
    for (const auto& [at, payload] : all) {
      if (at.second.find("/gw/gw/") == std::string::npos) continue;
      if (left-- == 0) return;
      bench_.receive(at.first, at.second, payload, true);
    }
  }

  Script script_;
  fuzz::Bench bench_;
  std::vector<std::pair<std::string_view, std::string>> heard_;  // names live for ever
  std::string_view last_device_ = "a";
  std::uint32_t peer_bucket_ = 0;
  std::string peer_pack_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Stream(Script(data, size)).run();
  return 0;
}
