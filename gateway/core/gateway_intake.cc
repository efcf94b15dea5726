// SPDX-License-Identifier: Apache-2.0
// What arrives: untrusted bytes become authorised envelopes here, or are counted and named.
#include <algorithm>
#include <charconv>

#include "crdt/planted.h"
#include "gateway/core/gateway_impl.h"

namespace tributary::core {
namespace {

constexpr std::uint32_t dead_letters_per_window = 16;
constexpr std::uint64_t dead_letter_window_length_ms = 10'000;
constexpr std::size_t dead_letter_bytes_max = 65'536;

Reject reason_of(const wire::DecodeError& e) {
  if (e.code == wire::DecodeError::Code::version) return Reject::version;
  return e.code == wire::DecodeError::Code::limit ? Reject::size : Reject::malformed;
}

// "a/b/c" → "a", leaving "b/c".
std::string_view take_level(std::string_view& topic) {
  const std::size_t slash = topic.find('/');
  const std::string_view level = topic.substr(0, slash);
  topic = slash == std::string_view::npos ? std::string_view{} : topic.substr(slash + 1);
  return level;
}

// For people; cut between characters.
std::string shortened(const std::string& topic) {
  constexpr std::size_t bytes_max = 200;
  if (topic.size() <= bytes_max) return topic;
  std::size_t cut = bytes_max;
  while (cut > 0 && (topic[cut] & '\xC0') == '\x80') --cut;
  return topic.substr(0, cut) + "…";
}

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t v = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), v);
  if (end.ec != std::errc{} || end.ptr != text.data() + text.size()) return std::nullopt;
  return v;
}

}  // namespace

// A dead letter is heard as if it had just come: nothing is left out, and nothing is filed again.
void Gateway::Impl::receive(Instant now, Inbound&& in) {
  const std::uint64_t letter = in.letter;
  letters.hold(letter);
  letters.reading = letter;
  hear(now, std::move(in));
  letters.reading = 0;
  letters.settle(letter, out.letters);
}

void Gateway::Impl::hear(Instant now, Inbound&& in) {
  counters.messages += 1;
  counters.bytes_in += in.topic.size() + in.payload.size();
  // On a slow disk new arrivals would outrun the last commit for ever. Nothing of them is
  // acknowledged: devices send again, peers compare digests.
  if (stopping) return letters.refuse(in.letter, "the gateway is stopping");
  if (in.link >= links.size() || !in.topic.starts_with(root) || in.topic.size() <= root.size() ||
      in.topic[root.size()] != '/') {
    return reject(now, Reject::topic, in.topic, "not a topic of this fleet", {});
  }
  std::string_view rest = std::string_view(in.topic).substr(root.size() + 1);
  const std::string_view first = take_level(rest);
  if (first == "up") {
    if (!links[in.link].options.devices) return;
    if (!wire::valid_id(rest))
      return reject(now, Reject::topic, in.topic, "not a device id", in.payload);
    const auto& hears = links[in.link].options.hears;
    // Whatever it hears of devices: what people change through this gateway.
    const bool ours =
        rest == people || std::any_of(hears.begin(), hears.end(), [&](const std::string& pattern) {
          return glob_matches(pattern, rest);
        });
    if (!ours) {
      counters.rejected[static_cast<std::size_t>(Reject::not_heard)] += 1;
      return letters.refuse(in.letter, "this gateway does not hear that device: broker.hears");
    }
    return on_upload(now, in.link, std::move(in.payload), in.topic);
  }
  if (first == "view") return on_old_view(now, in, rest);
  if (first == "gw" && links[in.link].options.peers) return on_gateway_topic(now, in, rest);
  reject(now, Reject::topic, in.topic, "nobody asked for it", {});
}

void Gateway::Impl::on_upload(Instant now, LinkId link, std::string&& payload,
                              const std::string& topic) {
  wire::Pack storage;
  const auto envelopes = wire::split_upload(payload, options.wire, storage);
  if (!envelopes)
    return reject(now, reason_of(envelopes.error()), topic, to_string(envelopes.error()), payload);
  const bool one = envelopes->size() == 1 && envelopes->front().data() == payload.data();
  if (one) return take_upload(now, link, std::make_shared<std::string>(std::move(payload)), topic);
  for (const std::string_view bytes : *envelopes)
    take_upload(now, link, std::make_shared<std::string>(bytes), topic);
}

