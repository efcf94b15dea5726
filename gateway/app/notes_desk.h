// SPDX-License-Identifier: Apache-2.0
// Dead letters and quarantine of a running gateway: listed, released, dropped. Its promise: a
// released letter is heard as if its device had just sent it, with every check made anew, and
// leaves its table only once all of it is durable.
//
//   NotesDesk desk(tools);
//   desk.perform("release-dead-letters", R"({"ids":[17]})", [](std::string json) { … });
//   for (const core::LetterOutcome& o : out.letters) desk.settled(o);
//
// The owner's alone.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/types.h"
#include "gateway/store/store.h"

namespace tributary::app {

class NotesDesk {
 public:
  using Reply = std::function<void(std::string json)>;
  struct Tools {
    std::string gateway;
    // `work` on the disk's thread, then `done` on the owner's.
    std::function<void(std::function<void(store::Store&)> work, std::function<void()> done)> visit;
    // Hears this letter again, and tells settled() later; what is wrong when it cannot be.
    std::function<std::string(std::uint64_t id, const core::DeadLetterRow&)> hear;
  };
  static constexpr std::size_t letters_max = 100;  // in one release or drop
  static constexpr std::size_t bytes_max = std::size_t{4} << 20;
  static constexpr std::size_t open_max = 8;  // questions at once

  explicit NotesDesk(Tools tools) : tools_(std::move(tools)) {}
  NotesDesk(const NotesDesk&) = delete;
  NotesDesk& operator=(const NotesDesk&) = delete;

  // `command` is one of the table's with By::notes. `to` is called once, now or later.
  void perform(std::string_view command, std::string_view arguments, Reply to);
  void settled(const core::LetterOutcome& outcome);

 private:
  struct Chosen;
  struct Release;
  void list(std::string_view command, std::uint64_t before, std::size_t max, Reply reply);
  void drop(const Chosen& chosen, Reply reply);
  void release(const Chosen& chosen, Reply reply);
  void hear(const std::shared_ptr<Release>& release);
  void finish(const std::shared_ptr<Release>& release);

  const Tools tools_;
  std::size_t open_ = 0;                                     // questions without an answer yet
  std::map<std::uint64_t, std::shared_ptr<Release>> heard_;  // by letter
};

}  // namespace tributary::app
