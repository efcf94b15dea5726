// SPDX-License-Identifier: Apache-2.0
// What sealing a window takes that takes long: states judged, votes and seals on the disk, files.
// All of it on the worker's thread; what is left to do then is done by the owner.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "gateway/app/clock.h"
#include "gateway/app/pump.h"
#include "gateway/app/seals.h"
#include "gateway/app/text.h"
#include "gateway/keyring/safe_file.h"
#include "transports/signing/seal.h"
#include "transports/wire/ask.h"

namespace tributary::app {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t state_bytes_max = 512u << 20, state_times = 8;  // unpacked
constexpr std::size_t page_max = 20;
constexpr std::size_t answer_bytes = 256 * 1024;  // about, and of at least one seal

// A file of a folder, without what it is called by.
std::string stamp_of(const std::string& file) {
  return file.substr(0, 20);
}

// The newest windows stay, with all that there is of each.
void prune(const std::string& folder, std::size_t kept) {
  std::set<std::string> stamps;
  std::vector<fs::path> files;
  std::error_code ignored;
  for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    if (name.size() <= 20 || name[19] != 'Z') continue;
    stamps.insert(stamp_of(name));
    files.push_back(at->path());
  }
  while (stamps.size() > kept) {
    for (const fs::path& file : files)
      if (stamp_of(file.filename().string()) == *stamps.begin()) fs::remove(file, ignored);
    stamps.erase(stamps.begin());
  }
}

Items not_in(const Items& items, const Items& held) {
  std::set<wire::Hash> known;
  for (const Item& item : held) known.insert(item.first);
  Items out;
  for (const Item& item : items)
    if (known.count(item.first) == 0) out.push_back(item);
  return out;
}

json json_of(const wire::WindowSeal& seal, const std::string& bytes) {
  json by = json::array();
  for (const auto& one : seal.cosigned) by.push_back(one.gateway);
  return {{"opens", seal.statement.opens_ms},
          {"closes", seal.statement.closes_ms},
          {"digest", wire::to_hex(seal.statement.digest.view())},
          {"content", wire::to_hex(seal.statement.content.view())},
          {"envelopes", seal.statement.envelopes},
          {"members", seal.statement.members},
          {"cosigned", std::move(by)},
          {"bytes", base64_encode(bytes)}};
}

}  // namespace

std::string Seals::state_file(const wire::SealStatement& s) const {
  return options_.states_path + "/" + stamp(s.closes_ms) + "-" +
         wire::to_hex(s.content.view()).substr(0, 16);
}

void Seals::failed(const char* doing, const std::string& why) {
  state_.wrong = why;
  say(Level::error, "seal-disk", std::string(doing) + ": " + why);
}

void Seals::keep_state(const wire::SealStatement& s, const Items& items) const {
  write_state(state_file(s) + ".jsonl", items);
  prune(options_.states_path, options_.states_kept + 1);  // a window is under way
}

// --- the ledger

void Seals::open_ledger() {
  began_mono_ms_ = mono_now_ms();
  worker_.post([this]() -> Worker::Done {
    try {
      ledger_ = store::Ledger::open(options_.ledger_path,
                                    {.life = options_.life, .now_ms = wall_now_ms()});
      keyring::make_dir(options_.states_path);
      Kept kept{.votes = ledger_->votes(),
                .seals = ledger_->seals(),
                .proofs = ledger_->proofs().size(),
                .since_ms = ledger_->since_ms(),
                .began_now = ledger_->begun_now(),
                .note = ledger_->note()};
      return [this, kept = std::move(kept)] { begin(kept); };
    } catch (const std::exception& e) {
      return [this, why = std::string(e.what())] { failed("no window is sealed here", why); };
    }
  });
}

