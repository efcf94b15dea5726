// SPDX-License-Identifier: Apache-2.0
// Intake: what was received from one actor, as far as acknowledgements need it. Intervals of
// operations whose deltas arrived whole, the newest points (operation, hash of the body that ended
// there), and deltas of which some parts are missing.
//
//   intake.record({.from = 3, .to = 7, .id = 9, .part = 1, .parts = 2, .hash = h1});   // nothing
//   to acknowledge yet intake.record({.from = 3, .to = 7, .id = 9, .part = 2, .parts = 2, .hash =
//   h2});   // (3, 7] arrived: point (7, h2) intake.contiguous(); // {0, 0} until (0, 3] is here as
//   well
//
// Bounded whatever arrives: at most `fragments_max` intervals, `points_max` points beside the ends
// of the intervals, and `partials_max` incomplete deltas. What is dropped is not acknowledged, so
// it comes again.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/interval_set.h"
#include "transports/wire/ack.h"

namespace tributary::core {

class Reader;  // coding.h

class Intake {
 public:
  static constexpr std::size_t fragments_max = 64;
  static constexpr std::size_t points_max = 16;
  static constexpr std::size_t partials_max = 8;

  struct Receipt {
    std::uint64_t from = 0, to = 0, id = 0;  // from < to
    std::uint32_t part = 1, parts = 1;       // 1 <= part <= parts
    wire::Hash hash;                         // of this part's body
  };
  // True when something changed. Parts belong together by (from, to, parts, id): the same interval
  // may be made again and cut elsewhere, and half of one cut with half of another is not the whole.
  bool record(const Receipt&);

  // The highest n such that 1 … n were received, with its hash; op 0 when none.
  wire::Point contiguous() const;
  // The newest `max` points above `from`, without the contiguous one, ascending.
  std::vector<wire::Point> points_above(std::uint64_t from, std::size_t max) const;
  // The highest operation at which something whole ended; op 0 when none.
  wire::Point newest() const { return ends_.empty() ? wire::Point{} : ends_.back(); }
  // The highest operation of which anything whole is known.
  std::uint64_t top() const { return received_.top(); }
  // The operation of contiguous() alone.
  std::uint64_t reached() const { return received_.contiguous(); }
  // Keeps what reached() and top() need, which then may be asked for alone.
  void shrink() {
    std::vector<wire::Point>().swap(ends_);
    std::vector<Partial>().swap(partials_);
  }
  bool empty() const { return received_.empty() && partials_.empty(); }

  // Bytes for the store, and back; nullopt for bytes that encode() did not make.
  std::string encode() const;
  static std::optional<Intake> decode(std::string_view bytes);

  friend bool operator==(const Intake&, const Intake&) = default;

 private:
  struct Partial {
    std::uint64_t from = 0, to = 0, id = 0;
    std::uint32_t parts = 0;
    std::vector<bool> got;
    std::uint32_t missing = 0;
    wire::Hash last;  // of part `parts`, once it arrived
    friend bool operator==(const Partial&, const Partial&) = default;
  };
  bool arrived_whole(std::uint64_t from, std::uint64_t to, const wire::Hash& hash);
  bool record_part(const Receipt&);
  static std::optional<Partial> decode_partial(Reader&);
  // The first end at or after `op`.
  std::vector<wire::Point>::const_iterator end_from(std::uint64_t op) const;
  bool ends_at(std::uint64_t op) const;
  void prune();

  crdt::IntervalSet received_;
  std::vector<wire::Point> ends_;  // ascending; holds the end of every interval of received_
  std::vector<Partial> partials_;  // ascending by `to`
};

}  // namespace tributary::core
