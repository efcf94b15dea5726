// SPDX-License-Identifier: Apache-2.0
// G-Set: serial numbers seen on a line; nothing is ever taken out.
#include "crdt/gset.h"

#include <cassert>
#include <iostream>
#include <string_view>
#include <vector>

using namespace tributary::crdt;

int main() {
  const Actor reader_1{"reader-1", 1}, reader_2{"reader-2", 1};
  GSet<> line;

  const GSet<> delta = line.add(reader_1, "SN-1001");
  assert(line.add(reader_1, "SN-1001").is_bottom());  // nothing new: no delta to send

  // Elements are bytes. Many at once, without building a part:
  const std::vector<std::string_view> read = {"SN-1001", "SN-1002", "SN-1003"};
  line.join_elements(reader_2, read);
  assert(line.size() == 3);  // distinct, however many readers saw it
  assert(line.contains("SN-1002"));

  GSet<> elsewhere;
  elsewhere.join(delta);
  assert(elsewhere.leq(line));
  elsewhere.join(line);
  assert(elsewhere == line);

  for (const auto& serial : elsewhere.elements()) std::cout << serial << '\n';  // sorted
}
