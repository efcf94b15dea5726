// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/seal_state.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "gateway/app/cli.h"
#include "gateway/app/clock.h"
#include "gateway/app/text.h"
#include "gateway/keyring/safe_file.h"
#include "transports/wire/ask.h"
#include "transports/wire/evidence.h"
#include "transports/wire/pack.h"
#include "transports/wire/record.h"

namespace tributary::app {
namespace {

using nlohmann::json;

// A part holds as much as others do of a state; more only when there would be too many of them.
constexpr std::size_t part_bytes_min = 256 * 1024, part_bytes_max = 900 * 1024;
constexpr std::size_t parts_aimed_at = 200;
constexpr std::size_t bunch_bytes = 512 * 1024;  // taken in at once

bool by_hash(const Item& a, const Item& b) {
  return a.first < b.first;
}

// Whose keys and rules the others need. Taken for one too many, it only comes early.
bool perhaps_of_admin(const Item& item) {
  const std::string name = "\xa5" + std::string(wire::admin_id);
  return item.second->substr(0, 128).find(name) != std::string::npos;
}

// A gateway that says nothing to anybody, and has a disk that takes everything.
class Rebuilder {
 public:
  explicit Rebuilder(core::Options options, GiveUp give_up = {})
      : options_(quiet(std::move(options))),
        gateway_(options_, 1, 1),
        give_up_(std::move(give_up)) {
    link_ = gateway_.attach({.name = "sealed", .devices = false, .peers = true});
    gateway_.start(now_);
    commit();
  }

  void take(const Items& items) {
    for (const bool of_admin : {true, false}) {
      std::vector<std::string_view> bunch;
      std::size_t bytes = 0;
      for (const Item& item : items) {
        if (perhaps_of_admin(item) != of_admin) continue;
        if (bytes > 0 && bytes + item.second->size() > bunch_bytes) {
          give(bunch, bytes);
          if ((stopped_ = give_up_ && give_up_())) return;
        }
        bunch.push_back(*item.second);
        bytes += item.second->size();
      }
      if (!bunch.empty()) give(bunch, bytes);
      settle();
    }
  }

  std::string wrong() const {
    if (stopped_) return "this gateway is stopping";
    for (std::size_t i = 0; i < static_cast<std::size_t>(core::Reject::count_); ++i) {
      if (gateway_.counters().rejected[i] > 0)
        return std::to_string(gateway_.counters().rejected[i]) + " of it " +
               (said_.empty() ? std::string(name(static_cast<core::Reject>(i))) : said_);
    }
    if (gateway_.starts_again()) return "it has what the admin has settled and does not count";
    const core::Summary s = gateway_.summary();
    if (s.waiting > 0) return "it has signers that its registry does not have";
    return s.pending > 0 ? "it cannot be taken in" : "";
  }

  core::Gateway::Frozen state() const { return *gateway_.freeze(); }  // all of it is in memory
  const core::Gateway& gateway() const { return gateway_; }

 private:
  static core::Options quiet(core::Options o) {
    o.view_enabled = false;
    o.values_interval_ms = ~std::uint32_t{0};
    o.cleanup_interval_ms = ~std::uint32_t{0};
    o.batch_envelopes_max = 4'096;
    o.batch_timeout_ms = 1;
    o.asks = true;
    o.trust.signer.reset();
    return o;
  }

  void give(std::vector<std::string_view>& bunch, std::size_t& bytes) {
    const std::string pack = wire::encode_pack(bunch, wire::Codec::plain);
    const std::string payload = wire::encode(wire::Answer{
        .gateway = from, .token = 0, .outcome = wire::Outcome::all, .lacks = {}, .pack = pack});
    gateway_.receive(now_, {.link = link_,
                            .topic = gateway_.root() + "/gw/" + std::string(from) + "/answer/" +
                                     options_.gateway,
                            .payload = payload,
                            .retained = false});
    commit();
    bunch.clear();
    bytes = 0;
  }

  bool commit() {
    bool any = false;
    while (true) {
      core::Output out = gateway_.take_output();
      for (const core::Notice& n : out.notices)
        if (n.level >= core::Notice::Level::warning && said_.empty()) said_ = n.text;
      if (!out.commit) return any;
      any = true;
      gateway_.committed(now_, out.commit->ticket);
    }
  }

  void settle() {
    do {
      now_.mono_ms += 2;
      gateway_.tick(now_);
    } while (commit());
  }

