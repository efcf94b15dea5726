// SPDX-License-Identifier: Apache-2.0
// What the store does with files beside SQLite: make a database appear whole, move a damaged one
// aside, name who holds it. Private to this folder. Every function that fails returns an errno
// number; 0 is well.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace tributary::store {

// Absent files have size 0 and do not exist.
struct FileState {
  bool exists = false;
  bool directory = false;
  std::uint64_t bytes = 0;
};
FileState stat_file(const std::string& path);

// The directory of `path`, with those above it.
int make_directory_of(const std::string& path);
// Makes the finished file `from` appear as `to`, durably; EEXIST when somebody else was first.
int publish_file(const std::string& from, const std::string& to);
// The same in place of what is there.
int replace_file(const std::string& from, const std::string& to);
bool same_file(const std::string& a, const std::string& b);
// The first bytes of a file that no connection of this process has open (see Connection::head).
std::string file_head(const std::string& path, std::size_t size);
// fsync of one finished file.
int sync_file(const std::string& path);
void remove_database(const std::string& path);

// Renames `path` and its write-ahead log to <path>.corrupt-<n> (n = 1 … 16; then the 16th is
// replaced).
int move_aside(const std::string& path, std::string& moved_to);

// The process that holds a lock on the file, as far as this system tells.
std::optional<int> lock_holder(const std::string& path);

}  // namespace tributary::store
