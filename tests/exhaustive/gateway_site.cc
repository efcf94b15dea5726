// SPDX-License-Identifier: Apache-2.0
#include "tests/exhaustive/gateway_site.h"

#include <algorithm>
#include <set>

#include "tests/exhaustive/gateway_run.h"

namespace tributary::exhaustive {
namespace {

constexpr std::uint64_t probe_every = 16;

// What the disk holds, whatever its rows are numbered.
std::string contents(const Disk& disk) {
  std::vector<std::string> rows;
  for (const auto& [row, e] : disk.envelopes) rows.push_back("e" + e.hash);
  for (const auto& [row, a] : disk.actors) {
    rows.push_back("a" + a.device + ' ' + std::to_string(a.epoch) + ' ' +
                   std::to_string(a.heard_at_ms) + ' ' + a.intake);
  }
  std::sort(rows.begin(), rows.end());
  std::string out;
  for (const std::string& row : rows) out += ' ' + std::to_string(row.size()) + ':' + row;
  return out;
}

// What else can tell one gateway at rest from another: the devices heard, the states that it waits
// for, and the envelopes seen since the start that are not on the disk any more.
std::string contents(const GatewayRun& run) {
  std::set<std::string> seen = run.seen();
  for (const auto& [row, e] : run.disk().envelopes) seen.erase(e.hash);
  std::string out = std::to_string(run.heard());
  for (const std::string& filter : run.asked()) out += ' ' + filter;
  for (const std::string& hash : seen) out += ' ' + hash;
  return out + contents(run.disk());
}

Ops newest(const Disk& disk) {
  Ops out{};
  for (const auto& [row, e] : disk.envelopes) {
    const std::size_t d = index_of(device_names, e.device);
    if (d < 2) out[d] = std::max(out[d], e.to);
  }
  return out;
}

Ops larger(const Ops& a, const Ops& b) {
  return {std::max(a[0], b[0]), std::max(a[1], b[1])};
}

bool gap(const GatewayState& s, std::size_t d) {
  return s.known.some[d] > s.known.all[d];
}

bool is_crash(const GatewayEvent& e) {
  return e.type == GatewayEvent::Type::crash || e.type == GatewayEvent::Type::crash_done;
}

}  // namespace

GatewaySite::GatewaySite(std::size_t index, std::uint32_t waiting_max, Fault fault,
                         Messages& messages, std::map<std::string, std::uint32_t>& digests)
    : index_(index),
      waiting_max_(waiting_max),
      fault_(fault),
      messages_(messages),
      digests_(digests) {
  GatewayState first;
  first.start = std::make_shared<const Disk>();
  GatewayRun run(index_, fault_, messages_, *first.start);
  rest(run, first);
  known_.emplace(first.key, 0);
  states_.push_back(std::move(first));
  taken_.emplace_back();
}

bool GatewaySite::enabled(std::uint32_t state, const GatewayEvent& e) const {
  const GatewayState& s = states_[state];
  switch (e.type) {
    case GatewayEvent::Type::receive:
      return s.at_rest || s.waiting <= waiting_max_;
    case GatewayEvent::Type::read:
      return s.at_rest;
    case GatewayEvent::Type::crash:
      return true;
    default:
      return !s.at_rest;
  }
}

// Memory is what the disk rebuilds.
void GatewaySite::rest(GatewayRun& run, GatewayState& s) {
  s.at_rest = true;
  s.waiting = 0;
  s.key = contents(run);
  s.known.some = larger(newest(run.disk()), s.known.all);
  s.state = run.retained();
  const std::string digest = run.gateway().summary().digest;
  s.digest = digests_.emplace(digest, static_cast<std::uint32_t>(digests_.size())).first->second;
  s.on_disk = s.known.all;
  if (const auto at = known_.find(s.key); at != known_.end()) {
    const GatewayState& same = states_[at->second];
    if (same.digest == s.digest && same.known.all == s.known.all && same.state == s.state) return;
    throw Violation("two gateways with one disk differ");
  }
  const auto disk = GatewayRun::rebuilt(index_, run.disk());
  if (disk->summary().digest != digest) throw Violation("its disk rebuilds another digest");
  if (GatewayRun::contiguous(*disk) != s.known.all)
    throw Violation("its disk rebuilds another acknowledgement");
  const auto hashes = [](const core::Gateway& g) {
    std::vector<wire::Hash> out;
    const auto all = g.envelopes("", 1'000);
    for (const auto& [hash, bytes] : *all) out.push_back(hash);
    return out;
  };
  if (hashes(*disk) != hashes(run.gateway())) throw Violation("its disk rebuilds other envelopes");
}

GatewayState GatewaySite::evaluate(const GatewayState& from, const GatewayEvent& e, Step& step) {
  runs_ += 1;
  GatewayRun run(index_, fault_, messages_, *from.start);
  for (const GatewayEvent& before : from.events) run.apply(before);
  run.clear();
  const core::Counters was = run.gateway().counters();
  run.apply(e);
  step.sent = run.sent();
  step.reached = run.reached();

  GatewayState next = from;
  next.depth += 1;
  next.heard = run.heard();
  next.known.all = run.contiguous();
  next.shown = run.shown();
  if (is_crash(e)) {
    next.start = std::make_shared<const Disk>(run.disk());
    next.events.clear();
  } else {
    next.events.push_back(e);
    const core::Counters& is = run.gateway().counters();
    if (is.duplicates > was.duplicates)
      step.reached |= bit(from.at_rest ? Reached::duplicate : Reached::duplicate_in_commit);
    if (is.superseded > was.superseded) step.reached |= bit(Reached::superseded);
  }
  if (run.at_rest()) {
    rest(run, next);
  } else {
    const bool news = e.type == GatewayEvent::Type::receive || e.type == GatewayEvent::Type::read;
    next.at_rest = false;
    next.waiting += news ? 1 : 0;
    next.key = is_crash(e) ? "started " + contents(run.disk())
                           : from.key + '|' + std::to_string(static_cast<int>(e.type)) + ' ' +
                                 std::to_string(e.message);
    if (news) next.known.some = larger(next.known.some, messages_[e.message].upto);
    next.known.some = larger(next.known.some, next.known.all);
    if (!news) next.on_disk = GatewayRun::contiguous(*GatewayRun::rebuilt(index_, run.disk()));
    const std::string digest = run.gateway().summary().digest;
    next.digest =
        digests_.emplace(digest, static_cast<std::uint32_t>(digests_.size())).first->second;
  }
  for (std::size_t d = 0; d < 2; ++d) {
    if (!gap(from, d) && gap(next, d)) step.reached |= bit(Reached::gap_opened);
    if (gap(from, d) && !gap(next, d) && !is_crash(e)) step.reached |= bit(Reached::gap_filled);
  }
  return next;
}

Step GatewaySite::step(std::uint32_t state, const GatewayEvent& e) {
  Step out;
  GatewayState next = evaluate(states_[state], e, out);
  const auto [at, fresh] = known_.emplace(next.key, static_cast<std::uint32_t>(states_.size()));
  out.next = at->second;
  if (fresh) {
    states_.push_back(std::move(next));
    taken_.emplace_back();
  } else if (++merges_ % probe_every == 0) {
    probe(next, out.next);
  }
  taken_[state].emplace_back(e, out);
  return out;
}

void GatewaySite::probe(const GatewayState& other_way, std::uint32_t state) {
  for (const auto& [event, step] : taken_[state]) {
    Step other;
    const GatewayState next = evaluate(other_way, event, other);
    probes_ += 1;
    if (next.key != states_[step.next].key || other.sent != step.sent)
      throw Violation("one state of a gateway goes on in two ways, by what led to it");
  }
}

}  // namespace tributary::exhaustive
