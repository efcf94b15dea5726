// SPDX-License-Identifier: Apache-2.0
// Digests of state: LtHash over atoms (docs/protocol.md section 8). A change costs O(1), equal
// digests mean equal state, and the order of changes does not matter.
//
//   DigestBook book;
//   book.change(bucket, atom, +1);       // an atom appeared; −1: it went away
//   wire::Hash h = book.digest(bucket);
//
// Changes are collected first: what appears and goes away again between two readings costs only its
// SHA-256; what is add()ed is not.
#pragma once
#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transports/wire/ack.h"

namespace tributary::core {

// Lattice-based homomorphic set hash, 1,024 lanes of 16 bits (Bellare and Micciancio 1997; Lewi et
// al. 2019).
class LtHash {
 public:
  static constexpr std::size_t lanes = 1024;
  // Adds `times` (may be negative) copies of the atom whose SHA-256 is `seed`.
  void add(const wire::Hash& seed, std::int32_t times);
  void add(const LtHash& others);
  wire::Hash digest() const;
  friend bool operator==(const LtHash&, const LtHash&) = default;

 private:
  std::array<std::uint16_t, lanes> sum_{};
};

class DigestBook {
 public:
  void change(std::uint32_t bucket, std::string_view atom, std::int32_t times);
  // change(…, +1) of an atom that will hardly go away before the digest is read: not collected.
  void add(std::uint32_t bucket, std::string_view atom);
  // From now on add() leaves hashing to a second thread, as far as there is one and it keeps up,
  // until use_one_thread(), or until a digest is asked for: for a start, which has many atoms at
  // once.
  void use_two_threads();
  void use_one_thread();
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
  // Atoms one after the other, and what they sum up to in each bucket that they name.
  struct Atoms {
    struct Atom {
      std::uint32_t bucket = 0, bytes = 0;
    };
    std::string bytes;
    std::vector<Atom> each;
    void clear() { bytes.clear(), each.clear(); }
  };
  using Sums = std::array<std::unique_ptr<LtHash>, wire::bucket_count>;
  struct Hashed {
    Sums sums;
    Atoms room;  // emptied: fresh memory costs more than what is put there
  };
  struct Helper {
    Atoms next, room;
    std::future<Hashed> running;
  };
  static Hashed hashed(Atoms);
  void take(Hashed&&);
  void hand_over();
  static constexpr std::size_t handed_over = 16'384;                 // atoms: some ten milliseconds
  static constexpr std::size_t handed_over_bytes = 4 * 1024 * 1024;  // of them, registers' values
  static constexpr std::size_t pending_max = 4096;  // of one bucket: bounds the memory
  static void fold(Bucket&);
  Bucket& changing(std::uint32_t bucket, std::int32_t times);
  Bucket& settle(std::uint32_t bucket);
  std::array<std::unique_ptr<Bucket>, wire::bucket_count> buckets_;
  std::optional<wire::Hash> all_;
  std::optional<Helper> helper_;
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
