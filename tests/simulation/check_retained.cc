// SPDX-License-Identifier: Apache-2.0
// What brokers retain in the end: the head of each gateway is of its state, and the parts of each
// bucket are there and hash to what the head says. A gateway that starts with nothing while all
// others are off rests on that.
#include "gateway/core/digest.h"
#include "tests/simulation/judge.h"
#include "transports/wire/ack.h"
#include "transports/wire/pack.h"

namespace tributary::simulation {
namespace {

using Retained = std::map<std::string, transports::Message>;

bool whole(const Retained& at, const std::string& base, std::uint32_t bucket,
           const wire::BucketHead& head) {
  std::string all;
  for (std::uint32_t part = 0; part < head.parts; ++part) {
    const auto found =
        at.find(base + "/state/" + std::to_string(bucket) + '/' + std::to_string(part));
    if (found == at.end()) return false;
    const auto state = wire::decode_state_part(found->second.payload, wire::Limits{});
    if (!state || state->parts != head.parts) return false;
    const auto pack = wire::decode_pack(state->pack, wire::Limits{});
    if (!pack) return false;
    all += wire::sha256(*pack->plain).view();
  }
  return head.published == wire::sha256(all);
}

}  // namespace

std::string Judge::retained(const core::Gateway& gateway, const std::string& id,
                            const Retained& at) const {
  const std::string base = gateway.root() + "/gw/" + id;
  const auto found = at.find(base + "/head");
  if (found == at.end()) return "no head of " + id + " is retained";
  const auto head = wire::decode_head(found->second.payload, wire::Limits{});
  if (!head) return "the head of " + id + " cannot be read";
  static const wire::Hash nothing = core::DigestBook().digest(0);
  std::string digests;
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
    const auto& bucket = head->buckets[b];
    digests += (bucket ? bucket->digest : nothing).view();
    if (bucket && bucket->published && !whole(at, base, b, *bucket))
      return "what " + id + " retains of bucket " + std::to_string(b) + " is not whole";
  }
  const bool same = wire::to_hex(wire::sha256(digests).view()) == gateway.summary().digest;
  return same ? "" : "the retained head of " + id + " is not of its state";
}

}  // namespace tributary::simulation
