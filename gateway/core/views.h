// SPDX-License-Identifier: Apache-2.0
// What people see: retained JSON topics view/<gateway>/<type>/<key>, at once when a value changes
// but at most one publish a key and interval, and rows for who looks on and for the database's
// `values` view. Both are derived and may lag; both are bounded.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "gateway/core/keyspace.h"
#include "gateway/core/types.h"

namespace tributary::core {

// The value as JSON; a set or register that would need more than max_bytes is {"size":…} instead.
std::string display_json(const KeyState&, std::size_t max_bytes);

// What is to be shown of keys, in their order: each itself, or a copy of one that rests, or
// nullptr, when the disk does not give that now.
struct Shown {
  std::vector<const KeyState*> keys;
  std::vector<KeyState> copies;
};
using Show = std::function<Shown(std::span<const KeyState* const>)>;

class Views {
 public:
  Views(const Options& options, Show show) : options_(options), show_(std::move(show)) {}

  void changed(Instant now, const std::vector<KeyState*>& keys);
  // An earlier life left view/<gateway>/`name` ("<type>/<key>") at the broker: it keeps its topic
  // when the key is here and a topic is free; otherwise it would be wrong for ever, and is cleared.
  // Returns whether it is kept.
  bool inherit(LinkId, std::string_view name, const Keyspace&, Output&);
  // A broker that may have forgotten wants all of them.
  void announce_all();
  void hurry() { hurry_ = true; }  // we leave
  std::uint64_t deadline() const;
  void run(Instant now, const std::vector<LinkId>& links, Output&, Counters&);

  std::uint64_t rows_deadline() const {
    return row_dirty_.empty() ? ~std::uint64_t{0} : next_rows_ms_;
  }
  std::vector<ValueRow> take_rows(Instant now);

  // Somebody wants to be told which keys change; off: the list is forgotten.
  void watch(bool on);
  std::vector<const KeyState*> take_watched(std::size_t max);
  // Publishes left out because view_topics_max keys have a topic already.
  std::uint64_t skipped() const { return skipped_; }

 private:
  bool publishes(KeyState*);
  void view_due(KeyState*);
  std::string topic_of(std::string_view name) const;
  const Options& options_;
  Show show_;
  struct Said {
    std::uint64_t until_ms = 0;
    KeyState* key = nullptr;
  };
  void forget_said(Instant now);
  void publish(const KeyState&, const std::vector<LinkId>& links, Output&, Counters&);
  std::vector<KeyState*> dirty_, published_;  // at most view_topics_max keys have a topic
  std::deque<Said> lately_;                   // said less than an interval ago, in that order
  std::size_t waiting_ = 0;                   // of these: due again
  bool hurry_ = false;                        // none waits
  std::deque<KeyState*> row_dirty_, watched_;
  bool watching_ = false;
  std::uint64_t skipped_ = 0;
  std::uint64_t next_rows_ms_ = 0;
};

}  // namespace tributary::core