void Gateway::Impl::take_upload(Instant now, LinkId link,
                                const std::shared_ptr<const std::string>& bytes,
                                const std::string& topic) {
  auto decoded = wire::decode_envelope(bytes, options.wire);
  if (!decoded)
    return reject(now, reason_of(decoded.error()), topic, to_string(decoded.error()), *bytes);
  const Source source{.link = link, .device = true, .letter = letters.reading};
  take_envelope(now, std::move(*decoded), source, topic);
}

// "…/up/sensor-7" → "up/sensor-7", "…/gw/g2/state/…" → "gw/g2": at a broker with access lists only
// they can have sent it.
std::string_view Gateway::Impl::brought_by(std::string_view topic) const {
  const std::string_view rest = topic.substr(std::min(root.size() + 1, topic.size()));
  return rest.substr(0, rest.find('/', rest.find('/') + 1));
}

bool Gateway::Impl::may_try(Instant now, const std::string& topic) {
  if (trust.may_try(brought_by(topic), now.mono_ms)) return true;
  counters.rejected[static_cast<std::size_t>(Reject::throttled)] += 1;
  letters.refuse(letters.reading, "throttled: too many forgeries came that way; wait a minute");
  return false;
}

void Gateway::Impl::take_envelope(Instant now, wire::Envelope&& e, Source source,
                                  const std::string& topic) {
  // Of what is held the signature is known to be good. Where nothing is signed that is no question.
  const bool held = trust.on() && live.contains(e.hash);
  if (trust.on() && !held && source.link != no_link && !may_try(now, topic)) return;
  std::string_view device;
  if (source.device) device = brought_by(topic).substr(3);  // "up/"
  auto authorised = authorise(options, trust, {device}, std::move(e), held);
  // NOLINTNEXTLINE(bugprone-use-after-move): it leaves what it denies where it is
  if (!authorised) return refuse(now, authorised.error(), std::move(e), source, topic);
  enqueue(now, std::move(*authorised), source);
}

// authorise() leaves what it denies where it is.
void Gateway::Impl::refuse(Instant now, const Denial& denial, wire::Envelope&& e, Source source,
                           const std::string& topic) {
  // While a part of the registry is missing, a grant may be in it, or what a settlement names.
  const bool settled = denial.reason == Reject::closed || denial.reason == Reject::withdrawn;
  const bool may_change = settled || denial.reason == Reject::not_permitted;
  if (denial.reason == Reject::stranger || (may_change && !registry_whole())) {
    counters.rejected[static_cast<std::size_t>(denial.reason)] += 1;
    notice(Notice::Level::warning, name(denial.reason),
           shortened(topic) + ": " + denial.rule + ": it waits");
    letters.refuse(std::exchange(source.letter, 0), denial.rule + ": it waits for the registry");
    const bool ours = source.link == no_link && rows_of_strangers.contains(e.hash);
    Waiting<Source>::Item item{std::move(e), source, topic};
    return ours ? waiting.keep(std::move(item)) : waiting.put(std::move(item));
  }
  // Peers that have not settled yet go on with what they have: no news, and nobody's fault.
  if (settled && !source.device && source.letter == 0) return;
  reject(now, denial.reason, topic, denial.rule, *e.bytes);
  const bool forged =
      denial.reason == Reject::bad_signature || denial.reason == Reject::no_signature;
  if (forged) trust.blame(brought_by(topic), denial.reason, now);
  // Who speaks for another device gets no answer: it would be that device's.
  const bool of_policy = forged || may_change || denial.reason == Reject::reserved_key;
  if (!source.device || !of_policy) return;
  if (!started) return;  // an answer tells what else is held of it: when it says it again
  const wire::Delta& d = e.delta;
  acks.refuse(d.device, d.epoch, {d.from, d.to, e.hash}, source.link, denial);
  if (pending_since_ms == never) pending_since_ms = now.mono_ms;  // answered with the batch
}

