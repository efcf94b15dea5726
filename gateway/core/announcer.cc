// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/announcer.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace tributary::core {
namespace {

// Bucket state may take this much of the link while traffic goes on, in bytes/ms.
constexpr std::size_t state_rate = 256;
constexpr std::uint64_t state_round_max_ms = 60'000;  // all buckets, if traffic goes on
constexpr std::uint64_t unread_pause_ms = 1'000;
// A gateway's retained topics stay below 1,000: a broker's retained replay is cut at about that
// (Mosquitto: 20 in flight and 1,000 queued).
constexpr std::size_t parts_total_max = 700;
// A bucket's parts are a power of two of parts three quarters full, so up to 8/3 times as many as
// its bytes alone would need, and each bucket has one at least.
constexpr std::size_t parts_by_bytes_max = (parts_total_max - wire::bucket_count) * 3 / 8;
constexpr std::uint32_t parts_max = 512;
constexpr std::size_t part_bytes_ceiling = 900'000;

std::uint32_t part_of(const wire::Hash& hash, std::uint32_t parts) {
  const std::uint32_t first = std::uint32_t{hash.bytes[0]} << 24 |
                              std::uint32_t{hash.bytes[1]} << 16 |
                              std::uint32_t{hash.bytes[2]} << 8 | hash.bytes[3];
  return first % parts;
}

}  // namespace

void Announcer::changed(Instant now, std::uint32_t bucket) {
  Bucket& b = buckets_[bucket];
  b.state_dirty = true;
  stale_ |= std::uint64_t{1} << bucket;
  if (!changed_since_head_) {
    changed_since_head_ = true;
    next_head_ms_ = std::min(next_head_ms_, now.mono_ms + options_.sync_interval_min_ms);
  }
  // By its size while traffic goes on; sooner once it has settled.
  if (!dirty_ && round_.left == 0)
    busy_due_ms_ = std::max(busy_due_ms_, now.mono_ms + options_.state_interval_min_ms);
  dirty_ = true;
  settled_ms_ = now.mono_ms + options_.settle_ms / 2;
}

std::uint64_t Announcer::state_due() const {
  if (round_.urgent != 0) return 0;
  if (round_.left != 0) return std::min(busy_due_ms_, settled_ms_);
  return dirty_ ? round_due() : never;
}

std::uint64_t Announcer::round_due() const {
  return std::min(busy_due_ms_, std::max(settled_ms_, round_due_ms_));
}

void Announcer::hurry(Instant now) {
  hurried_ = true;
  busy_due_ms_ = 0;
  if (changed_since_head_) next_head_ms_ = std::min(next_head_ms_, now.mono_ms);
}

void Announcer::inherit(std::uint32_t bucket, std::uint32_t parts) {
  Bucket& b = buckets_[bucket];
  b.retained_parts = std::max(b.retained_parts, std::min(parts, parts_max));
}

std::uint64_t Announcer::outdated(const wire::Head& at_broker) {
  std::uint64_t out = 0;
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
    const auto& theirs = at_broker.buckets[b];
    const std::optional<wire::Hash> published = theirs ? theirs->published : std::nullopt;
    if (published == buckets_[b].published) continue;
    out |= std::uint64_t{1} << b;
    if (theirs) inherit(b, theirs->parts);
  }
  return out;
}

std::optional<std::uint32_t> Announcer::next_published(std::uint32_t bucket) const {
  for (std::uint32_t n = 0; n < wire::bucket_count; ++n) {
    const std::uint32_t b = (bucket + n) % wire::bucket_count;
    if (buckets_[b].published) return b;
  }
  return std::nullopt;
}

const std::optional<wire::BucketHead>& Announcer::head_of(std::uint32_t bucket) {
  Bucket& b = buckets_[bucket];
  const std::uint64_t bit = std::uint64_t{1} << bucket;
  if ((stale_ & bit) == 0) return b.head;
  stale_ &= ~bit;
  const std::optional<wire::BucketHead> head = make_head(bucket);
  if (head != b.head) renewed_ |= bit;
  b.head = head;
  return b.head;
}

std::optional<wire::BucketHead> Announcer::make_head(std::uint32_t bucket) {
  const Bucket& b = buckets_[bucket];
  const std::size_t live = live_.size(bucket);
  if (live == 0 && keys_.digests().empty(bucket) && !b.published) return std::nullopt;
  wire::BucketHead h;
  h.digest = keys_.digests().digest(bucket);
  if (!live_.unknown_digests().empty(bucket)) h.unknown = live_.unknown_digests().digest(bucket);
  h.live = live;
  h.published = b.published;
  h.parts = b.parts;
  return h;
}

