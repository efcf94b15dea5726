// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/bench.h"

#include <algorithm>
#include <utility>

#include "gateway/core/coding.h"
#include "gateway/core/evidence.h"
#include "gateway/core/live.h"
#include "gateway/core/policy.h"
#include "gateway/core/status.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reference.h"
#include "transports/wire/ask.h"
#include "transports/wire/pack.h"

namespace tributary::fuzz {
namespace {

constexpr core::LinkId link_count = 2;
constexpr unsigned turns_max = 64;  // calls of tick() at one time before it counts as spinning
constexpr unsigned checks_max = 8;  // expensive ones of one life
constexpr std::size_t payload_bytes_max = 1u << 20;

core::Options options() {
  core::Options o;
  o.fleet = "demo";
  o.gateway = "gw";
  o.batch_envelopes_max = 6;
  o.listen_ms = 100;
  o.settle_ms = 200;
  o.state_interval_min_ms = 300;
  o.sync_interval_max_ms = 2'000;
  o.cleanup_interval_ms = 700;
  return o;
}

// Of a batch, a part of retained state or an answer.
std::optional<std::string_view> pack_of(std::string_view payload) {
  if (const auto batch = wire::decode_batch(payload, {})) return batch->pack;
  if (const auto state = wire::decode_state_part(payload, {})) return state->pack;
  if (const auto answer = wire::decode_answer(payload, {})) return answer->pack;
  return std::nullopt;
}

}  // namespace

void Disk::apply(const core::Commit& c) {
  for (const auto& row : c.insert) envelopes[row.row] = row;
  for (const std::uint64_t row : c.erase) envelopes.erase(row);
  for (const auto& row : c.actors) actors[row.row] = row;
  for (const std::uint64_t row : c.forget_actors) actors.erase(row);
  for (const auto& row : c.quarantine) envelopes.erase(row.row);
  quarantined += c.quarantine.size();
}

// Joins envelopes without a gateway. With `collecting` superseded ones go, as in a gateway.
struct Bench::Merged {
  core::ActorTable actors;
  core::Keyspace keys{actors};
  core::LiveSet live{actors, keys};
  core::EvidenceBook evidence;
  std::uint64_t rows = 0;
  std::optional<std::size_t> compared;  // with the join of so many that were accepted

