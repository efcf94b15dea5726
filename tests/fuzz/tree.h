// SPDX-License-Identifier: Apache-2.0
// A MessagePack message as a tree that can be changed and written again: what the mutator of
// mutator.cc works on. One promise: what encode() writes is canonical, whatever was done to the
// tree, so that a mutation reaches the rules behind the encoding.
//
//   std::optional<Node> message = parse(bytes);
//   message->children[1].number = 0;
//   std::string changed = encode(*message);
//
// A bin whose content is a message of its own (a sealed body, the data of a plain pack) is parsed,
// too, and has it as its only child.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::fuzz {

struct Node {
  enum class Kind : std::uint8_t { uint, str, bin, array, map, nested, raw };
  Kind kind = Kind::uint;
  std::uint64_t number = 0;    // uint
  std::string bytes;           // str, bin; raw: the value's own encoding (nil, bool, int, float)
  std::vector<Node> children;  // array; map: key, value, key, …; nested: the one message inside
};

// nullopt: not one whole message, or nested too deeply.
std::optional<Node> parse(std::string_view bytes);
std::string encode(const Node&);

}  // namespace tributary::fuzz
