// SPDX-License-Identifier: Apache-2.0
// Sealed windows: what gateways cosign when a window of time has closed, and what they publish for
// it (docs/protocol.md section 15). The readers say that a message keeps the grammar; whose
// signatures are good is for whoever has the keys. Views in what is decoded point into the bytes
// given.
//
//   Result<Cosignature, DecodeError> c = decode_cosignature(payload, limits);
//   c->statement.digest, c->sealed.signature               // over "tributary/1 seal …", and the
//   body Result<WindowSeal, DecodeError> s = decode_window_seal(bytes, limits); s->cosigned.size()
//   >= seal_quorum(s->statement.members.size())
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "transports/wire/envelope.h"

namespace tributary::wire {

inline constexpr std::size_t seal_members_max = 64;
inline constexpr std::uint32_t seal_parts_max = 256;

// How many of n members make a seal. Two such groups share 2q − n > n/3 members, so more than the
// bad ones that there may be (Reiter 1994; Bracha and Toueg 1985).
constexpr std::size_t seal_quorum(std::size_t members) {
  return 2 * members / 3 + 1;
}

// What is cosigned: the state that was there when the window [opens, closes) had closed.
struct SealStatement {
  std::string_view fleet;
  std::uint64_t opens_ms = 0, closes_ms = 0;  // since 1970; opens < closes
  std::vector<std::string_view> members;      // who may cosign; ascending, 1 … 64
  Hash digest;                                // of the state, as a gateway's status shows it
  Hash content;                               // content_hash() of the envelopes that make it
  std::uint64_t envelopes = 0;                // how many they are, evidence counted
};
// REQUIRES: the grammar; asserted.
std::string encode_body(const SealStatement&);
Result<SealStatement, DecodeError> decode_seal_statement(std::string_view body, const Limits&);
// SHA-256 of all the hashes, one after the other. REQUIRES: ascending.
Hash content_hash(const std::vector<Hash>& hashes);

// One member's: a sealed frame. Whose it is says the topic that it comes on.
struct Cosignature {
  SealStatement statement;
  Sealed sealed;  // signed
};
Result<Cosignature, DecodeError> decode_cosignature(std::string_view bytes, const Limits&);

// What a gateway lays before the others; the body of a sealed frame of kind `proposal`.
struct SealProposal {
  std::string_view fleet, gateway;
  std::string_view statement;  // exact bytes, for the others to sign
  std::uint32_t parts = 1;     // in which the envelopes are published: 1 … 256
};
std::string encode_body(const SealProposal&);
Result<SealProposal, DecodeError> decode_seal_proposal(std::string_view sealed, const Limits&);

// A part of the envelopes that a proposal is about.
struct SealPart {
  std::string_view gateway;
  std::uint64_t closes_ms = 0;
  std::uint32_t part = 0, parts = 1;
  std::string_view pack;
};
std::string encode(const SealPart&);
Result<SealPart, DecodeError> decode_seal_part(std::string_view bytes, const Limits&);

// The seal of a window, when they are seal_quorum() or more and every signature is good.
struct WindowSeal {
  struct By {
    std::string_view gateway;  // a member
    std::string_view key_id, signature;
  };
  std::string_view body;  // of the statement: exact bytes
  SealStatement statement;
  std::vector<By> cosigned;  // ascending by gateway
};
std::string encode_window_seal(std::string_view body, const std::vector<WindowSeal::By>& cosigned);
Result<WindowSeal, DecodeError> decode_window_seal(std::string_view bytes, const Limits&);

}  // namespace tributary::wire
