// SPDX-License-Identifier: Apache-2.0
// The state that a window is sealed with: envelopes (and evidence), in parts as they travel, as a
// file, and judged. Its promise: what judge() takes was rebuilt by the code that takes in what
// peers say, so every envelope of it is one that this gateway would take, and it makes the digest
// that it is said to make; and whatever bytes come, it takes time and memory in proportion to them.
//
//   Items items = sorted(core.freeze().live);
//   Judgement j = judge(options, statement, items, noted);      // seconds for a large state
//   if (!j.refused.empty()) …                                   // why
//   write_state("day.jsonl", items);  read_state("day.jsonl")
//
// Pure functions but for the files; from any thread.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/result.h"
#include "gateway/core/gateway.h"
#include "transports/wire/window_seal.h"

namespace tributary::app {

// By what names it in a digest's content: an envelope's hash, evidence's id.
using Item = std::pair<wire::Hash, std::shared_ptr<const std::string>>;
using Items = std::vector<Item>;

Items sorted(Items items);
// nullopt: it is neither an envelope nor evidence.
std::optional<Item> item_of(std::string_view bytes, const wire::Limits& limits);
// REQUIRES: sorted.
wire::Hash content_of(const Items& items);

// Payloads for gw/<gateway>/seal/part/<n>. Empty: it is too large for seal_parts_max of them.
std::vector<std::string> parts_of(const Items& items, const std::string& gateway,
                                  std::uint64_t closes_ms);
// The other way round; the parts in order. An error is for people.
Result<Items, std::string> items_of(const std::vector<std::string>& parts,
                                    const wire::Limits& limits, std::size_t bytes_max);

// The state that items make.
struct Rebuilt {
  std::string refused;  // what of it is not valid; empty: all is
  wire::Hash digest;
};
// `options`: whose rules count. `held`: must all be in it already, or what it makes is refused.
// `give_up` is asked now and then.
using GiveUp = std::function<bool()>;
Rebuilt rebuild(const core::Options& options, const Items& items, const Items& held,
                const GiveUp& give_up = {});

// Why the items are not what the statement says, or lack something that is held; empty: neither.
// REQUIRES: sorted.
std::string judge(const core::Options& options, const wire::SealStatement& statement,
                  const Items& items, const Items& held, const GiveUp& give_up = {});

// Why a member does not cosign it. `noted`, what it held when the window closed; nullptr: that
// could not be read, and nothing is vouched for. REQUIRES: sorted.
std::string judge_to_cosign(const core::Options& options, const wire::SealStatement& statement,
                            const Items& items, const std::shared_ptr<const Items>& noted,
                            const GiveUp& give_up = {});

// The values that items make: {"key":…,"type":…,"value":…} a line, in order of the key.
std::vector<core::ValueView> values_of(const core::Options& options, const Items& items);

// A JSON object a line, as `tributary export --envelopes` writes it, and evidence. Written beside,
// synced, renamed. Both throw keyring::Error or Trouble.
void write_state(const std::string& path, const Items& items);
Items read_state(const std::string& path, const wire::Limits& limits);

}  // namespace tributary::app
