// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/metrics.h"

#include <string_view>

#include "gateway/app/metrics_writer.h"
#include "gateway/app/text.h"
#include "transports/wire/envelope.h"

namespace tributary::app {
namespace {

constexpr std::size_t peers_max = 64;

std::string type_label(std::size_t type) {
  return type == 0 ? "unknown" : wire::type_name(static_cast<std::uint8_t>(type));
}

void flow(Writer& w, const core::Counters& c, const ProcessState& p) {
  w.counter("tributary_messages_received_total", "MQTT messages taken in.", c.messages);
  w.counter("tributary_envelopes_received_total", "Envelopes decoded and authorised.", c.envelopes);
  w.counter("tributary_envelopes_duplicate_total", "Of these, known already.", c.duplicates);
  w.counter("tributary_envelopes_superseded_total",
            "Envelopes that left the live set because newer ones say the same.", c.superseded);
  w.counter("tributary_operations_total",
            "Operations by which the contiguous points of devices advanced.", c.operations);
  w.family("tributary_entries_joined_total", "counter",
           "Deltas of one key that were joined, by data type.");
  for (std::size_t t = 0; t < c.entries.size(); ++t) w.add(c.entries[t], {{"type", type_label(t)}});
  w.family("tributary_rejected_total", "counter", "What was not taken, by reason.");
  for (std::size_t i = 0; i < static_cast<std::size_t>(core::Reject::count_); ++i) {
    w.add(c.rejected[i], {{"reason", name(static_cast<core::Reject>(i))}});
  }
  w.counter("tributary_errors_total",
            "Messages refused, without those meant for other gateways, and commits that failed.",
            errors_of(c));
  w.counter("tributary_register_writes_total",
            "Writes to registers that were news (of tributary_register_conflicts_total).",
            c.register_writes);
  w.counter("tributary_register_conflicts_total",
            "Of these, not shown: another device's newer write stood there already.",
            c.register_conflicts);
  w.counter("tributary_shed_messages_total",
            "Messages let go because the disk did not keep up; none of them was acknowledged.",
            p.shed);
  w.counter("tributary_acks_sent_total", "Acknowledgements to devices.", c.acks);
  w.histogram("tributary_ack_latency_seconds",
              "From taking in a device's envelope until it was durable and acknowledged.", c.ack);
  w.counter("tributary_views_published_total", "Retained view messages published.", c.views);
}

void trust(Writer& w, const core::Counters& c, const core::Summary& s,
           const core::Gateway& gateway) {
  w.counter("tributary_equivocations_total",
            "Devices (with epochs) found, or heard, to tell two stories, since the start.",
            c.equivocations);
  w.gauge("tributary_equivocators", "Devices (with epochs) that are known to tell two stories.",
          s.equivocators);
  w.gauge("tributary_waiting_envelopes", "Envelopes whose signer is not in the registry yet.",
          s.waiting);
  w.gauge("tributary_registered_keys", "Keys in the fleet's registry.", s.registered_keys);
  w.gauge("tributary_settlements",
          "Records of the registry that close actors, withdraw grants, or name what stays valid.",
          s.settlements);
  w.family("tributary_offender_refused_total", "counter",
           "Forgeries, and what is not signed where that is required, by who brought them: the "
           "topic that they came on.");
  for (const core::OffenderView& o : gateway.offenders()) w.add(o.refused, {{"who", o.name}});
}

void store(Writer& w, const core::Counters& c, const core::Summary& s, const ProcessState& p) {
  w.family("tributary_requests_total", "counter", "Asked over MQTT, by what became of it.");
  w.add(p.asked.taken, {{"outcome", "taken"}});
  w.add(p.asked.denied, {{"outcome", "denied"}});
  w.add(p.asked.limited, {{"outcome", "limited"}});
  w.add(p.asked.no_reply, {{"outcome", "no_reply"}});
  w.counter("tributary_commits_total", "Transactions that are durable.", c.commits);
  w.counter("tributary_commit_failures_total", "Transactions that failed and were tried again.",
            c.commit_failures);
  w.histogram("tributary_commit_duration_seconds", "How long transactions took, with their sync.",
              p.commits);
  w.gauge("tributary_database_bytes", "Size of the database with its log.", p.database_bytes);
  w.gauge("tributary_disk_free_bytes", "Free space on the database's file system.",
          p.disk_free_bytes);
  w.gauge("tributary_disk_size_bytes", "Size of the database's file system.", p.disk_size_bytes);
  w.gauge("tributary_degraded", "1 while the database does not take commits.", s.degraded ? 1 : 0);
}

void state(Writer& w, const core::Summary& s, const core::Gateway& g, const ProcessState& p) {
  w.gauge("tributary_actors", "Writers known: devices, each with its epochs.", s.actors);
  w.gauge("tributary_keys", "Values, by key and type.", s.keys);
  w.gauge("tributary_parts", "Parts of values, one an actor and key.", s.parts);
  w.gauge("tributary_live_envelopes", "Envelopes that the state rests on.", s.live_envelopes);
  w.gauge("tributary_live_envelope_bytes", "Bytes of these.", s.live_bytes);
  w.gauge("tributary_cold_actors", "Writers at rest, which are on the disk alone.", s.cold_actors);
  w.gauge("tributary_cold_envelopes", "Of the live envelopes, those that are on the disk alone.",
          s.cold_envelopes);
  w.gauge("tributary_cold_keys",
          "Registers and sets all of whose writers are at rest: only their names are in memory.",
          s.cold_keys);
  w.counter("tributary_chilled_total", "Writers that left memory, since the start.",
            g.counters().chilled);
  w.counter("tributary_warmed_total", "Writers that were read back, since the start.",
            g.counters().warmed);
  w.family("tributary_state_bytes", "gauge", "Estimated memory of the merged state, by type.");
  for (std::size_t t = 0; t < s.type_bytes.size(); ++t)
    w.add(s.type_bytes[t], {{"type", type_label(t)}});
  w.family("tributary_state_limit_bytes", "gauge",
           "What the state of a type may take; total: with envelopes and writers.");
  for (std::size_t t = 0; t < p.type_bytes_max.size(); ++t)
    w.add(p.type_bytes_max[t], {{"type", type_label(t)}});
  w.add(p.memory_bytes_max, {{"type", "total"}});
  w.family("tributary_memory_used_ratio", "gauge", "Of these limits, how much is used.");
  for (const auto& [type, share] : memory_shares(s, p)) w.real(share, {{"type", type}});
  const bool waits = s.oldest_ms != 0 && s.oldest_ms < p.now.mono_ms;
  w.family("tributary_oldest_unacknowledged_seconds", "gauge",
           "Age of the oldest envelope that was taken in and is not durable; 0: there is none.")
      .seconds(waits ? p.now.mono_ms - s.oldest_ms : 0);
  w.gauge("tributary_pending_envelopes", "Envelopes that wait to be joined and committed.",
          s.pending);
  w.gauge("tributary_pending_envelopes_limit", "How many may wait before links are not read.",
          p.pending_max);
  w.gauge("tributary_accepting", "1 while messages are taken in.", g.accepting() ? 1 : 0);
  w.gauge("tributary_shedding", "1 while arriving messages are let go.", p.shedding ? 1 : 0);
}

void links(Writer& w, const ProcessState& p) {
  w.family("tributary_link_connected", "gauge", "1 while connected to the broker.");
  for (const auto& l : p.links) w.add(l.connected ? 1 : 0, {{"link", l.name}});
  std::uint64_t away = 0;
  for (const auto& l : p.links) away += l.connected ? 0 : 1;
  w.gauge("tributary_brokers_away", "Links that are not connected.", away);
  w.family("tributary_link_connects_total", "counter", "Times it was connected.");
  for (const auto& l : p.links) w.add(l.connects, {{"link", l.name}});
  w.family("tributary_link_away_seconds", "gauge", "Since when it is not connected; 0: it is.");
  for (const auto& l : p.links) w.seconds(l.away_ms, {{"link", l.name}});
  w.family("tributary_link_certificate_not_after_seconds", "gauge",
           "When the link's certificate ends, since the Unix epoch.");
  for (const auto& l : p.links) {
    if (l.certificate_ends_s > 0)
      w.add(static_cast<std::uint64_t>(l.certificate_ends_s), {{"link", l.name}});
  }
  w.family("tributary_link_messages_total", "counter", "MQTT messages by link and direction.");
  for (const auto& l : p.links) {
    w.add(l.messages_in, {{"link", l.name}, {"direction", "in"}});
    w.add(l.messages_out, {{"link", l.name}, {"direction", "out"}});
  }
  w.family("tributary_link_bytes_total", "counter",
           "Bytes of topics and payloads by link and direction.");
  for (const auto& l : p.links) {
    w.add(l.bytes_in, {{"link", l.name}, {"direction", "in"}});
    w.add(l.bytes_out, {{"link", l.name}, {"direction", "out"}});
  }
  w.family("tributary_link_outbox_messages", "gauge", "Messages that wait to be sent.");
  for (const auto& l : p.links) w.add(l.outbox, {{"link", l.name}});
  w.family("tributary_link_dropped_total", "counter",
           "Messages given up before they were sent: made again from the state when needed.");
  for (const auto& l : p.links) w.add(l.dropped, {{"link", l.name}});
}

// Of links with `sessions` above 1.
void sessions(Writer& w, const ProcessState& p) {
  const auto each = [&](const auto& add) {
    for (const auto& l : p.links) {
      for (const auto& s : l.sessions) add(s, Labels{{"link", l.name}, {"session", s.name}});
    }
  };
  w.family("tributary_session_connected", "gauge", "1 while this one of several is connected.");
  each([&](const auto& s, Labels labels) { w.add(s.connected ? 1 : 0, labels); });
  w.family("tributary_session_connects_total", "counter", "Times it was connected.");
  each([&](const auto& s, Labels labels) { w.add(s.connects, labels); });
  w.family("tributary_session_outbox_messages", "gauge", "Messages it has not got rid of.");
  each([&](const auto& s, Labels labels) { w.add(s.outbox, labels); });
  w.family("tributary_session_given_again_total", "counter",
           "Messages that it had and another one sent again: it broke, or stood still.");
  each([&](const auto& s, Labels labels) { w.add(s.given_again, labels); });
}

void peers(Writer& w, const core::Counters& c, const core::Gateway& g, const ProcessState& p) {
  std::vector<core::PeerView> all = g.peers();
  if (all.size() > peers_max) all.resize(peers_max);
  const auto link = [&](const core::PeerView& v) -> std::string_view {
    return v.link < p.links.size() ? std::string_view(p.links[v.link].name) : "";
  };
  const auto since = [&](std::uint64_t ms) {
    return ms == 0 || ms > p.now.mono_ms ? 0 : p.now.mono_ms - ms;
  };
  std::uint64_t away = 0;
  for (const auto& v : all) away += v.online ? 0 : 1;
  w.gauge("tributary_peers", "Other gateways that were heard of, by link.", all.size());
  w.gauge("tributary_peers_away", "Of these, not online.", away);
  w.family("tributary_peer_received_bytes_total", "counter",
           "Bytes of topics and payloads received from a peer, over all links.");
  for (const auto& [peer, bytes] : p.peer_bytes) w.add(bytes, {{"peer", peer}});
  w.family("tributary_peer_online", "gauge", "1 while the peer's status says so.");
  for (const auto& v : all) w.add(v.online ? 1 : 0, {{"peer", v.gateway}, {"link", link(v)}});
  w.family("tributary_peer_in_step", "gauge", "1 while its digests equal ours.");
  for (const auto& v : all) w.add(v.in_step ? 1 : 0, {{"peer", v.gateway}, {"link", link(v)}});
  w.family("tributary_peer_buckets_differing", "gauge", "Buckets of 64 whose digest is not ours.");
  for (const auto& v : all) w.add(v.buckets_differing, {{"peer", v.gateway}, {"link", link(v)}});
  w.family("tributary_peer_differing_seconds", "gauge",
           "Since when the oldest of these differs; 0: none is known to be behind.");
  for (const auto& v : all)
    w.seconds(since(v.differs_since_ms), {{"peer", v.gateway}, {"link", link(v)}});
  w.family("tributary_peer_silent_seconds", "gauge", "Since when nothing was heard of it.");
  for (const auto& v : all)
    w.seconds(since(v.last_heard_ms), {{"peer", v.gateway}, {"link", link(v)}});
  w.family("tributary_peer_fetching", "gauge", "Buckets being read from it.");
  for (const auto& v : all) w.add(v.fetching, {{"peer", v.gateway}, {"link", link(v)}});
  w.histogram("tributary_bucket_differing_seconds",
              "How long a bucket differed from a peer's before they were equal again.",
              c.differing);
  w.counter("tributary_batches_sent_total", "Batches of envelopes relayed to peers.",
            c.batches_out);
  w.counter("tributary_batches_received_total", "Batches from peers.", c.batches_in);
  w.counter("tributary_batch_gaps_total", "Batches of peers that were missed.", c.gaps);
  w.counter("tributary_heads_sent_total", "Heads published.", c.heads_out);
  w.counter("tributary_heads_received_total", "Heads of peers.", c.heads_in);
  w.counter("tributary_state_parts_sent_total", "Parts of retained state published.",
            c.state_parts_out);
  w.counter("tributary_state_parts_received_total", "Parts of peers' retained state read.",
            c.state_parts_in);
  w.counter("tributary_fetches_total", "Buckets asked for because they differed.", c.fetches);
  w.counter("tributary_fetches_incomplete_total", "Of these, not read whole in time.",
            c.fetches_incomplete);
  w.counter("tributary_asks_total", "Peers asked for what differs.", c.asks_out);
  w.counter("tributary_asks_unclear_total", "Of these, with a sketch too small for the difference.",
            c.asks_unclear);
  w.counter("tributary_asks_lost_total", "Of these, not answered in time.", c.asks_lost);
  w.counter("tributary_answers_received_total", "Answers of peers, and what they gave back.",
            c.answers_in);
  w.counter("tributary_answers_sent_total", "Answers to peers, and what was given back.",
            c.answers_out);
}

void process(Writer& w, const ProcessState& p) {
  w.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", p.memory_bytes);
  w.family("process_cpu_seconds_total", "counter", "Total user and system CPU time.")
      .seconds(p.cpu_ms);
  w.family("process_start_time_seconds", "gauge", "Start time since the Unix epoch.")
      .seconds(p.started.wall_ms);
  w.gauge("process_open_fds", "Number of open file descriptors.", p.open_files);
  w.gauge("process_max_fds", "Maximum number of open file descriptors.", p.open_files_max);
}

}  // namespace

std::string metrics_text(const core::Gateway& gateway, const ProcessState& p) {
  Writer w;
  const core::Summary summary = gateway.figures();
  w.family("tributary_info", "gauge", "Which gateway this is.")
      .add(1, {{"gateway", p.gateway},
               {"fleet", p.fleet},
               {"version", p.version},
               {"incarnation", hex64(summary.incarnation)}});
  flow(w, gateway.counters(), p);
  trust(w, gateway.counters(), summary, gateway);
  store(w, gateway.counters(), summary, p);
  state(w, summary, gateway, p);
  links(w, p);
  sessions(w, p);
  peers(w, gateway.counters(), gateway, p);
  process(w, p);
  if (p.aside != nullptr) aside_metrics(w, *p.aside);
  return w.take();
}

}  // namespace tributary::app
