// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/judge.h"

#include "transports/wire/evidence.h"
#include "transports/wire/pack.h"

namespace tributary::simulation {

void Judge::started(Book& book, store::Store& store) {
  book.shadow = Shadow();
  book.verified.clear();
  book.digests.clear();
  book.from_devices.clear();
  book.from_peers.clear();
  book.batches.clear();
  book.missed.clear();
  book.filling.clear();
  const auto count = store.load({
      .envelope =
          [&](core::EnvelopeRow&& row) {
            // What rotted is not held.
            const auto sealed = wire::decode_sealed(row.bytes, wire::Limits{});
            if (sealed && wire::sha256(sealed->body).view() == row.hash)
              book.shadow.take(row.bytes);
          },
      .actor = [](core::ActorRow&&) {},
  });
  want(static_cast<bool>(count), [&] { return book.gateway + ": loads once and not twice"; });
  book.fresh = store.created();
  incarnations[store.incarnation()] = {book.gateway, book.generation};
  if (store.created()) {
    want(book.promised.empty(),
         [&] { return book.gateway + ": a whole database was taken for damaged, or is gone"; });
  }
  for (const auto& promise : book.promised) {
    const Actor& actor = promise.first;
    const std::uint64_t op = promise.second;
    if (history.tainted(actor)) continue;
    const auto* logs = history.logs(actor);
    if (logs == nullptr) continue;
    const std::string lack = book.shadow.lacks(*logs->begin()->second, actor, 0, op);
    want(lack.empty(), [&] {
      return book.gateway + " acknowledged up to " + std::to_string(op) +
             ", and after a restart its disk lacks " + lack;
    });
  }
}

void Judge::damaged(Book& book) {
  disks_lost = true;
  ++book.generation;
  book.promised.clear();
  book.lost.push_back(book.shadow);
}

void Judge::durable(Book& book, const core::Commit& rows, const std::string& digest) {
  for (const core::EnvelopeRow& row : rows.insert) {
    if (wire::is_evidence(row.bytes)) continue;
    book.held.insert(row.hash);
    book.missed.erase(row.hash);
    if (book.filling.erase(row.hash) != 0) reached.note(Reached::gap_filled);
    const std::uint32_t parts = book.shadow.take(row.bytes);
    want(parts > 0, [&] { return book.gateway + " committed what is no envelope"; });
    if (parts > 1) reached.note(Reached::delta_in_parts);
  }
  if (!rows.quarantine.empty()) reached.note(Reached::quarantined, rows.quarantine.size());
  constexpr std::size_t kept = 64;
  book.digests.push_back(digest);
  if (book.digests.size() > kept) book.digests.pop_front();
  trace.add(book.gateway, "durable", digest);
}

}  // namespace tributary::simulation
