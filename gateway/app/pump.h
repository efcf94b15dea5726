// SPDX-License-Identifier: Apache-2.0
// The gateway without its threads: the core, its disk and its links, turned by hand. What performs
// effects is here, so the daemon and the simulator run the same. Its promise: nothing it is given
// is dropped while a queue can push back instead; what a stalled disk makes it let go was never
// acknowledged.
//
//   auto pump = Pump::open(std::move(options));
//   if (!pump) die(pump.error().message);
//   while (!(*pump)->storage_lost()) {
//     const bool more = (*pump)->turn();
//     wait(more ? 0 : (*pump)->deadline(), woken);
//   }
//
// Time is what `clock` says, called by the owner alone. Not thread-safe, but for `wake`, which
// sessions and disk call from threads of theirs.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/app/beside.h"
#include "gateway/app/budget.h"
#include "gateway/app/crew.h"
#include "gateway/app/disk.h"
#include "gateway/app/notes_desk.h"
#include "gateway/app/outbox.h"
#include "gateway/app/requests.h"
#include "gateway/core/gateway.h"
#include "gateway/store/store.h"
#include "transports/session.h"

namespace tributary::app {

class Pump {
 public:
  // One broker. `connect` makes the session, not started, with this will.
  struct Link {
    core::LinkOptions options;
    std::function<std::unique_ptr<transports::Session>(const transports::Message& will)> connect;
    std::size_t outbox_max = 10'000;
    bool tls = false;
    std::function<std::int64_t()> certificate_ends_s = {};  // since 1970; for the status
    std::vector<std::string> listens = {};  // beside the fleet's topics: goes to `beside`
  };
  struct Usage {
    std::uint64_t memory_bytes = 0;  // resident
    std::uint64_t cpu_ms = 0;        // user and system, since the start
    std::uint64_t open_files = 0, open_files_max = 0;
    std::uint64_t disk_free_bytes = 0, disk_size_bytes = 0;  // of the database's file system
  };
  struct Options {
    core::Options core;
    std::string database_path;
    store::Options store;
    std::vector<Link> links;
    std::function<std::uint64_t()> random;  // for the session number
    std::function<core::Instant()> clock;
    // Something has arrived: turn() soon. From any thread.
    std::function<void()> wake;
    std::function<void(core::Notice::Level, std::string_view kind, std::string_view text)> log;
    std::function<std::unique_ptr<Disk>(std::unique_ptr<store::Store>)> disk;
    std::function<Usage()> usage;
    // The bytes of the fleet's registry, when they are not those of the last call.
    std::function<std::optional<std::string>()> registry = {};
    Beside* beside = nullptr;  // outlives the pump
    unsigned threads = 1;      // with the owner's; see core::Gateway::share_work_with
    bool early = false;        // devices that go on are answered while a start reads the database
  };

  // Opens the database, restores the state from it and connects (Options::early: before it has read
  // all). A damaged database was moved aside by the store: the gateway then starts afresh and asks
  // its peers.
  static Result<std::unique_ptr<Pump>, store::Error> open(Options options);
  // Without goodbye: what was not committed is gone, as with kill -9.
  ~Pump();
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  // Events in, effects out, once. True: there may be more at once.
  bool turn();
  // The last turn read so much that there will be more in a moment: whoever waits that moment
  // before he looks whether he was woken has fewer turns to do, and wakes and is woken less.
  bool busy() const { return events_read_ >= busy_events; }
  // Until when turn() need not be called unless woken (mono_ms); nullopt: for ever.
  std::optional<std::uint64_t> deadline() const { return core_->deadline(); }
  // The database turned out to be damaged while running: end, and open() again.
  bool storage_lost() const { return storage_lost_; }

  // Commits what waits and says goodbye; turn() until stopped().
  void stop();
  bool stopped() const { return core_->stopped(); }
  // Brokers have acknowledged all that there was to say, on links that are up.
  bool all_said() const;
  // Stopped by itself, and all of it is to be opened again (core/gateway.h).
  bool starts_again() const { return core_->starts_again(); }
  // Hands over what the sessions take, and ends them.
  void hang_up(std::uint32_t flush_ms);

  // Limits that may change while it runs.
  struct Limits {
    std::vector<std::size_t> outbox_max;  // by link
    std::uint32_t dead_letters_max = 1'000, quarantine_max = 1'000;
    core::Limits core;
  };
  // Reads the registry again, too, at the next turn.
  void set_limits(const Limits& limits);
  // For the status and the log: a reload, and why it was refused, if it was.
  void reloaded(const std::string& refused);
  // Copies the database beside itself while commits go on, as the request `snapshot` does; calls
  // `done` with what went wrong, or with nothing.
  void copy_beside(std::function<void(const std::string& error)> done);
  // Since when the disk owes an answer to a commit (mono_ms); nullopt: it owes none.
  std::optional<std::uint64_t> disk_owes_since_ms() const { return commit_asked_ms_; }

