// SPDX-License-Identifier: Apache-2.0
#include "gateway/history/recorder.h"

#include <chrono>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

namespace tributary::history {
namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t wall_now_ms() {
  using std::chrono::milliseconds;
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(since).count());
}

std::uint64_t thread_cpu_us() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(t.tv_nsec) / 1'000;
}

}  // namespace

struct Recorder::Impl {
  Impl(Options o, Say s)
      : options(std::move(o)),
        say(std::move(s)),
        history(options.history),
        thread([this] { loop(); }) {}

  struct Asked {
    Question question;
    std::function<void(Answer)> reply;
  };

  void loop() {
    auto due = Clock::now() + std::chrono::milliseconds(options.interval_ms);
    for (bool last = false; !last;) {
      std::deque<std::vector<Sample>> some;
      std::deque<Asked> questions;
      {
        std::unique_lock lock(mutex);
        changed.wait_until(lock, due, [&] { return ending || !asked.empty(); });
        some.swap(bunches);
        questions.swap(asked);
        last = ending;
      }
      for (auto& bunch : some) collect(std::move(bunch));
      if (last || Clock::now() >= due) {
        const bool well = step();
        due =
            Clock::now() + std::chrono::milliseconds(well ? options.interval_ms : options.retry_ms);
      }
      for (Asked& q : questions) answer(q);
      const std::lock_guard lock(mutex);
      stats.cpu_us = thread_cpu_us();
    }
  }

  void collect(std::vector<Sample>&& bunch) {
    for (Sample& s : bunch) {
      std::string name = s.type + '\0' + s.key;
      const auto known = pending.find(name);
      if (known != pending.end()) {
        known->second.value = s.value;
      } else if (pending.size() < pending_max) {
        pending.emplace(std::move(name), std::move(s));
      } else {
        const std::lock_guard lock(mutex);
        stats.dropped += 1;
      }
    }
  }

  std::string no_room() const {
    if (options.keep_free_bytes == 0) return "";
    std::error_code error;
    const auto dir = std::filesystem::path(options.history.path).parent_path();
    const auto space = std::filesystem::space(dir.empty() ? "." : dir, error);
    if (error || space.available >= options.keep_free_bytes) return "";
    return "paused: the disk has less free than history.keep_free_mb, and what is left is for the "
           "totals";
  }

  // False: not now.
  bool step() {
    const std::uint64_t now_ms = wall_now_ms();
    if (pending.empty() && now_ms / minute_ms == last_ms / minute_ms) return true;
    std::string wrong = no_room();
    if (wrong.empty()) {
      std::vector<Sample> samples;
      samples.reserve(pending.size());
      for (const auto& [name, s] : pending) samples.push_back(s);
      wrong = history.write(now_ms, samples);
    }
    if (wrong.empty()) {
      pending.clear();
      last_ms = now_ms;
    }
    tell(wrong);
    return wrong.empty();
  }

  void tell(const std::string& wrong) {
    std::string before;
    {
      const std::lock_guard lock(mutex);
      before = std::exchange(stats.wrong, wrong);
      stats.failures += wrong.empty() ? 0 : 1;
      stats.size = history.size();
    }
    if (const std::string note = history.take_note(); !note.empty()) say(false, note);
    if (!wrong.empty() && wrong != before) say(false, wrong);
    if (wrong.empty() && !before.empty()) say(true, "history is written again");
  }

  void answer(Asked& asked_one) {
    Answer a = history.read(asked_one.question);
    if (!a.wrong.empty()) tell(a.wrong);
    asked_one.reply(std::move(a));
  }

  const Options options;
  const Say say;
  History history;                                  // touched by thread alone, as the next two
  std::unordered_map<std::string, Sample> pending;  // what changed since the last step, by key
  std::uint64_t last_ms = 0;

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::vector<Sample>> bunches;  // these four: guarded by mutex
  std::deque<Asked> asked;
  Stats stats;
  bool ending = false;
  std::thread thread;  // the last: it uses the rest
};

Recorder::Recorder(Options options, Say say)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(say))) {}

Recorder::~Recorder() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->ending = true;
  }
  impl_->changed.notify_one();
  impl_->thread.join();
}

// Does not wake the thread: what came is written with the next step.
void Recorder::add(std::vector<Sample> samples) {
  if (samples.empty()) return;
  const std::lock_guard lock(impl_->mutex);
  if (impl_->bunches.size() >= bunches_max) {
    impl_->stats.dropped += samples.size();
    return;
  }
  impl_->bunches.push_back(std::move(samples));
}

bool Recorder::ask(Question question, std::function<void(Answer)> reply) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->ending || impl_->asked.size() >= questions_max) return false;
    impl_->asked.push_back({std::move(question), std::move(reply)});
  }
  impl_->changed.notify_one();
  return true;
}

Recorder::Stats Recorder::stats() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->stats;
}

}  // namespace tributary::history
