// SPDX-License-Identifier: Apache-2.0
// What the store does with files beside SQLite: make a database appear whole, move a damaged one
// aside, name who holds it. Private to this folder, and to tests that stand in for the disk.
//
//   FileSystem& files = system_files();
//   if (const int number = publish_file(files, "gateway.db.new", "gateway.db")) …
//
// Every function that returns an int returns an errno number; 0 is well.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace tributary::store {

// A file that is not there has size 0 and does not exist. One of which the system cannot tell
// (`failed` is an errno number) must never be taken for one that is not there.
struct FileState {
  bool exists = false;
  bool directory = false;
  std::uint64_t bytes = 0;
  int failed = 0;
};

// The few calls that all below is made of. This class makes them; a test's disk records them, fails
// them, and loses what was not synced.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual FileState state(const std::string& path);
  virtual int make_directories(const std::string& path);
  virtual int link(const std::string& from, const std::string& to);
  virtual int rename(const std::string& from, const std::string& to);
  virtual int remove(const std::string& path);
  virtual int sync(const std::string& path);            // one finished file
  virtual int sync_directory(const std::string& path);  // the names in it
};
FileSystem& system_files();

// The directory of `path`, with those above it.
int make_directory_of(FileSystem&, const std::string& path);
// Makes the finished file `from` appear as `to`, durably; EEXIST when somebody else was first.
int publish_file(FileSystem&, const std::string& from, const std::string& to);
// The same in place of what is there.
int replace_file(FileSystem&, const std::string& from, const std::string& to);
bool same_file(const std::string& a, const std::string& b);
// The first bytes of a file that no connection of this process has open (see Connection::head).
std::string file_head(const std::string& path, std::size_t size);
void remove_database(FileSystem&, const std::string& path);

// Renames `path` and its write-ahead log to <path>.corrupt-<n> (n = 1 … 16; then the 16th is
// replaced).
int move_aside(FileSystem&, const std::string& path, std::string& moved_to);

// The process that holds a lock on the file, as far as this system tells.
std::optional<int> lock_holder(const std::string& path);

}  // namespace tributary::store
