// SPDX-License-Identifier: Apache-2.0
// The device side of Tributary: typed handles over one actor's own state, and the packets that
// carry it.
//
//   auto device = sdk::Device::open({.fleet = "demo", .device = "door-7", .random = entropy});
//   sdk::Counter people = device->counter("hall/people");
//   people.add(3);
//   for (sdk::Packet& p : device->poll(now_ms)) publish(p.topic, p.payload);
//   for (sdk::Event& e : device->receive(now_ms, ack_payload)) log(e);
//
// The promise: an operation that safe() covers is counted exactly once on every gateway, whatever
// the link does; none is ever counted twice. No log is kept: memory follows the state, not the time
// spent offline.
//
// No thread, no clock, no I/O inside: time comes in as milliseconds since 1970 (a clock that steps
// back only delays), memory goes out through `save`. Not thread-safe. Handles stay valid as long as
// the Device (also when it is moved). Wire format and rules: docs/protocol.md sections 3, 4 and 6.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "crdt/hlc.h"
#include "crdt/result.h"
#include "transports/secrecy/value_cipher.h"
#include "transports/signing/seal.h"
#include "transports/wire/scalar.h"

namespace tributary::sdk {

struct Cell;
class Engine;

// What became of an operation. Only `applied` took a number.
enum class Outcome : std::uint8_t {
  applied,
  unchanged,  // the state is already so
  overflow,   // a counter would pass 2^64 - 1: nothing was added
  muted,      // a gateway refused this key: it is not sent any more (see Event::refused)
  too_large,  // an element over 1,024 bytes, a value over 65,536
  bad_value,  // NaN, text that is not UTF-8
  bad_key,    // the handle was made for a key that the protocol does not allow
};
const char* name(Outcome);

// G-Counter: only grows.
class Counter {
 public:
  Outcome add(std::uint64_t amount = 1);
  std::uint64_t value() const;  // what this device added in this epoch

 private:
  friend class Device;
  Counter(Engine* engine, Cell* cell) : engine_(engine), cell_(cell) {}
  Engine* engine_;
  Cell* cell_;
};

// PN-Counter: goes up and down; both directions are kept as sums of their own.
class UpDown {
 public:
  Outcome add(std::uint64_t amount = 1);
  Outcome subtract(std::uint64_t amount = 1);
  std::uint64_t added() const;
  std::uint64_t subtracted() const;

 private:
  friend class Device;
  UpDown(Engine* engine, Cell* cell) : engine_(engine), cell_(cell) {}
  Engine* engine_;
  Cell* cell_;
};

// G-Set: elements (any bytes, up to 1,024) stay for ever.
class GrowSet {
 public:
  Outcome insert(std::string_view element);
  bool contains(std::string_view element) const;
  std::size_t size() const;

 private:
  friend class Device;
  GrowSet(Engine* engine, Cell* cell) : engine_(engine), cell_(cell) {}
  Engine* engine_;
  Cell* cell_;
};

// OR-Set: elements come and go; an insert wins over a concurrent erase elsewhere. Every insert is
// an operation of its own, also of an element that is present: ask contains() first when that is
// not meant.
class Set {
 public:
  Outcome insert(std::string_view element);
  Outcome erase(std::string_view element);  // the element as this device added it
  bool contains(std::string_view element) const;
  std::size_t size() const;
  std::vector<std::string> elements() const;
  // Removes the add that another actor made as its operation `op`. Kept until forgotten, which is
  // allowed once the add is known dead at its owner. An add of this actor is erased like any other.
  Outcome erase_foreign(std::string_view device, std::uint64_t epoch, std::uint64_t op);
  Outcome forget_foreign(std::string_view device, std::uint64_t epoch, std::uint64_t op);

 private:
  friend class Device;
  Set(Engine* engine, Cell* cell) : engine_(engine), cell_(cell) {}
  Engine* engine_;
  Cell* cell_;
};

// LWW-Register: the latest reading. Stamped with the time that the device was told last, or with
// one given here.
class Register {
 public:
  // bool, any integer or floating-point number, text (UTF-8), or a wire::Scalar.
  template <class T>
  Outcome set(const T& value) {
    return put(std::nullopt, scalar(value));
  }
  template <class T>
  Outcome set_at(std::uint64_t at_ms, const T& value) {
    return put(at_ms, scalar(value));
  }
  std::optional<wire::Scalar> value() const;

 private:
  friend class Device;
  Register(Engine* engine, Cell* cell) : engine_(engine), cell_(cell) {}
  template <class T>
  static wire::Scalar scalar(const T& value) {
    if constexpr (std::is_same_v<T, wire::Scalar> || std::is_same_v<T, bool>) {
      return value;
    } else if constexpr (std::is_integral_v<T>) {
      if (value >= 0) return static_cast<std::uint64_t>(value);
      return static_cast<std::int64_t>(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(value);
    } else {
      return std::string(std::string_view(value));
    }
  }
  Outcome put(std::optional<std::uint64_t> at_ms, const wire::Scalar& value);
  Engine* engine_;
  Cell* cell_;
};

struct Error {
  enum class Code : std::uint8_t {
    bad_option,
    snapshot_corrupt,
    snapshot_version,
    snapshot_foreign,
  };
  Code code = Code::bad_option;
  std::string text;  // in words, for a log
};

// A public key of another member of the fleet.
struct MemberKey {
  std::string id{};
  signing::PublicBytes key{};
  bool gateway = false;  // only these acknowledge
};

// Elements and register values of keys that begin with `prefix` are sealed: nobody reads them
// without the key. Counters stay in the clear: gateways add them up.
struct ValueKey {
  std::string prefix{};
  secrecy::ValueCipher cipher;
};

struct Options {
  std::string fleet{}, device{};  // ids, [A-Za-z0-9_-]{1,64}
  // Required: 64 unpredictable bits. An epoch that repeats would be a twin.
  std::function<std::uint64_t()> random{};
  // Stores a snapshot durably, in place of the one before; false when it could not. Empty: a device
  // without a memory, which takes a fresh epoch at every start.
  std::function<bool(std::string_view snapshot)> save{};
  std::string saved{};  // what save() stored last; empty at the very first start

