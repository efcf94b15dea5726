// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/sdk/snapshot.h"

#include <algorithm>
#include <cstring>

#include "transports/wire/bytes.h"
#include "transports/wire/envelope.h"
#include "transports/wire/scalar.h"

namespace tributary::sdk {
namespace {

constexpr std::string_view magic = "TRIBSNAP";
constexpr std::uint64_t version = 1;
constexpr std::size_t hash_bytes = 32;
constexpr std::uint64_t u64_max = ~std::uint64_t{0};
constexpr std::uint64_t last_op_max = u64_max / 2;  // nobody gets there by counting
const wire::Limits limits;

class Writer {
 public:
  void number(std::uint64_t v) {  // LEB128
    while (v >= 0x80) {
      out_.push_back(static_cast<char>(v | 0x80));
      v >>= 7;
    }
    out_.push_back(static_cast<char>(v));
  }
  void text(std::string_view s) {
    number(s.size());
    out_.append(s);
  }
  void raw(std::string_view s) { out_.append(s); }
  std::string take() { return std::move(out_); }
  std::string_view view() const { return out_; }

 private:
  std::string out_;
};

// Reads what Writer wrote. After the end, or on an impossible length, everything reads as zero and
// bad() is true.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}
  std::uint64_t number() {
    std::uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (in_.empty()) break;
      const auto b = static_cast<unsigned char>(in_.front());
      in_.remove_prefix(1);
      v |= static_cast<std::uint64_t>(b & 0x7F) << shift;
      if (b < 0x80) return v;
    }
    return fail();
  }
  std::string_view text() { return raw(number()); }
  std::string_view raw(std::uint64_t size) {
    if (size > in_.size()) {
      fail();
      return {};
    }
    const std::string_view s = in_.substr(0, size);
    in_.remove_prefix(size);
    return s;
  }
  // Refuses what is not min … max; an operation after the last one that there can be has no number.
  std::uint64_t number_in(std::uint64_t min, std::uint64_t max) {
    const std::uint64_t v = number();
    return v >= min && v <= max ? v : fail();
  }
  void refuse() { fail(); }
  bool bad() const { return bad_; }
  bool done() const { return !bad_ && in_.empty(); }

 private:
  std::uint64_t fail() {
    bad_ = true;
    in_ = {};
    return 0;
  }
  std::string_view in_;
  bool bad_ = false;
};

void write_set(Writer& w, const SetPart& s) {
  w.number(s.horizon);
  w.number(s.since_bytes);
  w.number(s.adds.size());
  for (const auto& [op, element] : s.adds) {
    w.number(op);
    w.text(element);
  }
  w.number(s.removed.size());
  for (const SetPart::Removal& r : s.removed) {
    w.number(r.op);
    w.number(r.by);
  }
  w.number(s.foreign.size());
  for (const auto& [dot, by] : s.foreign) {
    w.text(dot.device);
    w.number(dot.epoch);
    w.number(dot.op);
    w.number(by);
  }
}

struct Owner {
  std::string_view device;
  std::uint64_t epoch = 0;
};

// What `last` operations can have left in a set; anything else was not written by encode_snapshot.
void read_set(Reader& r, const Owner& owner, SetPart& s, std::uint64_t last) {
  s.horizon = r.number_in(0, last);
  s.since_bytes = r.number();
  std::uint64_t before = 0;
  for (std::uint64_t left = r.number(); left > 0 && !r.bad(); --left) {
    const std::uint64_t op = r.number_in(before + 1, last);
    const std::string_view element = r.text();
    if (element.size() > limits.element_bytes_max || s.op_of.count(element) != 0) r.refuse();
    if (!r.bad()) s.put(op, element);
    before = op;
  }
  before = s.horizon;
  for (std::uint64_t left = r.number(); left > 0 && !r.bad(); --left) {
    const std::uint64_t op = r.number_in(1, last);
    const std::uint64_t by = r.number_in(std::max(before, op + 1), last);
    s.removed.push_back({op, by});
    before = by;
  }
  for (std::uint64_t left = r.number(); left > 0 && !r.bad(); --left) {
    ForeignDot dot;
    dot.device = std::string(r.text());
    dot.epoch = r.number();
    dot.op = r.number_in(1, u64_max);
    if (!wire::valid_id(dot.device) || s.foreign.count(dot) != 0) r.refuse();
    if (dot.device == owner.device && dot.epoch == owner.epoch) r.refuse();
    s.bytes += foreign_bytes(dot);
    s.foreign.emplace(std::move(dot), r.number_in(1, last));
  }
}

void write_cell(Writer& w, const Cell& c) {
  w.text(c.key);
  w.number(static_cast<std::uint64_t>(c.type));
  w.number(c.last);
  w.number(c.muted ? 1 : 0);
  if (c.is_set()) {
    write_set(w, *c.set);
  } else if (c.type == wire::Type::lww) {
    w.number(c.op);
    w.number(c.hlc.packed);
    w.text(c.value);
  } else {
    w.number(c.p);
    w.number(c.n);
  }
}

