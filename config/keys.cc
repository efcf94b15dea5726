// SPDX-License-Identifier: Apache-2.0
// The table of keys. Defaults are those of the structs in config.h; the protocol's own limits are
// upper bounds here.
#include <array>

#include "config/key_table.h"

namespace tributary::config {
namespace {

using G = Gateway;

constexpr std::array<std::string_view, 2> synchronous_choices{"full", "normal"};
constexpr std::array<std::string_view, 3> compression_choices{"none", "lz4", "gzip"};
constexpr std::array<std::string_view, 5> level_choices{"trace", "debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 2> format_choices{"text", "json"};

constexpr std::array all_sections{
    Section{"gateway", "Who this gateway is, and where it keeps its state."},
    Section{"broker",
            "A broker to speak to; repeat [[broker]] for each. One may serve devices (a local "
            "one), another the peers "
            "(a shared one); what devices say on one is passed on to the others. Without any "
            "[[broker]] there is one, "
            "with these values."},
    Section{"commit",
            "Group commit. Envelopes are made durable together, and acknowledged only then: the "
            "larger the group, the fewer syncs of the disk; the longer the wait, the later the "
            "acknowledgement."},
    Section{"sync", "Keeping in step with the other gateways."},
    Section{
        "limits",
        "Bounds on everything that the outside can make grow. Byte limits may only lower those "
        "of the protocol (docs/protocol.md, section 9), and must be the same on all gateways of "
        "a fleet: what one refuses, the others must refuse too. What is refused is counted, named "
        "in the log and answered to "
        "the device."},
    Section{
        "memory",
        "Memory for the state, estimated, by type. From three quarters of a limit on, what devices "
        "at rest said leaves memory and stays in the database; it is shown all the same. At a "
        "limit, envelopes that would make that type grow are not taken and not acknowledged, which "
        "the log and the counters say: nothing that was acknowledged is given up, devices try "
        "again. What takes no more room goes on. Raise the limit, or retire devices."},
    Section{"view",
            "JSON for dashboards, retained at view/<gateway>/<type>/<key> on every broker."},
    Section{"store", "The database, <gateway.data_dir>/gateway.db."},
    Section{"http",
            "The dashboard, the API, metrics and health, over HTTP. This machine alone unless told "
            "otherwise; from elsewhere, and for whatever changes a value, only with a token."},
    Section{
        "security",
        "Signatures on what devices and gateways say, docs/security.md. `tributary fleet` makes "
        "the files."},
    Section{
        "seals",
        "Sealed windows, docs/security.md section 14: when a window of time has closed, members "
        "cosign the state that they hold, for a cut-off that nobody can change later. Nothing is "
        "counted from it."},
    Section{"log", "What the gateway says on its standard error."},
    Section{
        "history",
        "How values went, for charts and `tributary history`: <gateway.data_dir>/history.db. For "
        "people only: nothing is ever counted from it, and whatever happens to it, the totals "
        "stay."},
    Section{"alerts",
            "What docs/alerts.md lists: seen by the gateway itself, in API and dashboard."},
    Section{"homeassistant",
            "Discovery: values appear in Home Assistant as sensors, by themselves."},
};

constexpr Key identity_keys[] = {
    {.section = "gateway",
     .name = "id",
     .in_gateway = at<&G::gateway, &G::Identity::id>,
     .form = Form::id,
     .doc = "This gateway's name, unique in the fleet: in its topics, its acknowledgements and its "
            "database. Two "
            "gateways with one name would overwrite each other's retained topics."},
    {.section = "gateway",
     .name = "fleet",
     .in_gateway = at<&G::gateway, &G::Identity::fleet>,
     .form = Form::id,
     .doc = "The fleet it belongs to. It is part of every topic and of every signed byte, so that "
            "fleets can share a "
            "broker and never mix."},
    {.section = "gateway",
     .name = "data_dir",
     .in_gateway = at<&G::gateway, &G::Identity::data_dir>,
     .form = Form::path,
     .doc = "The directory of the database; made when missing. Relative to the working directory. "
            "On a local file "
            "system: locks and syncs of network file systems are not to be trusted."},
    {.section = "gateway",
     .name = "topic_root",
     .in_gateway = at<&G::gateway, &G::Identity::topic_root>,
     .form = Form::topic,
     .doc = "Topics begin with <topic_root>/<fleet>/. The same for all gateways and devices of a "
            "fleet."},
};

constexpr Key broker_keys[] = {
    {.section = "broker",
     .name = "name",
     .in_broker = of<&Broker::name>,
     .form = Form::id,
     .doc = "Its name here: in the log, in metrics, in the client id, in "
            "TRIBUTARY_BROKER_<NAME>_<KEY>. Unique."},
    {.section = "broker",
     .name = "uri",
     .in_broker = of<&Broker::uri>,
     .form = Form::uri,
     .doc = "mqtt://host[:port], port 1883 when left out, or mqtts://host[:port], port 8883 when "
            "left out: mutual TLS 1.3, which needs the three files below; the broker's certificate "
            "must be for this host. MQTT 5; for brokers without it, ?version=3.1.1 at the end, "
            "with what "
            "docs/fleet.md says is then lost. [::1] for an IPv6 address. Without TLS everything "
            "can be "
            "read and altered on the way: for the loopback, or inside a tunnel."},
    {.section = "broker",
     .name = "devices",
     .in_broker = of<&Broker::devices>,
     .doc = "Listen to devices on this broker, and acknowledge to them there."},
    {.section = "broker",
     .name = "peers",
     .in_broker = of<&Broker::peers>,
     .doc = "Exchange state with other gateways on this broker."},
    {.section = "broker",
     .name = "hears",
     .in_broker = of<&Broker::hears>,
     .form = Form::patterns,
     .doc = "The devices that this gateway listens to on this broker, by id: * is any run of "
            "characters, ? any one. "
            "The others reach it through its peers. In the environment: separated by commas."},
    {.section = "broker",
     .name = "client_id",
     .in_broker = of<&Broker::client_id>,
     .form = Form::id_or_empty,
     .doc = "The MQTT client id; empty: tributary-<gateway.id>-<name>. Two sessions with one "
            "client id throw each "
            "other out for ever."},
    {.section = "broker",
     .name = "username",
     .in_broker = of<&Broker::username>,
     .doc = "User name for the broker; empty: none."},
    {.section = "broker",
     .name = "password_file",
     .in_broker = of<&Broker::password_file>,
     .doc = "A file whose first line is the password; empty: none. A file, so that the password "
            "shows neither in "
            "`config show` nor in a process list."},
    {.section = "broker",
     .name = "ca_file",
     .in_broker = of<&Broker::ca_file>,
     .doc = "With mqtts://: the CA whose brokers are trusted, and nobody else's, as PEM; several "
            "during a change. `tributary fleet` makes all three. Replaced files are used without a "
            "restart."},
    {.section = "broker",
     .name = "certificate_file",
     .in_broker = of<&Broker::certificate_file>,
     .doc =
         "With mqtts://: this gateway's certificate, as PEM. The broker takes its CN for the user "
         "name."},
    {.section = "broker",
     .name = "key_file",
     .in_broker = of<&Broker::key_file>,
     .doc = "With mqtts://: the certificate's private key, as PEM without a passphrase. Nobody but "
            "its owner may read it (chmod 600)."},
    {.section = "broker",
     .name = "statistics",
     .in_broker = of<&Broker::statistics>,
     .doc = "Read what the broker says of itself ($SYS/broker/...; Mosquitto does), for /metrics."},
    {.section = "broker",
     .name = "sessions",
     .in_broker = of<&Broker::sessions>,
     .unit = "connections",
     .min = 1,
     .max = 8,
     .doc =
         "For links that lose packets: batches to peers, and what is heard of devices and peers, "
         "are spread over so many connections, of which each stands still by itself. The first "
         "has the rest; the others' client ids end in .2, .3 and so on. Hearing on several "
         "takes MQTT 5 with shared subscriptions."},
    {.section = "broker",
     .name = "keepalive_s",
     .in_broker = of<&Broker::keepalive_s>,
     .unit = "s",
     .min = 5,
     .max = 3'600,
     .doc = "How often an idle link is probed. A dead broker is noticed after 1.5 times this; one "
            "that "
            "owes answers is given up after once this without any, longer while large messages are "
            "under way."},
    {.section = "broker",
     .name = "connect_timeout_s",
     .in_broker = of<&Broker::connect_timeout_s>,
     .unit = "s",
     .min = 1,
     .max = 3'600,
     .doc = "How long an attempt to connect may take. At 30 % packet loss one in ten TLS "
            "handshakes takes more than a "
            "minute: a shorter time-out would begin for ever anew."},
    {.section = "broker",
     .name = "reconnect_min_ms",
     .in_broker = of<&Broker::reconnect_min_ms>,
     .unit = "ms",
     .min = 10,
     .max = 60'000,
     .doc = "The first pause before connecting again. It doubles, with jitter, up to "
            "reconnect_max_ms."},
    {.section = "broker",
     .name = "reconnect_max_ms",
     .in_broker = of<&Broker::reconnect_max_ms>,
     .unit = "ms",
     .min = 100,
     .max = 600'000,
     .doc = "The longest pause before connecting again. Jitter keeps a fleet from coming back all "
            "at once."},
    {.section = "broker",
     .name = "in_flight_max",
     .in_broker = of<&Broker::in_flight_max>,
     .unit = "messages",
     .min = 1,
     .max = 1'000,
     .doc = "Messages sent and not yet acknowledged by the broker. Below the 20 that Mosquitto "
            "allows a client by "
            "default: when that window fills, the client library can sleep for a second."},
    {.section = "broker",
     .name = "inbound_queue_max",
     .in_broker = of<&Broker::inbound_queue_max>,
     .unit = "messages",
     .min = 100,
     .max = 1'000'000,
     .doc = "Messages received and not yet looked at. When it is full the link is not read until "
            "there is room: the "
            "broker queues, then drops, and devices send again. Nothing acknowledged is lost."},
    {.section = "broker",
     .name = "outbox_max",
     .in_broker = of<&Broker::outbox_max>,
     .unit = "messages",
     .min = 100,
     .max = 1'000'000,
     .doc =
         "Messages waiting to be sent. Acknowledgements, one a device, have a queue of their own "
         "that holds as many, and twice limits.waiting_max. While one of them is half full the "
         "link is not read; what is left out is made again from the state."},
};

constexpr Key commit_keys[] = {
    {.section = "commit",
     .name = "batch_max",
     .in_gateway = at<&G::commit, &G::Commit::batch_max>,
     .unit = "envelopes",
     .min = 1,
     .max = 10'000,
     .doc = "Commit when this many envelopes wait, or four times as many while more is known to "
            "wait: then a device's that only count on are one. From 100 on a sync costs little."},
    {.section = "commit",
     .name = "timeout_ms",
     .in_gateway = at<&G::commit, &G::Commit::timeout_ms>,
     .unit = "ms",
     .min = 1,
     .max = 10'000,
     .doc = "Commit when the oldest has waited this long, full batch or not: a bound on what the "
            "gateway adds to the "
            "time until an acknowledgement."},
    {.section = "commit",
     .name = "synchronous",
     .in_gateway = at<&G::commit, &G::Commit::synchronous>,
     .choices = synchronous_choices,
     .doc = "\"full\" syncs every commit: what is acknowledged survives a power cut. \"normal\" "
            "syncs now and then: it "
            "survives kill -9, but a power cut may lose acknowledged operations. Only for tests."},
};

constexpr Key sync_keys[] = {
    {.section = "sync",
     .name = "interval_min_ms",
     .in_gateway = at<&G::sync, &G::Sync::interval_min_ms>,
     .unit = "ms",
     .min = 50,
     .max = 60'000,
     .doc = "How often peers are told where this gateway stands while there is traffic."},
    {.section = "sync",
     .name = "interval_max_ms",
     .in_gateway = at<&G::sync, &G::Sync::interval_max_ms>,
     .unit = "ms",
     .min = 1'000,
     .max = 600'000,
     .doc = "The same when nothing changes: the interval grows up to this, which keeps an idle "
            "fleet quiet. It also "
            "bounds how long a difference can go unnoticed."},
    {.section = "sync",
     .name = "settle_ms",
     .in_gateway = at<&G::sync, &G::Sync::settle_ms>,
     .unit = "ms",
     .min = 50,
     .max = 60'000,
     .doc = "How long a difference to a peer must last before its state is fetched. Most "
            "differences are messages "
            "still under way."},
    {.section = "sync",
     .name = "state_interval_min_ms",
     .in_gateway = at<&G::sync, &G::Sync::state_interval_min_ms>,
     .unit = "ms",
     .min = 100,
     .max = 600'000,
     .doc = "The shortest time between two publications of the retained state. Parts that changed "
            "often go out once."},
    {.section = "sync",
     .name = "state_part_bytes",
     .in_gateway = at<&G::sync, &G::Sync::state_part_bytes>,
     .unit = "bytes",
     .min = 16'384,
     .max = 786'432,
     .doc = "Size at which a bucket of the retained state is split into more parts. Smaller parts "
            "mean less to publish "
            "again for one change, and more retained topics (of which a broker may replay only "
            "1,000)."},
    {.section = "sync",
     .name = "compression",
     .in_gateway = at<&G::sync, &G::Sync::compression>,
     .choices = compression_choices,
     .doc = "For batches and retained state, when it makes them smaller. \"lz4\" costs next to "
            "nothing; \"gzip\" is "
            "smaller and ten times dearer, for metered links. Gateways of one fleet may differ."},
};

constexpr Key limit_keys[] = {
    {.section = "limits",
     .name = "actors_max",
     .in_gateway = at<&G::limits, &G::Limits::actors_max>,
     .unit = "actors",
     .min = 1,
     .max = 100'000'000,
     .doc = "Writers: each device, and each epoch of a device that lost its memory. At the limit "
            "the known ones go on; new ones are not taken and not acknowledged, which the log "
            "says: they keep their state and try again."},
    {.section = "limits",
     .name = "keys_max",
     .in_gateway = at<&G::limits, &G::Limits::keys_max>,
     .unit = "keys",
     .min = 1,
     .max = 100'000'000,
     .doc = "Values, counted by (key, type). At the limit, envelopes that name a new one are not "
            "taken and not acknowledged, which the log says."},
    {.section = "limits",
     .name = "envelope_bytes_max",
     .in_gateway = at<&G::limits, &G::Limits::envelope_bytes_max>,
     .unit = "bytes",
     .min = 1'024,
     .max = 262'144,
     .doc = "An envelope with its frame and signature. Larger ones are refused before they are "
            "decoded."},
    {.section = "limits",
     .name = "body_bytes_max",
     .in_gateway = at<&G::limits, &G::Limits::body_bytes_max>,
     .unit = "bytes",
     .min = 512,
     .max = 196'608,
     .doc = "The signed part of an envelope. Larger ones are refused; a device sends its delta in "
            "more parts."},
    {.section = "limits",
     .name = "entries_max",
     .in_gateway = at<&G::limits, &G::Limits::entries_max>,
     .unit = "entries",
     .min = 1,
     .max = 8'192,
     .doc = "Keys in one envelope. More are refused."},
    {.section = "limits",
     .name = "key_bytes_max",
     .in_gateway = at<&G::limits, &G::Limits::key_bytes_max>,
     .unit = "bytes",
     .min = 16,
     .max = 512,
     .doc = "A key. An envelope with a longer one is refused whole."},
    {.section = "limits",
     .name = "element_bytes_max",
     .in_gateway = at<&G::limits, &G::Limits::element_bytes_max>,
     .unit = "bytes",
     .min = 1,
     .max = 1'024,
     .doc = "An element of a set. An envelope with a longer one is refused whole."},
    {.section = "limits",
     .name = "register_bytes_max",
     .in_gateway = at<&G::limits, &G::Limits::register_bytes_max>,
     .unit = "bytes",
     .min = 9,
     .max = 65'536,
     .doc = "The value of a register, encoded. An envelope with a larger one is refused whole. 9 "
            "holds any number."},
    {.section = "limits",
     .name = "waiting_max",
     .in_gateway = at<&G::limits, &G::Limits::waiting_max>,
     .unit = "envelopes",
     .min = 100,
     .max = 10'000'000,
     .doc = "Envelopes taken in and not committed yet. At the limit the links are not read until "
            "the disk has caught "
            "up; a disk that is full or failing thus stops the intake, not the reading of values."},
    {.section = "limits",
     .name = "dead_letters_max",
     .in_gateway = at<&G::limits, &G::Limits::dead_letters_max>,
     .unit = "rows",
     .min = 0,
     .max = 1'000'000,
     .doc = "Refused messages kept for a person to look at, up to 64 KiB of each. The oldest give "
            "way."},
    {.section = "limits",
     .name = "quarantine_max",
     .in_gateway = at<&G::limits, &G::Limits::quarantine_max>,
     .unit = "rows",
     .min = 0,
     .max = 1'000'000,
     .doc =
         "Envelopes that rotted on the disk, kept for a person to look at. The oldest give way."},
    {.section = "limits",
     .name = "cleanup_interval_ms",
     .in_gateway = at<&G::limits, &G::Limits::cleanup_interval_ms>,
     .unit = "ms",
     .min = 100,
     .max = 86'400'000,
     .doc = "How often what is no longer needed is swept out: bookkeeping of peers that went, "
            "dashboards' topics of "
            "values that went. Superseded envelopes need no sweep: they go in the commit that "
            "supersedes them."},
    {.section = "limits",
     .name = "clock_ahead_max_ms",
     .in_gateway = at<&G::limits, &G::Limits::clock_ahead_max_ms>,
     .unit = "ms",
     .min = 0,
     .max = 86'400'000,
     .doc = "A register written with a clock that is further ahead than this is kept and passed "
            "on, but not shown "
            "before its time comes. More tolerates worse clocks, and lets a wrong one hide others' "
            "values longer."},
};

constexpr std::uint32_t mb_max = 1'048'576;

constexpr Key memory_keys[] = {
    {.section = "memory",
     .name = "gcounter_max_mb",
     .in_gateway = at<&G::memory, &G::Memory::gcounter_max_mb>,
     .unit = "MiB",
     .min = 1,
     .max = mb_max,
     .doc = "Growing counters: roughly 60 bytes for each device on a key, 230 for the key."},
    {.section = "memory",
     .name = "pncounter_max_mb",
     .in_gateway = at<&G::memory, &G::Memory::pncounter_max_mb>,
     .unit = "MiB",
     .min = 1,
     .max = mb_max,
     .doc = "Two-way counters: roughly 60 bytes for each device on a key, 230 for the key."},
    {.section = "memory",
     .name = "gset_max_mb",
     .in_gateway = at<&G::memory, &G::Memory::gset_max_mb>,
     .unit = "MiB",
     .min = 1,
     .max = mb_max,
     .doc = "Growing sets: roughly 40 bytes and twice the element, for each that a device adds."},
    {.section = "memory",
     .name = "orset_max_mb",
     .in_gateway = at<&G::memory, &G::Memory::orset_max_mb>,
     .unit = "MiB",
     .min = 1,
     .max = mb_max,
     .doc = "Sets whose elements come and go: roughly 70 bytes and the element, for each that is "
            "present. A million short elements fit the default."},
    {.section = "memory",
     .name = "lww_max_mb",
     .in_gateway = at<&G::memory, &G::Memory::lww_max_mb>,
     .unit = "MiB",
     .min = 1,
     .max = mb_max,
     .doc =
         "Registers: roughly 160 bytes and the value for each device on a key, 230 for the key."},
    {.section = "memory",
     .name = "unknown_max_mb",
     .in_gateway = at<&G::memory, &G::Memory::unknown_max_mb>,
     .unit = "MiB",
     .min = 1,
     .max = mb_max,
     .doc = "Types of a newer version, kept and passed on without being understood."},
    {.section = "memory",
     .name = "total_max_mb",
     .in_gateway = at<&G::memory, &G::Memory::total_max_mb>,
     .unit = "MiB",
     .min = 16,
     .max = mb_max,
     .doc = "All together: the types, what devices sent, and the devices, some 600 bytes each with "
            "it, 400 at rest. No type may be allowed more than this. The types may add up to "
            "more: the limit that is reached first counts."},
};

constexpr Key other_keys[] = {
    {.section = "view",
     .name = "enabled",
     .in_gateway = at<&G::view, &G::View::enabled>,
     .doc = "Publish them at all."},
    {.section = "view",
     .name = "interval_ms",
     .in_gateway = at<&G::view, &G::View::interval_ms>,
     .unit = "ms",
     .min = 50,
     .max = 600'000,
     .doc = "At most one message a key in this time, always the newest."},
    {.section = "view",
     .name = "topics_max",
     .in_gateway = at<&G::view, &G::View::topics_max>,
     .unit = "topics",
     .min = 0,
     .max = 900,
     .doc = "Keys that are published. The first ones seen; the rest is readable with `tributary "
            "get` all the same. A "
            "broker may replay no more than 1,000 retained topics to a subscriber, without a word "
            "about the others."},
    {.section = "store",
     .name = "values_interval_ms",
     .in_gateway = at<&G::store, &G::Store::values_interval_ms>,
     .unit = "ms",
     .min = 100,
     .max = 86'400'000,
     .doc =
         "How often changed values are looked at for history, Home Assistant and the table that "
         "people query. The table has them with the next commit, after thirteen of these times at "
         "most while commits succeed. Never read back: it may lag."},
    {.section = "http",
     .name = "listen",
     .in_gateway = at<&G::http, &G::Http::listen>,
     .form = Form::listen,
     .doc =
         "address:port; empty: none. 127.0.0.1 or [::1]: this machine alone. Anything else wants "
         "token_file. When the port is taken, the gateway says so, goes on without and tries "
         "again: counting comes first. Port 0: a free one, which the log names."},
    {.section = "http",
     .name = "token_file",
     .in_gateway = at<&G::http, &G::Http::token_file>,
     .doc = "A file whose first line, of 16 characters or more, is the token that clients send as "
            "\"Authorization: Bearer ...\"; the page asks for it. Empty: none, which only this "
            "machine's own addresses may do. Make one with: openssl rand -hex 32"},
    {.section = "http",
     .name = "hosts",
     .in_gateway = at<&G::http, &G::Http::hosts>,
     .form = Form::host,
     .doc =
         "Names that browsers may call it by, beside the address itself: those of a proxy in front "
         "of it, for example. Without a token others are refused, so that no web site can point "
         "its own name at this machine and read along."},
    {.section = "http",
     .name = "connections_max",
     .in_gateway = at<&G::http, &G::Http::connections_max>,
     .unit = "connections",
     .min = 4,
     .max = 1'024,
     .doc = "At once. One more takes the place of the one that has been waiting longest for its "
            "client."},
    {.section = "http",
     .name = "streams_max",
     .in_gateway = at<&G::http, &G::Http::streams_max>,
     .unit = "streams",
     .min = 1,
     .max = 1'000,
     .doc = "Of these, pages and programs that watch live; each open page is one."},
    {.section = "log",
     .name = "level",
     .in_gateway = at<&G::log, &G::Log::level>,
     .choices = level_choices,
     .doc = "The least important that is said. Repeats of one kind are said once an interval, with "
            "their number."},
    {.section = "log",
     .name = "format",
     .in_gateway = at<&G::log, &G::Log::format>,
     .choices = format_choices,
     .doc = "\"text\" for people, \"json\" for machines: one object a line."},
};

std::vector<Key> all_keys() {
  std::vector<Key> out;
  const std::span<const Key> parts[] = {identity_keys, broker_keys,       commit_keys,
                                        sync_keys,     limit_keys,        memory_keys,
                                        other_keys,    keys_for_people(), keys_of_security()};
  for (const auto part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace

std::span<const Section> sections() {
  return all_sections;
}

std::span<const Key> schema() {
  static const std::vector<Key> keys = all_keys();
  return keys;
}

}  // namespace tributary::config
