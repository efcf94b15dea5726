// SPDX-License-Identifier: Apache-2.0
// What people do to a fleet: the admin settles what counts of an epoch, and somebody upgrades it.
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/core/coding.h"
#include "tests/gateway/core/support/explorer.h"
#include "tests/gateway/core/support/settling.h"

namespace tributary::core::testing {
namespace {

// A row of what was received, as written where these envelopes have those hashes.
std::string in_other_words(const ActorRow& row, const std::map<wire::Hash, wire::Hash>& words,
                           std::uint64_t sum) {
  const auto translated = [&](std::string bytes) {
    for (const auto& [from, to] : words) {
      for (std::size_t at = 0; (at = bytes.find(from.view(), at)) != std::string::npos;)
        bytes.replace(at, from.view().size(), to.view());
    }
    return bytes;
  };
  core::Reader r(row.intake);
  core::Writer out;
  const std::uint8_t version = r.u8();
  out.u8(version);
  out.u64(r.u64());
  r.u64();
  out.u64(sum);
  if (version == 2) {
    const std::uint32_t silent = r.u32();
    out.u32(silent);
    out.bytes(r.bytes(silent));
  }
  const std::string_view sealed = r.rest();
  core::Writer intake;
  intake.bytes(translated(std::string(sealed.substr(0, sealed.size() - 8))));
  out.bytes(intake.finish());
  EXPECT_TRUE(r.ok());
  return out.finish();
}

}  // namespace

// What this gateway holds of the device now stays valid, and nothing else that is ever said in this
// epoch: also not what whoever stole it says, backdated. The device begins anew.
void Explorer::settle(Node& n, Writer& w) {
  const std::uint64_t epoch = w.device().epoch();
  std::vector<std::string> live;
  for (const auto& [row, e] : n.rig->disk.envelopes) {
    if (e.device == w.id() && e.epoch == epoch && !wire::is_evidence(e.bytes))
      live.push_back(e.bytes);
  }
  if (live.empty() || !n.rig->quiet()) return;
  say("the admin settles " + w.id() + " as " + n.rig->options.gateway + " has it");
  reached["settled"] += 1;
  settled_ = {w.id(), epoch, {live.begin(), live.end()}, {}, n.file};
  settled_.digest = alone(n.rig->disk);
  constexpr std::uint64_t after_members = 3;
  settled_.file.push_back(
      records(wire::settlements_key,
              {wire::encode(wire::ClosingRecord{settled_.device, epoch, {}}),
               wire::encode(wire::SettlementRecord{settled_.device, 1, 1, 1, hashes_of(live)})},
              after_members));
  settled_.file.insert(settled_.file.end(), live.begin(), live.end());
  const std::uint64_t to = std::max<std::uint64_t>(1, w.device().last_op() - 1);
  const std::string stolen =
      envelope({.device = w.id(), .epoch = epoch, .to = to, .id = 999}, {counter("c1", to, 1'000)});
  history_.emplace_back(w.id(), stolen);
  for (std::size_t to_node = 0; to_node < nodes_.size(); ++to_node)
    net_.push_back({to_node, "tributary/v1/demo/up/" + w.id(), stolen, false});
  settlement_reaches(n);
  reboot(w, false);
}

// By its file; others may have it from peers before.
void Explorer::settlement_reaches(Node& n) {
  const auto i = static_cast<std::size_t>(&n - nodes_.data());
  say("the settlement reaches g" + std::to_string(i));
  n.file = settled_.file;
  const std::vector<std::string_view> all(n.file.begin(), n.file.end());
  const std::string refused = n.rig->registry(packed(all, wire::Codec::plain));
  if (!refused.empty()) wrong("the settlement is refused: " + refused);
  collect(i);
}

void Explorer::start_again(std::size_t i) {
  say("g" + std::to_string(i) + " starts again: it is settled");
  reached["settled again"] += 1;
  Node& n = nodes_[i];
  n.rig->crash();
  n.filters.clear();
  boot(n);
  collect(i);
}

// A removal of an add of the closed epoch that its writer forgot, as it may when the add is known
// dead: then its envelope leaves the disk. What said so counts no more, and the add may live again.
bool Explorer::forgotten(const Core& held, const wire::Delta& d, const wire::Entry& entry,
                         const wire::OrSetPayload::Foreign& f) const {
  if (!is_settled(f.device, f.epoch)) return false;
  const KeyState* k = held.keys.find(entry.key, entry.type);
  ActorRecord* const remover = held.actors.find(d.device, d.epoch);
  ActorRecord* const owner = held.actors.find(f.device, f.epoch);
  if (k == nullptr || remover == nullptr || owner == nullptr) return false;
  const auto& set = k->as<OrSet>();
  const auto* part = set.part({remover});
  if (part == nullptr || !set.dead({{owner}, f.op})) return false;
  for (const Writer& w : writers_) {
    if (w.id() != d.device) continue;
    for (const Op& op : w.oracle.log) {
      if (op.key == entry.key && op.device == f.device && op.epoch == f.epoch && op.op == f.op &&
          op.forgotten_at != 0 && part->covers(op.forgotten_at))
        return true;
    }
  }
  return false;
}

// An envelope that has left the disk, without those of its removals.
std::string Explorer::without_forgotten(const Core& held, const std::string& bytes) const {
  wire::Envelope e = decoded(bytes);
  std::size_t gone = 0;
  for (wire::Entry& x : e.delta.entries) {
    auto* said = std::get_if<wire::OrSetPayload>(&x.payload);
    if (said == nullptr) continue;
    gone +=
        std::erase_if(said->foreign, [&](const auto& f) { return forgotten(held, e.delta, x, f); });
  }
  if (gone == 0) return bytes;
  e.delta.is_signed = false;
  return wire::seal(wire::encode_delta(e.delta));
}

// What is not valid has left the disk, and nothing of anybody else has. Of the closed epoch that is
// held which the disk has: what a thief had superseded comes again, check_settled() sees to it.
void Explorer::forget_settled(Node& n) {
  std::erase_if(n.ever, [&](const std::string& e) {
    return !wire::is_evidence(e) && is_settled(decoded(e).delta.device, decoded(e).delta.epoch);
  });
  std::set<std::string_view> here;
  for (const auto& [row, e] : n.rig->disk.envelopes) {
    here.insert(e.bytes);
    if (is_settled(e.device, e.epoch) && !wire::is_evidence(e.bytes)) n.ever.push_back(e.bytes);
  }
  for (std::string& e : n.ever) {
    if (wire::is_evidence(e) || here.count(e) != 0) continue;
    std::string rest = without_forgotten(*n.committed, e);
    reached["forgotten, and settled"] += rest != e;
    e = std::move(rest);
  }
  n.committed = std::make_unique<Core>();
  for (const std::string& e : n.ever) n.committed->take(e);
}

std::string Explorer::alone(const Disk& disk) const {
  Core core;
  for (const auto& [row, e] : disk.envelopes) {
    if (is_settled(e.device, e.epoch) && !wire::is_evidence(e.bytes)) core.take(e.bytes);
  }
  return core.digest();
}

void Explorer::check_settled() {
  for (Node& n : nodes_) {
    const std::string& where = n.rig->options.gateway;
    if (alone(n.rig->disk) != settled_.digest) wrong(where + " counts other than was settled");
    for (const auto& [row, e] : n.rig->disk.envelopes) {
      if (is_settled(e.device, e.epoch) && !wire::is_evidence(e.bytes) &&
          settled_.valid.count(e.bytes) == 0)
        wrong(where + " holds what no list names");
    }
    if (!n.rig->gateway->offenders().empty()) wrong(where + " blames an honest peer");
    reached["stolen"] += n.rig->rejected(Reject::closed) > 0;
  }
}

// A new version of every gateway, which knows the type of the sets: the rows are those of the old
// one, in the words of the new one. What was on its way and what the broker had is lost.
void Explorer::upgrade() {
  say("all gateways are upgraded");
  reached["upgrade"] += 1;
  for (Node& n : nodes_) {
    n.rig->crash();
    std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> sums;
    for (auto& [row, e] : n.rig->disk.envelopes) {
      e.bytes = from_future(e.bytes);
      const wire::Hash hash = hash_of(e.bytes);
      e.hash = hash.view();
      std::uint64_t first = 0;
      std::memcpy(&first, hash.bytes.data(), sizeof first);
      sums[{e.device, e.epoch}] += first;
    }
    for (auto& [row, a] : n.rig->disk.actors)
      a.intake = in_other_words(a, original_, sums[{a.device, a.epoch}]);
    n.filters.clear();
    n.on_disk.reset();
    n.rig->notices.clear();
    reached["upgrade with much to learn"] += n.rig->disk.envelopes.size() > 3;
  }
  for (auto& [device, payload] : history_) payload = from_future(payload);
  net_.clear(), acks_.clear(), heads_.clear(), broker_.clear();
  future_ = false;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    boot(nodes_[i]);
    for (const Notice& n : nodes_[i].rig->notices) {
      if (n.level != Notice::Level::info) wrong("the upgrade loses something: " + n.text);
    }
    collect(i);
    check(i);
  }
}

}  // namespace tributary::core::testing
