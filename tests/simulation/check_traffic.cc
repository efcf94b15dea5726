// SPDX-License-Identifier: Apache-2.0
// What gateways tell each other: a head is of a state that was committed, and what a peer sent on a
// link does not go back there.
#include <algorithm>

#include "gateway/core/digest.h"
#include "tests/simulation/judge.h"
#include "transports/wire/ack.h"
#include "transports/wire/pack.h"

namespace tributary::simulation {
namespace {

constexpr std::size_t kept = 64;  // messages

}  // namespace

std::vector<std::string> hashes(const std::vector<std::string_view>& envelopes) {
  std::vector<std::string> out;
  for (const std::string_view e : envelopes) {
    const auto sealed = wire::decode_sealed(e, wire::Limits{});
    if (sealed) out.emplace_back(wire::sha256(sealed->body).view());
  }
  return out;
}

const std::vector<std::string>& Judge::hashes_of_batch(std::string_view payload) {
  if (batches_.size() >= kept) batches_.clear();
  const auto [at, fresh] = batches_.try_emplace(std::string(payload));
  if (!fresh) return at->second;
  const auto batch = wire::decode_batch(payload, wire::Limits{});
  if (!batch) return at->second;
  const auto pack = wire::decode_pack(batch->pack, wire::Limits{});
  if (pack) at->second = hashes(pack->envelopes);
  return at->second;
}

const std::vector<std::string>& Judge::hashes_of_upload(std::string_view payload) {
  if (uploads_.size() >= kept) uploads_.clear();
  const auto [at, fresh] = uploads_.try_emplace(std::string(payload));
  if (!fresh) return at->second;
  wire::Pack storage;
  const auto envelopes = wire::split_upload(payload, wire::Limits{}, storage);
  if (envelopes) at->second = hashes(*envelopes);
  return at->second;
}

void Judge::heard_upload(Book& book, std::string_view payload) {
  const std::vector<std::string>& uploaded = hashes_of_upload(payload);
  book.from_devices.insert(uploaded.begin(), uploaded.end());
  came_otherwise(book, uploaded);
}

std::uint64_t& Judge::incarnation_of(std::string_view head) {
  constexpr std::size_t heads_kept = 256, names_it = 160;  // bytes: up to its number, and more
  if (heads_.size() >= heads_kept) heads_.clear();
  return heads_[std::hash<std::string_view>{}(head.substr(0, names_it))];
}

void Judge::heard_head(std::string_view payload) {
  if (!disks_lost) return;  // there is none to find
  std::uint64_t& named = incarnation_of(payload);
  if (named == 0) {  // it was sent long ago, or by nobody
    const auto head = wire::decode_head(payload, wire::Limits{});
    if (head) named = head->incarnation;
  }
  const auto own = incarnations.find(named);
  if (own == incarnations.end()) return;
  for (const auto& [incarnation, whose] : incarnations) {
    if (whose.first == own->second.first && whose.second > own->second.second) {
      reached.note(Reached::older_incarnation_head);
      return;
    }
  }
}

void Judge::heard_batch(Book& book, core::LinkId link, std::string_view payload) {
  const std::vector<std::string>& relayed = hashes_of_batch(payload);
  for (const std::string& h : relayed) {
    if (book.from_devices.count(h) != 0) reached.note(Reached::relayed_duplicate);
    book.from_peers[link].insert(h);
  }
  came_otherwise(book, relayed);
  if (const auto batch = wire::decode_batch(payload, wire::Limits{}))
    book.batches[{std::string(batch->gateway), batch->session}].insert(batch->number);
}

void Judge::sent_batch(Book& book, core::LinkId link, std::string_view payload) {
  const std::vector<std::string>& relayed = hashes_of_batch(payload);
  for (const std::string& h : relayed) {
    const bool back = book.from_peers[link].count(h) != 0 && book.from_devices.count(h) == 0;
    want(!back, [&] { return book.gateway + " relays back to where it came from"; });
  }
  if (const auto batch = wire::decode_batch(payload, wire::Limits{}))
    batches_sent_[{book.gateway, batch->session}][batch->number] = relayed;
}

void Judge::sent_head(const Book& book, std::string_view payload) {
  const auto head = wire::decode_head(payload, wire::Limits{});
  want(static_cast<bool>(head), [&] { return book.gateway + " sent a head that cannot be read"; });
  incarnation_of(payload) = head->incarnation;
  static const wire::Hash nothing = core::DigestBook().digest(0);
  std::string all;
  for (const auto& bucket : head->buckets) all += (bucket ? bucket->digest : nothing).view();
  const std::string digest = wire::to_hex(wire::sha256(all).view());
  const bool known =  // nearly always the newest
      std::find(book.digests.rbegin(), book.digests.rend(), digest) != book.digests.rend();
  want(known, [&] { return book.gateway + " announces a state that was never committed"; });
}

}  // namespace tributary::simulation
