// SPDX-License-Identifier: Apache-2.0
// Reads recorded data: CSV with the columns timestamp,key,type,operation,value, one operation a
// line.
//
//   Result<Replay, std::string> r = Replay::open("day.csv");          // error: "day.csv: cannot
//   open: …" while (auto row = r->next()) {                                     // nothing: the
//   end, or r->error()
//     wait_until(start + (row->at_ms - r->first_ms()) / speed);
//     apply(device, row->operation, row->at_ms);
//   }
//
// timestamp: milliseconds since 1970, or UTC as 2024-05-01T12:00:00[.123]Z. type: gcounter
// pncounter gset orset lww. operation: add subtract insert erase set. value: a positive integer; an
// element; or, for a register, null, true, false, a number, or text (in "quotes inside the field"
// when text must not be read as one of those). Fields may be quoted as in RFC 4180, on one line.
// Empty lines and lines that begin with # are skipped. An error names file and line and ends the
// replay. Reads line by line: files may be larger than memory.
#pragma once
#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crdt/result.h"
#include "firmware-sim/devices/operation.h"

namespace tributary::devices {

class Replay {
 public:
  struct Row {
    std::uint64_t at_ms = 0;  // as recorded
    Operation operation;
    std::size_t line = 0;
  };
  static Result<Replay, std::string> open(const std::string& path);
  // Reads from a stream; `name` stands for the file in errors.
  static Result<Replay, std::string> read(std::unique_ptr<std::istream> in, std::string name);

  std::optional<Row> next();
  const std::string& error() const { return error_; }   // empty: none
  std::uint64_t first_ms() const { return first_ms_; }  // of the first row; 0 before it was read

 private:
  Replay(std::unique_ptr<std::istream> in, std::string name)
      : in_(std::move(in)), name_(std::move(name)) {}
  std::string read_header();
  std::optional<std::vector<std::string>> next_fields();
  std::optional<Row> row(const std::vector<std::string>& fields);
  std::nullopt_t fail(const std::string& text);

  std::unique_ptr<std::istream> in_;
  std::string name_;
  std::string error_;
  std::size_t line_ = 0;
  std::uint64_t first_ms_ = 0;
  bool started_ = false;
  std::size_t columns_ = 0;
  std::size_t column_[5] = {};  // of timestamp, key, type, operation, value
};

}  // namespace tributary::devices
