// SPDX-License-Identifier: Apache-2.0
// The other gateways, as their retained heads and numbered batches show them, and what is done
// about buckets that differ: a peer that is online is asked, otherwise its retained state is read.
//
// A peer's claims only steer what to read; nothing of them is believed. A bucket is due when its
// digest differs from ours and either something was missed (a gap in the numbers, a connect) or the
// difference outlasts the traffic. A peer is asked about each digest once, when that moves less
// than reading; each published digest of a (peer, bucket) is read whole at most once, so a stale
// or retired peer costs nothing. Reading works while the peer is off: the broker has its retained
// state. A torn read is harmless, since it is only joined; it counts as whole only when the parts
// hash to what the head names.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/core/status.h"
#include "gateway/core/types.h"
#include "transports/wire/ack.h"
#include "transports/wire/ask.h"

namespace tributary::core {

class Peers {
 public:
  using Name = std::pair<std::string, LinkId>;  // one gateway as heard over one broker
  // Plain envelopes in one answer.
  static constexpr std::size_t answer_bytes_max = 256 * 1024;
  // Peers a gateway keeps track of: a flood of invented ids must not fill the memory.
  static constexpr std::size_t peers_max = 256;
  using OurHeads = std::array<std::optional<wire::BucketHead>, wire::bucket_count>;

  // `self`: our id; `session`: of this start. `base`: "<root>/gw".
  Peers(const Options& options, std::uint64_t session, std::string base)
      : options_(options), session_(session), base_(std::move(base)) {}

  void on_status(Instant, LinkId, const Status&);
  // `bytes`: the message that it was read from.
  void on_head(Instant, LinkId, const wire::Head&, std::string_view bytes, Counters&);
  // The message is the very one that the last head of this peer was read from, and says nothing
  // new: its time. nullopt: it must be read.
  std::optional<crdt::Hlc> same_head(LinkId, std::string_view gateway,
                                     std::string_view bytes) const;
  // REQUIRES: same_head().
  void on_same_head(Instant, LinkId, std::string_view gateway, Counters&);
  // Notes the number; true when the batch is worth unpacking (not our own).
  bool on_batch(Instant, LinkId, const wire::Batch&, Counters&);
  // Whether anything of another gateway was ever heard there, or more gateways are than are kept
  // track of.
  bool any_on(LinkId) const;
  // A part of a bucket's state that we asked for; false: nobody asked.
  bool on_state(Instant, LinkId, const wire::StatePart&, const wire::Hash& plain_hash, Counters&);
  // `brought`: how many envelopes came with it.
  void on_answer(Instant, LinkId, const wire::Answer&, std::size_t brought, Counters&);
  // This peer asked us and was answered: what it gives back may make us equal, so we wait for that.
  void answered(Instant, const Name&);
  void disconnected(LinkId, Output&);
  // What was read may not all have been taken: every bucket that differs is worth a fetch again.
  void read_again(Instant);
  void connected(Instant, LinkId);

  // These buckets (a bit each) of `ours` have changed since the last run().
  void ours_changed(std::uint64_t buckets);
  // Starts and ends fetches and asks. Looks only at buckets where something changed or is awaited.
  // REQUIRES: `ours` is of committed state. `settled`: nothing new came for a while.
  void run(Instant, const OurHeads& ours, bool settled, Output&, Counters&);
  std::uint64_t deadline() const { return next_run_ms_; }
  // What is to be asked since the last call.
  struct AskDue {
    Name peer;
    std::uint64_t token = 0, buckets = 0;
    std::size_t cells = 0;
  };
  std::vector<AskDue> take_asks() { return std::exchange(asks_, {}); }
  // The mean size of an envelope, by which it is judged what moves less.
  void envelope_bytes(std::size_t mean) { envelope_bytes_ = mean; }
  // run() soon: something arrived that may start or end a fetch.
  void wake(Instant now) { next_run_ms_ = std::min(next_run_ms_, now.mono_ms); }

  // Something of our own earlier life on this link is still to be read.
  bool recovering(LinkId) const;
  // What is retained under our id on this link is about to be ours again: nothing of an earlier
  // life or of a clone can be read whole any more, and trying would take the place of other
  // fetches.
  void forget_own_past(LinkId, Output&);
  // bucket → parts that our earlier life left on the link.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> take_inherited();
  std::vector<PeerView> views(const OurHeads& ours) const;

