// SPDX-License-Identifier: Apache-2.0
// Seals windows: turns what the book (gateway/sealing/book.h) wants into messages, files and
// judgements. Its promise: nothing is counted from it and nobody waits for it; whatever other
// members send costs a bounded amount of memory, and time on a thread that nobody else needs; and
// no vote leaves this gateway before it is on the disk.
//
//   Seals seals(options, wake);
//   … seals.message(message);            // on gw/<gateway>/seal/…
//   … seals.turn(pump);                  // the owner, every turn
//
// request() from any thread; everything else from the owner.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/app/beside.h"
#include "gateway/app/seal_state.h"
#include "gateway/app/worker.h"
#include "gateway/core/gateway.h"
#include "gateway/sealing/book.h"
#include "gateway/store/ledger.h"
#include "transports/session.h"

namespace tributary::app {

class Pump;

class Seals {
 public:
  struct Options {
    sealing::Options book;  // without `verifies` and `since_ms`
    core::Options core;     // by whose rules states are judged; with a signer
    std::string ledger_path;
    std::string states_path;  // a folder
    std::uint32_t states_kept = 3;
    std::uint64_t life = 0;  // the incarnation of the gateway's database
  };
  Seals(Options options, std::function<void()> wake);

  // False: not for it.
  bool message(const transports::Message& message);
  void turn(Pump& pump);
  // Answers the request `seals`: what is kept, newest first.
  void request(std::string_view arguments, std::function<void(std::string)> reply);
  const Aside::Seals& state() const { return state_; }

  // Beside the states of a folder: "2026-01-31T00-00-00Z".
  static std::string stamp(std::uint64_t closes_ms);

 private:
  using Level = core::Notice::Level;
  struct Note {
    Level level;
    const char* kind;
    std::string text;
  };
  struct Fetch {
    sealing::Output::Look look;
    std::map<std::uint32_t, std::string> parts;
    std::size_t bytes = 0;
    std::uint64_t asked_again_ms = 0, until_ms = 0;  // mono
  };
  struct Offered {
    std::string proposal;
    std::vector<std::string> parts;
  };

  void open_ledger();
  struct Kept {  // what the ledger had
    std::vector<store::Ledger::Row> votes, seals;
    std::size_t proofs = 0;
    std::uint64_t since_ms = 0;
    bool began_now = false;
    std::string note;
  };
  void begin(const Kept& kept);
  void say(Level level, const char* kind, std::string text);
  void failed(const char* doing, const std::string& why);
  std::string topic(std::string_view what) const;
  void publish(std::string_view what, std::string payload);

  void hear(const std::string& from, const std::string& what, const std::string& payload);
  std::string hear_proposal(const std::string& from, const std::string& payload);
  void hear_part(const std::string& from, const std::string& payload);
  void hear_again(std::uint64_t mono_ms);
  void do_all();

  void freeze(const sealing::Window& window);
  void judge_frozen();
  void fetch(sealing::Output::Look look);
  void end_fetch(const std::string& why);
  void look_after_fetch(std::uint64_t mono_ms);
  void judge_fetched();
  void judged(const std::string& from, const std::string& statement, const std::string& why);
  void join(const std::string& from, const Items& lacking);

  void keep_vote(const std::string& statement);
  void adopt(const std::string& frame);
  void keep_seal(const std::string& bytes);
  void keep_proof(const sealing::Proof& proof);
  void offer(const std::string& statement);
  void withdraw(std::size_t parts);
  void heed_clock(core::Instant now);
  std::string state_file(const wire::SealStatement& statement) const;
  void keep_state(const wire::SealStatement& statement, const Items& items) const;

  const Options options_;
  const std::string prefix_;  // "<root>/gw/"
  Aside::Seals state_;
  std::optional<sealing::Book> book_;      // once the ledger is read
  std::unique_ptr<store::Ledger> ledger_;  // the worker's: nobody else touches it
  std::vector<Note> notes_;
  Pump* pump_ = nullptr;  // during turn()
  const core::Gateway* core_ = nullptr;
  bool listens_ = false;
  std::uint64_t connects_ = 0, next_tick_ms_ = 0, next_again_ms_ = 0;
  // What was last heard of each member and not heeded: perhaps the registry grows.
  std::map<std::pair<std::string, std::string>, std::string> unheeded_;
  // Of the window that closed last; nullptr: it could not be read.
  std::shared_ptr<const Items> noted_ = std::make_shared<const Items>();
  struct Frozen {
    sealing::Window window;
    core::Gateway::Frozen state;
  };
  std::optional<Frozen> frozen_;
  std::optional<Fetch> fetch_;
  std::optional<Offered> offered_;
  std::string vote_, newest_;  // frames; published again after a connect
  std::uint64_t newest_closes_ms_ = 0;
  bool began_now_ = false;  // the ledger: by this start
  std::uint64_t since_ms_ = 0;
  std::uint64_t began_mono_ms_ = 0;
  Worker worker_;  // the last: its jobs use the others
};

}  // namespace tributary::app