  static constexpr std::string_view from = "sealed";
  core::Instant now_{.mono_ms = 1, .wall_ms = wall_now_ms()};
  const core::Options options_;
  core::Gateway gateway_;
  core::LinkId link_ = 0;
  const GiveUp give_up_;
  bool stopped_ = false;
  std::string said_;
};

}  // namespace

Items sorted(Items items) {
  std::sort(items.begin(), items.end(), by_hash);
  return items;
}

std::optional<Item> item_of(std::string_view bytes, const wire::Limits& limits) {
  auto kept = std::make_shared<const std::string>(bytes);
  if (wire::is_evidence(bytes)) {
    const auto e = wire::decode_evidence(bytes, limits);
    return e ? std::optional(Item(e->id, std::move(kept))) : std::nullopt;
  }
  const auto sealed = wire::decode_sealed(bytes, limits);
  if (!sealed) return std::nullopt;
  const wire::Hash hash = wire::sha256(sealed->body);
  return Item(hash, std::move(kept));
}

wire::Hash content_of(const Items& items) {
  std::vector<wire::Hash> hashes;
  hashes.reserve(items.size());
  for (const Item& item : items) hashes.push_back(item.first);
  return wire::content_hash(hashes);
}

std::vector<std::string> parts_of(const Items& items, const std::string& gateway,
                                  std::uint64_t closes_ms) {
  const std::size_t total =
      std::accumulate(items.begin(), items.end(), std::size_t{0},
                      [](std::size_t sum, const Item& i) { return sum + i.second->size() + 5; });
  const std::size_t limit = std::clamp(total / parts_aimed_at, part_bytes_min, part_bytes_max);
  std::vector<std::string> packs;
  std::vector<std::string_view> of_part;
  std::size_t bytes = 0;
  for (const Item& item : items) {
    if (bytes > 0 && bytes + item.second->size() > limit) {
      packs.push_back(wire::encode_pack(std::exchange(of_part, {}), wire::Codec::lz4));
      bytes = 0;
    }
    of_part.push_back(*item.second);
    bytes += item.second->size() + 5;
  }
  packs.push_back(wire::encode_pack(of_part, wire::Codec::lz4));
  std::vector<std::string> out;
  if (packs.size() > wire::seal_parts_max) return out;
  const auto parts = static_cast<std::uint32_t>(packs.size());
  for (std::uint32_t i = 0; i < parts; ++i)
    out.push_back(wire::encode(wire::SealPart{gateway, closes_ms, i, parts, packs[i]}));
  return out;
}

Result<Items, std::string> items_of(const std::vector<std::string>& parts,
                                    const wire::Limits& limits, std::size_t bytes_max) {
  Items out;
  std::size_t bytes = 0;
  for (const std::string& payload : parts) {
    const auto part = wire::decode_seal_part(payload, limits);
    if (!part) return Failure{to_string(part.error())};
    const auto pack = wire::decode_pack(part->pack, limits);
    if (!pack) return Failure{to_string(pack.error())};
    bytes += pack->plain->size();
    if (bytes > bytes_max) return Failure{std::string("it is much larger than our own state")};
    for (const std::string_view one : pack->envelopes) {
      auto item = item_of(one, limits);
      if (!item) return Failure{std::string("something in it is no envelope")};
      if (!out.empty() && !by_hash(out.back(), *item))
        return Failure{std::string("its envelopes are not in order")};
      out.push_back(std::move(*item));
    }
  }
  return out;
}

Rebuilt rebuild(const core::Options& options, const Items& items, const Items& held,
                const GiveUp& give_up) {
  Rebuilder rebuilder(options, give_up);
  rebuilder.take(items);
  if (std::string wrong = rebuilder.wrong(); !wrong.empty()) return {std::move(wrong), {}};
  const core::Gateway::Frozen state = rebuilder.state();
  Items lacking;
  for (const Item& item : held)
    if (!std::binary_search(items.begin(), items.end(), item, by_hash)) lacking.push_back(item);
  if (lacking.empty()) return {{}, state.digest};
  rebuilder.take(lacking);
  const core::Gateway::Frozen with = rebuilder.state();
  if (std::string wrong = rebuilder.wrong(); !wrong.empty())
    return {"what we hold besides cannot be compared: " + wrong, {}};
  if (with.digest == state.digest && with.unknown == state.unknown) return {{}, state.digest};
  return {"it lacks what was durable here when the window closed", {}};
}

std::string judge(const core::Options& options, const wire::SealStatement& statement,
                  const Items& items, const Items& held, const GiveUp& give_up) {
  if (items.size() != statement.envelopes || content_of(items) != statement.content)
    return "its envelopes are not those that it says";
  const Rebuilt rebuilt = rebuild(options, items, held, give_up);
  if (!rebuilt.refused.empty()) return rebuilt.refused;
  return rebuilt.digest == statement.digest ? "" : "its envelopes make another digest";
}

std::string judge_to_cosign(const core::Options& options, const wire::SealStatement& statement,
                            const Items& items, const std::shared_ptr<const Items>& noted,
                            const GiveUp& give_up) {
  if (noted == nullptr) return "what this gateway held at the close could not be read";
  return judge(options, statement, items, *noted, give_up);
}

std::vector<core::ValueView> values_of(const core::Options& options, const Items& items) {
  Rebuilder rebuilder(options);
  rebuilder.take(items);
  return rebuilder.gateway().values("", 0, ~std::size_t{0} >> 1);
}

void write_state(const std::string& path, const Items& items) {
  std::string text;
  for (const Item& item : items) {
    const char* what = wire::is_evidence(*item.second) ? "evidence" : "bytes";
    text += "{\"" + std::string(what) + "\":\"" + base64_encode(*item.second) + "\"}\n";
  }
  keyring::write_file(path, text, keyring::Access::secret);
}

Items read_state(const std::string& path, const wire::Limits& limits) {
  std::ifstream in(path);
  if (!in)
    throw Trouble(Exit::usage, path + ": cannot be read\n  give a file that a gateway wrote");
  Items out;
  std::string text;
  for (std::size_t number = 1; std::getline(in, text); ++number) {
    if (text.empty()) continue;
    const json line = json::parse(text, nullptr, false);
    std::optional<std::string> bytes;
    for (const char* what : {"bytes", "evidence"}) {
      if (line.is_object() && line.contains(what) && line[what].is_string())
        bytes = base64_decode(line[what].get<std::string>());
    }
    auto item = bytes ? item_of(*bytes, limits) : std::nullopt;
    if (!item) {
      throw Trouble(Exit::usage, path + ":" + std::to_string(number) +
                                     ": no envelope\n  give a file that a gateway wrote");
    }
    out.push_back(std::move(*item));
  }
  out = sorted(std::move(out));
  const auto same = [](const Item& a, const Item& b) { return a.first == b.first; };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return out;
}

}  // namespace tributary::app
