// SPDX-License-Identifier: Apache-2.0
// fleet.json: who is in a fleet, how it was made, which certificates are revoked. No secret in it,
// and no key: those are in the members' folders.
//
//   Members file = parse_members(read_file(path), path);   // throws Error(storage): damaged
//   write_file(path, members_text(file), Access::secret);
#pragma once
#include <string>
#include <vector>

#include "gateway/keyring/keyring.h"

namespace tributary::keyring {

struct Members {
  InitOptions options;  // but for its dir, which is where the file is
  std::vector<Member> members;
  std::vector<Issued> revoked;
};

std::string members_text(const Members& file);
Members parse_members(const std::string& text, const std::string& path);

}  // namespace tributary::keyring
