// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/disk.h"

#include "crdt/planted.h"

namespace tributary::app {

std::optional<store::Error> StoreWriter::commit(const core::Commit& rows) {
  if (must_reopen_) {
    if (const auto reopened = store_.reopen(); !reopened) return reopened.error();
    must_reopen_ = false;
  }
  const auto done = store_.commit(rows);
  if (done) return std::nullopt;
  must_reopen_ =
      done.error().kind != store::Error::Kind::full && !planted(Bug::retry_after_failed_sync);
  return done.error();
}

}  // namespace tributary::app
