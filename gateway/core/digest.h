// SPDX-License-Identifier: Apache-2.0
// Digests of state: LtHash over atoms (docs/protocol.md section 8). A change costs O(1), equal
// digests mean equal state, and the order of changes does not matter.
//
//   DigestBook book;
//   book.change(bucket, atom, +1);       // an atom appeared; −1: it went away
//   wire::Hash h = book.digest(bucket);
//
// Changes are collected first: what appears and goes away again between two readings costs only its
// SHA-256.
#pragma once
#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "transports/wire/ack.h"

namespace tributary::core {

// Lattice-based homomorphic set hash, 1,024 lanes of 16 bits (Bellare and Micciancio 1997; Lewi et
// al. 2019).
class LtHash {
 public:
  static constexpr std::size_t lanes = 1024;
  // Adds `times` (may be negative) copies of the atom whose SHA-256 is `seed`.
  void add(const wire::Hash& seed, std::int32_t times);
  wire::Hash digest() const;
  friend bool operator==(const LtHash&, const LtHash&) = default;

 private:
  std::array<std::uint16_t, lanes> sum_{};
};

class DigestBook {
 public:
  void change(std::uint32_t bucket, std::string_view atom, std::int32_t times);
  wire::Hash digest(std::uint32_t bucket);
  // No atom is in the bucket.
  bool empty(std::uint32_t bucket);
  // SHA-256 over all buckets' digests in order: one word for "in step".
  wire::Hash all();

 private:
  struct Bucket {
    LtHash sum;
    std::int64_t atoms = 0;
    // Net changes not yet in `sum`.
    absl::flat_hash_map<wire::Hash, std::int32_t, std::hash<wire::Hash>> pending;
    wire::Hash digest;   // of `sum`
    bool fresh = false;  // `digest` is up to date
  };
  static constexpr std::size_t pending_max = 4096;  // of one bucket: bounds the memory
  static void fold(Bucket&);
  Bucket& settle(std::uint32_t bucket);
  std::array<std::unique_ptr<Bucket>, wire::bucket_count> buckets_;
  std::optional<wire::Hash> all_;
};

// One atom, as canonical MessagePack. Reuse one writer: it keeps its storage.
class AtomWriter {
 public:
  AtomWriter& begin(std::uint32_t items);  // an array of `items` follows
  AtomWriter& array(std::uint32_t items);
  AtomWriter& number(std::uint64_t v);
  AtomWriter& text(std::string_view v);
  AtomWriter& binary(std::string_view v);
  std::string_view view() const { return out_; }

 private:
  void header(unsigned char fix, std::size_t fix_max, unsigned char wide, std::size_t n,
              bool has_8);
  std::string out_;
};

}  // namespace tributary::core