// Only what the broker had retained: nobody else speaks under our views.
void Gateway::Impl::on_old_view(Instant now, const Inbound& in, std::string_view rest) {
  const bool ours = take_level(rest) == options.gateway && !rest.empty();  // '#' is the parent, too
  if (!ours || !in.retained || in.payload.empty()) return;
  links[in.link].old_views_until_ms = now.mono_ms + old_views_ms;
  if (!views.inherit(in.link, rest, keys, out)) links[in.link].cleared_old_views = true;
}

void Gateway::Impl::on_gateway_topic(Instant now, const Inbound& in, std::string_view rest) {
  const std::string_view gateway = take_level(rest);
  if (!wire::valid_id(gateway)) return reject(now, Reject::topic, in.topic, "not a gateway id", {});
  const std::string_view what = take_level(rest);
  if (what == "delta" && rest.empty()) return on_batch(now, in, gateway);
  if (what == "head" && rest.empty())
    return in.payload.empty() ? void() : on_head(now, in, gateway);
  if (what == "state") return in.payload.empty() ? void() : on_state(now, in, gateway, rest);
  const bool to_us = options.asks && rest == options.gateway;
  if (what == "ask" && to_us) return on_ask(now, in, gateway);
  if (what == "answer" && to_us) return on_answer(now, in, gateway);
  if (what == "status" && rest.empty()) {
    if (in.payload.empty()) return;
    const StatusSeal seal = status_seal(in.payload);
    const auto status = read_status(seal.body);  // what comes after the signature is not signed
    if (!status || status->gateway != gateway) {
      return reject(now, Reject::malformed, in.topic, "not a gateway's status", in.payload);
    }
    if (!speaks_for_itself(now, signing::Kind::status, gateway, seal.sealed(), in)) return;
    if (gateway == options.gateway && status->session != session) heed_stranger(now, in.link);
    hear_batches(in.link, gateway);
    return peers.on_status(now, in.link, *status);
  }
  reject(now, Reject::topic, in.topic, "no such topic of a gateway", {});
}

void Gateway::Impl::on_head(Instant now, const Inbound& in, std::string_view gateway) {
  // Links that lose packets bring most heads twice and more often.
  const bool own = gateway == options.gateway;
  const auto same = own ? std::nullopt : peers.same_head(in.link, gateway, in.payload);
  if (!same) return on_new_head(now, in, gateway);
  // A key that was not known then may be known now.
  const auto sealed = wire::decode_sealed(in.payload, options.wire);
  if (!speaks_for_itself(now, signing::Kind::head, gateway, *sealed, in)) return;
  clock.observe(*same, now.wall_ms, options.clock_ahead_max_ms);
  hear_batches(in.link, gateway);
  peers.on_same_head(now, in.link, gateway, counters);
}

void Gateway::Impl::on_new_head(Instant now, const Inbound& in, std::string_view gateway) {
  const auto head = wire::decode_head(in.payload, options.wire);
  if (!head)
    return reject(now, reason_of(head.error()), in.topic, to_string(head.error()), in.payload);
  if (head->fleet != options.fleet)
    return reject(now, Reject::fleet, in.topic, "a head of another fleet", in.payload);
  if (head->gateway != gateway) {
    return reject(now, Reject::peer, in.topic,
                  "the head is of gateway '" + std::string(head->gateway) + "'", in.payload);
  }
  const auto sealed = wire::decode_sealed(in.payload, options.wire);
  if (!speaks_for_itself(now, signing::Kind::head, gateway, *sealed, in)) return;
  clock.observe(head->hlc, now.wall_ms, options.clock_ahead_max_ms);
  if (gateway == options.gateway) {
    // Only what the broker had: not an echo of what we send it now.
    if (head->session == session) return in.retained ? recall(now, in.link, *head) : void();
    heed_stranger(now, in.link);
  }
  hear_batches(in.link, gateway);
  peers.on_head(now, in.link, *head, in.payload, counters);
  for (const auto& [bucket, parts] : peers.take_inherited()) announcer.inherit(bucket, parts);
}

// A gateway whose key is known must sign; one that is not known yet is listened to, because what it
// claims only steers what is fetched.
bool Gateway::Impl::speaks_for_itself(Instant now, signing::Kind kind, std::string_view gateway,
                                      const wire::Sealed& sealed, const Inbound& in) {
  if (!trust.on() || !trust.knows(gateway)) return true;
  if (!may_try(now, in.topic)) return false;
  const Trust::Finding finding = trust.check(kind, gateway, sealed);
  if (finding == Trust::Finding::good) return true;
  if (finding == Trust::Finding::none && !trust.required()) return true;
  const Reject why = finding == Trust::Finding::none ? Reject::no_signature : Reject::bad_signature;
  trust.blame(brought_by(in.topic), why, now);
  reject(now, why, in.topic, "not signed by the key of gateway '" + std::string(gateway) + "'",
         in.payload);
  return false;
}

