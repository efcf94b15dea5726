// SPDX-License-Identifier: Apache-2.0
// Boundedness: what a gateway keeps follows from the state, not from the traffic that led to it.
#include "tests/simulation/judge.h"

namespace tributary::simulation {

namespace {

// So much for a key, a part, an element (or a removal that counts) and an add beside its own bytes:
// a little more than the core takes each of them for, which bench_scale measured.
constexpr std::size_t key_bytes = 240, element_bytes = 248, add_bytes = 80;

std::size_t part_bytes(std::uint8_t type) {
  switch (static_cast<wire::Type>(type)) {
    case wire::Type::gcounter:
    case wire::Type::pncounter:
      return 60;
    case wire::Type::lww:
      return 170;
    default:
      return 86;
  }
}

}  // namespace

// What the core books for the merged state is at most what the disk holds, joined a second time.
// What was removed, replaced or retired takes nothing.
void Judge::bounded(const Book& book, const core::Gateway& gateway) const {
  std::size_t most = 0, parts = 0;
  for (const auto& [key, by_actor] : book.shadow.keys()) {
    most += key.first.size() + key_bytes;
    for (const auto& [actor, p] : by_actor) {
      ++parts;
      most += part_bytes(key.second) + p.value.size();
      for (const std::string& e : p.elements) most += e.size() + element_bytes;
      for (const auto& [op, e] : p.live) most += e.size() + add_bytes;
      for (const DotName& d : p.foreign) {
        if (!book.shadow.dead(d, key)) most += element_bytes;
      }
    }
  }
  const core::Summary s = gateway.summary();
  want(s.state_bytes <= most, [&] {
    return book.gateway + " books " + std::to_string(s.state_bytes) +
           " bytes of memory for a state that takes " + std::to_string(most) + " at most";
  });
  want(s.keys <= book.shadow.keys().size() && s.parts <= parts, [&] {
    return book.gateway + " keeps " + std::to_string(s.keys) + " keys in " +
           std::to_string(s.parts) + " parts, its disk holds " +
           std::to_string(book.shadow.keys().size()) + " in " + std::to_string(parts);
  });
}

void Judge::bounded(const Book& book, const core::Gateway& gateway,
                    const std::vector<Device>& alive, const Topics& topics,
                    std::uint64_t file_bytes) const {
  // Of each, one replay carries about 1,000: `gw/<gateway>/#` for peers, `view/<gateway>/#` for
  // people.
  constexpr std::size_t replay_max = 1'000;
  want(topics.of_gateway < replay_max, [&] {
    return book.gateway + " has " + std::to_string(topics.of_gateway) + " retained topics";
  });
  want(topics.of_views <= topics.views_max, [&] {
    return book.gateway + " has " + std::to_string(topics.of_views) + " retained views";
  });
  // A device that is alive sends from 0 when its envelopes outweigh its parts four times; what a
  // part weighs is estimated differently here, and one delta may be under way.
  constexpr std::size_t factor = 8, slack = 16'384;
  std::map<Actor, std::size_t> weights;
  for (const core::DeviceView& d : gateway.devices("", 0, 1'000'000)) {
    weights[{d.device, d.epoch}] = d.live_bytes;
  }
  std::size_t live = 0;
  for (const auto& [actor, bytes] : weights) live += bytes;
  for (const Device& d : alive) {
    const std::size_t bytes = weights[d.actor], parts = book.shadow.weight(d.actor);
    want(bytes <= factor * parts + slack, [&] {
      return book.gateway + " keeps " + std::to_string(bytes) + " bytes of envelopes of " +
             d.actor.first + ", whose parts weigh " + std::to_string(parts);
    });
  }
  // SQLite's pages, the log up to its checkpoint, free pages that are used again, dead letters.
  constexpr std::uint64_t file_slack = 4U << 20U;
  want(file_bytes <= 16 * live + file_slack, [&] {
    return book.gateway + ": a database of " + std::to_string(file_bytes) + " bytes for " +
           std::to_string(live) + " bytes of envelopes";
  });
}

}  // namespace tributary::simulation
