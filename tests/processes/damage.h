// SPDX-License-Identifier: Apache-2.0
// What disks do to files while nobody runs.
//
//   flip_bits(file, random); cut(file, random);
//   say_newer(data); … take_back(data);                // what a newer version writes first
//   keep_copy(data, copy); … put_back(copy, data);     // the database with its log, as it was
#pragma once
#include <cstdint>
#include <filesystem>
#include <random>

namespace tributary::processes {

// One to sixty-four bits, anywhere in the first `among` bytes. False when there is no such file or
// nothing in it.
bool flip_bits(const std::filesystem::path& file, std::mt19937_64& random,
               std::uintmax_t among = UINTMAX_MAX);
// Somewhere, possibly to nothing.
bool cut(const std::filesystem::path& file, std::mt19937_64& random);

// Makes a database say that it is of schema 7; and that it is of the one that it is of. REQUIRES:
// nobody has it open, and it was closed clean.
bool say_newer(const std::filesystem::path& data);
bool take_back(const std::filesystem::path& data);

// All that a gateway's database consists of.
void remove_database(const std::filesystem::path& data);
bool keep_copy(const std::filesystem::path& data, const std::filesystem::path& copy);
bool put_back(const std::filesystem::path& copy, const std::filesystem::path& data);

}  // namespace tributary::processes