// Somebody else publishes under our id: a clone of this gateway. A clone that used our client id,
// too, is seen by the status that its will leaves each time we take the connection back; its heads
// may all have been overwritten by then. What we retain, at this broker and
// at those where only views are heard, may be overwritten or cleared, so all of it is published
// again when that has calmed down, and what the clone left is cleared.
void Gateway::Impl::heed_stranger(Instant now, LinkId id) {
  if (!links[id].announced || links[id].reannounce_ms != never) return;  // an earlier life of ours
  constexpr std::uint64_t pause_ms = 30'000;
  for (Link& link : links) link.reannounce_ms = now.mono_ms + pause_ms;
  notice(Notice::Level::warning, "own-id",
         "another gateway publishes under the id '" + options.gateway +
             "': stop one of them, or give it an id of its own; or the broker went back to what an "
             "earlier life of this gateway had retained");
}

void Gateway::Impl::on_batch(Instant now, const Inbound& in, std::string_view gateway) {
  const auto batch = wire::decode_batch(in.payload, options.wire);
  if (!batch)
    return reject(now, reason_of(batch.error()), in.topic, to_string(batch.error()), in.payload);
  if (batch->gateway != gateway) {
    return reject(now, Reject::peer, in.topic,
                  "the batch is of gateway '" + std::string(batch->gateway) + "'", in.payload);
  }
  const auto pack = wire::decode_pack(batch->pack, options.wire);
  if (!pack)
    return reject(now, reason_of(pack.error()), in.topic, to_string(pack.error()), in.payload);
  if (!peers.on_batch(now, in.link, *batch, counters)) return;
  take_pack(now, *pack, {.link = in.link, .through = relay_bit(gateway)}, in.topic);
}

// 0 once there are too many.
std::uint64_t Gateway::Impl::relay_bit(std::string_view gateway) {
  const auto at = std::find(relays.begin(), relays.end(), gateway);
  const auto index = static_cast<std::size_t>(at - relays.begin());
  if (index >= 64) return 0;
  if (at == relays.end()) relays.emplace_back(gateway);
  return std::uint64_t{1} << index;
}

void Gateway::Impl::on_state(Instant now, const Inbound& in, std::string_view gateway,
                             std::string_view rest) {
  const auto bucket = number_of(take_level(rest));
  const auto part = number_of(take_level(rest));
  const auto state = wire::decode_state_part(in.payload, options.wire);
  if (!state)
    return reject(now, reason_of(state.error()), in.topic, to_string(state.error()), in.payload);
  if (state->gateway != gateway || state->bucket != bucket || state->part != part ||
      !rest.empty()) {
    return reject(now, Reject::peer, in.topic, "the payload is of another topic", in.payload);
  }
  const auto pack = wire::decode_pack(state->pack, options.wire);
  if (!pack)
    return reject(now, reason_of(pack.error()), in.topic, to_string(pack.error()), in.payload);
  if (!peers.on_state(now, in.link, *state, wire::sha256(*pack->plain), counters)) return;
  take_pack(now, *pack, {in.link, false, true, gateway == options.gateway}, in.topic);
}

void Gateway::Impl::on_ask(Instant now, const Inbound& in, std::string_view gateway) {
  if (in.retained) return;  // of some time or other
  const auto ask = wire::decode_ask(in.payload, options.wire);
  if (!ask)
    return reject(now, reason_of(ask.error()), in.topic, to_string(ask.error()), in.payload);
  if (ask->gateway != gateway) {
    return reject(now, Reject::peer, in.topic,
                  "the ask is of gateway '" + std::string(ask->gateway) + "'", in.payload);
  }
  reconciler.on_ask(now, {std::string(gateway), in.link}, *ask, counters);
}

