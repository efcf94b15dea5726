// SPDX-License-Identifier: Apache-2.0
// Envelopes whose signer the registry does not know yet. "Not known yet" is no refusal: they are
// looked at again when the registry grows.
//
//   waiting.put({envelope, source, topic});
//   for (auto& w : waiting.take()) …                  // all of them, in the order they came
//
// Bounded in number and bytes, over all and for each device: the oldest gives way. Nothing of it
// was acknowledged or counted as read, so what is dropped comes again. What our own disk had is
// kept beside that: it was acknowledged, and is no more than the disk holds.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "transports/wire/envelope.h"

namespace tributary::core {

template <class Source>
class Waiting {
 public:
  static constexpr std::size_t envelopes_max = 4'096;
  static constexpr std::size_t bytes_max = std::size_t{16} << 20;
  static constexpr std::size_t of_one_max = 64;

  struct Item {
    wire::Envelope envelope;
    Source source;
    std::string topic;
  };

  void put(Item item) {
    const std::string device(item.envelope.delta.device);
    if (const auto at = by_device_.find(device);
        at != by_device_.end() && at->second >= of_one_max) {
      drop_oldest_of(device);
    }
    by_device_[device] += 1;
    bytes_ += item.envelope.bytes->size();
    items_.push_back(std::move(item));
    while (items_.size() > envelopes_max || bytes_ > bytes_max) drop(items_.begin());
  }

  // From our own disk. These come first.
  void keep(Item item) { kept_.push_back(std::move(item)); }

  std::vector<Item> take() {
    std::vector<Item> out = std::exchange(kept_, {});
    out.insert(out.end(), std::make_move_iterator(items_.begin()),
               std::make_move_iterator(items_.end()));
    items_.clear();
    by_device_.clear();
    bytes_ = 0;
    return out;
  }

  std::size_t size() const { return kept_.size() + items_.size(); }

 private:
  using At = typename std::deque<Item>::iterator;
  void drop(At at) {
    const auto device = by_device_.find(std::string(at->envelope.delta.device));
    if (--device->second == 0) by_device_.erase(device);
    bytes_ -= at->envelope.bytes->size();
    items_.erase(at);
  }
  void drop_oldest_of(const std::string& device) {
    for (At at = items_.begin(); at != items_.end(); ++at) {
      if (at->envelope.delta.device != device) continue;
      return drop(at);
    }
  }

  std::vector<Item> kept_;
  std::deque<Item> items_;
  std::map<std::string, std::size_t> by_device_;
  std::size_t bytes_ = 0;
};

}  // namespace tributary::core
