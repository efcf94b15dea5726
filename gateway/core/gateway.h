// SPDX-License-Identifier: Apache-2.0
// The gateway: a deterministic state machine. Bytes, time and finished commits go in; commits and
// publishes come out. It does no I/O but through a function that gives it rows it had stored
// (read_back_with), reads no clock and starts no thread but where it is told to
// (restore_on_two_threads), so the daemon and the simulator run the same code.
//
//   Gateway gateway(options, incarnation, session);
//   store.load(… gateway.restore(row) …);
//   LinkId link = gateway.attach({.name = "local"});
//   gateway.start(now);
//   gateway.connected(now, link);  gateway.receive(now, inbound);  gateway.tick(now);
//   Output out = gateway.take_output();      // publish, and commit; then gateway.committed(now,
//   ticket)
//
// One way through: decode → authorise → join → commit → ack, relay, view. State joined in memory is
// either on the disk or in the one commit that is in flight; heads, states and acks are made only
// when nothing is in flight, so what others are told is what the disk rebuilds.
//
// Thread-safety: one owner thread.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/actor.h"
#include "gateway/core/types.h"

namespace tributary::core {

class Gateway {
 public:
  // `incarnation` belongs to the database, `session` to this start: both random.
  Gateway(const Options&, std::uint64_t incarnation, std::uint64_t session);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Before all else: who does together what has no order. Signatures are verified ahead then, and
  // made, by several threads, which may call Options::trust.signer at once. What comes of it is the
  // same.
  void share_work_with(Share);

  // --- start-up, in this order: restore every row, attach every link, start
  // Before the first row: digests may be made by a second thread until start(). What comes of it
  // is the same.
  void restore_on_two_threads();
  // Before the first row: how committed rows are read back, by the owner, at any time between two
  // calls of its. From then on what is at rest leaves memory when that gets short. The actors' rows
  // come first then, and begin_early(), for a start to do so.
  void read_back_with(ReadBack);
  void restore(EnvelopeRow&&);
  void restore(ActorRow&&);
  // The admin's records, a pack of envelopes (docs/security.md), and after them what its
  // settlements name: before the rows, so that their signatures can be verified, and again whenever
  // the file has become another. Returns what is wrong with it: nothing of it was taken then.
  // Empty: all of it was.
  std::string registry(Instant, std::string_view pack);
  LinkId attach(const LinkOptions&);
  void start(Instant);
  // Between the rows, once every actor's is here and every link attached, and before the first
  // envelope's: from now on until start() receive() may be called. No envelope's row is above
  // `last_row`.
  void begin_early(Instant, std::uint64_t last_row);
  // Whose envelopes' rows are wanted before the others: something of theirs waits, or memory gets
  // short, and they can leave it once all of theirs was here. Asked again and again until it is
  // empty; each is named once, and all_of() tells that they are here.
  std::vector<crdt::Actor> lacking();
  void all_of(const crdt::Actor&);
  // Joins of what waits that which needs no more memory, of actors that are all here, and asks for
  // a commit. What is new waits for start(): whether there is room for it is known then.
  void commit_early(Instant);

  // --- events
  void connected(Instant, LinkId);
  void disconnected(Instant, LinkId);
  void receive(Instant, Inbound&&);
  // What comes next in receive(), or in restore(), may be told before: its signatures are verified
  // by all who share work then. It decides nothing, and may be left out. Returns how many were
  // good.
  std::size_t verify_ahead(std::span<const Upcoming>);
  std::size_t verify_ahead(std::span<const EnvelopeRow>);
  void committed(Instant, Ticket);
  // The transaction did not happen, or it is not known whether it did. The core asks for it again
  // after a pause.
  void commit_failed(Instant, Ticket, std::string reason);
  void tick(Instant);
  // What is held already stays, also when it is more than that.
  void set_limits(const Limits&);
  // Commits what waits, takes in nothing more, and says goodbye; finished once stopped() is true.
  void stop(Instant);
  bool stopped() const;
  // It has stopped by itself, because the admin settled that something which it had joined counts
  // no more (docs/security.md). That is off the disk: make it anew, from the same database.
  bool starts_again() const;

  // --- effects
  Output take_output();
  // When tick() is due (mono_ms); nullopt: nothing is.
  std::optional<std::uint64_t> deadline() const;
  // More waits to be read, as far as can be told. For 10 ms a batch may grow, within its time, to
  // four times as much, of which a device's that only count on are one (gateway_counting.cc).
  void expect_more(Instant now);
  // False: stop reading from the brokers until it is true again (nothing is lost, they hold it).
  bool accepting() const;

  // --- what people ask
  const Counters& counters() const;
  Summary summary() const;
  Summary figures() const;  // the same without the digest, which takes milliseconds at times
  std::optional<ValueView> value(std::string_view key, std::uint8_t type) const;
  // Up to `max` values in order of (key, type), from after (key, type); ("", 0) to begin.
  std::vector<ValueView> values(std::string_view after_key, std::uint8_t after_type,
                                std::size_t max) const;
  // What each actor contributes, in order of (device, epoch), from after that pair. Sets show
  // their first elements only. Without those whose part is on the disk alone: `cold_parts` of them.
  std::vector<ContributionView> contributions(std::string_view key, std::uint8_t type,
                                              std::string_view after_device,
                                              std::uint64_t after_epoch, std::size_t max) const;
  std::uint64_t cold_parts(std::string_view key, std::uint8_t type) const;
  std::vector<PeerView> peers() const;
  // Who brought forgeries, since the start; at most 256.
  std::vector<OffenderView> offenders() const;
  // Actors that told two stories, in order of (device, epoch), from after that pair.
  std::vector<EvidenceView> evidence(std::string_view after_device, std::uint64_t after_epoch,
                                     std::size_t max) const;
  std::vector<BucketView> buckets() const;  // all of them, in order
  // In order of the device, from after that one; bounded.
  std::vector<RefusalView> refusals(std::string_view after_device, std::size_t max) const;
  // In order of (device, epoch), from after that pair.
  std::vector<DeviceView> devices(std::string_view after_device, std::uint64_t after_epoch,
                                  std::size_t max) const;
  // The exact bytes of live envelopes in order of hash, from after `after_hash` (32 bytes or
  // empty); of one device when it is named. nullopt: the disk does not give them now.
  std::optional<std::vector<std::pair<wire::Hash, std::shared_ptr<const std::string>>>> envelopes(
      std::string_view after_hash, std::size_t max, std::string_view device = {}) const;
  // All that is live, evidence too, in no order: bytes are shared, not copied. What is in flight is
  // in it: it is what the disk has once in_flight(behind) is false.
  struct Frozen {
    std::vector<std::pair<wire::Hash, std::shared_ptr<const std::string>>> live;
    wire::Hash digest, unknown;  // of the state; and of entries of types that are not known
    Ticket behind = 0;
  };
  std::optional<Frozen> freeze() const;  // nullopt: as of envelopes()
  bool in_flight(Ticket) const;
  // Whether it is signed by a key that the registry has for this gateway.
  bool signed_by(std::string_view gateway, signing::Kind, const wire::Sealed&) const;
  // Note from now on, or no more, which values change. At most one note a key.
  void watch(bool on);
  // Up to `max` of the values that changed since they were last taken.
  std::vector<ValueView> take_watched(std::size_t max);
  // Root of this fleet's topics, without a slash at the end.
  const std::string& root() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tributary::core
