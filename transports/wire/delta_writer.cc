// SPDX-License-Identifier: Apache-2.0
// Encodes deltas. What breaks the grammar is a bug of the caller and stops here, before it is sent.
#include <cassert>

#include "transports/wire/envelope.h"
#include "transports/wire/writer.h"

namespace tributary::wire {
namespace {

std::size_t payload_size(const GCounterPayload& c) {
  return uint_size(c.p);
}
std::size_t payload_size(const PnCounterPayload& c) {
  return 1 + uint_size(c.p) + uint_size(c.n);
}
std::size_t payload_size(const GSetPayload& s) {
  std::size_t n = array_size(s.elements.size());
  for (const std::string_view e : s.elements) n += bin_size(e.size());
  return n;
}
std::size_t payload_size(const OrSetPayload& s) {
  std::size_t n =
      1 + array_size(s.adds.size()) + array_size(s.removed.size()) + array_size(s.foreign.size());
  for (const OrSetPayload::Add& a : s.adds) n += uint_size(a.op) + bin_size(a.element.size());
  for (const std::uint64_t op : s.removed) n += uint_size(op);
  for (const OrSetPayload::Foreign& f : s.foreign)
    n += 1 + str_size(f.device.size()) + uint_size(f.epoch) + uint_size(f.op);
  return n;
}
std::size_t payload_size(const LwwPayload& p) {
  return 1 + uint_size(p.op) + uint_size(p.hlc.packed) + p.value.size();
}
std::size_t payload_size(const UnknownPayload& p) {
  return p.bytes.size();
}

class DeltaWriter {
 public:
  explicit DeltaWriter(const Delta& d) : d_(d) {}

  std::string write() {
    std::size_t size = 128 + d_.fleet.size() + d_.device.size();
    for (const Entry& e : d_.entries) size += encoded_size(e);
    w_.reserve(size);
    write_head();
    w_.array(d_.entries.size());
    const Entry* previous = nullptr;
    for (const Entry& e : d_.entries) {
      write_entry(previous, e);
      previous = &e;
    }
    return w_.take();
  }

 private:
  void write_head() {
    assert(valid_id(d_.fleet) && valid_id(d_.device) && d_.from < d_.to);
    assert(d_.part >= 1 && d_.part <= d_.parts && d_.parts <= parts_max);
    w_.array(11);
    w_.str(d_.fleet);
    w_.boolean(d_.is_signed);
    w_.str(d_.device);
    for (const std::uint64_t v : {d_.epoch, d_.from, d_.to, d_.id}) w_.uint(v);
    w_.uint(d_.part);
    w_.uint(d_.parts);
    w_.uint(d_.hlc.packed);
  }

  void write_entry(const Entry* previous, const Entry& e) {
    assert(valid_key(e.key) && e.type >= 1 && e.type <= type_max);
    assert(!previous || previous->key < e.key ||
           (previous->key == e.key && previous->type < e.type));
    assert(e.lo < e.hi && e.hi <= d_.to);
    const std::size_t index = known(e.type) ? e.type - 1u : 5u;
    assert(e.payload.index() == index);
    assert((index != 0 && index != 1 && index != 4) || (e.lo == 0 && e.hi == d_.to));
    w_.array(5);
    w_.str(e.key);
    w_.uint(e.type);
    w_.uint(e.lo);
    w_.uint(e.hi);
    std::visit([&](const auto& p) { write(e, p); }, e.payload);
  }

  void write(const Entry&, const GCounterPayload& c) {
    assert(c.p >= 1);
    w_.uint(c.p);
  }

  void write(const Entry&, const PnCounterPayload& c) {
    assert(c.p != 0 || c.n != 0);
    w_.array(2);
    w_.uint(c.p);
    w_.uint(c.n);
  }

  void write(const Entry&, const GSetPayload& s) {
    w_.array(s.elements.size());
    const std::string_view* previous = nullptr;
    for (const std::string_view& e : s.elements) {
      assert(!previous || *previous < e);
      w_.bin(e);
      previous = &e;
    }
  }

  void write(const Entry& e, const OrSetPayload& s) {
    w_.array(3);
    w_.map(s.adds.size());
    std::uint64_t last = e.lo;
    for (const OrSetPayload::Add& a : s.adds) {
      assert(a.op > last && a.op <= e.hi);
      w_.uint(a.op);
      w_.bin(a.element);
      last = a.op;
    }
    w_.array(s.removed.size());
    last = 0;
    for (const std::uint64_t op : s.removed) {
      assert(op > last && op <= e.lo);
      w_.uint(op);
      last = op;
    }
    write_foreign(s);
  }

  void write_foreign(const OrSetPayload& s) {
    w_.array(s.foreign.size());
    const OrSetPayload::Foreign* previous = nullptr;
    for (const OrSetPayload::Foreign& f : s.foreign) {
      assert(valid_id(f.device) && f.op >= 1 && (!previous || *previous < f));
      assert(f.device != d_.device || f.epoch != d_.epoch);
      w_.array(3);
      w_.str(f.device);
      w_.uint(f.epoch);
      w_.uint(f.op);
      previous = &f;
    }
  }

  void write(const Entry&, const LwwPayload& p) {
    assert(p.op >= 1 && p.op <= d_.to && !p.value.empty());
    w_.array(3);
    w_.uint(p.op);
    w_.uint(p.hlc.packed);
    w_.raw(p.value);
  }

  void write(const Entry&, const UnknownPayload& p) {
    assert(!p.bytes.empty());
    w_.raw(p.bytes);
  }

  const Delta& d_;
  Writer w_;
};

}  // namespace

std::string encode_delta(const Delta& delta) {
  return DeltaWriter(delta).write();
}

std::size_t encoded_size(const Entry& e) {
  return 1 + str_size(e.key.size()) + uint_size(e.type) + uint_size(e.lo) + uint_size(e.hi) +
         std::visit([](const auto& p) { return payload_size(p); }, e.payload);
}

}  // namespace tributary::wire
