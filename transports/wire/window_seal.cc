// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/window_seal.h"

#include <algorithm>
#include <cassert>

#include "transports/wire/reader.h"
#include "transports/wire/writer.h"

namespace tributary::wire {
namespace {

using Code = DecodeError::Code;

constexpr std::uint64_t seal_frame = 8, part_frame = 9;
constexpr const char* statement_tag = "seal";
constexpr const char* proposal_tag = "proposal";
constexpr std::size_t key_id_bytes_max = 32, signature_bytes = 64;
constexpr std::uint64_t u64_max = ~std::uint64_t{0};

bool read_kind(Reader& r, std::string_view tag, std::size_t fields, const char* where) {
  std::string_view kind;
  if (!r.array_of(fields, where) || !r.str(kind, id_bytes_max, where)) return false;
  return kind == tag || r.fail(Code::type, where);
}

bool read_members(Reader& r, std::vector<std::string_view>& members) {
  std::size_t n = 0;
  if (!r.array(n, seal_members_max, 2, "seal.members")) return false;
  if (n == 0) return r.fail(Code::range, "seal.members");
  members.reserve(n);
  for (std::string_view member; n > 0; --n) {
    if (!r.id(member, "seal.members")) return false;
    if (!members.empty() && member <= members.back())
      return r.fail(Code::not_canonical, "seal.members");
    members.push_back(member);
  }
  return true;
}

bool read_statement(Reader& r, SealStatement& s) {
  return read_kind(r, statement_tag, 8, "seal.kind") && r.id(s.fleet, "seal.fleet") &&
         r.uint_in(s.opens_ms, 0, u64_max - 1, "seal.opens") &&
         r.uint_in(s.closes_ms, s.opens_ms + 1, u64_max, "seal.closes") &&
         read_members(r, s.members) && r.hash(s.digest, "seal.digest") &&
         r.hash(s.content, "seal.content") && r.uint(s.envelopes, "seal.envelopes") &&
         r.end("seal.statement");
}

Result<SealStatement, DecodeError> statement_in(std::string_view body, std::string_view message) {
  Reader r(body, static_cast<std::size_t>(body.data() - message.data()));
  SealStatement s;
  if (!read_statement(r, s)) return Failure{r.error()};
  return s;
}

bool read_by(Reader& r, const SealStatement& of, std::vector<WindowSeal::By>& out) {
  WindowSeal::By by;
  if (!r.array_of(3, "seal.by") || !r.id(by.gateway, "seal.gateway")) return false;
  if (!out.empty() && by.gateway <= out.back().gateway)
    return r.fail(Code::not_canonical, "seal.gateway");
  if (!std::binary_search(of.members.begin(), of.members.end(), by.gateway))
    return r.fail(Code::range, "seal.gateway");
  if (!r.bin(by.key_id, key_id_bytes_max, "seal.key_id")) return false;
  if (by.key_id.empty()) return r.fail(Code::range, "seal.key_id");
  if (!r.bin(by.signature, signature_bytes, "seal.signature")) return false;
  if (by.signature.size() != signature_bytes) return r.fail(Code::range, "seal.signature");
  out.push_back(by);
  return true;
}

}  // namespace

std::string encode_body(const SealStatement& s) {
  assert(valid_id(s.fleet) && s.opens_ms < s.closes_ms);
  assert(!s.members.empty() && s.members.size() <= seal_members_max);
  Writer w;
  w.array(8);
  w.str(statement_tag);
  w.str(s.fleet);
  w.uint(s.opens_ms);
  w.uint(s.closes_ms);
  w.array(s.members.size());
  for (std::size_t i = 0; i < s.members.size(); ++i) {
    assert(valid_id(s.members[i]) && (i == 0 || s.members[i - 1] < s.members[i]));
    w.str(s.members[i]);
  }
  w.hash(s.digest);
  w.hash(s.content);
  w.uint(s.envelopes);
  return w.take();
}

Result<SealStatement, DecodeError> decode_seal_statement(std::string_view body,
                                                         const Limits& limits) {
  if (body.size() > limits.body_bytes_max)
    return Failure{DecodeError{Code::limit, 0, "seal.statement"}};
  return statement_in(body, body);
}

Hash content_hash(const std::vector<Hash>& hashes) {
  std::string all;
  all.reserve(hashes.size() * sizeof(Hash::bytes));
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    assert(i == 0 || hashes[i - 1] < hashes[i]);
    all += hashes[i].view();
  }
  return sha256(all);
}