std::uint64_t Announcer::run(Instant now, crdt::Hlc hlc, const std::vector<LinkView>& links,
                             Output& out, Counters& counters) {
  std::uint64_t again = 0, rest = 0;
  for (const LinkView& l : links) {
    again |= l.again;
    round_.head |= l.head;
  }
  if (again != 0 || now.mono_ms >= state_due()) {
    begin_round(now, again);
    publish_some(now, links, out, counters);
    rest = round_.left | round_.unread;
    if (round_.left == 0) {
      end_round(now);
    } else if (now.mono_ms >= state_due()) {
      return rest;  // it goes on at once
    }
  }
  if (std::exchange(round_.head, false)) next_head_ms_ = now.mono_ms;
  if (now.mono_ms < next_head_ms_ || wait_for_state(now)) return rest;
  if (!hurried_ && !keys_.prepare_digests()) return rest;  // so does this
  for (const LinkView& link : links) publish_head(hlc, link, out, counters);
  // A change makes its own time: what follows only repeats, for a peer whose queue at the broker
  // was full.
  const std::uint32_t first = options_.sync_interval_min_ms * 16;
  head_interval_ms_ = std::clamp(changed_since_head_ ? first : head_interval_ms_ * 4,
                                 options_.sync_interval_min_ms, options_.sync_interval_max_ms);
  changed_since_head_ = head_waited_ = false;
  next_head_ms_ = now.mono_ms + head_interval_ms_;
  return rest;
}

// Or goes on with one: what is due joins it, and what changes from now on waits for the next, as
// does what the disk did not give.
void Announcer::begin_round(Instant now, std::uint64_t again) {
  round_.urgent |= again & ~round_.unread;
  round_.left |= round_.urgent;
  if (round_.due || !dirty_ || !(round_.head || now.mono_ms >= round_due())) return;
  round_.due = true;
  dirty_ = false;
  round_due_ms_ = now.mono_ms + options_.state_interval_min_ms;
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b)
    round_.left |= std::uint64_t{buckets_[b].state_dirty} << b;
}

void Announcer::publish_some(Instant now, const std::vector<LinkView>& links, Output& out,
                             Counters& counters) {
  std::size_t envelopes = 0, bytes = 0, buckets = 0;
  while (round_.left != 0 && (hurried_ || envelopes < options_.state_envelopes_at_once)) {
    const auto b = static_cast<std::uint32_t>(
        std::countr_zero(round_.urgent != 0 ? round_.urgent : round_.left));
    const std::uint64_t others = ~(std::uint64_t{1} << b);
    round_.left &= others;
    round_.urgent &= others;
    ++buckets;
    envelopes += live_.size(b);
    const auto published = publish_bucket(b, links, out, counters);
    bytes += published.value_or(0);
    if (!published) round_.unread |= ~others;
  }
  round_.head |= round_.due && bytes > 0;
  busy_due_ms_ =
      now.mono_ms +
      std::min<std::uint64_t>(bytes / state_rate, state_round_max_ms * buckets / buckets_.size());
}

void Announcer::end_round(Instant now) {
  const Round done = std::exchange(round_, {});
  round_.head = done.head;
  busy_due_ms_ = std::max(busy_due_ms_, round_due_ms_);
  if (done.unread == 0) return;
  dirty_ = true;
  busy_due_ms_ = round_due_ms_ = now.mono_ms + unread_pause_ms;
}

// When bucket state is due soon, one head after it says what two would. Once for a head: changes
// that go on push the state's time further.
bool Announcer::wait_for_state(Instant now) {
  const std::uint64_t state_due = this->state_due();
  if (head_waited_ || state_due > now.mono_ms + options_.settle_ms / 2) return false;
  head_waited_ = true;
  next_head_ms_ = state_due;
  return true;
}

// The stored envelopes of each part, in order of hash.
std::vector<Announcer::Members> Announcer::members(std::uint32_t b, std::uint32_t parts) const {
  std::vector<Members> out(parts);
  live_.each(b, [&](const LiveSet::Item& item) {
    if (item.stored()) out[part_of(*item.hash, parts)].push_back(item);
  });
  for (Members& part : out) {
    std::sort(part.begin(), part.end(),
              [](const auto& x, const auto& y) { return *x.hash < *y.hash; });
  }
  return out;
}

// nullopt: the disk does not give it now.
std::optional<std::string> Announcer::plain(const Members& part) const {
  const auto bytes = live_.read(part);
  if (!bytes) return std::nullopt;
  std::vector<std::string_view> views;
  views.reserve(bytes->size());
  for (const auto& one : *bytes) views.push_back(*one);
  return wire::plain_pack(views);
}

