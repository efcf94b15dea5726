// SPDX-License-Identifier: Apache-2.0
// Is a database all that a gateway would need to start from it? SQLite's own checks, then ours:
// every envelope decodes, is what its hash says, is of this fleet, and has the columns that it
// itself tells; every actor's intake rests on just the envelopes that are there; and the state
// rebuilt from the rows in either order has one digest. Its promise: the file is not changed.
//
//   Verdict v = verify_database("gateway.db");
//   if (!v.refused.empty()) die(v.refused);           // not ours, in use, unreadable
//   for (const std::string& w : v.wrong) print(w);    // none: sound; v.digest is its state
#pragma once
#include <string>
#include <vector>

#include "gateway/store/workbench.h"

namespace tributary::app {

struct Verdict {
  std::string refused;                               // why it could not be looked at
  store::Error::Kind kind = store::Error::Kind::io;  // of `refused`
  std::vector<std::string> wrong;                    // what is, at most a few hundred lines
  store::Workbench::About about;
  std::string digest;  // hex, as `tributary status` shows it of the gateway that has this state
  bool sound() const { return refused.empty() && wrong.empty(); }
};

Verdict verify_database(const std::string& path);

}  // namespace tributary::app