  // With a signer, what is sent is signed, and a gateway that claims to hold what this device does
  // not know must show it with this device's own signature.
  std::optional<signing::Signer> signer{};
  // Whose signatures can be verified. When any are given, an ack counts only when it is signed by
  // its gateway, and a removal by another device only when it is signed by that device.
  std::vector<MemberKey> members{};
  // Of those that fit a key the first with the longest prefix seals; all of them open, so that an
  // old key stays readable after the new one. A sealed value is 52 bytes longer, and the limits of
  // elements and values are those of what is sealed.
  std::vector<ValueKey> value_keys{};

  // A delta goes out when so many operations wait, or when the oldest has waited so long.
  std::uint32_t batch_ops_max = 100;
  std::uint32_t batch_ms = 50;
  // Of one packet's body: with the frame it fits one MTU, so that one loss costs one packet.
  std::size_t body_bytes_max = 1'300;
  // A packet is packed (LZ4) when that makes it smaller, and then takes as many parts of a delta
  // along as fit: keys are much alike. While a packet is made this takes 16 KiB of heap and some
  // four times what goes into it, unpacked.
  bool compress = true;
  // The pause before an unacknowledged delta is sent again: doubles, with up to a quarter of
  // jitter.
  std::uint32_t resend_min_ms = 1'000;
  std::uint32_t resend_max_ms = 60'000;
  // A gateway behind the others for so long gets a delta of its own; doubles.
  std::uint32_t catch_up_ms = 5'000;
  // A device at rest repeats its last operation so often, to hear whether a gateway lost its disk:
  // what only that gateway held is then sent again. 0: never.
  std::uint32_t refresh_ms = 600'000;
  // So many packets without an answer, and only the resend timer sends.
  std::uint32_t inflight_max = 16;
  std::uint32_t burst_packets_max = 64;  // of one poll
  std::uint32_t acks_needed = 1;         // gateways that must hold an operation until it is safe
  std::uint64_t clock_ahead_max_ms = 5'000;  // a gateway's clock further ahead is not adopted
  std::size_t small_set_bytes = 512;         // sets up to this size are always sent complete
};

struct Packet {
  std::string topic;  // below the fleet's root: "up/<device>"
  std::string payload;
};

struct KeyType {
  std::string key;
  std::uint8_t type = 0;  // wire::Type
};

struct Event {
  enum class Kind : std::uint8_t {
    acknowledged,  // operations up to `op` are safe
    refused,  // `keys` broke the rule `text` at `gateway`: muted from now on (empty: nothing to
              // mute)
    removed,  // another actor removed `element` from the set keys[0]; `text` names it
    twin,     // this memory was copied or rolled back: a fresh epoch has begun, empty; operations
           // after `op` up to `last_op` of the old one may or may not be counted; `keys` are those
           // they touched
    save_failed,  // `save` returned false: nothing is sent until it succeeds
    bad_ack,      // an acknowledgement that was not believed or not read: `text` says why
  };
  Kind kind = Kind::acknowledged;
  std::uint64_t op = 0, last_op = 0;
  std::uint64_t epoch = 0;  // the epoch that `op` belongs to; of bad_ack the one that was in force
  std::string gateway{}, text{}, element{};
  std::vector<KeyType> keys{};
};
const char* name(Event::Kind);

class Device {
 public:
  // Errors: an id or limit out of range, no `random`, a snapshot that is damaged or of another
  // device. After snapshot_corrupt the device may be opened with `saved` empty: it has lost its
  // memory and starts a fresh epoch.
  static Result<Device, Error> open(Options);
  Device(Device&&) noexcept;
  Device& operator=(Device&&) noexcept;
  ~Device();

  Counter counter(std::string_view key);
  UpDown up_down(std::string_view key);
  GrowSet grow_set(std::string_view key);
  Set set(std::string_view key);
  Register reg(std::string_view key);

  // Tells the time between polls, for the stamps of what follows.
  void time(std::uint64_t now_ms);
  // What is to be sent now. The state that the packets describe was saved before.
  std::vector<Packet> poll(std::uint64_t now_ms);
  // Takes a payload of ack/<device>. Bytes that are not an ack for this device change nothing.
  std::vector<Event> receive(std::uint64_t now_ms, std::string_view ack_payload);
  // When poll() has something to do; when all is acknowledged, the next refresh.
  std::optional<std::uint64_t> deadline() const;
  // The link is back: what is not acknowledged goes out at once, not after the pause.
  void link_up(std::uint64_t now_ms);
  // Saves what changed since the last save. poll() does it before it sends; call this when an
  // operation must survive a power cut before its packet is due. True when nothing is unsaved or
  // there is no memory.
  bool persist();

  const std::string& fleet() const;
  const std::string& id() const;
  std::uint64_t epoch() const;
  std::uint64_t last_op() const;  // number of the last operation of this epoch
  std::uint64_t safe() const;     // operations up to this one are held by `acks_needed` gateways
  std::uint64_t unacknowledged() const;  // last_op() - safe()
  bool save_failing() const;
  crdt::Hlc clock() const;

 private:
  explicit Device(std::unique_ptr<Engine>);
  std::unique_ptr<Engine> engine_;
};

}  // namespace tributary::sdk