// The smallest power of two whose parts stay below the size wanted; that grows when there would be
// too many parts.
std::uint32_t Announcer::parts_for(std::uint32_t b) const {
  const std::size_t wanted =
      std::clamp(live_.bytes() / parts_by_bytes_max, options_.state_part_bytes, part_bytes_ceiling);
  const std::size_t total = live_.bytes(b) + 5 * live_.size(b);
  std::uint32_t parts = 1;
  while (parts < parts_max && total / parts > wanted * 3 / 4) parts *= 2;
  return parts;
}

// A part in which the same envelopes are has the same bytes: nothing of it is read. nullopt: the
// disk does not give what is.
std::optional<std::size_t> Announcer::publish_bucket(std::uint32_t b,
                                                     const std::vector<LinkView>& links,
                                                     Output& out, Counters& counters) {
  Bucket& bucket = buckets_[b];
  stale_ |= std::uint64_t{1} << b;
  if (live_.size(b) == 0 && bucket.retained_parts == 0) {
    bucket.state_dirty = false;
    return 0;
  }
  const bool again = std::any_of(links.begin(), links.end(),
                                 [&](const LinkView& link) { return (link.again >> b & 1) != 0; });
  const std::uint32_t parts = parts_for(b);
  std::vector<wire::Hash> names, hashes;
  std::vector<std::string> bytes_of(parts);
  std::string all;
  for (const Members& part : this->members(b, parts)) {
    const std::size_t i = names.size();
    std::string members;
    for (const LiveSet::Item& item : part) members += item.hash->view();
    names.push_back(wire::sha256(members));
    const bool same = bucket.parts == parts && bucket.part_names[i] == names[i];
    if (same && !again) {
      hashes.push_back(bucket.part_hashes[i]);
    } else {
      auto read = plain(part);
      if (!read) {
        bucket.state_dirty = true;
        return std::nullopt;
      }
      bytes_of[i] = std::move(*read);
      hashes.push_back(wire::sha256(bytes_of[i]));
    }
    all += hashes.back().view();
  }
  std::size_t bytes = 0;
  for (std::uint32_t part = 0; part < parts; ++part) {
    const bool same = bucket.parts == parts && bucket.part_hashes[part] == hashes[part];
    for (const LinkView& link : links) {
      if (!same || (link.again >> b & 1) != 0)
        bytes += publish_part(b, {part, parts}, bytes_of[part], link.id, out, counters);
    }
  }
  for (std::uint32_t part = parts; part < bucket.retained_parts; ++part) {
    for (const LinkView& link : links)
      out.publishes.push_back({link.id, part_topic(b, part), {}, true, true});
  }
  bucket.state_dirty = false;
  bucket.parts = bucket.retained_parts = parts;
  bucket.part_hashes = std::move(hashes);
  bucket.part_names = std::move(names);
  bucket.published = wire::sha256(all);
  return bytes;
}

std::size_t Announcer::publish_part(std::uint32_t b, Slice slice, const std::string& plain,
                                    LinkId link, Output& out, Counters& counters) const {
  const std::string pack = wire::encode_pack(plain, options_.codec);
  wire::StatePart state;
  state.gateway = options_.gateway;
  state.incarnation = identity_.incarnation;
  state.bucket = b;
  state.part = slice.part;
  state.parts = slice.parts;
  state.pack = pack;
  std::string payload = wire::encode(state);
  const std::size_t bytes = payload.size();
  out.publishes.push_back({link, part_topic(b, slice.part), std::move(payload), true, true});
  counters.state_parts_out += 1;
  return bytes;
}

void Announcer::publish_head(crdt::Hlc hlc, const LinkView& link, Output& out, Counters& counters) {
  wire::Head head;
  head.fleet = options_.fleet;
  head.gateway = options_.gateway;
  head.incarnation = identity_.incarnation;
  head.session = identity_.session;
  head.number = link.number;
  head.hlc = hlc;
  head.types = {1, 2, 3, 4, 5};
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) head.buckets[b] = head_of(b);
  const std::string body = wire::encode_body(head);
  const auto& signer = options_.trust.signer;
  out.publishes.push_back(
      {link.id, identity_.base + "/head",
       signer ? signing::seal(signing::Kind::head, head.fleet, body, *signer) : wire::seal(body),
       true, true});
  counters.heads_out += 1;
}

std::string Announcer::part_topic(std::uint32_t b, std::uint32_t part) const {
  return identity_.base + "/state/" + std::to_string(b) + '/' + std::to_string(part);
}

}  // namespace tributary::core
