// SPDX-License-Identifier: Apache-2.0
// The messages of the model. Each different message exists once and has a number, so that what is
// in flight is a set of numbers: everything that was ever sent and may still arrive, never, once or
// again and again. What only tells the time or counts restarts and repetitions is made the same in
// all of them (see settle_ack and the others), so that equal news are equal messages.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/exhaustive/operations.h"

namespace tributary::exhaustive {

using MessageId = std::uint16_t;
inline constexpr MessageId no_message = 0xFFFF;

inline constexpr std::string_view fleet = "demo";
inline constexpr std::string_view root = "tributary/v1/demo/";
inline constexpr std::array<std::string_view, 2> device_names = {"d1", "d2"};
inline constexpr std::array<std::string_view, 2> gateway_names = {"g1", "g2"};

struct Message {
  enum class Kind : std::uint8_t {
    upload,  // an envelope of a device
    ack,     // of a gateway, for device `to`
    batch,   // what a gateway relays
    state,   // a gateway's retained head, with the parts of its state
  };
  Kind kind = Kind::upload;
  std::uint8_t from = 0, to = 0;  // index among devices or gateways
  std::string payload;
  struct Part {
    std::string payload;
    std::vector<std::string> hashes;  // of its envelopes
  };
  std::map<std::string, Part> parts;  // state: by topic below the root
  std::string label;                  // for people
  std::vector<std::string> hashes;    // upload, batch: of the envelopes in it
  Ops upto{};                         // the highest operation it speaks of
  std::uint64_t acked = 0;            // ack: operations up to it are safe
};

class Messages {
 public:
  // An envelope as a device sent it.
  MessageId upload(std::size_t device, std::string payload);
  // The same ack with a clock that only orders a gateway's acks to one device, as its own does.
  MessageId ack(std::size_t gateway, std::size_t device, std::string_view payload);
  // The same batch as number 1 of session 1: numbers only decide how soon a peer reads the state.
  MessageId batch(std::size_t gateway, std::string_view payload);
  MessageId state(std::size_t gateway, std::string_view head,
                  const std::map<std::string, std::string>& parts);

  const Message& operator[](MessageId id) const { return all_[id]; }
  std::size_t size() const { return all_.size(); }

 private:
  MessageId intern(Message&&);
  std::vector<Message> all_;
  std::map<std::string, MessageId> known_;
};

// What an event makes of a local state.
struct Step {
  std::uint32_t next = 0;
  std::vector<MessageId> sent;
  std::uint32_t reached = 0;  // bits of Reached
};

// The index of a name, or of what a topic below the root ends with; 2: it is none.
std::size_t index_of(const std::array<std::string_view, 2>& names, std::string_view name);

}  // namespace tributary::exhaustive
