// SPDX-License-Identifier: Apache-2.0
// Boundedness: what a gateway keeps follows from the state, not from the traffic that led to it.
#include "tests/simulation/judge.h"

namespace tributary::simulation {

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
