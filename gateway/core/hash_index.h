// SPDX-License-Identifier: Apache-2.0
// Finds numbered things by what they are. Beside a thing's number it holds a part of its hash: so
// an index that grows looks at none of the things, which would take the owner thread tens of
// milliseconds with 100,000 of them. It is made of many tables, of which one grows at a time.
//
//   HashIndex names;
//   names.insert(hash_of("a"), 0);
//   names.find(hash_of("a"), [&](std::uint32_t n) { return things[n].name == "a"; });  // 0
//
// A hash that many share makes it slow: hash what others choose with a secret (absl::HashOf).
#pragma once
#include <absl/container/flat_hash_set.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tributary::core {

class HashIndex {
 public:
  // `is(number)`: whether that is it; asked of few others.
  template <class Is>
  std::optional<std::uint32_t> find(std::size_t hash, const Is& is) const {
    const Table& table = tables_[table_of(part_of(hash))];
    const auto at = table.find(Wanted<Is>{part_of(hash), is});
    return at == table.end() ? std::nullopt : std::optional(at->number);
  }
  // Fetches what find() and insert() will look at, while the processor does something else.
  void look_ahead(std::size_t hash) const {
    tables_[table_of(part_of(hash))].prefetch(Ahead{part_of(hash)});
  }
  // REQUIRES: its number is not listed.
  void insert(std::size_t hash, std::uint32_t number) {
    size_ += tables_[table_of(part_of(hash))].insert({part_of(hash), number}).second;
  }
  // REQUIRES: listed so.
  void erase(std::size_t hash, std::uint32_t number) {
    size_ -= tables_[table_of(part_of(hash))].erase({part_of(hash), number});
  }
  std::size_t size() const { return size_; }

 private:
  struct Listed {
    std::uint32_t hash = 0, number = 0;
  };
  struct Ahead {
    std::uint32_t hash;
  };
  template <class Is>
  struct Wanted {
    std::uint32_t hash;
    const Is& is;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const auto& x) const { return mixed(x.hash); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Listed& a, const Listed& b) const { return a.number == b.number; }
    template <class Is>
    bool operator()(const Listed& a, const Wanted<Is>& b) const {
      return a.hash == b.hash && b.is(a.number);
    }
  };
  using Table = absl::flat_hash_set<Listed, Hash, Equal>;
  static std::uint32_t part_of(std::size_t hash) { return static_cast<std::uint32_t>(hash); }
  static std::size_t mixed(std::uint32_t part) { return part * std::size_t{0x9E3779B97F4A7C15}; }
  // By bits that a table makes no use of.
  static std::size_t table_of(std::uint32_t part) { return mixed(part) >> 58; }

  std::array<Table, 64> tables_;
  std::size_t size_ = 0;
};

}  // namespace tributary::core
