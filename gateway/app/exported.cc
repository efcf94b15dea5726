// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/exported.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "gateway/app/cli.h"
#include "gateway/app/text.h"

namespace tributary::app {
namespace {

using nlohmann::json;

[[noreturn]] void bad_line(const std::string& where, const std::string& what) {
  throw Trouble(Exit::usage, where + ": " + what +
                                 "\n  give the file that `tributary export --envelopes` wrote");
}

wire::Envelope read_line(const std::string& where, const std::string& text,
                         const std::string& fleet) {
  const json line = json::parse(text, nullptr, false);
  if (!line.is_object() || !line.contains("bytes") || !line["bytes"].is_string()) {
    bad_line(where, "not an object with \"bytes\"");
  }
  const auto bytes = base64_decode(line["bytes"].get<std::string>());
  if (!bytes) bad_line(where, "\"bytes\" is not base64");
  auto envelope = wire::decode_envelope(*bytes, wire::Limits{});
  if (!envelope) bad_line(where, "not an envelope: " + wire::to_string(envelope.error()));
  if (envelope->delta.fleet != fleet) {
    throw Trouble(Exit::usage, where + ": made for fleet " + std::string(envelope->delta.fleet) +
                                   ", not for " + fleet + "\n  give --fleet " +
                                   std::string(envelope->delta.fleet));
  }
  return std::move(*envelope);
}

}  // namespace

std::vector<wire::Envelope> read_exported(const std::string& file, const std::string& fleet) {
  std::ifstream opened;
  const bool from_stdin = file.empty() || file == "-";
  if (!from_stdin) {
    opened.open(file);
    if (!opened) {
      throw Trouble(Exit::usage, file + ": " + std::strerror(errno) +
                                     "\n  give a file that `tributary export --envelopes` wrote");
    }
  }
  std::istream& in = from_stdin ? std::cin : opened;
  std::vector<wire::Envelope> out;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    const std::string where = (from_stdin ? "standard input" : file) + ":" + std::to_string(number);
    out.push_back(read_line(where, line, fleet));
  }
  return out;
}

}  // namespace tributary::app
