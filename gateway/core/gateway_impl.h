// SPDX-License-Identifier: Apache-2.0
// The inside of the Gateway: one owner of all parts, and the order in which they are run. Its
// members are spread over gateway.cc (events and time), gateway_links.cc (what a link is told after
// a connect), gateway_ahead.cc (signatures ahead of their turn), gateway_intake.cc (what arrives),
// gateway_commit.cc (join, commit, what follows), gateway_evidence.cc (who tells two stories),
// gateway_registry.cc (who is believed, and what counts no more), gateway_start.cc (restoring, and
// what people ask), gateway_early.cc (what is answered before all is restored) and gateway_cold.cc
// (what leaves memory, and comes back).
#pragma once
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "crdt/hlc.h"
#include "gateway/core/ack_book.h"
#include "gateway/core/actors.h"
#include "gateway/core/announcer.h"
#include "gateway/core/evidence.h"
#include "gateway/core/gateway.h"
#include "gateway/core/keyspace.h"
#include "gateway/core/letters.h"
#include "gateway/core/live.h"
#include "gateway/core/peers.h"
#include "gateway/core/policy.h"
#include "gateway/core/reconciler.h"
#include "gateway/core/refusals.h"
#include "gateway/core/trust.h"
#include "gateway/core/views.h"
#include "gateway/core/waiting.h"

namespace tributary::core {

// Hashes of envelopes seen lately, so that what several peers relay is unpacked once. Each has four
// places, of which the newest to need one takes that of the oldest; forgetting costs only time.
class RecentHashes {
 public:
  bool contains(const wire::Hash& h) const {
    if (sets_.empty()) return false;
    const Set& set = sets_[place(h)];
    return std::find(set.begin(), set.end(), h) != set.end();
  }
  void insert(const wire::Hash& h) {
    if (sets_.empty()) sets_.resize(sets);
    Set& set = sets_[place(h)];
    std::copy_backward(set.begin(), set.end() - 1, set.end());
    set.front() = h;
  }

 private:
  using Set = std::array<wire::Hash, 4>;
  static constexpr std::size_t sets = 8'192;
  static std::size_t place(const wire::Hash& h) { return std::hash<wire::Hash>()(h) % sets; }
  std::vector<Set> sets_;  // 1 MiB, once one is seen
};

struct Gateway::Impl {
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  static constexpr std::uint64_t old_views_ms = 60'000;

  static constexpr LinkId no_link = ~LinkId{0};  // it came from a file

  struct Source {
    LinkId link = 0;
    bool device = false;        // the device itself; otherwise a peer
    bool state = false;         // from a peer's retained state
    bool own_past = false;      // from our own retained state of an earlier life
    std::uint64_t letter = 0;   // a dead letter that is heard again; 0: it is none
    std::uint64_t through = 0;  // the bit of the gateway that passed it on; 0: nobody did
  };
  // Of an envelope: that it came, without what it says.
  struct Came {
    Intake::Receipt receipt;
    crdt::Hlc hlc;
    Source source;
    std::uint64_t received_ms = 0;  // mono
  };
  static Intake::Receipt receipt_of(const wire::Envelope& e) {
    const wire::Delta& d = e.delta;
    return {d.from, d.to, d.id, d.part, d.parts, e.hash};
  }
  struct Pending {
    Authorised envelope;
    Source source;
    std::uint64_t received_ms = 0;  // mono
    // What waited of the same actor, and all of which this one says; the oldest first. Of entries
    // like its own, and when this one came they counted on.
    std::vector<Came> passed_over;
    std::size_t envelopes() const { return 1 + passed_over.size(); }
    std::uint64_t since_ms() const {
      return passed_over.empty() ? received_ms : passed_over.front().received_ms;
    }
  };
  struct Link {
    LinkOptions options;
    bool connected = false;
    std::uint64_t again = 0;    // buckets (a bit each) whose retained state is due on it
    bool head_due = false;      // … and the head
    bool announce_all = false;  // everything retained is
    std::uint64_t listen_until_ms =
        never;  // first connect: hear what our earlier life left there before overwriting it
    bool announced = false;
    // What an earlier life left under view/<gateway>/ is listened to until nothing of it came for a
    // while (mono).
    std::uint64_t old_views_until_ms = never;
    bool hears_old_views = true, cleared_old_views = false;
    std::uint64_t reannounce_ms = never;  // when all is published again, because of a stranger
    // After a reconnect: until then our own head is waited for, which tells what its broker still
    // has.
    std::uint64_t recall_until_ms = never;
    // What it says it has is published again all the same, bucket by bucket: a part may be lost.
    std::uint32_t refresh_left = 0, refresh_at = 0;
    std::uint64_t next_refresh_ms = never;
    bool views_due = false;      // they are published again with the first of them
    bool old_views_due = false;  // and what an earlier life left there is listened to again
    std::uint64_t batch_number = 0;
    std::set<std::string, std::less<>> heard_by_name;  // peers; see LinkOptions::several
  };
  struct Fresh {
    wire::Hash hash;                   // by which it is taken out when it has gone meanwhile
    LiveEnvelope* envelope = nullptr;  // live until the commit is done: till then nothing is joined
    Source source;
  };
  struct InFlight {
    Ticket ticket = 0;
    std::shared_ptr<Commit> rows =
        std::make_shared<Commit>();          // not changed any more once asked for
    std::vector<Fresh> fresh;                // envelopes new in it
    std::vector<std::uint64_t> received_ms;  // mono: of what devices sent themselves
    std::vector<std::uint64_t> letters;      // of envelopes in it
    std::set<std::uint32_t> thinned;         // buckets of which stored envelopes left
    bool asked = false;                      // it is in an Output, unanswered
    std::uint64_t retry_at_ms = 0;
    std::uint32_t failures = 0;
  };

