// SPDX-License-Identifier: Apache-2.0
// The mutator of every target whose input is one message: it changes the message, not its bytes.
// Counts and lengths stay right, so that most of what it makes gets past the outermost check. One
// mutation in four is libFuzzer's own, for the bytes themselves.
#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tree.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max);

namespace tributary::fuzz {
namespace {

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  bool plain() { return below(4) == 0; }

  void change(Node& message) {
    std::vector<Node*> all;
    collect(message, all);
    Node& at = *all[below(all.size())];
    switch (below(8)) {
      case 0:
        at = Node(*all[below(all.size())]);  // something else of the same message
        break;
      case 1:
        at = fresh();
        break;
      default:
        change_in_place(at);
    }
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }

  static void collect(Node& n, std::vector<Node*>& out) {
    out.push_back(&n);
    for (Node& child : n.children) collect(child, out);
  }

  void change_in_place(Node& n) {
    switch (n.kind) {
      case Node::Kind::uint:
        n.number = changed(n.number);
        break;
      case Node::Kind::str:
      case Node::Kind::bin:
      case Node::Kind::raw:
        change_bytes(n.bytes);
        break;
      case Node::Kind::array:
        change_items(n.children, 1);
        break;
      case Node::Kind::map:
        change_items(n.children, 2);
        break;
      case Node::Kind::nested:
        change_in_place(n.children.front());
        break;
    }
  }

  std::uint64_t changed(std::uint64_t v) {
    static constexpr std::uint64_t edges[] = {
        0, 1, 2, 127, 128, 255, 256, 65'535, 65'536, 0xFFFF'FFFF, 0x1'0000'0000, ~0ull - 1, ~0ull};
    switch (below(4)) {
      case 0:
        return v + 1;
      case 1:
        return v - 1;
      case 2:
        return edges[below(std::size(edges))];
      default:
        return v ^ (std::uint64_t{1} << below(64));
    }
  }

  void change_bytes(std::string& bytes) {
    const std::size_t size = bytes.size();
    bytes.resize(size + 16);
    bytes.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, size + 16));
  }

  // `step` children belong together: 2 in a map.
  void change_items(std::vector<Node>& items, std::size_t step) {
    const std::size_t n = items.size() / step;
    if (n == 0) {
      for (std::size_t i = 0; i < step; ++i) items.push_back(fresh());
      return;
    }
    const auto at = items.begin() + static_cast<std::ptrdiff_t>(step * below(n));
    const auto other = items.begin() + static_cast<std::ptrdiff_t>(step * below(n));
    const auto width = static_cast<std::ptrdiff_t>(step);
    switch (below(3)) {
      case 0:
        items.erase(at, at + width);
        break;
      case 1: {
        const std::vector<Node> again(at, at + width);
        items.insert(other, again.begin(), again.end());
        break;
      }
      default:
        if (at != other) std::swap_ranges(at, at + width, other);
    }
  }

  Node fresh() {
    static const std::vector<Node> some = {
        {Node::Kind::uint, 1, {}, {}},
        {Node::Kind::uint, ~std::uint64_t{0}, {}, {}},
        {Node::Kind::str, 0, "a", {}},
        {Node::Kind::str, 0, "\xC3\xA9/\xE6\xB8\xA9", {}},
        {Node::Kind::bin, 0, "", {}},
        {Node::Kind::bin, 0, std::string(32, '\x11'), {}},
        {Node::Kind::bin, 0, std::string(64, '\x22'), {}},
        {Node::Kind::array, 0, {}, {}},
        {Node::Kind::map, 0, {}, {}},
        {Node::Kind::raw, 0, "\xC0", {}},
        {Node::Kind::raw, 0, "\xC2", {}},
        {Node::Kind::raw, 0, "\xC3", {}},
        {Node::Kind::raw, 0, "\xFF", {}},
        {Node::Kind::raw, 0, std::string("\xCB\x40\x35\x80\0\0\0\0\0", 9), {}},
    };
    return some[below(some.size())];
  }

  std::minstd_rand random_;
};

}  // namespace
}  // namespace tributary::fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max, unsigned int seed) {
  using namespace tributary::fuzz;
  Mutator mutator(seed);
  auto message = mutator.plain() ? std::nullopt : parse(text_of(data, size));
  if (!message) return LLVMFuzzerMutate(data, size, max);
  mutator.change(*message);
  const std::string bytes = encode(*message);
  if (bytes.size() > max) return LLVMFuzzerMutate(data, size, max);
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}