  void take(const Bytes& bytes, bool collecting) {
    auto e = wire::decode_envelope(bytes, {});
    require(bool(e), "what is stored or accepted is an envelope");
    core::ActorRecord& actor = actors.intern(e->delta.device, e->delta.epoch);
    if (live.contains(e->hash)) return;
    std::vector<core::KeyState*> of_entries;
    for (const wire::Entry& x : e->delta.entries) {
      of_entries.push_back(&keys.intern(x.key, x.type));
      keys.apply(actor, *of_entries.back(), x, 1);
    }
    if (!collecting) return;
    live.insert(*e, actor, of_entries, ++rows, true);
    for (const auto& [key, holder] : keys.take_released()) live.recheck(*key, holder);
    keys.take_foreign();
  }
  void take_evidence(std::string_view bytes) {
    const auto pair = wire::decode_evidence(bytes, {});
    require(bool(pair), "what is stored as evidence is");
    const wire::Delta& d = pair->first.delta;
    const auto about = core::contradiction(d, pair->second.delta);
    require(about.has_value(), "and shows something");
    core::KeptEvidence kept{
        pair->id, pair->first.hash, pair->second.hash, pair->bytes, *about, false, 0};
    core::ActorRecord& actor = actors.intern(d.device, d.epoch);
    require(evidence.find({&actor}) == nullptr, "there is one pair for an actor");
    evidence.put({&actor}, std::move(kept), keys.digests());
  }
  // What is not told by the envelopes that were accepted.
  void take_evidence(const Disk& written) {
    for (const auto& [row, e] : written.envelopes)
      if (wire::is_evidence(e.bytes)) take_evidence(e.bytes);
  }
  std::string digest() { return wire::to_hex(keys.digests().all().view()); }
  // Cheaper than two digests: most buckets are empty.
  bool same(Merged& other) { return equal(keys.digests(), other.keys.digests()); }
  bool same_unknown(Merged& other) {
    return equal(live.unknown_digests(), other.live.unknown_digests());
  }
  static bool equal(core::DigestBook& a, core::DigestBook& b) {
    for (std::uint32_t i = 0; i < wire::bucket_count; ++i) {
      if (a.empty(i) != b.empty(i)) return false;
      if (!a.empty(i) && a.digest(i) != b.digest(i)) return false;
    }
    return true;
  }
};

namespace {

bool sound_evidence(const core::EnvelopeRow& row) {
  const auto pair = wire::decode_evidence(row.bytes, {});
  return pair && pair->id.view() == row.hash && pair->first.delta.fleet == options().fleet &&
         core::contradiction(pair->first.delta, pair->second.delta);
}

}  // namespace

Bench::Bench() : options_(options()) {}
Bench::~Bench() = default;

// --- lives

void Bench::boot() {
  gateway_ = std::make_unique<core::Gateway>(options_, disk.incarnation, ++session_);
  accepted_.clear();
  std::size_t damaged = 0;
  for (const auto& [row, e] : disk.envelopes) {
    gateway_->restore(core::EnvelopeRow(e));
    if (wire::is_evidence(e.bytes)) {
      damaged += sound_evidence(e) ? 0 : 1;
      continue;
    }
    const auto bytes = std::make_shared<const std::string>(e.bytes);
    const auto sound = wire::decode_envelope(bytes, {});
    const bool ours = sound && sound->hash.view() == e.hash && sound->delta.fleet == options_.fleet;
    if (ours) accepted_.push_back(bytes);
    damaged += ours ? 0 : 1;
  }
  for (const auto& [row, a] : disk.actors) gateway_->restore(core::ActorRow(a));
  asked_ = counted_ = accepted_.size();
  for (core::LinkId l = 0; l < link_count; ++l)
    gateway_->attach({.name = "link", .devices = l == 0, .peers = true});
  gateway_->start(now());
  const std::size_t before = disk.quarantined;
  perform();
  if (waiting_) commit_done();
  require(disk.quarantined == before + damaged, "what is damaged is set aside, and nothing else");
  if (damaged == 0) {
    for (const auto& [actor, r] : received_) {
      const auto intake = intake_on_disk(actor);
      require(r.acknowledged == 0 || (intake && intake->contiguous().op >= r.acknowledged),
              "what was acknowledged is there after a restart");
    }
  } else {
    for (auto& [actor, r] : received_) r.acknowledged = 0;  // its rows may have rested on them
  }
  check_quiet();
}

void Bench::crash() {
  gateway_.reset();
  waiting_.reset();
  retrying_ = torn_pack_ = false;
  checks_ = 0;
  subscriptions_.clear();
}

void Bench::wipe() {
  crash();
  disk = Disk{{}, {}, disk.incarnation + 1, 0};
  merged_.reset();
  received_.clear();
}

void Bench::rot(std::uint64_t row_number, std::uint64_t at, std::uint8_t bits) {
  const std::size_t rows = disk.envelopes.size() + disk.actors.size();
  if (rows == 0) return;
  merged_.reset();
  std::size_t n = row_number % rows;
  std::string* bytes = nullptr;
  if (n < disk.envelopes.size()) {
    bytes = &std::next(disk.envelopes.begin(), static_cast<std::ptrdiff_t>(n))->second.bytes;
  } else {
    n -= disk.envelopes.size();
    bytes = &std::next(disk.actors.begin(), static_cast<std::ptrdiff_t>(n))->second.intake;
    for (auto& [actor, r] : received_) r.acknowledged = 0;
  }
  if (bytes->empty()) return;
  const std::size_t place = at % bytes->size();
  if (bits == 0) {
    bytes->resize(place);
  } else {
    (*bytes)[place] = static_cast<char>((*bytes)[place] ^ bits);
  }
}

// --- events

void Bench::connect(core::LinkId link) {
  gateway_->connected(now(), link);
  perform();
}

void Bench::disconnect(core::LinkId link) {
  gateway_->disconnected(now(), link);
  perform();
}

// The envelopes in a message that a gateway may join.
std::vector<Bytes> Bench::candidates(core::LinkId link, const std::string& at,
                                     const std::string& payload, bool& upload) const {
  wire::Pack pack;
  std::vector<std::string_view> parts;
  std::string device;
  const std::string up = topic("up/");
  upload = at.starts_with(up);
  if (upload) {
    device = at.substr(up.size());
    if (link != 0 || !wire::valid_id(device)) return {};
    if (const auto split = wire::split_upload(payload, {}, pack)) parts = *split;
  } else {
    const auto packed = pack_of(payload);
    if (!packed) return {};
    auto inner = wire::decode_pack(*packed, {});
    if (inner) pack = std::move(*inner), parts = pack.envelopes;
  }
  std::vector<Bytes> out;
  for (const std::string_view part : parts) {
    auto e = wire::decode_envelope(part, {});
    if (!e) continue;
    const Bytes bytes = e->bytes;
    if (core::authorise(options_, core::Trust(options_), {device}, std::move(*e), false))
      out.push_back(bytes);
  }
  return out;
}

void Bench::receive(core::LinkId link, std::string at, std::string payload, bool was_retained) {
  if (!gateway_->accepting()) return;
  bool upload = false;
  const std::vector<Bytes> may = candidates(link, at, payload, upload);
  const auto taken = [&] { return gateway_->counters().envelopes; };
  const auto seen = [&] { return taken() + gateway_->counters().duplicates; };
  const std::uint64_t taken_before = taken(), seen_before = seen();
  gateway_->receive(now(), {link, std::move(at), std::move(payload), was_retained});
  const bool accepts = upload || seen() > seen_before;
  if (upload) require(taken() == taken_before + may.size(), "every valid envelope is taken in");
  if (accepts) accepted_.insert(accepted_.end(), may.begin(), may.end());
  const bool idle = !waiting_ && !retrying_;
  perform();
  torn_pack_ |= idle && waiting_ && may.size() > 1;
}

void Bench::pass(std::uint64_t ms) {
  const std::uint64_t end = mono_ms_ + ms;
  unsigned turns = 0;
  for (;;) {
    const auto due = gateway_->deadline();
    if (!due || *due > end) break;
    if (*due > mono_ms_) {
      wall_ms_ += *due - mono_ms_;
      mono_ms_ = *due;
      turns = 0;
    }
    require(++turns < turns_max, "it does not ask to be woken again and again");
    gateway_->tick(now());
    perform();
  }
  wall_ms_ += end - mono_ms_;
  mono_ms_ = end;
}

void Bench::step_clock(std::int64_t by_ms) {
  wall_ms_ = static_cast<std::uint64_t>(
      std::max<std::int64_t>(1, static_cast<std::int64_t>(wall_ms_) + by_ms));
}

void Bench::commit_done() {
  if (!waiting_) return;
  const core::CommitRequest request = std::move(*waiting_);
  waiting_.reset();
  retrying_ = false;
  disk.apply(*request.rows);
  merged_.reset();
  count_committed();
  check_commit();
  gateway_->committed(now(), request.ticket);
  perform();
}

void Bench::commit_failed(bool happened_anyway) {
  if (!waiting_) return;
  const core::CommitRequest request = std::move(*waiting_);
  waiting_.reset();
  if (happened_anyway) {
    disk.apply(*request.rows);
    merged_.reset();
    count_committed();
  }
  retrying_ = true;
  gateway_->commit_failed(now(), request.ticket, "disk full");
  perform();
}

void Bench::stop() {
  gateway_->stop(now());
  perform();
}

// --- the oracle

void Bench::perform() {
  core::Output out = gateway_->take_output();
  if (out.commit) {
    require(!waiting_, "there is one commit at a time");
    waiting_ = std::move(out.commit);
    if (!retrying_) {
      asked_ = accepted_.size();
      torn_pack_ = false;
    }
  }
  for (const core::Publish& p : out.publishes) look_at(p);
  for (core::Subscription& s : out.subscriptions) {
    require(s.link < link_count, "a subscription is on a link");
    std::erase_if(subscriptions_,
                  [&](const auto& o) { return o.link == s.link && o.filter == s.filter; });
    if (s.subscribe) subscriptions_.push_back(std::move(s));
  }
  for (const core::Notice& n : out.notices) require(reference_utf8(n.text), "notices are text");
}

void Bench::look_at(const core::Publish& p) {
  require(p.link < link_count && p.topic.starts_with(topic("")), "it publishes below its root");
  require(p.payload.size() <= payload_bytes_max, "a payload fits");
  const std::string below = p.topic.substr(topic("").size());
  if (p.retain && p.payload.empty()) {
    retained_.erase({p.link, p.topic});
    return;
  }
  if (p.retain) retained_[{p.link, p.topic}] = p.payload;
  if (below.starts_with("ack/")) {
    require(!p.retain, "acks are not retained");
    check_ack(p.payload);
  } else if (below == "gw/gw/head") {
    check_head(p.payload);
  } else if (below == "gw/gw/status") {
    require(core::read_status(p.payload).has_value(), "a status can be read");
  } else if (below.starts_with("gw/gw/ask/")) {
    require(!p.retain && wire::decode_ask(p.payload, {}), "an ask can be read");
  } else if (below.starts_with("gw/gw/state/") || below == "gw/gw/delta" ||
             below.starts_with("gw/gw/answer/")) {
    bool upload = false;
    const auto packed = pack_of(p.payload);
    require(packed.has_value(), "what peers get can be read");
    const auto pack = wire::decode_pack(*packed, {});
    require(bool(pack), "what peers get can be read");
    const auto is_evidence = [](std::string_view e) { return wire::decode_evidence(e, {}); };
    const auto pairs = static_cast<std::size_t>(
        std::count_if(pack->envelopes.begin(), pack->envelopes.end(),
                      [&](std::string_view e) { return bool(is_evidence(e)); }));
    require(candidates(p.link, p.topic, p.payload, upload).size() + pairs == pack->envelopes.size(),
            "and holds envelopes that are valid");
  } else {
    require(below.starts_with("view/gw/"), "nothing else is published");
  }
}

std::optional<core::Intake> Bench::intake_on_disk(const Actor& actor) const {
  for (const auto& [row, a] : disk.actors) {
    if (a.device != actor.first || a.epoch != actor.second) continue;
    core::Reader r(a.intake);
    r.u8(), r.u64(), r.u64();
    return core::Intake::decode(r.rest());
  }
  return std::nullopt;
}

void Bench::check_ack(std::string_view payload) {
  const auto ack = wire::decode_ack(payload, {});
  require(bool(ack), "an ack can be read");
  require(ack->incarnation == disk.incarnation, "an ack tells the disk it speaks of");
  for (const wire::ActorAck& a : ack->actors) {
    const Actor actor{std::string(ack->device), a.epoch};
    const auto intake = intake_on_disk(actor);
    const wire::Point stored = intake ? intake->contiguous() : wire::Point{};
    require(stored == wire::Point{a.op, a.hash}, "an ack says what the disk says");
    const auto points = intake ? intake->points_above(0, 64) : std::vector<wire::Point>{};
    for (const wire::Point& p : a.points) {
      const bool known = std::find(points.begin(), points.end(), p) != points.end();
      require(known || p == stored, "and so does every point of it");
    }
    Received& r = received_[actor];
    require(a.op == 0 || r.whole.includes(0, a.op), "acknowledged is what finished commits hold");
    r.acknowledged = a.op;
    for (const std::string_view e : a.removals)
      require(bool(wire::decode_envelope(e, {})), "a quoted removal is an envelope");
  }
}

void Bench::check_head(std::string_view payload) {
  const auto head = wire::decode_head(payload, {});
  require(bool(head), "a head can be read");
  if (++checks_ > checks_max) return;
  Merged& merged = on_disk();
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
    if (!head->buckets[b]) {
      require(merged.keys.digests().empty(b), "a head names every bucket that is not empty");
      continue;
    }
    require(head->buckets[b]->digest == merged.keys.digests().digest(b),
            "a head tells the digest of what the disk rebuilds");
    if (head->buckets[b]->unknown)
      require(*head->buckets[b]->unknown == merged.live.unknown_digests().digest(b),
              "also of types that are not known");
  }
}

