// SPDX-License-Identifier: Apache-2.0
// Envelopes made by hand, as a device would make them (or would not), and a bare state that they
// are joined to without a gateway around it.
//
//   std::string e = envelope({.from = 0, .to = 3}, {counter("parts", 3, 7), set("s", 0, 3, {{2,
//   "x"}})}); Core core;  core.take(e);  core.digest();
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/evidence.h"
#include "gateway/core/live.h"
#include "transports/wire/pack.h"

namespace tributary::core::testing {

// Keeps a string for the rest of the program and shows it: entries hold views.
std::string_view keep(std::string text);

using Adds = std::vector<wire::OrSetPayload::Add>;
using Foreign = std::vector<wire::OrSetPayload::Foreign>;

wire::Entry counter(std::string_view key, std::uint64_t hi, std::uint64_t p);
wire::Entry up_down(std::string_view key, std::uint64_t hi, std::uint64_t p, std::uint64_t n);
wire::Entry grown(std::string_view key, std::uint64_t lo, std::uint64_t hi,
                  std::vector<std::string_view> elements);
wire::Entry set(std::string_view key, std::uint64_t lo, std::uint64_t hi, Adds adds = {},
                std::vector<std::uint64_t> removed = {}, Foreign foreign = {});
// A reading: an unsigned integer.
wire::Entry reg(std::string_view key, std::uint64_t hi, std::uint64_t op, crdt::Hlc hlc,
                std::uint64_t value);
wire::Entry unknown(std::string_view key, std::uint8_t type, std::uint64_t lo, std::uint64_t hi,
                    std::string_view payload = "\x90");

struct Frame {
  std::string_view device = "a";
  std::uint64_t epoch = 1;
  std::uint64_t from = 0, to = 1;
  std::uint32_t part = 1, parts = 1;
  std::uint64_t id = 1;
  crdt::Hlc hlc{};
  std::string_view fleet = "demo";
};
// A sealed envelope; its entries are put in order.
std::string envelope(const Frame&, std::vector<wire::Entry> entries);
// One that says: operations (from, to] of a device brought the counter "parts" to `total`.
std::string parts(std::uint64_t from, std::uint64_t to, std::uint64_t total,
                  std::string_view device = "a");
// A pack of envelopes.
std::string packed(const std::vector<std::string_view>& envelopes, wire::Codec codec);
// The hash of its body: REQUIRES an envelope.
wire::Hash hash_of(std::string_view envelope);
wire::Envelope decoded(std::string_view envelope);
// The same delta with every OR-Set entry as one of a type that nobody knows yet, and back.
inline constexpr std::uint8_t future_type = 17;
std::string to_future(std::string_view envelope);
std::string from_future(std::string_view envelope);

// State and live envelopes alone.
class Core {
 public:
  // Joins and collects, as the gateway does; a duplicate changes nothing.
  void take(const wire::Envelope&);
  void take(const wire::Evidence&);
  void take(std::string_view bytes);  // an envelope, or evidence
  // A new state, from the live envelopes alone.
  std::unique_ptr<Core> rebuilt() const;
  // All that is live, in order of hash.
  std::vector<std::pair<wire::Hash, LiveSet::Bytes>> held() const;
  std::string digest();          // hex, of known types
  std::string unknown_digest();  // hex, of the others
  // The sorted elements, counter or register as JSON; "nothing" when the key is not there.
  std::string shows(std::string_view key, wire::Type type) const;

  ActorTable actors;
  Keyspace keys{actors};
  LiveSet live{actors, keys};
  EvidenceBook evidence;
  std::uint64_t rows = 0;
  std::vector<Dropped> dropped;
};

}  // namespace tributary::core::testing
