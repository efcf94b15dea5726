// SPDX-License-Identifier: Apache-2.0
// A disk in memory that remembers everything that was done to it, in order, and fails when told to.
// RecordingVfs puts SQLite and the store on it; Replay makes of its record what a power cut leaves.
//
//   Disk disk;
//   disk.fail({.on = Disk::Call::sync, .after = 3, .times = Disk::for_ever});
//   … run a store on it …
//   disk.heal();
//   Replay at(disk.record());  at.advance(17);
//   Image image = at.cut(Variant::torn, seed);      // the files after a power cut at step 17
//
// Names are a flat table: the directories are thought to be there. Single-threaded.
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::storage {

// File name → bytes.
using Image = std::map<std::string, std::string>;

struct Step {
  enum class Kind : std::uint8_t {
    create,          // a new empty file `inode` called `name`
    link,            // `name` leads to `inode` as well
    rename,          // `name` becomes `to`
    remove,          // `name` leads nowhere
    sync_directory,  // the names are safe
    write,           // `bytes` at `at` of `inode`
    truncate,        // `inode` to the size `at`
    sync,            // what was written to `inode` is safe
    sync_failed,     // … was not, and a later sync says nothing about it: the kernel forgets
  };
  Kind kind = Kind::create;
  std::uint32_t inode = 0;
  std::uint64_t at = 0;
  std::string bytes;
  std::string name, to;
};

struct Record {
  Image base;  // inodes 0, 1, … in the order of their names, all safe
  std::vector<Step> steps;
};

class Disk {
 public:
  // What can fail. The last one is every call beside SQLite: link, rename, remove, stat, sync.
  enum class Call : std::uint8_t { open, read, write, sync, truncate, file, count_ };
  static constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max();
  struct Failure {
    Call on = Call::write;
    std::uint64_t after = 1;  // the n-th such call from now is the first that fails
    std::uint64_t times = 1;
    bool half_done = false;  // a write that fails has written its first half
  };

  explicit Disk(Image image = {});

  void fail(const Failure&);
  // From the n-th write that makes a file longer on, there is no space left, or for its first half.
  void fill_after(std::uint64_t growing_writes, bool half_done = false) {
    growing_left_ = growing_writes;
    full_half_done_ = half_done;
  }
  void heal();       // no failure, and space again
  void lie(bool on)  // syncs say that all is well, and do nothing
  {
    lying_ = on;
  }
  // The process died: what its libraries still do while they are torn down reaches nothing.
  void ignore(bool on) { ignoring_ = on; }
  bool failed() const { return failures_ > 0; }  // something failed since it was told to
  std::uint64_t calls(Call call) const { return calls_[static_cast<std::size_t>(call)]; }
  std::uint64_t growing_writes() const { return growing_; }

  // Begins a new record whose base is the files as they are seen now. `on`: whether to keep one;
  // without it a disk may live for ever. REQUIRES: nothing is unsynced.
  void restart_record(bool on = true);
  const Record& record() const { return record_; }
  std::size_t now() const { return record_.steps.size(); }  // steps so far
  Image image() const;                                      // the files as they are seen now

  // --- what the VFS and the FileSystem call
  struct Inode {
    std::uint32_t number = 0;
    std::string bytes;
  };
  using File = std::shared_ptr<Inode>;
  // Counts a call; true when it must fail.
  bool strikes(Call);
  bool grows_too_far(const Inode&, std::uint64_t end);
  // How much of a write of `size` bytes that failed just now was done all the same.
  std::size_t done_of_failed(std::size_t size) const { return half_done_ ? size / 2 : 0; }
  File find(const std::string& name) const;
  File create(const std::string& name);  // "": without a name, and without a record
  bool link(const std::string& from, const std::string& to);
  bool rename(const std::string& from, const std::string& to);
  bool remove(const std::string& name);
  void sync_directory();
  void write(Inode&, std::string_view bytes, std::uint64_t at);
  void truncate(Inode&, std::uint64_t size);
  void sync(Inode&);
  void sync_failed(Inode&);

 private:
  static constexpr std::uint32_t nameless = ~std::uint32_t{0};
  static constexpr std::size_t kinds = static_cast<std::size_t>(Call::count_);
  void note(Step step) {
    if (recording_) record_.steps.push_back(std::move(step));
  }

  Record record_;
  std::map<std::string, File> names_;
  std::uint32_t next_inode_ = 0;
  std::array<std::uint64_t, kinds> calls_{};
  std::optional<Failure> failure_;
  std::uint64_t failures_ = 0;
  std::uint64_t growing_ = 0, growing_left_ = for_ever;
  bool lying_ = false, full_half_done_ = false, half_done_ = false;
  bool recording_ = true;
  bool ignoring_ = false;
};

}  // namespace tributary::storage
