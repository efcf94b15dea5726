// SPDX-License-Identifier: Apache-2.0
// The tables for people, dead letters and quarantine, read and cleared: the same for a gateway's
// own connection and for the workbench's. Private to this folder.
//
//   int rc = sqlite_ok;
//   std::vector<DeadLetter> letters = read_dead_letters(db, {.before = 0, .max = 100}, rc);
//
// Every `rc` is an SQLite result code; what is returned is worth something when it is 0.
#pragma once
#include <vector>

#include "gateway/store/sqlite.h"

namespace tributary::store {

std::vector<DeadLetter> read_dead_letters(Connection&, const NotePage&, int& rc);
std::vector<DeadLetter> read_dead_letters(Connection&, const std::vector<std::uint64_t>& ids,
                                          int& rc);
std::vector<Quarantined> read_quarantine(Connection&, const NotePage&, int& rc);
// In one transaction. How many there were.
std::uint64_t erase_dead_letters(Connection&, const std::vector<std::uint64_t>& ids, int& rc);
std::uint64_t erase_dead_letters(Connection&, int& rc);  // all

}  // namespace tributary::store
