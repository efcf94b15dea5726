// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/tree.h"

#include "transports/wire/writer.h"

namespace tributary::fuzz {
namespace {

constexpr int depth_max = 24;

// A lenient reader of its own: it takes longer encodings than needed, for encode() mends them.
class Parser {
 public:
  explicit Parser(std::string_view bytes) : rest_(bytes) {}
  bool whole() const { return ok_ && rest_.empty(); }

  Node value(int depth) {
    Node n;
    if (depth > depth_max || rest_.empty()) return ok_ = false, n;
    const std::string_view from = rest_;
    const auto lead = static_cast<unsigned char>(take(1).front());
    if (lead < 0x80) return number(lead);
    if (lead < 0x90) return items(Node::Kind::map, 2 * std::size_t{lead & 0x0FU}, depth);
    if (lead < 0xA0) return items(Node::Kind::array, lead & 0x0FU, depth);
    if (lead < 0xC0) return text(lead & 0x1FU);
    switch (lead) {
      case 0xC4:
      case 0xC5:
      case 0xC6:
        return bin(big_endian(std::size_t{1} << (lead - 0xC4)), depth);
      case 0xCC:
      case 0xCD:
      case 0xCE:
      case 0xCF:
        return number(big_endian(std::size_t{1} << (lead - 0xCC)));
      case 0xD9:
      case 0xDA:
      case 0xDB:
        return text(big_endian(std::size_t{1} << (lead - 0xD9)));
      case 0xDC:
      case 0xDD:
        return items(Node::Kind::array, big_endian(lead == 0xDC ? 2 : 4), depth);
      case 0xDE:
      case 0xDF:
        return items(Node::Kind::map, 2 * big_endian(lead == 0xDE ? 2 : 4), depth);
      default:
        return raw(from, lead);
    }
  }

 private:
  std::string_view take(std::uint64_t n) {
    if (n > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return std::string_view("\0", 1);
    }
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  std::uint64_t big_endian(std::size_t width) {
    std::uint64_t v = 0;
    for (const char c : take(width)) v = v << 8 | static_cast<unsigned char>(c);
    return v;
  }
  static Node number(std::uint64_t v) { return {Node::Kind::uint, v, {}, {}}; }
  Node text(std::uint64_t n) { return {Node::Kind::str, 0, std::string(take(n)), {}}; }
  Node raw(std::string_view from, unsigned char lead) {
    std::size_t width = 0;
    if (lead == 0xCA || lead == 0xCB) width = lead == 0xCA ? 4 : 8;
    if (lead >= 0xD0 && lead <= 0xD3) width = std::size_t{1} << (lead - 0xD0);
    take(width);
    return {Node::Kind::raw, 0, std::string(from.substr(0, 1 + width)), {}};
  }
  Node bin(std::uint64_t n, int depth) {
    Node out{Node::Kind::bin, 0, std::string(take(n)), {}};
    const bool container = out.bytes.size() > 1 && (out.bytes[0] & '\x80') != 0;
    if (!container || depth > depth_max / 2) return out;
    Parser inner(out.bytes);
    Node message = inner.value(depth + 1);
    if (!inner.whole() || message.children.empty()) return out;
    out.kind = Node::Kind::nested;
    out.children.push_back(std::move(message));
    return out;
  }
  Node items(Node::Kind kind, std::uint64_t n, int depth) {
    Node out{kind, 0, {}, {}};
    if (n > rest_.size()) return ok_ = false, out;
    for (; n > 0 && ok_; --n) out.children.push_back(value(depth + 1));
    return out;
  }

  std::string_view rest_;
  bool ok_ = true;
};

void write(wire::Writer& w, const Node& n) {
  switch (n.kind) {
    case Node::Kind::uint:
      return w.uint(n.number);
    case Node::Kind::str:
      return w.str(n.bytes);
    case Node::Kind::bin:
      return w.bin(n.bytes);
    case Node::Kind::raw:
      return w.raw(n.bytes);
    case Node::Kind::nested:
      return w.bin(encode(n.children.front()));
    case Node::Kind::array:
      w.array(n.children.size());
      break;
    case Node::Kind::map:
      w.map(n.children.size() / 2);
      break;
  }
  const std::size_t odd = n.kind == Node::Kind::map ? n.children.size() % 2 : 0;
  for (std::size_t i = 0; i + odd < n.children.size(); ++i) write(w, n.children[i]);
}

}  // namespace

std::optional<Node> parse(std::string_view bytes) {
  Parser p(bytes);
  Node out = p.value(0);
  return p.whole() ? std::optional(std::move(out)) : std::nullopt;
}

std::string encode(const Node& n) {
  wire::Writer w;
  write(w, n);
  return w.take();
}

}  // namespace tributary::fuzz