  Impl(const Options&, std::uint64_t incarnation_, std::uint64_t session_);

  // gateway.cc
  const Peers::OurHeads& our_heads();
  std::string own_views() const { return root + "/view/" + options.gateway + "/#"; }
  void see(Instant);  // what time it is, also for registers from the future
  void run_timers(Instant);
  void run_publishers(Instant);
  void run_peers(Instant);
  std::uint64_t next_deadline() const;
  void stop(Instant);
  void publish_status(LinkId, bool online, std::uint64_t wall_ms);
  void notice(Notice::Level, std::string_view kind, std::string text);
  bool quiet() const { return !in_flight; }  // memory is what the disk rebuilds

  // gateway_links.cc
  void connected(Instant, LinkId);
  void disconnected(LinkId);
  void subscribe_all(LinkId);
  void hear_batches(LinkId, std::string_view gateway);
  void listen_to_old_views(Instant, LinkId);
  void heed_old_views(Instant, LinkId);
  void recall(Instant, LinkId, const wire::Head& own);
  void refresh(Instant, LinkId);
  bool speaks(Instant, LinkId);
  void prepare(Instant, LinkId);
  std::uint64_t link_deadline(LinkId) const;

  // gateway_ahead.cc
  bool verifies_ahead() const { return trust.on() && share != nullptr; }
  std::size_t verify_ahead(std::span<const std::string_view> envelopes);
  std::size_t verify_ahead(std::span<const Upcoming>);
  std::optional<Trust::Good> good_ahead(std::string_view envelope) const;

  // gateway_intake.cc
  void receive(Instant, Inbound&&);
  void hear(Instant, Inbound&&);
  void on_upload(Instant, LinkId, std::string&& payload, const std::string& topic);
  void take_upload(Instant, LinkId, const std::shared_ptr<const std::string>& bytes,
                   const std::string& topic);
  void on_old_view(Instant, const Inbound&, std::string_view rest);
  void on_gateway_topic(Instant, const Inbound&, std::string_view rest);
  void on_batch(Instant, const Inbound&, std::string_view gateway);
  void on_state(Instant, const Inbound&, std::string_view gateway, std::string_view rest);
  void heed_stranger(Instant, LinkId);
  void on_head(Instant, const Inbound&, std::string_view gateway);
  void on_new_head(Instant, const Inbound&, std::string_view gateway);
  void on_ask(Instant, const Inbound&, std::string_view gateway);
  void on_answer(Instant, const Inbound&, std::string_view gateway);
  void take_pack(Instant, const wire::Pack&, Source, const std::string& topic);
  void take_from_peer(Instant, std::string_view bytes, Source, const std::string& topic);
  void take_envelope(Instant, wire::Envelope&&, Source, const std::string& topic);
  void refuse(Instant, const Denial&, wire::Envelope&&, Source, const std::string& topic);
  bool may_try(Instant, const std::string& topic);
  bool speaks_for_itself(Instant, signing::Kind, std::string_view gateway, const wire::Sealed&,
                         const Inbound&);
  std::string_view brought_by(std::string_view topic) const;
  std::uint64_t relay_bit(std::string_view gateway);
  void enqueue(Instant, Authorised&&, Source);
  void reject(Instant, Reject, const std::string& topic, const std::string& text,
              std::string_view bytes);

  // gateway_registry.cc
  std::string registry(Instant, std::string_view pack);
  void take_from_file(Instant, wire::Envelope&&);
  bool registry_whole() const;
  bool settle_due() const { return settled_anew && registry_whole(); }
  void learn(const wire::Delta&);
  void retry_waiting(Instant);
  std::optional<std::vector<std::uint64_t>> rows_not_valid();
  void settle(Instant);

