// SPDX-License-Identifier: Apache-2.0
// "A gap filled": what was in a batch that a gateway missed came to it by reading what a peer
// retains or by a peer's answer, and became durable.
#include <algorithm>

#include "tests/simulation/judge.h"
#include "transports/wire/ask.h"
#include "transports/wire/pack.h"

namespace tributary::simulation {

void Judge::gap_found(Book& book) {
  const auto known = [&](const std::string& h) {
    return book.held.count(h) != 0 || book.from_devices.count(h) != 0 ||
           std::any_of(book.from_peers.begin(), book.from_peers.end(),
                       [&](const auto& from) { return from.second.count(h) != 0; });
  };
  for (const auto& [whose, numbers] : book.batches) {
    const auto sent = batches_sent_.find(whose);
    if (sent == batches_sent_.end() || numbers.empty()) continue;
    // Only what is missing between two that came: after the last one it may be under way.
    auto at = sent->second.upper_bound(*numbers.begin());
    for (; at != sent->second.end() && at->first < *numbers.rbegin(); ++at) {
      if (numbers.count(at->first) != 0) continue;
      for (const std::string& h : at->second) {
        if (!known(h)) book.missed.insert(h);
      }
    }
  }
}

void Judge::heard_pack(Book& book, std::string_view pack) {
  const auto read = wire::decode_pack(pack, wire::Limits{});
  if (!read) return;
  for (const std::string& h : hashes(read->envelopes)) {
    if (book.missed.erase(h) != 0) book.filling.insert(h);
  }
}

void Judge::heard_state(Book& book, std::string_view payload) {
  if (book.missed.empty()) return;
  if (const auto part = wire::decode_state_part(payload, wire::Limits{}))
    heard_pack(book, part->pack);
}

void Judge::heard_answer(Book& book, std::string_view payload) {
  if (book.missed.empty()) return;
  if (const auto answer = wire::decode_answer(payload, wire::Limits{}))
    heard_pack(book, answer->pack);
}

void Judge::came_otherwise(Book& book, const std::vector<std::string>& envelopes) {
  if (book.missed.empty() && book.filling.empty()) return;
  for (const std::string& h : envelopes) {
    book.missed.erase(h);
    book.filling.erase(h);
  }
}

}  // namespace tributary::simulation