void Seals::begin(const Kept& kept) {
  if (!kept.note.empty()) say(Level::error, "seal-disk", kept.note);
  began_now_ = kept.began_now;
  since_ms_ = kept.since_ms;
  state_.proofs = kept.proofs;
  sealing::Options o = options_.book;
  o.since_ms = kept.since_ms;
  o.wire = options_.core.wire;
  o.verifies = [this](std::string_view gateway, const wire::Sealed& sealed) {
    return core_ != nullptr && core_->signed_by(gateway, signing::Kind::seal, sealed);
  };
  book_.emplace(std::move(o));
  for (const auto& row : kept.votes) book_->restore_vote(row.closes_ms, row.bytes);
  for (const auto& row : kept.seals) book_->restore_seal(row.bytes);
  if (!kept.seals.empty()) {
    newest_ = kept.seals.back().bytes;
    newest_closes_ms_ = state_.last_closes_ms = kept.seals.back().closes_ms;
    publish("sealed", newest_);
  }
  say(Level::info, "seals",
      "windows of " + std::to_string(options_.book.window_ms / 1'000) + " s are sealed by " +
          std::to_string(state_.quorum) + " of " + std::to_string(state_.members) + " members" +
          (began_now_ ? "; nothing is cosigned here for a window that has opened already" : ""));
}

void Seals::adopt(const std::string& frame) {
  worker_.post([this, frame]() -> Worker::Done {
    try {
      const auto vote = wire::decode_cosignature(frame, options_.core.wire);
      ledger_->keep_vote(vote->statement.closes_ms, frame);
      return {};
    } catch (const std::exception& e) {
      return [this, why = std::string(e.what())] { failed("a vote is not kept", why); };
    }
  });
}

void Seals::keep_vote(const std::string& statement) {
  worker_.post([this, statement]() -> Worker::Done {
    try {
      const auto s = wire::decode_seal_statement(statement, options_.core.wire);
      std::string frame = signing::seal(signing::Kind::seal, options_.core.fleet, statement,
                                        *options_.core.trust.signer);
      if (!ledger_->keep_vote(s->closes_ms, frame)) {
        return [this] {
          say(Level::error, "seal-vote",
              "the disk has, or may have had, another vote for this window: this one is not given");
        };
      }
      return [this, frame = std::move(frame)] {
        state_.votes += 1;
        state_.wrong.clear();
        book_->kept(frame);
        do_all();
      };
    } catch (const std::exception& e) {
      return [this, why = std::string(e.what())] { failed("not cosigned", why); };
    }
  });
}

void Seals::keep_seal(const std::string& bytes) {
  const auto seal = wire::decode_window_seal(bytes, options_.core.wire);
  const wire::SealStatement& s = seal->statement;
  std::string by;
  for (const auto& one : seal->cosigned) by += (by.empty() ? "" : ", ") + std::string(one.gateway);
  say(Level::info, "sealed",
      "the window that closed at " + stamp(s.closes_ms) + ": digest " +
          wire::to_hex(s.digest.view()).substr(0, 16) + ", by " + by);
  state_.sealed += 1;
  if (s.closes_ms > newest_closes_ms_) {
    newest_closes_ms_ = state_.last_closes_ms = s.closes_ms;
    publish("sealed", newest_ = bytes);
  }
  worker_.post([this, bytes, closes_ms = s.closes_ms, file = state_file(s)]() -> Worker::Done {
    try {
      ledger_->keep_seal(closes_ms, bytes);
      keyring::write_file(file + ".seal", bytes, keyring::Access::secret);
      prune(options_.states_path, options_.states_kept);
      return {};
    } catch (const std::exception& e) {
      return [this, why = std::string(e.what())] { failed("a seal is not kept", why); };
    }
  });
}

void Seals::keep_proof(const sealing::Proof& proof) {
  state_.proofs += 1;
  say(Level::error, "seal-proof",
      "'" + proof.gateway + "' has cosigned two states for the window that closed at " +
          stamp(proof.closes_ms) +
          ": it is bad, or its disk went back; `tributary seal list` shows the proof");
  worker_.post([this, proof]() -> Worker::Done {
    try {
      ledger_->keep_proof({proof.gateway, proof.closes_ms, proof.first, proof.second});
      return {};
    } catch (const std::exception& e) {
      return [this, why = std::string(e.what())] { failed("a proof is not kept", why); };
    }
  });
}

// --- states

void Seals::judge_frozen() {
  if (!frozen_ || core_->in_flight(frozen_->state.behind)) return;
  auto frozen = std::make_shared<Frozen>(std::move(*frozen_));
  frozen_.reset();
  worker_.post([this, frozen, noted = noted_]() -> Worker::Done {
    std::string why;
    std::string statement;
    try {
      const Items items = sorted(std::move(frozen->state.live));
      wire::SealStatement s;
      s.fleet = options_.core.fleet;
      s.opens_ms = frozen->window.opens_ms;
      s.closes_ms = frozen->window.closes_ms;
      s.members.assign(options_.book.members.begin(), options_.book.members.end());
      s.digest = frozen->state.digest;
      s.content = content_of(items);
      s.envelopes = items.size();
      statement = wire::encode_body(s);
      why = judge_to_cosign(options_.core, s, items, noted, [this] { return worker_.ending(); });
      if (why.empty() && parts_of(items, options_.core.gateway, s.closes_ms).empty())
        why = "it is too large for a proposal";
      if (why.empty()) keep_state(s, items);
    } catch (const std::exception& e) {
      why = e.what();
    }
    return [this, statement, why] { judged(options_.core.gateway, statement, why); };
  });
}

void Seals::judge_fetched() {
  auto got = std::make_shared<Fetch>(std::move(*fetch_));
  fetch_.reset();
  pump_->listen_to_peers(prefix_ + got->look.gateway + "/seal/part/+", false);
  const std::size_t bytes_max = state_bytes_max + state_times * core_->summary().live_bytes;
  worker_.post([this, got, bytes_max, noted = noted_]() -> Worker::Done {
    std::string why;
    Items lacking;
    try {
      std::vector<std::string> parts;
      for (auto& [number, payload] : got->parts) parts.push_back(std::move(payload));
      const auto s = wire::decode_seal_statement(got->look.statement, options_.core.wire);
      auto items = items_of(parts, options_.core.wire, bytes_max);
      why = items ? judge_to_cosign(options_.core, *s, *items, noted,
                                    [this] { return worker_.ending(); })
                  : items.error();
      if (why.empty()) {
        keep_state(*s, *items);
        lacking = not_in(*items, *noted);
      }
    } catch (const std::exception& e) {
      why = e.what();
    }
    return [this, got, why, lacking = std::move(lacking)] {
      if (why.empty()) join(got->look.gateway, lacking);
      judged(got->look.gateway, got->look.statement, why);
    };
  });
}

// What we vouch for we hold as well: it comes in as what any peer says, and proves itself. So the
// next window has it, and each seal holds all that those before it do.
void Seals::join(const std::string& from, const Items& lacking) {
  for (std::size_t i = 0; i < lacking.size();) {
    std::vector<std::string_view> bunch;
    std::size_t bytes = 0;
    for (; i < lacking.size() && (bytes == 0 || bytes + lacking[i].second->size() < answer_bytes);
         ++i) {
      bunch.push_back(*lacking[i].second);
      bytes += lacking[i].second->size();
    }
    const std::string pack = wire::encode_pack(bunch, wire::Codec::plain);
    pump_->inject_from_peer("gw/" + from + "/answer/" + options_.core.gateway,
                            wire::encode(wire::Answer{.gateway = from,
                                                      .token = 0,
                                                      .outcome = wire::Outcome::all,
                                                      .lacks = {},
                                                      .pack = pack}));
  }
}

// What is offered has been judged: it is in the file.
void Seals::offer(const std::string& statement) {
  worker_.post([this, statement]() -> Worker::Done {
    try {
      const auto s = wire::decode_seal_statement(statement, options_.core.wire);
      const Items items = read_state(state_file(*s) + ".jsonl", options_.core.wire);
      if (items.size() != s->envelopes || content_of(items) != s->content)
        throw std::runtime_error(state_file(*s) + ".jsonl: it is not what was cosigned");
      auto offered = std::make_shared<Offered>();
      offered->parts = parts_of(items, options_.core.gateway, s->closes_ms);
      const std::string body = wire::encode_body(
          wire::SealProposal{.fleet = options_.core.fleet,
                             .gateway = options_.core.gateway,
                             .statement = statement,
                             .parts = static_cast<std::uint32_t>(offered->parts.size())});
      offered->proposal = signing::seal(signing::Kind::proposal, options_.core.fleet, body,
                                        *options_.core.trust.signer);
      return [this, offered, closes_ms = s->closes_ms] {
        if (book_->window().closes_ms != closes_ms) return;
        offered_ = std::move(*offered);
        for (std::size_t i = 0; i < offered_->parts.size(); ++i)
          publish("part/" + std::to_string(i), offered_->parts[i]);
        publish("proposal", offered_->proposal);
      };
    } catch (const std::exception& e) {
      return [this, why = std::string(e.what())] {  // others have it, and may propose it
        say(Level::warning, "seal-disk", "what was cosigned is not proposed here: " + why);
      };
    }
  });
}

// --- what people ask

void Seals::request(std::string_view arguments, std::function<void(std::string)> reply) {
  constexpr std::size_t waiting_max = 16;
  if (worker_.waiting() > waiting_max) {
    return reply(
        json{{"error", {{"what", "too many questions at once"}, {"do", "ask again in a moment"}}}}
            .dump());
  }
  const json asked = json::parse(arguments.empty() ? "{}" : arguments, nullptr, false);
  std::uint64_t before = ~std::uint64_t{0};
  if (asked.is_object() && asked.contains("before") && asked["before"].is_number_unsigned())
    before = asked["before"].get<std::uint64_t>();
  worker_.post([this, before, reply = std::move(reply)]() -> Worker::Done {
    json out = {{"gateway", options_.core.gateway}, {"members", options_.book.members},
                {"quorum", state_.quorum},          {"window_ms", options_.book.window_ms},
                {"seals", json::array()},           {"proofs", json::array()}};
    try {
      if (!ledger_) throw store::Ledger::Failed("seals.db is not open: see the log");
      auto rows = ledger_->seals();
      std::size_t bytes = 0;
      for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
        if (row->closes_ms >= before) continue;
        const auto seal = wire::decode_window_seal(row->bytes, options_.core.wire);
        if (!seal) continue;
        if (out["seals"].size() >= page_max || bytes > answer_bytes / 4) {
          out["next"] = out["seals"].back()["closes"];
          break;
        }
        bytes += row->bytes.size();
        out["seals"].push_back(json_of(*seal, row->bytes));
      }
      for (const store::Ledger::Proof& p : ledger_->proofs()) {
        if (out["proofs"].size() >= page_max) break;
        out["proofs"].push_back({{"gateway", p.gateway},
                                 {"closes", p.closes_ms},
                                 {"first", base64_encode(p.first)},
                                 {"second", base64_encode(p.second)}});
      }
    } catch (const std::exception& e) {
      out = {{"error", {{"what", e.what()}, {"do", "look at the gateway's log"}}}};
    }
    reply(out.dump(-1, ' ', false, json::error_handler_t::replace));
    return {};
  });
}

}  // namespace tributary::app
