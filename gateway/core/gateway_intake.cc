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

void Gateway::Impl::receive(Instant now, Inbound&& in) {
  counters.messages += 1;
  counters.bytes_in += in.topic.size() + in.payload.size();
  // On a slow disk new arrivals would outrun the last commit for ever. Nothing of them is
  // acknowledged: devices send again, peers compare digests.
  if (stopping) return;
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
    const bool ours = std::any_of(hears.begin(), hears.end(), [&](const std::string& pattern) {
      return glob_matches(pattern, rest);
    });
    if (!ours) {
      counters.rejected[static_cast<std::size_t>(Reject::not_heard)] += 1;
      return;
    }
    return on_upload(now, in.link, rest, in.payload, in.topic);
  }
  if (first == "view") return on_old_view(now, in, rest);
  if (first == "gw" && links[in.link].options.peers) return on_gateway_topic(now, in, rest);
  reject(now, Reject::topic, in.topic, "nobody asked for it", {});
}

void Gateway::Impl::on_upload(Instant now, LinkId link, std::string_view device,
                              const std::string& payload, const std::string& topic) {
  wire::Pack storage;
  const auto envelopes = wire::split_upload(payload, options.wire, storage);
  if (!envelopes)
    return reject(now, reason_of(envelopes.error()), topic, to_string(envelopes.error()), payload);
  for (const std::string_view bytes : *envelopes) {
    auto decoded = wire::decode_envelope(bytes, options.wire);
    if (!decoded) {
      reject(now, reason_of(decoded.error()), topic, to_string(decoded.error()), bytes);
      continue;
    }
    const std::uint64_t epoch = decoded->delta.epoch, to = decoded->delta.to;
    auto authorised = authorise(options, {device}, std::move(*decoded));
    if (!authorised) {
      const Denial& denial = authorised.error();
      reject(now, denial.reason, topic, denial.rule, bytes);
      // Who speaks for another device gets no answer: it would be that device's.
      if (denial.reason == Reject::reserved_key) {
        acks.refuse(device, epoch, to, link, denial);
        if (pending_since_ms == never) pending_since_ms = now.mono_ms;  // answered with the batch
      }
      continue;
    }
    enqueue(now, std::move(*authorised), {link, true, false, false});
  }
}

// Only what the broker had retained: nobody else speaks under our views.
void Gateway::Impl::on_old_view(Instant now, const Inbound& in, std::string_view rest) {
  const bool ours = take_level(rest) == options.gateway && !rest.empty();  // '#' is the parent, too
  if (!ours || !in.retained || in.payload.empty()) return;
  links[in.link].old_views_until_ms = now.mono_ms + old_views_ms;
  if (!views.inherit(now, in.link, rest, keys, out)) links[in.link].cleared_old_views = true;
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
    const auto status = read_status(in.payload);
    if (!status || status->gateway != gateway) {
      return reject(now, Reject::malformed, in.topic, "not a gateway's status", in.payload);
    }
    if (gateway == options.gateway && status->session != session) heed_stranger(now, in.link);
    return peers.on_status(now, in.link, *status);
  }
  reject(now, Reject::topic, in.topic, "no such topic of a gateway", {});
}

void Gateway::Impl::on_head(Instant now, const Inbound& in, std::string_view gateway) {
  const auto head = wire::decode_head(in.payload, options.wire);
  if (!head)
    return reject(now, reason_of(head.error()), in.topic, to_string(head.error()), in.payload);
  if (head->fleet != options.fleet)
    return reject(now, Reject::fleet, in.topic, "a head of another fleet", in.payload);
  if (head->gateway != gateway) {
    return reject(now, Reject::peer, in.topic,
                  "the head is of gateway '" + std::string(head->gateway) + "'", in.payload);
  }
  clock.observe(head->hlc, now.wall_ms, options.clock_ahead_max_ms);
  if (gateway == options.gateway) {
    // Only what the broker had: not an echo of what we send it now.
    if (head->session == session) return in.retained ? recall(now, in.link, *head) : void();
    heed_stranger(now, in.link);
  }
  peers.on_head(now, in.link, *head, counters);
  for (const auto& [bucket, parts] : peers.take_inherited()) announcer.inherit(bucket, parts);
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
  take_pack(now, *pack, {in.link, false, false, false}, in.topic);
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
  peers.on_answer(now, in.link, *answer, counters);
  reconciler.on_answer(now, {std::string(gateway), in.link}, *answer, counters);
  take_pack(now, *pack, {in.link, false, false, false}, in.topic);
}

void Gateway::Impl::take_pack(Instant now, const wire::Pack& pack, Source source,
                              const std::string& topic) {
  for (const std::string_view bytes : pack.envelopes) take_from_peer(now, bytes, source, topic);
}

void Gateway::Impl::take_from_peer(Instant now, std::string_view bytes, Source source,
                                   const std::string& topic) {
  // Most of what peers relay was heard here as well: known by its hash before anything is unpacked.
  const auto sealed = wire::decode_sealed(bytes, options.wire);
  if (!sealed)
    return reject(now, reason_of(sealed.error()), topic, to_string(sealed.error()), bytes);
  const wire::Hash hash = wire::sha256(sealed->body);
  if (live.contains(hash) || recent.contains(hash)) {
    counters.duplicates += 1;
    return;
  }
  auto decoded = wire::decode_envelope(bytes, options.wire);
  if (!decoded)
    return reject(now, reason_of(decoded.error()), topic, to_string(decoded.error()), bytes);
  auto authorised = authorise(options, {}, std::move(*decoded));
  if (!authorised)
    return reject(now, authorised.error().reason, topic, authorised.error().rule, bytes);
  enqueue(now, std::move(*authorised), source);
}

void Gateway::Impl::enqueue(Instant now, Authorised&& e, Source source) {
  counters.envelopes += 1;
  if (pending_since_ms == never) pending_since_ms = now.mono_ms;
  pending_bytes += e.envelope().bytes->size();
  if (planted(Bug::ack_duplicate_early) && source.device && live.contains(e.envelope().hash)) {
    const wire::Delta& d = e.envelope().delta;
    acks.answer(actors.intern(d.device, d.epoch), d.from, source.link);
    acks.send({options, incarnation, clock.tick(now.wall_ms), live, actors}, out, counters);
  }
  pending.push_back({std::move(e), source, now.mono_ms});
  if (flush_due(now)) flush(now);
}

void Gateway::Impl::reject(Instant now, Reject reason, const std::string& topic, std::string text,
                           std::string_view bytes) {
  counters.rejected[static_cast<std::size_t>(reason)] += 1;
  const std::string shown = shortened(topic);
  notice(Notice::Level::warning, name(reason), "refused a message on " + shown + ": " + text);
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