void Gateway::Impl::on_answer(Instant now, const Inbound& in, std::string_view gateway) {
  if (in.retained) return;
  const auto answer = wire::decode_answer(in.payload, options.wire);
  if (!answer)
    return reject(now, reason_of(answer.error()), in.topic, to_string(answer.error()), in.payload);
  if (answer->gateway != gateway) {
    return reject(now, Reject::peer, in.topic,
                  "the answer is of gateway '" + std::string(answer->gateway) + "'", in.payload);
  }
  const auto pack = wire::decode_pack(answer->pack, options.wire);
  if (!pack)
    return reject(now, reason_of(pack.error()), in.topic, to_string(pack.error()), in.payload);
  peers.on_answer(now, in.link, *answer, pack->envelopes.size(), counters);
  reconciler.on_answer(now, {std::string(gateway), in.link}, *answer, counters);
  take_pack(now, *pack, {in.link, false, false, false}, in.topic);
}

void Gateway::Impl::take_pack(Instant now, const wire::Pack& pack, Source source,
                              const std::string& topic) {
  for (std::span<const std::string_view> left = pack.envelopes; !left.empty();) {
    const auto some = left.first(std::min(left.size(), Trust::in_a_row_max));
    left = left.subspan(some.size());
    if (some.size() > 1 && !trust.blamed(brought_by(topic))) verify_ahead(some);
    for (const std::string_view bytes : some) take_from_peer(now, bytes, source, topic);
  }
}

void Gateway::Impl::take_from_peer(Instant now, std::string_view bytes, Source source,
                                   const std::string& topic) {
  if (wire::is_evidence(bytes)) return take_evidence(now, bytes, source, topic);
  // Most of what peers relay was heard here as well: known by its hash before anything is unpacked.
  const auto sealed = wire::decode_sealed(bytes, options.wire);
  if (!sealed)
    return reject(now, reason_of(sealed.error()), topic, to_string(sealed.error()), bytes);
  const wire::Hash hash = wire::sha256(sealed->body);
  ActorRecord* const held = live.writer_of(hash);
  if (held != nullptr) held->through |= source.through;
  if (held != nullptr || recent.contains(hash)) {
    counters.duplicates += 1;
    return;
  }
  auto decoded = wire::decode_envelope(bytes, options.wire);
  if (!decoded)
    return reject(now, reason_of(decoded.error()), topic, to_string(decoded.error()), bytes);
  take_envelope(now, std::move(*decoded), source, topic);
}

void Gateway::Impl::enqueue(Instant now, Authorised&& e, Source source) {
  counters.envelopes += 1;
  if (pending_since_ms == never) pending_since_ms = now.mono_ms;
  if (planted(Bug::ack_duplicate_early) && source.device && live.contains(e.envelope().hash)) {
    const wire::Delta& d = e.envelope().delta;
    acks.answer(actors.intern(d.device, d.epoch), {d.from, d.to, e.envelope().hash}, source.link);
    acks.send({options, incarnation, clock.tick(now.wall_ms), live, actors, share}, out, counters);
  }
  letters.hold(source.letter);
  wait({std::move(e), source, now.mono_ms, {}});
  if (flush_due(now)) flush(now);
}

void Gateway::Impl::reject(Instant now, Reject reason, const std::string& topic,
                           const std::string& text, std::string_view bytes) {
  counters.rejected[static_cast<std::size_t>(reason)] += 1;
  const std::string shown = shortened(topic);
  notice(Notice::Level::warning, name(reason), "refused a message on " + shown + ": " + text);
  if (letters.reading != 0)
    return letters.refuse(letters.reading, std::string(name(reason)) + ": " + text);
  if (const std::string_view who = brought_by(topic);
      who.starts_with("up/") && wire::valid_id(who.substr(3))) {
    refusals.note(who.substr(3), reason, now.wall_ms);
  }
  if (now.mono_ms >= dead_letter_window_ms + dead_letter_window_length_ms) {
    dead_letter_window_ms = now.mono_ms;
    dead_letters_in_window = 0;
  }
  if (bytes.empty() || dead_letters_in_window >= dead_letters_per_window) return;
  dead_letters_in_window += 1;
  dead_letters.push_back({now.wall_ms, shown, std::string(name(reason)) + ": " + text,
                          std::string(bytes.substr(0, dead_letter_bytes_max))});
}

}  // namespace tributary::core
