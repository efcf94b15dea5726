// SPDX-License-Identifier: Apache-2.0
// What members say to each other about windows: heard, and said. The long work is in seals_work.cc.
#include "gateway/app/seals.h"

#include <algorithm>
#include <charconv>

#include "gateway/app/clock.h"
#include "gateway/app/pump.h"

namespace tributary::app {

using transports::Message;
using transports::Qos;

namespace {

constexpr std::uint64_t tick_ms = 500;
constexpr std::uint64_t again_ms = 5'000;
// What of another's proposal is read at most: so much, and so many times our own state.
constexpr std::size_t fetch_bytes = 64u << 20, fetch_times = 4;
constexpr std::size_t notes_max = 100;  // between two turns

}  // namespace

Seals::Seals(Options options, std::function<void()> wake)
    : options_(std::move(options)), prefix_(options_.core.root + "/gw/"), worker_(std::move(wake)) {
  state_.members = options_.book.members.size();
  state_.quorum = wire::seal_quorum(options_.book.members.size());
  open_ledger();
}

void Seals::say(Level level, const char* kind, std::string text) {
  if (notes_.size() < notes_max) notes_.push_back({level, kind, std::move(text)});
}

std::string Seals::topic(std::string_view what) const {
  return prefix_ + options_.core.gateway + "/seal/" + std::string(what);
}

void Seals::publish(std::string_view what, std::string payload) {
  pump_->publish_to_peers({.topic = topic(what), .payload = std::move(payload), .retain = true});
}

// --- what is heard

bool Seals::message(const Message& m) {
  std::string_view rest = m.topic;
  if (!rest.starts_with(prefix_)) return false;
  rest.remove_prefix(prefix_.size());
  const std::size_t slash = rest.find('/');
  const std::string from(rest.substr(0, slash));
  rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
  if (!rest.starts_with("/seal/")) return false;
  rest.remove_prefix(6);
  const auto& members = options_.book.members;
  if (m.payload.empty() || !book_ || !std::binary_search(members.begin(), members.end(), from))
    return true;
  if (rest.starts_with("part/")) {
    hear_part(from, m.payload);
  } else {
    hear(from, std::string(rest), m.payload);
  }
  return true;
}

void Seals::hear(const std::string& from, const std::string& what, const std::string& payload) {
  std::string why;
  if (what == "vote") {
    why = book_->on_cosignature(from, payload);
  } else if (what == "sealed") {
    why = book_->on_seal(from, payload);
  } else if (what == "proposal") {
    why = hear_proposal(from, payload);
  } else {
    return;
  }
  const std::pair<std::string, std::string> name{from, what};
  if (why.empty()) {
    unheeded_.erase(name);
  } else if (auto& held = unheeded_[name]; held != payload) {
    held = payload;
    say(Level::warning, "seal-unheeded", what + " of '" + from + "': " + why);
  }
}

std::string Seals::hear_proposal(const std::string& from, const std::string& payload) {
  const auto p = wire::decode_seal_proposal(payload, options_.core.wire);
  if (!p) return to_string(p.error());
  if (from == options_.core.gateway) {
    // Of an earlier life of ours: it would be read for nothing.
    if (!offered_ || offered_->proposal != payload) withdraw(p->parts);
    return {};
  }
  const auto sealed = wire::decode_sealed(payload, options_.core.wire);
  if (core_ == nullptr || !core_->signed_by(from, signing::Kind::proposal, *sealed))
    return "not signed by a key of it";
  return book_->on_proposal(from, *p);
}

// A signer may be enrolled later.
void Seals::hear_again(std::uint64_t mono_ms) {
  if (mono_ms < next_again_ms_) return;
  next_again_ms_ = mono_ms + again_ms;
  const auto all = unheeded_;
  for (const auto& [name, payload] : all) hear(name.first, name.second, payload);
}

void Seals::hear_part(const std::string& from, const std::string& payload) {
  if (!fetch_ || fetch_->look.gateway != from) return;
  const auto part = wire::decode_seal_part(payload, options_.core.wire);
  if (!part || part->gateway != from) return;
  const auto statement = wire::decode_seal_statement(fetch_->look.statement, options_.core.wire);
  if (part->closes_ms != statement->closes_ms || part->parts != fetch_->look.parts) return;
  const auto [at, fresh] = fetch_->parts.try_emplace(part->part, payload);
  if (!fresh) return;
  fetch_->bytes += payload.size();
  if (fetch_->bytes > fetch_bytes + fetch_times * core_->summary().live_bytes)
    return end_fetch("it is much larger than our own state");
  if (fetch_->parts.size() == fetch_->look.parts) judge_fetched();
}

// --- turns

void Seals::heed_clock(core::Instant now) {
  if (!began_now_) return;
  const std::uint64_t began_ms = now.wall_ms - std::min(now.wall_ms, now.mono_ms - began_mono_ms_);
  constexpr std::uint64_t noticed_ms = 2'000;
  if (began_ms < since_ms_ + noticed_ms) return;
  since_ms_ = began_ms;
  book_->raise_since(began_ms);
  worker_.post([this, began_ms]() -> Worker::Done {
    try {
      ledger_->raise_since(began_ms);
      return {};
    } catch (const std::exception& e) {
      return [this, why = std::string(e.what())] { failed("the clock is not noted", why); };
    }
  });
}

void Seals::turn(Pump& pump) {
  pump_ = &pump;
  core_ = &pump.core();
  worker_.take_done();
  const core::Instant now{mono_now_ms(), wall_now_ms()};
  if (book_) {
    if (!std::exchange(listens_, true)) {
      for (const char* what : {"vote", "sealed", "proposal"})
        pump.listen_to_peers(prefix_ + "+/seal/" + what, true);
    }
    if (std::exchange(connects_, pump.connects()) != pump.connects()) {
      if (!vote_.empty()) publish("vote", vote_);
      if (!newest_.empty()) publish("sealed", newest_);
      if (offered_) {
        for (std::size_t i = 0; i < offered_->parts.size(); ++i)
          publish("part/" + std::to_string(i), offered_->parts[i]);
        publish("proposal", offered_->proposal);
      }
    }
    if (now.mono_ms >= next_tick_ms_) {
      next_tick_ms_ = now.mono_ms + tick_ms;
      heed_clock(now);
      book_->tick(now.wall_ms);
      look_after_fetch(now.mono_ms);
    }
    hear_again(now.mono_ms);
    judge_frozen();
    do_all();
    state_.cosigned = book_->cosigned().size();
  }
  for (Note& note : std::exchange(notes_, {})) pump.note(note.level, note.kind, note.text);
}

void Seals::do_all() {
  sealing::Output out = book_->take_output();
  if (out.note) {
    if (frozen_ || fetch_) end_fetch("");
    frozen_.reset();
    if (auto now = core_->freeze()) {
      noted_ = std::make_shared<const Items>(std::move(now->live));
    } else {
      noted_.reset();
      say(Level::warning, "seal-unread",
          "the database cannot be read: nothing is cosigned for the window that has closed");
    }
    state_.window_closed_ms = out.note->closes_ms;
  }
  if (out.withdraw && offered_) withdraw(offered_->parts.size());
  if (out.freeze) freeze(*out.freeze);
  if (out.look) fetch(std::move(*out.look));
  if (out.keep_vote) keep_vote(*out.keep_vote);
  if (out.adopt) {
    say(Level::warning, "seal-own-past",
        "a broker has a cosignature of ours that our disk has not: an older copy of it came back");
    adopt(*out.adopt);
  }
  if (out.vote) publish("vote", vote_ = std::move(*out.vote));
  if (out.offer) offer(*out.offer);
  for (const std::string& bytes : out.seals) keep_seal(bytes);
  for (const sealing::Proof& proof : out.proofs) keep_proof(proof);
  for (const std::string& bytes : out.contradictions) {
    const auto seal = wire::decode_window_seal(bytes, options_.core.wire);
    say(Level::error, "seal-contradiction",
        "two seals of two states exist for the window that closed at " +
            stamp(seal->statement.closes_ms) +
            ": a third of the members or more are bad, and no seal of theirs is worth anything");
  }
}

// --- another's proposal

void Seals::fetch(sealing::Output::Look look) {
  const std::uint64_t now_ms = mono_now_ms(), wall_ms = wall_now_ms();
  const std::uint64_t until_ms = now_ms + look.until_ms - std::min(look.until_ms, wall_ms);
  const std::string filter = prefix_ + look.gateway + "/seal/part/+";
  fetch_ = Fetch{std::move(look), {}, 0, now_ms, until_ms};
  pump_->listen_to_peers(filter, true);
}

void Seals::end_fetch(const std::string& why) {
  if (!fetch_) return;
  const sealing::Output::Look look = fetch_->look;
  pump_->listen_to_peers(prefix_ + look.gateway + "/seal/part/+", false);
  fetch_.reset();
  if (!why.empty()) judged(look.gateway, look.statement, why);
}

// A broker may replay less than there is: once in a while it is asked again.
void Seals::look_after_fetch(std::uint64_t mono_ms) {
  if (!fetch_) return;
  if (mono_ms >= fetch_->until_ms) {
    return end_fetch("only " + std::to_string(fetch_->parts.size()) + " of its " +
                     std::to_string(fetch_->look.parts) + " parts came");
  }
  if (mono_ms < fetch_->asked_again_ms + 2'000) return;
  fetch_->asked_again_ms = mono_ms;
  pump_->listen_to_peers(prefix_ + fetch_->look.gateway + "/seal/part/+", true);
}

void Seals::judged(const std::string& from, const std::string& statement, const std::string& why) {
  if (!why.empty()) {
    const bool own = from == options_.core.gateway;
    state_.refused += !own;
    say(Level::warning, "seal-refused",
        (own ? std::string("our own state") : "what '" + from + "' proposes") +
            " is not cosigned: " + why);
  }
  book_->judged(from, statement, why.empty());
  do_all();
}

// --- what we propose

void Seals::freeze(const sealing::Window& window) {
  if (auto now = core_->freeze()) {
    frozen_ = Frozen{window, std::move(*now)};
  } else {
    frozen_.reset();
    say(Level::warning, "seal-unread", "the database cannot be read: nothing is proposed");
  }
}

void Seals::withdraw(std::size_t parts) {
  publish("proposal", {});
  for (std::size_t i = 0; i < parts; ++i) publish("part/" + std::to_string(i), {});
  offered_.reset();
}

std::string Seals::stamp(std::uint64_t closes_ms) {
  const auto s = static_cast<std::time_t>(closes_ms / 1'000);
  std::tm tm{};
  gmtime_r(&s, &tm);
  char text[32];
  const std::size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H-%M-%SZ", &tm);
  return n > 0 ? std::string(text, n) : std::to_string(closes_ms);
}

}  // namespace tributary::app
