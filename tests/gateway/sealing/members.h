// SPDX-License-Identifier: Apache-2.0
// Members of a fleet that seal together, without keys: a signature is a hash of who signs what.
//
//   Book book(options_of("g1", {"g1", "g2", "g3", "g4"}));
//   book.on_cosignature("g2", vote_of("g2", statement_of(members, "A")));
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/sealing/book.h"

namespace tributary::sealing {

inline constexpr std::uint64_t window_ms = 60'000, grace_ms = 5'000;
// Of four members then the turns are g2, g3, g1, g4.
inline constexpr std::uint64_t close_ms = 109 * window_ms;
using Names = std::vector<std::string>;

inline std::string signature_of(std::string_view gateway, std::string_view body) {
  const wire::Hash h = wire::sha256(std::string(gateway) + ' ' + std::string(body));
  return std::string(h.view()) + std::string(h.view());
}

inline Options options_of(const std::string& gateway, Names members) {
  Options o;
  o.fleet = "demo";
  o.gateway = gateway;
  o.members = std::move(members);
  o.window_ms = window_ms;
  o.grace_ms = grace_ms;
  o.verifies = [](std::string_view who, const wire::Sealed& s) {
    return s.signature == signature_of(who, s.body);
  };
  return o;
}

// Of a state that is called so.
inline std::string statement_of(const Names& members, const std::string& state,
                                std::uint64_t closes = close_ms) {
  wire::SealStatement s;
  s.fleet = "demo";
  s.opens_ms = closes - window_ms;
  s.closes_ms = closes;
  s.members.assign(members.begin(), members.end());
  s.digest = wire::sha256(state);
  s.content = wire::sha256("of " + state);
  s.envelopes = 1;
  return wire::encode_body(s);
}

inline std::string vote_of(const std::string& gateway, const std::string& statement) {
  return wire::seal(statement, "key", signature_of(gateway, statement));
}

inline std::string seal_of(const Names& by, const std::string& statement) {
  std::vector<std::string> signatures;
  for (const std::string& who : by) signatures.push_back(signature_of(who, statement));
  std::vector<wire::WindowSeal::By> cosigned;
  for (std::size_t i = 0; i < by.size(); ++i) cosigned.push_back({by[i], "key", signatures[i]});
  return wire::encode_window_seal(statement, cosigned);
}

inline wire::SealProposal proposal_of(std::string_view gateway, std::string_view statement) {
  return {.fleet = "demo", .gateway = gateway, .statement = statement, .parts = 1};
}

}  // namespace tributary::sealing