// The checksum held, so what is refused here was written by something else than encode_snapshot.
void read_cell(Reader& r, const Owner& owner, State& state) {
  const std::string_view key = r.text();
  const std::uint64_t type = r.number_in(1, wire::type_max);
  Cell* c = !r.bad() && wire::known(static_cast<std::uint8_t>(type))
                ? state.cell(key, static_cast<wire::Type>(type))
                : nullptr;
  if (c == nullptr || c->last != 0 || c->muted) return r.refuse();
  const std::uint64_t oldest = state.by_age().empty() ? 0 : state.by_age().back()->last;
  const std::uint64_t last = r.number_in(oldest, state.last_op());
  c->muted = r.number_in(0, 1) != 0;
  if (r.bad() || (last == 0 && !c->muted)) return r.refuse();
  state.restore_touch(*c, last);
  if (c->is_set()) {
    read_set(r, owner, *c->set, last);
    const bool grows = c->type == wire::Type::gset;
    if (grows && !(c->set->removed.empty() && c->set->foreign.empty())) r.refuse();
  } else if (c->type == wire::Type::lww) {
    c->op = r.number_in(last == 0 ? 0 : 1, last);
    c->hlc = crdt::Hlc{r.number()};
    c->value = std::string(r.text());
    if (last != 0 && !wire::decode_scalar(c->value)) r.refuse();
  } else {
    c->p = r.number();
    c->n = r.number_in(0, c->type == wire::Type::gcounter ? 0 : u64_max);
    if (last != 0 && c->p == 0 && c->n == 0) r.refuse();
  }
}

void write_links(Writer& w, const Memory& m) {
  w.number(m.points.forgotten());
  w.number(m.points.kept().size());
  for (const wire::Point& p : m.points.kept()) {
    w.number(p.op);
    w.raw(p.hash.view());
  }
  w.number(m.gateways.links().size());
  for (const GatewayLink& l : m.gateways.links()) {
    w.text(l.name);
    w.number(l.incarnation);
    w.number(l.hlc.packed);
    w.number(l.point);
  }
}

void read_links(Reader& r, Memory& m) {
  const std::uint64_t last = m.state.last_op();
  const std::uint64_t forgotten = r.number_in(0, last);
  std::deque<wire::Point> points;
  for (std::uint64_t left = r.number_in(0, Points::kept_max); left > 0 && !r.bad(); --left) {
    wire::Point p;
    p.op = r.number_in(1, last);
    const std::string_view hash = r.raw(hash_bytes);
    if (!r.bad()) std::memcpy(p.hash.bytes.data(), hash.data(), hash_bytes);
    points.push_back(p);
  }
  m.points.restore(forgotten, std::move(points));
  std::vector<GatewayLink> links;
  for (std::uint64_t left = r.number_in(0, Gateways::links_max); left > 0 && !r.bad(); --left) {
    GatewayLink l;
    l.name = std::string(r.text());
    l.incarnation = r.number();
    l.hlc = crdt::Hlc{r.number()};
    l.point = r.number_in(0, last);
    links.push_back(std::move(l));
  }
  m.gateways.restore(std::move(links));
}

Error corrupt(const char* what) {
  return {Error::Code::snapshot_corrupt, std::string("snapshot: ") + what};
}

}  // namespace

std::string encode_snapshot(std::string_view fleet, std::string_view device, const Memory& m) {
  Writer w;
  w.raw(magic);
  w.number(version);
  w.text(fleet);
  w.text(device);
  w.number(m.epoch);
  w.number(m.state.last_op());
  w.number(m.state.hlc().packed);
  w.number(m.state.clock().packed);
  write_links(w, m);
  std::uint64_t cells = 0;
  for (const Cell* c : m.state.by_age()) cells += c->last != 0 || c->muted ? 1 : 0;
  w.number(cells);
  for (const Cell* c : m.state.by_age()) {
    if (c->last != 0 || c->muted) write_cell(w, *c);
  }
  const wire::Hash sum = wire::sha256(w.view());
  w.raw(sum.view());
  return w.take();
}

std::optional<Error> decode_snapshot(std::string_view bytes, std::string_view fleet,
                                     std::string_view device, Memory& m) {
  if (bytes.substr(0, magic.size()) != magic || bytes.size() < magic.size() + hash_bytes) {
    return corrupt("not a snapshot, or cut short");
  }
  const std::string_view body = bytes.substr(0, bytes.size() - hash_bytes);
  if (wire::sha256(body).view() != bytes.substr(body.size())) {
    return corrupt("its checksum does not fit: damaged or cut short");
  }
  Reader r(body.substr(magic.size()));
  const std::uint64_t written = r.number();
  if (written != version) {
    return Error{Error::Code::snapshot_version,
                 "snapshot: version " + std::to_string(written) + ", this SDK reads version 1"};
  }
  const std::string_view its_fleet = r.text(), its_device = r.text();
  if (its_fleet != fleet || its_device != device) {
    return Error{Error::Code::snapshot_foreign, "snapshot: of device \"" + std::string(its_device) +
                                                    "\" in fleet \"" + std::string(its_fleet) +
                                                    "\""};
  }
  m.epoch = r.number();
  const std::uint64_t last_op = r.number_in(0, last_op_max);
  const crdt::Hlc hlc{r.number()};
  m.state.restore(last_op, hlc, crdt::Hlc{r.number()});
  read_links(r, m);
  for (std::uint64_t left = r.number(); left > 0 && !r.bad(); --left)
    read_cell(r, {device, m.epoch}, m.state);
  if (!r.done()) return corrupt("its contents are not what its version says");
  return std::nullopt;
}

}  // namespace tributary::sdk
