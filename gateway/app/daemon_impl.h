// SPDX-License-Identifier: Apache-2.0
// The inside of the Daemon. daemon.cc starts, turns and ends it; daemon_io.cc moves what comes and
// goes: events in, the core's effects out, answers to operators. Private to those two.
//
// Everything but `mutex` and what it guards belongs to the owner thread.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gateway/app/daemon.h"
#include "gateway/app/outbox.h"
#include "gateway/app/requests.h"
#include "gateway/app/store_thread.h"

namespace tributary::app {

struct Daemon::Impl {
  struct Link {
    core::LinkId id = 0;
    std::string name;
    std::unique_ptr<transports::Session> session;
    Outbox outbox;
    std::string reason;  // why it is not connected
    bool connected = false;
  };
  struct Snapshot {
    std::size_t link = 0;
    transports::Message reply;
    std::string path;
  };

  Impl(Options o, Log& l) : options(std::move(o)), log(l) {}

  Result<bool, store::Error> open();
  Result<bool, store::Error> restore(store::Store& store);
  void start_links();
  End run();
  void wake();
  void wait(std::uint64_t until_ms, bool busy);

  bool may_read();
  bool read(std::size_t index);
  void handle(std::size_t index, transports::Event& event);
  void request(std::size_t index, const transports::Message& message);
  void request_snapshot(std::size_t index, transports::Message reply);
  void replies();
  void snapshot_done(const StoreThread::Reply& reply);
  void effects();
  ProcessState process_state() const;
  bool may_reply_to(const std::string& topic) const;

  Options options;
  Log& log;
  std::unique_ptr<core::Gateway> core;
  std::unique_ptr<StoreThread> disk;
  std::vector<Link> links;
  core::Instant started;
  std::uint64_t session_number = 0;
  std::uint64_t commit_last_us = 0, commit_max_us = 0, file_bytes = 0;
  std::uint64_t snapshot_next = 1;
  std::map<std::uint64_t, Snapshot> snapshots;
  bool storage_lost = false;
  std::optional<std::uint64_t> stalled_since_ms;  // the core takes nothing since then
  bool shedding = false;
  std::uint64_t shed = 0;  // messages let go

  std::mutex mutex;
  std::condition_variable woken;
  bool wake_asked = false;  // guarded by mutex
  bool stop_asked = false;  // guarded by mutex
};

}  // namespace tributary::app
