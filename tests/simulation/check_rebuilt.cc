// SPDX-License-Identifier: Apache-2.0
// The live envelopes are the database: a gateway that starts from the same disk has the same digest
// from scratch, the same envelopes, and acknowledges the same. To be asked when nothing is joined
// and not yet committed.
#include "tests/simulation/judge.h"

namespace tributary::simulation {

void Judge::rebuilt(const Book& book, const core::Gateway& gateway, const core::Options& options,
                    store::Store& store) const {
  core::Gateway again(options, gateway.summary().incarnation, 1);
  const auto count = store.load({
      .envelope = [&](core::EnvelopeRow&& row) { again.restore(std::move(row)); },
      .actor = [&](core::ActorRow&& row) { again.restore(std::move(row)); },
  });
  want(static_cast<bool>(count),
       [&] { return book.gateway + ": its database cannot be read while it runs"; });
  again.attach({.name = "nowhere"});
  again.start({1, 1});
  want(again.summary().digest == gateway.summary().digest, [&] {
    return book.gateway + " has digest " + gateway.summary().digest.substr(0, 12) +
           ", what its disk rebuilds " + again.summary().digest.substr(0, 12);
  });
  const auto ours = gateway.devices("", 0, 1'000'000), theirs = again.devices("", 0, 1'000'000);
  std::map<Actor, std::uint64_t> points;
  for (const core::DeviceView& d : theirs) points[{d.device, d.epoch}] = d.op;
  for (const core::DeviceView& d : ours) {
    want(d.op == points[{d.device, d.epoch}], [&] {
      return book.gateway + " acknowledges " + d.device + " up to " + std::to_string(d.op) +
             ", what its disk rebuilds up to " + std::to_string(points[{d.device, d.epoch}]);
    });
  }
}

}  // namespace tributary::simulation