// What the finished commit holds, told by the deltas that were accepted until it was asked for.
void Bench::count_committed() {
  for (; counted_ < asked_; ++counted_) {
    const auto e = wire::decode_envelope(accepted_[counted_], {});
    const wire::Delta& d = e->delta;
    Received& r = received_[{std::string(d.device), d.epoch}];
    auto& parts = r.partly[{d.from, d.to, d.id, d.parts}];
    parts[d.part] = true;
    if (parts.size() == d.parts) r.whole.add(d.from, d.to);
  }
}

Bench::Merged& Bench::on_disk() {
  if (merged_) return *merged_;
  merged_ = std::make_unique<Merged>();
  for (const auto& [row, e] : disk.envelopes)
    if (!wire::is_evidence(e.bytes))
      merged_->take(std::make_shared<const std::string>(e.bytes), true);
  merged_->take_evidence(disk);
  return *merged_;
}

// After a commit the disk is worth what was accepted until it was asked for: no more, no less.
void Bench::check_commit() {
  if (torn_pack_ || ++checks_ > checks_max) return;
  Merged plain;
  for (std::size_t i = asked_; i > 0; --i) plain.take(accepted_[i - 1], false);
  plain.take_evidence(disk);
  require(on_disk().same(plain), "a commit holds all that was accepted");
}

void Bench::check_quiet() {
  if (waiting_ || retrying_ || gateway_->summary().pending != 0) return;
  Merged& merged = on_disk();
  require(gateway_->summary().digest == merged.digest(), "memory is what the disk rebuilds");
  // The rows are among what was accepted: as many of them on the same disk are the same ones.
  if (std::exchange(merged.compared, accepted_.size()) == accepted_.size()) return;
  Merged plain, collected;
  for (auto e = accepted_.rbegin(); e != accepted_.rend(); ++e) {
    plain.take(*e, false);
    collected.take(*e, true);
  }
  plain.take_evidence(disk);
  collected.take_evidence(disk);
  require(plain.same(merged), "collecting changes nothing");
  require(collected.same(merged), "nor does the order");
  require(collected.same_unknown(merged), "nor for types that are not known");
}

void Bench::settle() {
  for (core::LinkId l = 0; l < link_count; ++l) connect(l);
  for (int rounds = 0; rounds < 5; ++rounds) {
    pass(800);
    while (waiting_) commit_done();
  }
  require(!retrying_ && gateway_->summary().pending == 0, "it comes to rest");
  check_quiet();
  require(!gateway_->summary().degraded, "and is well");
}

}  // namespace tributary::fuzz