  // gateway_commit.cc
  std::optional<std::uint64_t> batch_due(Instant) const;
  bool flush_due(Instant) const;
  void look_ahead(const Pending&) const;
  void flush(Instant);
  void apply(Instant, Pending&&, InFlight&);
  void came(Instant, ActorRecord&, const Came&, InFlight&);
  std::vector<KeyState*> apply_entries(ActorRecord&, const wire::Delta&, std::uint64_t wall_ms);
  bool surely_within_limits(const wire::Envelope&) const;
  std::optional<Denial> over_limit(const wire::Envelope&) const;
  void settle_foreign(InFlight&);
  void drop(const std::vector<Dropped>&, InFlight&);
  void sweep(Instant, InFlight&);
  void note_heard(Instant now, ActorRecord& actor);
  void touch(ActorRecord&);
  void fill_fresh(InFlight&) const;
  ActorRow row_of(ActorRecord&);
  void fill_rows(Instant, InFlight&);
  void fill_value_rows(Instant, Commit&);
  void ask(Instant);
  void committed(Instant, Ticket);
  void commit_failed(Instant, Ticket, std::string reason);
  void finish(Instant);
  void relay(const std::vector<Fresh>& fresh);

  // gateway_counting.cc
  bool counts_on(const wire::Envelope&);
  // REQUIRES: counts_on() was asked about it last, and said so.
  std::vector<Dropped> count_on(const wire::Envelope&, ActorRecord&, std::uint64_t wall_ms);
  Pending* passes_over(const Pending&);
  void wait(Pending&&);
  void passed_over(Instant, ActorRecord&, const std::vector<Came>&, const std::vector<wire::Entry>&,
                   InFlight&);

  // gateway_evidence.cc
  void look_for_contradiction(Instant, const wire::Envelope&, ActorRecord&,
                              const std::vector<KeyState*>& of_entries, InFlight&);
  void convict(Instant, const wire::Evidence&, Contradiction, Source, InFlight&);
  KeptEvidence keep_of(const wire::Evidence&, Contradiction, std::uint64_t at_ms) const;
  void put_evidence(ActorRecord&, KeptEvidence);
  std::optional<Denial> unproved(const wire::Evidence&) const;
  void take_evidence(Instant, std::string_view bytes, Source, const std::string& topic);
  void join_evidence(Instant, InFlight&);
  bool restore_evidence(EnvelopeRow&, bool last);

  // gateway_start.cc
  void restore(EnvelopeRow&&, bool last);
  void restore(ActorRow&&);
  bool adopt(Instant, const ActorRow&, ActorRecord&);
  void start(Instant);
  void quarantine(EnvelopeRow&&, std::string reason);

  // gateway_early.cc
  void begin_early(Instant, std::uint64_t last_row);
  bool is_begun(const ActorRecord&) const;
  std::vector<crdt::Actor> lacking();
  void all_of(const crdt::Actor&);
  bool goes_on(const wire::Envelope&, const ActorRecord*) const;
  void commit_early(Instant);

  // gateway_cold.cc
  struct Memory {
    std::size_t used = 0, mark = 0;  // bytes; from the mark on it is short
  };
  struct Received {                    // what the row of an actor says
    std::uint64_t count = 0, sum = 0;  // of the live envelopes on which it rests
    std::string_view silent;
    Intake intake;
  };
  struct Found {  // of one actor's envelopes on the disk
    std::uint64_t count = 0, sum = 0;
    bool are(const Received& r) const { return count == r.count && sum == r.sum; }
  };
  struct Thawed {  // of actors; the others by place in them
    std::vector<ActorRecord*> actors;
    std::vector<Intake> intakes;
    std::vector<std::vector<wire::Envelope>> envelopes;
    std::vector<std::vector<std::uint64_t>> rows;
  };
  struct Cold {  // actors, and keys that rest
    std::vector<ActorRecord*> actors;
    std::vector<KeyState*> keys;
    bool empty() const { return actors.empty() && keys.empty(); }
    void put_in_order();  // by row and number, each once
  };
  std::size_t memory() const;  // estimated
  static constexpr std::size_t types = std::tuple_size_v<decltype(Limits::type_bytes_max)>;
  using Memories = std::array<Memory, types>;  // of all, and by type
  Memories memories() const;
  bool memory_short();
  bool may_rest(ActorRecord&) const;
  std::pair<std::size_t, bool> to_go() const;
  void chill(std::vector<ActorRecord*> may);
  void make_room();
  void make_room_early();
  void name_cold(const wire::Delta&, Cold& named) const;
  void name_resting(const wire::Delta&, std::vector<KeyState*>& named) const;
  bool warm(Instant, Cold wanted, std::vector<Dropped>& gone);
  std::optional<Thawed> thaw(const std::vector<ActorRecord*>& wanted) const;
  bool take_apart(ReadRows&, const std::vector<ColdEnvelope>& cold, Thawed&) const;
  std::optional<std::vector<KeyState>> read_resting(std::span<const KeyState* const>,
                                                    const Thawed*) const;
  Shown show(std::span<const KeyState* const>) const;
  bool warm_early(Cold wanted);
  Cold cold_in_pending(std::size_t& envelopes) const;
  bool warm_for(Instant, std::size_t& envelopes, InFlight&);
  void unreadable(Instant);
  void leave_rotten();
  bool names_cold(const Pending&) const;
  std::size_t stuck_at(Instant) const;
  bool only_stuck(Instant) const;
  void drop_pending();
  static std::optional<Received> received_of(const ActorRow&);