  const core::Gateway& core() const { return *core_; }
  // What answers to operators are made of, beside the core.
  ProcessState process_state() const;
  // Note which values change, or no more; and take up to `max` that did (core/gateway.h).
  void watch(bool on) { core_->watch(on); }
  std::vector<core::ValueView> take_watched(std::size_t max) { return core_->take_watched(max); }
  // Notices since the start, and one more.
  const Events& events() const { return events_; }
  void note(core::Notice::Level level, std::string_view kind, std::string_view text) {
    log(level, kind, text);
  }
  // To every broker that is connected: now, nothing is kept for the others. `connects` grows with
  // every connect: then whoever keeps something retained says it again.
  void publish(const transports::Message& message);
  // The same, to brokers that other gateways are on.
  void publish_to_peers(const transports::Message& message);
  // Hears this topic there, or no more, also after a reconnect; what comes goes to `beside`.
  void listen_to_peers(const std::string& filter, bool on);
  std::uint64_t connects() const { return connects_; }
  // Takes in a packet of a device as if it had come from the first broker that serves devices.
  // False: there is none. `letter`: the dead letter that it was (core::Inbound).
  bool inject(const std::string& topic, std::string payload, std::uint64_t letter = 0);
  // The same of a peer. `topic` begins below the root.
  bool inject_from_peer(const std::string& topic, std::string payload);

  // One of request_table.h's, for somebody who may: `to` is called once, now or later, from any
  // thread when it is answered from beside. The rest of the world asks over MQTT.
  using Answer = std::function<void(std::string json)>;
  void perform(std::string_view name, std::string_view arguments, const ProcessState& state,
               Answer to);

 private:
  struct Line {
    core::LinkId id = 0;
    std::string name;
    std::unique_ptr<transports::Session> session;
    Outbox outbox;
    std::string reason;  // why it is not connected
    bool connected = false;
    bool held_back = false;  // not read: what that makes us send has no room
    std::uint64_t messages_in = 0, bytes_in = 0;
    std::uint64_t connects = 0, away_since_ms = 0;  // mono
  };
  struct Snapshot {
    std::string path;
    std::function<void(const std::string& error)> done;
  };

  // Answers that others give, on their way from their threads to the owner.
  struct Mailbox {
    std::mutex mutex;
    std::vector<std::pair<std::size_t, transports::Message>> replies;  // guarded by mutex
  };

  // Over MQTT, of all links together. A page takes the owner about a millisecond.
  static constexpr std::uint32_t questions_per_second = 1'000, changes_per_second = 100;

  explicit Pump(Options options) : options_(std::move(options)) {}
  Result<bool, store::Error> open();
  Outbox::Limits limits(std::size_t outbox_max) const;
  std::optional<core::ReadRows> read_back(const core::RowsWanted& rows);

  // pump_start.cc
  class RowsOf;
  Result<bool, store::Error> restore(store::Store& store);
  Result<std::uint64_t, store::Error> restore_serving(store::Store&, const store::Store::Visitor&);
  Result<std::uint64_t, store::Error> fetch_lacking(store::Store&, RowsOf&,
                                                    const store::Store::Visitor&);
  Result<std::uint64_t, store::Error> serve(store::Store&, RowsOf&, const store::Store::Visitor&);
  void make_links(std::uint64_t incarnation);
  void start_links(std::uint64_t incarnation);
  void end_links();
  void read_registry();
  void give_registry();

  bool may_read();
  void verify_ahead(const std::vector<transports::Event>&);
  bool read(std::size_t index);
  bool for_beside(std::string_view topic) const;
  void count_peer(const transports::Message& message);
  void handle(std::size_t index, transports::Event& event);
  void request(std::size_t index, const transports::Message& message);
  Answer answer_now(std::size_t index, transports::Message reply);
  Answer answer_by_mail(std::size_t index, transports::Message reply);
  void snapshot(Answer to);
  NotesDesk::Tools desk_tools();
  void visit(const std::function<void(store::Store&)>& work, std::function<void()> done);
  void take_mail();
  void replies();
  void snapshot_done(const Disk::Reply& reply);
  void effects() { perform(core_->take_output()); }
  void perform(core::Output out);
  void log(core::Notice::Level, std::string_view kind, std::string_view text);
  bool may_reply_to(const std::string& topic) const;
  core::Instant now() const { return options_.clock(); }

  Options options_;
  std::unique_ptr<core::Gateway> core_;
  store::Store* starting_ = nullptr;  // before it is the disk's
  Crew crew_{options_.threads};
  std::unique_ptr<Disk> disk_;
  std::vector<Line> links_;
  // Of links: what arrived before the start, and is for later.
  std::vector<std::pair<std::size_t, transports::Event>> kept_;
  core::Instant started_;
  std::uint64_t session_number_ = 0;
  Events events_;
  core::Histogram commits_;
  std::uint64_t commit_last_us_ = 0, commit_max_us_ = 0, file_bytes_ = 0;
  std::uint64_t snapshot_next_ = 1;
  std::map<std::uint64_t, Snapshot> snapshots_;
  std::map<std::uint64_t, std::function<void()>> visits_;  // numbered with the snapshots
  NotesDesk desk_{desk_tools()};
  Budget questions_{questions_per_second}, changes_{changes_per_second};
  ProcessState::Asked asked_;
  bool storage_lost_ = false;
  std::string registry_;                           // as read last
  std::uint64_t next_registry_ms_ = 0;             // mono
  std::optional<std::uint64_t> stalled_since_ms_;  // the core takes nothing since then
  static constexpr std::size_t busy_events = 8;
  std::size_t events_read_ = 0;  // in the last turn
  bool shedding_ = false;
  std::uint64_t shed_ = 0;  // messages let go
  std::optional<std::uint64_t> commit_asked_ms_;
  std::uint64_t reloaded_at_ms_ = 0;
  std::string reload_refused_;
  std::uint64_t connects_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> peer_bytes_;  // at most peers_counted_max
  std::shared_ptr<Mailbox> mail_ = std::make_shared<Mailbox>();
};

}  // namespace tributary::app