Result<Cosignature, DecodeError> decode_cosignature(std::string_view bytes, const Limits& limits) {
  const auto sealed = decode_sealed(bytes, limits);
  if (!sealed) return Failure{sealed.error()};
  auto statement = statement_in(sealed->body, bytes);
  if (!statement) return Failure{statement.error()};
  if (sealed->signature.empty()) {
    const auto at = static_cast<std::size_t>(sealed->signature.data() - bytes.data());
    return Failure{DecodeError{Code::range, at, "seal.signature"}};
  }
  return Cosignature{std::move(*statement), *sealed};
}

std::string encode_body(const SealProposal& p) {
  assert(valid_id(p.fleet) && valid_id(p.gateway) && p.parts >= 1 && p.parts <= seal_parts_max);
  Writer w;
  w.array(5);
  w.str(proposal_tag);
  w.str(p.fleet);
  w.str(p.gateway);
  w.bin(p.statement);
  w.uint(p.parts);
  return w.take();
}

Result<SealProposal, DecodeError> decode_seal_proposal(std::string_view bytes,
                                                       const Limits& limits) {
  const auto sealed = decode_sealed(bytes, limits);
  if (!sealed) return Failure{sealed.error()};
  Reader r(sealed->body, static_cast<std::size_t>(sealed->body.data() - bytes.data()));
  SealProposal p;
  std::uint64_t parts = 0;
  if (!read_kind(r, proposal_tag, 5, "proposal.kind") || !r.id(p.fleet, "proposal.fleet") ||
      !r.id(p.gateway, "proposal.gateway") ||
      !r.bin(p.statement, limits.body_bytes_max, "proposal.statement") ||
      !r.uint_in(parts, 1, seal_parts_max, "proposal.parts") || !r.end("proposal"))
    return Failure{r.error()};
  const auto statement = statement_in(p.statement, bytes);
  if (!statement) return Failure{statement.error()};
  p.parts = static_cast<std::uint32_t>(parts);
  return p;
}

std::string encode(const SealPart& p) {
  assert(valid_id(p.gateway) && p.closes_ms > 0);
  assert(p.part < p.parts && p.parts <= seal_parts_max);
  Writer w;
  w.array(6);
  w.uint(part_frame);
  w.str(p.gateway);
  w.uint(p.closes_ms);
  w.uint(p.part);
  w.uint(p.parts);
  w.bin(p.pack);
  return w.take();
}

Result<SealPart, DecodeError> decode_seal_part(std::string_view bytes, const Limits& limits) {
  if (bytes.size() > limits.payload_bytes_max) return Failure{DecodeError{Code::limit, 0, "part"}};
  Reader r(bytes);
  SealPart p;
  std::uint64_t part = 0, parts = 0;
  if (!r.frame(part_frame, 6, "part") || !r.id(p.gateway, "part.gateway") ||
      !r.uint_in(p.closes_ms, 1, u64_max, "part.closes") ||
      !r.uint_in(part, 0, seal_parts_max - 1, "part.part") ||
      !r.uint_in(parts, part + 1, seal_parts_max, "part.parts") ||
      !r.bin(p.pack, limits.payload_bytes_max, "part.pack") || !r.end("part"))
    return Failure{r.error()};
  p.part = static_cast<std::uint32_t>(part);
  p.parts = static_cast<std::uint32_t>(parts);
  return p;
}

std::string encode_window_seal(std::string_view body, const std::vector<WindowSeal::By>& cosigned) {
  Writer w;
  w.array(3);
  w.uint(seal_frame);
  w.bin(body);
  w.array(cosigned.size());
  for (const WindowSeal::By& by : cosigned) {
    assert(valid_id(by.gateway) && !by.key_id.empty() && by.signature.size() == signature_bytes);
    w.array(3);
    w.str(by.gateway);
    w.bin(by.key_id);
    w.bin(by.signature);
  }
  return w.take();
}

Result<WindowSeal, DecodeError> decode_window_seal(std::string_view bytes, const Limits& limits) {
  if (bytes.size() > limits.sealed_bytes_max) return Failure{DecodeError{Code::limit, 0, "seal"}};
  Reader r(bytes);
  WindowSeal s;
  if (!r.frame(seal_frame, 3, "seal") || !r.bin(s.body, limits.body_bytes_max, "seal.statement"))
    return Failure{r.error()};
  auto statement = statement_in(s.body, bytes);
  if (!statement) return Failure{statement.error()};
  s.statement = std::move(*statement);
  std::size_t n = 0;
  if (!r.array(n, seal_members_max, 3, "seal.cosigned")) return Failure{r.error()};
  for (; n > 0; --n) {
    if (!read_by(r, s.statement, s.cosigned)) return Failure{r.error()};
  }
  if (!r.end("seal")) return Failure{r.error()};
  return s;
}

}  // namespace tributary::wire
