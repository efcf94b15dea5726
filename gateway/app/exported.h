// SPDX-License-Identifier: Apache-2.0
// The file that `tributary export --envelopes` writes: a JSON object a line, of which "bytes"
// counts.
//
//   for (const wire::Envelope& e : read_exported("all.jsonl", "demo")) …
//
// Throws Trouble(usage), which names file and line: no such file, a line that is none, an envelope
// of another fleet.
#pragma once
#include <string>
#include <vector>

#include "transports/wire/envelope.h"

namespace tributary::app {

// "" and "-": standard input.
std::vector<wire::Envelope> read_exported(const std::string& file, const std::string& fleet);

}  // namespace tributary::app
