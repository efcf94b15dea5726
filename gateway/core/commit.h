// SPDX-License-Identifier: Apache-2.0
// What the core asks to be made durable: the rows of one transaction. The core makes them, the
// store writes them, and the core acknowledges nothing before it hears that they are safe.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tributary::core {

// Rows are numbered by the caller (strictly increasing, never reused), so that inserts append and
// deletes are by rowid.
struct EnvelopeRow {
  std::uint64_t row = 0;
  std::string hash;    // 32 bytes: SHA-256 of the body
  std::string device;  // for people; not trusted on load
  std::uint64_t epoch = 0;
  std::uint64_t from = 0, to = 0;
  std::string bytes;  // the sealed envelope, verbatim
};

struct ActorRow {
  std::uint64_t row = 0;
  std::string device;
  std::uint64_t epoch = 0;
  std::string intake;  // opaque to the store: what was received, checksummed by its owner
  std::uint64_t heard_at_ms = 0;
};

struct ValueRow {  // for people: derived, never read back
  std::string key;
  std::string type;   // gcounter pncounter gset orset lww
  std::string value;  // JSON
  std::uint64_t contributors = 0;
  std::uint64_t at_ms = 0;
};

struct DeadLetterRow {
  std::uint64_t at_ms = 0;
  std::string topic;
  std::string reason;
  std::string bytes;  // first 64 KiB at most
};

struct QuarantineRow {
  std::uint64_t at_ms = 0;
  std::uint64_t row = 0;
  std::string hash;
  std::string reason;
  std::string bytes;
};

// One transaction. Repeating a commit that may or may not have happened is harmless.
struct Commit {
  std::vector<EnvelopeRow> insert;
  std::vector<std::uint64_t> erase;          // rows of envelopes that are superseded
  std::vector<ActorRow> actors;              // upserts
  std::vector<std::uint64_t> forget_actors;  // rows
  std::vector<ValueRow> values;              // upserts by (key, type)
  bool forget_values = false;                // all of them, before those are written
  std::vector<DeadLetterRow> dead_letters;
  std::vector<QuarantineRow> quarantine;  // also erases the envelope row

  // Nothing that would be missed: forgetting alone waits for rows.
  bool empty() const {
    return insert.empty() && erase.empty() && actors.empty() && values.empty() &&
           dead_letters.empty() && quarantine.empty();
  }
};

// Rows that were made durable, wanted back: ascending. The answer has those that are there, in the
// same order; nullopt: they cannot be read now.
struct RowsWanted {
  std::vector<std::uint64_t> envelopes, actors;
};
struct ReadRows {
  std::vector<EnvelopeRow> envelopes;
  std::vector<ActorRow> actors;
};
using ReadBack = std::function<std::optional<ReadRows>(const RowsWanted&)>;

}  // namespace tributary::core
