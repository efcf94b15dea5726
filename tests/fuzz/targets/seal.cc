// SPDX-License-Identifier: Apache-2.0
// What gateways send each other to seal a window: a message has one reading and one encoding.
#include "tests/fuzz/fuzz.h"
#include "transports/wire/window_seal.h"

using namespace tributary;
using fuzz::require;

namespace {

void look_at(const wire::SealStatement& s, std::string_view body) {
  require(wire::encode_body(s) == body, "a statement has one encoding");
  require(s.opens_ms < s.closes_ms && !s.members.empty(), "in range");
  require(wire::seal_quorum(s.members.size()) <= s.members.size(), "it can be sealed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const auto vote = wire::decode_cosignature(bytes, {});
  const auto proposal = wire::decode_seal_proposal(bytes, {});
  const auto part = wire::decode_seal_part(bytes, {});
  const auto seal = wire::decode_window_seal(bytes, {});
  require(int{bool(vote)} + bool(proposal) + bool(part) + bool(seal) <= 1,
          "a message has one reading");
  if (vote) {
    look_at(vote->statement, vote->sealed.body);
    require(!vote->sealed.signature.empty(), "a cosignature is signed");
  }
  if (proposal) {
    const auto sealed = wire::decode_sealed(bytes, {});
    require(sealed && wire::encode_body(*proposal) == sealed->body, "a proposal has one encoding");
    const auto statement = wire::decode_seal_statement(proposal->statement, {});
    require(bool(statement), "what is proposed is a statement");
    look_at(*statement, proposal->statement);
  }
  if (part) require(wire::encode(*part) == bytes, "a part has one encoding");
  if (seal) {
    look_at(seal->statement, seal->body);
    require(wire::encode_window_seal(seal->body, seal->cosigned) == bytes,
            "a seal has one encoding");
    require(seal->cosigned.size() <= seal->statement.members.size(), "each member once at most");
  }
  for (const auto* error : {vote ? nullptr : &vote.error(), proposal ? nullptr : &proposal.error(),
                            part ? nullptr : &part.error(), seal ? nullptr : &seal.error()}) {
    require(error == nullptr || error->offset <= size, "errors are inside");
  }
  return 0;
}
