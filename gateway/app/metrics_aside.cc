// SPDX-License-Identifier: Apache-2.0
// Metrics of what is seen beside the gateway: history, alerts, clocks, what brokers say.
#include <array>

#include "gateway/app/metrics_writer.h"

namespace tributary::app {
namespace {

// What of $SYS/broker/… is passed on, and as what.
struct BrokerFigure {
  const char* topic;
  const char* metric;
  const char* type;
  const char* help;
};
constexpr std::array broker_figures = {
    BrokerFigure{"clients/connected", "tributary_broker_clients_connected", "gauge",
                 "Clients connected, as the broker says."},
    BrokerFigure{"clients/total", "tributary_broker_clients", "gauge",
                 "Clients with a session, connected or not, as the broker says."},
    BrokerFigure{"subscriptions/count", "tributary_broker_subscriptions", "gauge",
                 "Subscriptions, as the broker says."},
    BrokerFigure{"retained messages/count", "tributary_broker_retained_messages", "gauge",
                 "Retained messages, as the broker says."},
    BrokerFigure{"store/messages/count", "tributary_broker_stored_messages", "gauge",
                 "Messages kept for clients, as the broker says."},
    BrokerFigure{"store/messages/bytes", "tributary_broker_stored_bytes", "gauge",
                 "Bytes of these, as the broker says."},
    BrokerFigure{"publish/messages/dropped", "tributary_broker_dropped_messages_total", "counter",
                 "Messages that the broker dropped: queues were full."},
    BrokerFigure{"publish/messages/received", "tributary_broker_received_messages_total", "counter",
                 "Messages published to the broker."},
    BrokerFigure{"publish/messages/sent", "tributary_broker_sent_messages_total", "counter",
                 "Messages that the broker passed on."},
    BrokerFigure{"bytes/received", "tributary_broker_received_bytes_total", "counter",
                 "Bytes that the broker received."},
    BrokerFigure{"bytes/sent", "tributary_broker_sent_bytes_total", "counter",
                 "Bytes that the broker sent."},
    BrokerFigure{"heap/current", "tributary_broker_heap_bytes", "gauge",
                 "Memory of the broker, as it says."},
    BrokerFigure{"uptime", "tributary_broker_uptime_seconds", "gauge",
                 "How long the broker has been running, as it says."}};

void history(Writer& w, const Aside::History& h) {
  w.gauge("tributary_history_writing", "1 while history is written.", h.wrong.empty() ? 1 : 0);
  w.gauge("tributary_history_series", "Keys with a history.", h.series);
  w.gauge("tributary_history_bytes", "Size of the history's database.", h.bytes);
  w.counter("tributary_history_rows_total", "Rows written.", h.rows);
  w.counter("tributary_history_skipped_samples_total", "Samples of keys beyond history.keys_max.",
            h.skipped);
  w.counter("tributary_history_dropped_samples_total",
            "Samples let go because nothing was written.", h.dropped);
  w.counter("tributary_history_failures_total", "Writes that failed.", h.failures);
  w.counter("tributary_history_renewals_total", "Damaged files that were moved aside.", h.renewed);
  w.family("tributary_history_cpu_seconds_total", "counter", "CPU time of the history's thread.")
      .real(static_cast<double>(h.cpu_us) / 1e6);
}

void seals(Writer& w, const Aside::Seals& s) {
  w.counter("tributary_seals_total", "Windows sealed, since the start.", s.sealed);
  w.counter("tributary_seal_votes_total", "Cosignatures that this gateway gave.", s.votes);
  w.counter("tributary_seal_refused_total", "Proposals of others that this gateway did not cosign.",
            s.refused);
  w.gauge("tributary_seal_proofs",
          "Cases in which a member cosigned two states for one window: known.", s.proofs);
  w.gauge("tributary_seal_members", "Gateways that seal windows.", s.members);
  w.gauge("tributary_seal_quorum", "How many of them make a seal.", s.quorum);
  w.gauge("tributary_seal_cosigned",
          "How many have cosigned the window that closed last, as far as is known.", s.cosigned);
  w.gauge("tributary_seals_working", "1 while this gateway can keep votes and seals.",
          s.wrong.empty() ? 1 : 0);
  w.family("tributary_seal_window_close_seconds", "gauge",
           "When the latest window closed: Unix time; 0 before the first.")
      .seconds(s.window_closed_ms);
  w.family("tributary_seal_last_close_seconds", "gauge",
           "When the newest sealed window closed: Unix time; 0 when none is sealed.")
      .seconds(s.last_closes_ms);
}

}  // namespace

void aside_metrics(Writer& w, const Aside& aside) {
  w.counter("tributary_dead_letters_total", "Refused messages that were kept to be looked at.",
            aside.dead_letters);
  w.gauge("tributary_devices_recent", "Devices (with epochs) heard here in the last ten minutes.",
          aside.clocks.devices);
  w.family("tributary_device_clock_ahead_seconds", "gauge",
           "How far the device clock that is furthest ahead is ahead of ours.")
      .real(aside.clocks.ahead_most);
  w.family("tributary_device_clock_median_seconds", "gauge",
           "Devices' clocks less ours, in the middle: far from 0, ours is wrong.")
      .real(aside.clocks.median);
  std::uint64_t warning = 0, critical = 0;
  for (const Aside::Alert& a : aside.alerts) {
    if (a.firing) ++(a.severity == "critical" ? critical : warning);
  }
  w.family("tributary_alerts_firing", "gauge", "What the gateway itself finds wrong.")
      .add(warning, {{"severity", "warning"}})
      .add(critical, {{"severity", "critical"}});
  if (aside.history) history(w, *aside.history);
  if (aside.seals) seals(w, *aside.seals);
  for (const BrokerFigure& f : broker_figures) {
    bool first = true;
    for (const auto& [link, figures] : aside.brokers) {
      const auto it = figures.find(f.topic);
      if (it == figures.end()) continue;
      if (std::exchange(first, false)) w.family(f.metric, f.type, f.help);
      w.real(it->second, {{"link", link}});
    }
  }
}

}  // namespace tributary::app
