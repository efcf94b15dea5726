// SPDX-License-Identifier: Apache-2.0
// G6: who is marked told two stories, which anybody can see from the pair that is kept; and nobody
// is marked whose memory was never copied or set back. Who is not marked may still have told two:
// finding it out is likely, not promised.
#include "gateway/core/contradiction.h"
#include "tests/simulation/judge.h"
#include "transports/wire/evidence.h"

namespace tributary::simulation {
namespace {

// It knows of this envelope by itself.
bool saw(const Book& book, const wire::Hash& hash) {
  const std::string h(hash.view());
  if (book.held.count(h) != 0 || book.from_devices.count(h) != 0) return true;
  for (const auto& [link, heard] : book.from_peers) {
    if (heard.count(h) != 0) return true;
  }
  return false;
}

}  // namespace

void Judge::evidence(const Book& book, const core::Gateway& gateway) {
  for (const core::EvidenceView& e : gateway.evidence("", 0, 1'000'000)) {
    const std::string who = e.device + ":" + std::to_string(e.epoch);
    want(history.tainted({e.device, e.epoch}), [&] {
      return book.gateway + " convicts an honest device: " + who + ", of " + e.key + "/" +
             std::to_string(e.type) + " " + e.what;
    });
    const auto pair = wire::decode_evidence(e.bytes, wire::Limits{});
    want(pair && pair->first.delta.device == e.device && pair->first.delta.epoch == e.epoch,
         [&] { return book.gateway + " has evidence against " + who + " that is none of it"; });
    want(core::contradiction(pair->first.delta, pair->second.delta).has_value(),
         [&] { return book.gateway + " has evidence against " + who + " that shows nothing"; });
    reached.note(Reached::contradiction_found);
    if (e.proof) reached.note(Reached::contradiction_proved);
    if (!saw(book, pair->first.hash) || !saw(book, pair->second.hash))
      reached.note(Reached::contradiction_heard);
  }
}

}  // namespace tributary::simulation
