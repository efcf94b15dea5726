// SPDX-License-Identifier: Apache-2.0
// Signatures ahead of their turn. A check takes several times as long as all else that a packet
// costs, and depends on nothing but the bytes and the key: so those of what comes next are verified
// by several threads at once, while the owner waits and helps. Everything is decided afterwards, in
// order, by the owner, who finds there what is good. A sender of forgeries gains little: of nobody
// more is verified so than may be tried in a row, and of who brought a forgery before, nothing.
#include <algorithm>
#include <deque>

#include "gateway/core/gateway_impl.h"

namespace tributary::core {
namespace {

// Of one upload, unpacked: what is larger waits for its turn.
constexpr std::size_t upload_bytes_max = 65'536;

}  // namespace

// Called by several threads at once: it changes nothing.
std::optional<Trust::Good> Gateway::Impl::good_ahead(std::string_view bytes) const {
  if (wire::is_evidence(bytes)) return std::nullopt;
  const auto sealed = wire::decode_sealed(bytes, options.wire);
  if (!sealed || sealed->signature.empty()) return std::nullopt;
  const wire::Hash hash = wire::sha256(sealed->body);
  if (live.contains(hash) || recent.contains(hash)) return std::nullopt;  // it will not be checked
  const auto e = wire::decode_envelope(bytes, options.wire);
  return e ? trust.good(*e) : std::nullopt;
}

std::size_t Gateway::Impl::verify_ahead(std::span<const std::string_view> envelopes) {
  if (!verifies_ahead()) return 0;
  std::vector<std::optional<Trust::Good>> good(envelopes.size());
  share(envelopes.size(), [&](std::size_t i) { good[i] = good_ahead(envelopes[i]); });
  std::size_t count = 0;
  for (const auto& one : good) {
    if (!one) continue;
    trust.remember(*one);
    ++count;
  }
  return count;
}

std::size_t Gateway::Impl::verify_ahead(std::span<const Upcoming> messages) {
  if (!verifies_ahead()) return 0;
  wire::Limits limits = options.wire;
  limits.pack_bytes_max = std::min(limits.pack_bytes_max, upload_bytes_max);
  std::deque<wire::Pack> unpacked;  // what the views below point into
  std::vector<std::string_view> envelopes;
  absl::flat_hash_map<std::string_view, std::size_t> taken;  // by who brings them
  const std::string uploads = root + "/up/";
  for (const Upcoming& m : messages) {
    if (!m.topic.starts_with(uploads) || m.payload.size() > upload_bytes_max) continue;
    const std::string_view who = brought_by(m.topic);
    std::size_t& of_this_one = taken[who];
    if (trust.blamed(who) || of_this_one >= Trust::in_a_row_max) continue;
    const auto sealed = wire::split_upload(m.payload, limits, unpacked.emplace_back());
    if (!sealed) continue;
    const std::size_t some = std::min(sealed->size(), Trust::in_a_row_max - of_this_one);
    envelopes.insert(envelopes.end(), sealed->begin(),
                     sealed->begin() + static_cast<std::ptrdiff_t>(some));
    of_this_one += some;
  }
  return verify_ahead(envelopes);
}

std::size_t Gateway::verify_ahead(std::span<const Upcoming> messages) {
  return impl_->verify_ahead(messages);
}

std::size_t Gateway::verify_ahead(std::span<const EnvelopeRow> rows) {
  std::vector<std::string_view> envelopes;
  envelopes.reserve(rows.size());
  for (const EnvelopeRow& row : rows) envelopes.emplace_back(row.bytes);
  return impl_->verify_ahead(envelopes);
}

}  // namespace tributary::core