 private:
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  static constexpr std::uint64_t all_buckets = ~std::uint64_t{0};
  struct HeadInfo {
    std::uint64_t incarnation = 0, session = 0, number = 0;
    std::vector<std::uint8_t> types;
    OurHeads buckets;
    crdt::Hlc hlc;
    std::string bytes;  // what it was read from: a link that loses packets brings it again
    void take(const wire::Head&, std::uint64_t changed);  // most of it is as it was
  };
  struct Fetch {
    std::uint64_t deadline_ms = 0;
    std::uint32_t asked = 0;  // parts the head promised
    bool by_name = false;     // each part by its name, not all by a wildcard
    std::uint32_t parts = 0;  // as the parts themselves say
    std::map<std::uint32_t, wire::Hash> got;
    std::optional<wire::Hash> all;  // of `got`, once that is complete
  };
  struct BucketTrack {
    std::optional<wire::Hash> fetched;  // the published digest that was read whole
    std::uint64_t differs_since_ms = never;
    std::uint64_t not_before_ms = 0;  // after an incomplete read
    std::uint32_t failures = 0;
    std::optional<Fetch> fetch;
    std::optional<std::pair<wire::Hash, std::optional<wire::Hash>>>
        asked;  // the digests about which it was asked last
  };
  struct Asking {
    std::uint64_t token = 0, buckets = 0, deadline_ms = 0;
    bool last = true;  // no other waits for its end
  };
  // Envelopes in each bucket, on average.
  struct Apart {
    double only_we_have = 0, only_it_has = 0;
  };
  struct Peer {
    bool online = false;
    bool answers = false;  // what it is asked
    std::uint64_t status_session = 0, status_at_ms = 0;
    std::optional<HeadInfo> head;
    std::uint64_t batch_session = 0;
    std::uint64_t batch_number = 0;  // up to it all came, or were given up
    // Those that came before an earlier one did, and when (mono): sent or heard over several
    // connections, or some are lost.
    std::map<std::uint64_t, std::uint64_t> ahead;
    std::uint64_t given_up_from = 0, given_up_to = 0;  // the last gap: [from, to)
    bool late = false;  // some came after later ones: what is missing may be under way
    std::uint64_t behind_since_ms = 0;  // or the latest batch since then
    bool missed = true;  // fetch without waiting for the traffic to settle: we connected, or a
                         // number is missing
    std::uint64_t heard_ms = 0;
    // Some brokers (RabbitMQ) replay nothing to a wildcard: who came back with empty hands asks the
    // other way the next time.
    bool by_name = false;
    std::array<BucketTrack, wire::bucket_count> buckets;
    // A bit for each bucket: its head or ours changed; and it differs or is being fetched.
    std::uint64_t look = all_buckets, waiting = 0;
    // It came back or asked us, and will see what differs itself; or we came back, and its broker
    // has yet to tell how it is now. never: the link is down.
    std::uint64_t not_before_ms = 0;
    bool awaits_status = false, awaits_head = false;  // after we came back
    std::optional<Asking> asking;
    std::uint64_t next_ask_ms = 0;
    std::uint32_t growth = 0;           // asks in turn that were too small
    std::optional<Apart> apart;         // by its last answer, until all is equal
    std::uint32_t silences = 0;         // … that were not answered
    std::uint64_t silent_until_ms = 0;  // not asked before, but read

    std::uint64_t newest_batch() const {
      return ahead.empty() ? batch_number : ahead.rbegin()->first;
    }
    // The head counts batches that have not come.
    bool behind() const {
      return head && head->session == batch_session && newest_batch() < head->number;
    }
    void note_number(std::uint64_t number, Instant now);
    void take_ahead();
  };

  static void heard(Peer&, Instant);
  void heed_missing_batches(Peer&, Instant, Counters&);
  static void give_up_on_batches(Peer&, Counters&);
  static std::uint64_t changed_buckets(const Peer&, const wire::Head&);
  bool differs(const Peer&, std::uint32_t bucket, const OurHeads& ours) const;
  // True: it is due to be asked about or read.
  bool visit(const Name&, Peer&, std::uint32_t bucket, Instant, const OurHeads&, bool settled,
             Output&, Counters&);
  void start_all(const Name&, Peer&, std::uint64_t due, Instant, const OurHeads&, Output&,
                 Counters&);
  void start(const Name&, Peer&, std::uint32_t bucket, std::uint32_t parts, Instant, Output&,
             Counters&);
  void end(const Name&, BucketTrack&, std::uint32_t bucket, Output&);
  void forget(BucketTrack&);
  static bool whole(Fetch&, const wire::BucketHead&);
  // Asks for a bucket's parts, or no more.
  void ask(const Name&, std::uint32_t bucket, const Fetch&, bool yes, Output&) const;

  // peers_ask.cc
  struct Plan {  // an ask, if `buckets` is not 0
    std::uint64_t buckets = 0;
    std::size_t cells = 0;
    std::uint64_t later = 0;  // to be asked about after it
  };
  struct Share {  // of what is due: envelopes here, there, and at least so many apart
    std::uint64_t buckets = 0, here = 0, there = 0, apart = 0;
    bool unreadable = false;
  };
  Plan plan_ask(Peer&, std::uint64_t due, Instant, const OurHeads&) const;
  static std::uint64_t not_asked_about(const Peer&, std::uint64_t due);
  static Share share(const Peer&, std::uint64_t due, std::size_t buckets, const OurHeads&);
  Plan learned(const Peer&, std::uint64_t due, const OurHeads&) const;
  Plan guessed(const Peer&, std::uint64_t due, const OurHeads&) const;
  Plan if_it_pays(const Share&, std::uint64_t due, std::size_t cells) const;
  std::size_t cells_that_pay(const Share&) const;
  void start_ask(const Name&, Peer&, const Plan&, Instant, Counters&);
  static void learn(Peer&, const wire::Answer&, std::size_t brought, int buckets);
  void heed_silence(Peer&, Instant, Counters&);

  std::string filter(const Name&, std::uint32_t bucket) const;
  void heed(std::uint64_t at_ms) { next_run_ms_ = std::min(next_run_ms_, at_ms); }

  const Options& options_;
  std::uint64_t session_ = 0;
  std::string base_;
  std::map<Name, Peer> peers_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> inherited_;
  std::size_t parts_in_flight_ = 0;
  std::vector<AskDue> asks_;
  std::uint64_t asks_made_ = 0;
  std::size_t envelope_bytes_ = 0;
  std::uint64_t next_run_ms_ = never;
};

}  // namespace tributary::core