  Options options;
  std::string root, base;  // base = root + "/gw"
  std::string people;      // the id of the actor of what they change through this gateway
  std::uint64_t incarnation = 0, session = 0;

  Share share;  // nullptr: nobody does
  ActorTable actors;
  Trust trust;
  Keyspace keys{actors};
  LiveSet live{actors, keys};
  EvidenceBook evidence;
  AckBook acks;
  Announcer announcer;
  Peers peers;
  Reconciler reconciler;
  Views views;
  crdt::HlcClock clock;
  RecentHashes recent;
  Waiting<Source> waiting;
  Letters letters;
  Refusals refusals;
  std::vector<std::string> relays;  // gateways by their bit in ActorRecord::through; at most 64
  bool registry_grew = false, settled_anew = false;
  std::vector<wire::Envelope> from_file;  // the registry's, before the start
  Peers::OurHeads heads{};

  std::vector<Link> links;
  std::deque<Pending> pending;
  std::size_t pending_count = 0;  // of envelopes: in pending, and passed over for those
  // By the hash of an actor where in pending its newest is. Forgotten whenever places change, and
  // until nothing waits.
  struct Newest {
    std::size_t place = 0;
    bool alone = true;  // nothing else waits of it
  };
  absl::flat_hash_map<std::size_t, Newest> newest_at;
  std::vector<std::pair<wire::Evidence, Source>> pending_evidence;
  std::size_t pending_bytes = 0;
  std::vector<Keyspace::PartAt>
      counting_on;                         // of the envelope that is being joined, if it counts on
  std::uint64_t pending_since_ms = never;  // the oldest that waits: an envelope, or a refusal
  Instant seen;
  std::optional<InFlight> in_flight;
  std::vector<ActorRecord*> touched;
  std::vector<ActorRecord*> heard;     // of which nothing is new but when
  std::uint64_t heard_due_ms = never;  // until then they wait for a commit that has more to say
  // Were shown, and wait alike: of each key and type the newest.
  std::map<std::pair<std::string, std::string>, ValueRow> value_rows;
  std::uint64_t value_rows_due_ms = never;
  std::array<std::size_t, types> floors{};  // of memories(): where making room has ended
  std::uint64_t room_again_ms = 0;          // mono: when that is tried again
  std::uint64_t unreadable_until_ms = 0;    // mono: until then the disk is not asked for rows
  std::size_t stuck = 0;                    // of pending_count: what could not be joined for that
  // Until rows_not_valid() could look at what they said.
  std::set<std::string, std::less<>> settled_devices, withdrawn_members;
  Ticket next_ticket = 1;
  std::uint64_t next_row = 1, next_actor_row = 1;
  std::uint64_t next_sweep_ms = never;
  std::uint64_t last_news_ms = 0;  // mono: the last envelope that was new

  std::vector<DeadLetterRow> dead_letters;
  std::uint64_t dead_letter_window_ms = 0;
  std::uint32_t dead_letters_in_window = 0;

  struct ByNumber {
    bool operator()(const ActorRecord* a, const ActorRecord* b) const {
      return a->number < b->number;
    }
  };
  std::map<ActorRecord*, Found, ByNumber> found;  // its order decides the numbers of new rows
  std::vector<ActorRow> restored_actors;
  struct Early {
    absl::flat_hash_map<const ActorRecord*, const ActorRow*> rows;  // in restored_actors
    absl::flat_hash_set<const ActorRecord*> asked, whole;  // for their envelopes; all are here
    std::deque<const ActorRecord*> begun;                  // the first envelope of these is here
  };
  std::optional<Early> early;
  std::vector<QuarantineRow> quarantined;
  std::vector<std::uint64_t> rows_to_erase;     // with the next commit
  std::vector<EnvelopeRow> restored_strangers;  // their signers may be in rows that follow
  // Of the disk's envelopes that wait for their signers: each is erased when its envelope is taken.
  absl::flat_hash_map<wire::Hash, std::uint64_t, std::hash<wire::Hash>> rows_of_strangers;

  std::string degraded;
  bool started = false, stopping = false, said_goodbye = false;
  std::uint64_t more_until_ms = 0;
  bool settling = false;  // memory has what counts no more
  Output out;
  Counters counters;
};

}  // namespace tributary::core
