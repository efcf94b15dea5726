// SPDX-License-Identifier: Apache-2.0
// What a checker throws: a promise that did not hold, in words.
#pragma once
#include <stdexcept>
#include <string>

namespace tributary::simulation {

class Violation : public std::runtime_error {
 public:
  explicit Violation(const std::string& what) : std::runtime_error(what) {}
};

// want(p <= issued, "g1 shows more than was issued: …"): the text is only made when it is needed.
template <class Text>
void want(bool holds, Text&& text) {
  if (!holds) throw Violation(text());
}

}  // namespace tributary::simulation
