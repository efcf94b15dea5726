// SPDX-License-Identifier: Apache-2.0
// The oracle and its checkers. Nodes tell it what they did, it says Violation when a promise did
// not hold. Each checker has a file of its own: check_<what>.cc; what each wants is said there.
//
//   Book book("g1");
//   judge.durable(book, commit, digest);           // the store said that it is safe
//   judge.acknowledged(book, ack_payload);         // leaves the gateway
//   judge.issued(book);  judge.values(book, core, wall_ms);
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "gateway/core/gateway.h"
#include "gateway/store/store.h"
#include "tests/simulation/history.h"
#include "tests/simulation/reached.h"
#include "tests/simulation/shadow.h"
#include "tests/simulation/trace.h"
#include "tests/simulation/violation.h"
#include "transports/session.h"

namespace tributary::simulation {

// Hashes of the bodies of envelopes; what is none is left out.
std::vector<std::string> hashes(const std::vector<std::string_view>& envelopes);

// What is known of one gateway's disk, over all its lives.
struct Book {
  std::string gateway;
  bool ghost = false;                       // a copy that will vanish: promises nothing
  std::uint64_t generation = 1;             // of the disk: counts losses, rot and old copies
  Shadow shadow;                            // what it holds, joined
  std::map<Actor, std::uint64_t> promised;  // operations acknowledged on this generation
  std::map<Actor, std::uint64_t> verified;  // … and looked up in `shadow`
  std::vector<Shadow> lost;                 // of earlier generations
  bool fresh = false;                       // this life began with an empty database

  // Digests of its committed states, the newest last; what it announces is one of them.
  std::deque<std::string> digests;
  // Where its envelopes came from, in this life: what a peer sent is not sent back.
  std::unordered_set<std::string> from_devices;
  std::map<core::LinkId, std::unordered_set<std::string>> from_peers;
  std::unordered_set<std::string> held;  // hashes of all that it ever committed
  // Of each start of a peer the numbers of its batches that came; and hashes of what was in batches
  // between them that did not: not come yet, or come otherwise and not durable yet. Of this life.
  std::map<std::pair<std::string, std::uint64_t>, std::set<std::uint64_t>> batches;
  std::unordered_set<std::string> missed, filling;
};

class Judge {
 public:
  History history;
  Reached reached;
  Trace trace;

  bool disks_lost = false;    // at least one
  std::set<std::string> off;  // gateways that do not run now
  // Databases that there were: whose, and which generation of its disk.
  std::map<std::uint64_t, std::pair<std::string, std::uint64_t>> incarnations;

  // --- the life of a disk
  // A start: the shadow is made again of what the store holds.
  void started(Book&, store::Store&);
  // What the disk had promised is void: it was lost, damaged or set back.
  void damaged(Book&);
  void durable(Book&, const core::Commit&, const std::string& digest);

  // --- check_acknowledged.cc: an acknowledgement means a commit
  void acknowledged(Book&, std::string_view ack);
  // A device takes it; `copy` names its memory.
  void taken(const Actor&, const Log& copy, std::uint64_t safe, const std::vector<Book*>&);
  // Which disk made this acknowledgement.
  struct Promise {
    const Book* book = nullptr;
    std::uint64_t generation = 0;
    bool holds() const { return book != nullptr && !book->ghost && book->generation == generation; }
  };
  Promise promise(std::string_view ack) const;

  // --- check_issued.cc: never more than was issued
  void issued(const Book&) const;
  // --- check_values.cc: what is shown is what the disk holds
  // `vague_ms`: how far the wall clock may have moved since the gateway looked at it.
  void values(const Book&, const core::Gateway&, std::uint64_t wall_ms,
              std::uint64_t vague_ms) const;
  // --- check_rebuilt.cc: digests and envelopes are those of a gateway started from the same disk
  void rebuilt(const Book&, const core::Gateway&, const core::Options&, store::Store&) const;
  // --- check_evidence.cc: nobody honest is marked
  void evidence(const Book&, const core::Gateway&);
  // --- check_traffic.cc: what gateways tell each other
  void heard_upload(Book&, std::string_view payload);
  void heard_head(std::string_view payload);
  void heard_batch(Book&, core::LinkId, std::string_view payload);
  void sent_batch(Book&, core::LinkId, std::string_view payload);
  void sent_head(const Book&, std::string_view payload);
  // --- gaps.cc: whether gaps are filled
  void gap_found(Book&);  // the gateway has noticed that it missed batches
  void heard_state(Book&, std::string_view payload);
  void heard_answer(Book&, std::string_view payload);
  // --- check_converged.cc: in the end
  struct Device {
    Actor actor;
    std::shared_ptr<const Log> log;
    bool idle = true;
  };
  // "" or why not yet: digests, values and evidence are equal, and nothing waits.
  std::string in_step(const std::vector<const core::Gateway*>&) const;
  // check_retained.cc: what a gateway lets a broker retain is whole, and of its state: "" or why
  // not yet.
  std::string retained(const core::Gateway&, const std::string& id,
                       const std::map<std::string, transports::Message>& at_broker) const;
  void exact(const std::vector<Book*>&, const std::vector<Device>& alive,
             const std::map<Actor, std::uint64_t>& owed) const;
  // --- check_bounded.cc: memory, disk and retained topics follow state
  // At any moment.
  void bounded(const Book&, const core::Gateway&) const;
  // In the end.
  struct Topics {  // retained at one broker, by one gateway
    std::size_t of_gateway = 0, of_views = 0, views_max = 0;
  };
  void bounded(const Book&, const core::Gateway&, const std::vector<Device>& alive, const Topics&,
               std::uint64_t file_bytes) const;

 private:
  // Of the envelopes in messages, by the message.
  using Hashes = std::unordered_map<std::string, std::vector<std::string>>;
  std::uint64_t& incarnation_of(std::string_view head);  // 0: not known yet
  const std::vector<std::string>& hashes_of_batch(std::string_view payload);
  const std::vector<std::string>& hashes_of_upload(std::string_view payload);
  void heard_pack(Book&, std::string_view pack);
  void came_otherwise(Book&, const std::vector<std::string>& envelopes);

  std::unordered_map<std::size_t, Promise> promises_;  // by a hash of the acknowledgement
  // Everybody hears the same, often twice: what was read is kept for a while.
  std::unordered_map<std::size_t, std::uint64_t> heads_;  // by a hash of how a head begins
  Hashes batches_, uploads_;
  // What was in the batches of a gateway's start, by their number.
  std::map<std::pair<std::string, std::uint64_t>, std::map<std::uint64_t, std::vector<std::string>>>
      batches_sent_;
};

}  // namespace tributary::simulation
