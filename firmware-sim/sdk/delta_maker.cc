// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/sdk/delta_maker.h"

#include <algorithm>
#include <cassert>

#include "crdt/planted.h"

namespace tributary::sdk {
namespace {

const wire::Limits limits;
constexpr std::size_t parts_max = 65'535;

// One thing that one operation did to a set: the smallest piece that a cut may separate.
struct Change {
  enum class Kind : std::uint8_t { add, removed, foreign };
  std::uint64_t by = 0;  // the operation that did it
  Kind kind = Kind::add;
  std::uint64_t op = 0;  // removed: the add
  std::string_view element;
  const ForeignDot* foreign = nullptr;

  std::size_t bytes(wire::Type type) const {
    switch (kind) {
      case Kind::add:
        return type == wire::Type::gset ? bin_bytes(element.size()) : add_bytes(by, element);
      case Kind::removed:
        return uint_bytes(op);
      case Kind::foreign:
        break;
    }
    return foreign_bytes(*foreign);
  }
};

// All that operations > lo did to the set, ascending by operation.
std::vector<Change> changes_since(const SetPart& s, std::uint64_t lo) {
  std::vector<Change> out;
  for (auto it = s.adds.upper_bound(lo); it != s.adds.end(); ++it) {
    out.push_back({it->first, Change::Kind::add, it->first, it->second, nullptr});
  }
  for (auto it = s.removed.rbegin(); it != s.removed.rend() && it->by > lo; ++it) {
    out.push_back({it->by, Change::Kind::removed, it->op, {}, nullptr});
  }
  for (const auto& [dot, by] : s.foreign) {
    if (by > lo) out.push_back({by, Change::Kind::foreign, dot.op, {}, &dot});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Change& a, const Change& b) { return a.by < b.by; });
  return out;
}

using Span = std::pair<const Change*, const Change*>;

wire::OrSetPayload or_set_payload(std::uint64_t lo, Span span) {
  wire::OrSetPayload out;
  for (const Change* c = span.first; c != span.second; ++c) {
    switch (c->kind) {
      case Change::Kind::add:
        out.adds.push_back({c->op, c->element});
        break;
      case Change::Kind::removed:
        if (c->op <= lo) out.removed.push_back(c->op);  // above lo: dead because it is not listed
        break;
      case Change::Kind::foreign:
        out.foreign.push_back({c->foreign->device, c->foreign->epoch, c->foreign->op});
        break;
    }
  }
  std::sort(out.removed.begin(), out.removed.end());
  std::sort(out.foreign.begin(), out.foreign.end());
  return out;
}

wire::Entry set_entry(const Cell& c, std::uint64_t lo, std::uint64_t hi, Span span) {
  wire::Entry e;
  e.key = c.key;
  e.type = static_cast<std::uint8_t>(c.type);
  e.lo = lo;
  e.hi = hi;
  if (c.type == wire::Type::orset) {
    e.payload = or_set_payload(lo, span);
    return e;
  }
  wire::GSetPayload p;
  for (const Change* x = span.first; x != span.second; ++x) p.elements.push_back(x->element);
  std::sort(p.elements.begin(), p.elements.end());
  e.payload = std::move(p);
  return e;
}

// What an entry costs beside its changes: headers, key, type, interval, and the three lists' own
// headers.
std::size_t entry_overhead(const Cell& c, std::uint64_t to) {
  return 1 + str_bytes(c.key.size()) + 1 + 2 * uint_bytes(to) + 1 + 3 * 3;
}

// (lo, to] in as few pieces as fit `budget`, each (m, m'] with what its operations did.
void cut(const Cell& c, std::uint64_t lo, std::uint64_t to, std::size_t budget,
         const std::vector<Change>& changes, std::vector<wire::Entry>& out) {
  const std::size_t overhead = entry_overhead(c, to);
  const Change* const end = changes.data() + changes.size();
  const Change* first = changes.data();
  std::size_t bytes = overhead, items = 0;
  for (const Change* x = first; x != end;) {
    const Change* next = x;  // the changes of one operation stay together
    std::size_t more = 0;
    while (next != end && next->by == x->by) more += (next++)->bytes(c.type);
    const auto count = static_cast<std::size_t>(next - x);
    if (x != first && (bytes + more > budget || items + count > limits.items_max)) {
      const std::uint64_t m = planted(Bug::split_with_one_interval) ? to : (x - 1)->by;
      out.push_back(set_entry(c, lo, m, {first, x}));
      if (!planted(Bug::split_with_one_interval)) lo = m;
      first = x;
      bytes = overhead;
      items = 0;
    }
    bytes += more;
    items += count;
    x = next;
  }
  out.push_back(set_entry(c, lo, to, {first, end}));
}

void set_entries(Cell& c, std::uint64_t from, std::uint64_t to, const DeltaFrame& frame,
                 std::size_t budget, std::vector<wire::Entry>& out) {
  SetPart& s = *c.set;
  // Complete entries supersede what was sent before: for small sets at once, for large ones when
  // what gateways keep of it would outweigh the set.
  const bool complete =
      s.bytes <= frame.small_set_bytes || s.since_bytes > s.bytes || from < s.horizon;
  const std::uint64_t lo = complete ? 0 : from;
  const std::size_t before = out.size();
  cut(c, lo, to, budget, changes_since(s, lo), out);
  if (lo == 0) {
    s.since_bytes = 0;
    return;
  }
  for (std::size_t i = before; i < out.size(); ++i) s.since_bytes += wire::encoded_size(out[i]);
}

wire::Entry plain_entry(const Cell& c, std::uint64_t to) {
  wire::Entry e;
  e.key = c.key;
  e.type = static_cast<std::uint8_t>(c.type);
  e.lo = 0;
  e.hi = to;
  if (c.type == wire::Type::gcounter) {
    e.payload = wire::GCounterPayload{c.p};
  } else if (c.type == wire::Type::pncounter) {
    e.payload = wire::PnCounterPayload{c.p, c.n};
  } else {
    e.payload = wire::LwwPayload{c.op, c.hlc, c.value};
  }
  return e;
}

std::vector<wire::Entry> entries_since(State& state, std::uint64_t from, const DeltaFrame& frame,
                                       std::size_t budget) {
  std::vector<Cell*> cells;
  state.for_each_since(from, [&](Cell& c) {
    if (!c.muted) cells.push_back(&c);
  });
  std::sort(cells.begin(), cells.end(), [](const Cell* a, const Cell* b) {
    return std::pair(std::string_view(a->key), a->type) <
           std::pair(std::string_view(b->key), b->type);
  });
  std::vector<wire::Entry> out;
  for (Cell* c : cells) {
    if (c->is_set()) {
      set_entries(*c, from, state.last_op(), frame, budget, out);
    } else {
      out.push_back(plain_entry(*c, state.last_op()));
    }
  }
  return out;
}

// Entries into parts, in order: a new part when one is full, or would hold two pieces of one key.
std::vector<std::vector<wire::Entry>> box(std::vector<wire::Entry> entries, std::size_t budget) {
  std::vector<std::vector<wire::Entry>> parts(1);
  std::size_t bytes = 0;
  for (wire::Entry& e : entries) {
    const std::size_t more = wire::encoded_size(e);
    std::vector<wire::Entry>& last = parts.back();
    const bool same = !last.empty() && last.back().key == e.key && last.back().type == e.type;
    if (same || (!last.empty() && (bytes + more > budget || last.size() == limits.entries_max))) {
      parts.emplace_back();
      bytes = 0;
    }
    bytes += more;
    parts.back().push_back(std::move(e));
  }
  return parts;
}

}  // namespace

MadeDelta make_delta(State& state, const DeltaFrame& frame, std::uint64_t from, std::uint64_t id) {
  assert(from < state.last_op());
  wire::Delta d;
  d.fleet = frame.fleet;
  d.is_signed = frame.signer != nullptr;
  d.device = frame.device;
  d.epoch = frame.epoch;
  d.from = from;
  d.to = state.last_op();
  d.id = id;
  d.hlc = state.hlc();
  // The head with an empty list; 8 more bytes for the longest part numbers and list length.
  const std::size_t head = wire::encode_delta(d).size() + 8;
  std::size_t budget = frame.body_bytes_max > head ? frame.body_bytes_max - head : 1;

  std::vector<std::vector<wire::Entry>> parts =
      box(entries_since(state, from, frame, budget), budget);
  while (parts.size() > parts_max) {  // a state that large goes in larger packets
    budget *= 2;
    parts = box(entries_since(state, from, frame, budget), budget);
  }
  d.parts = static_cast<std::uint32_t>(parts.size());
  MadeDelta out;
  out.from = d.from;
  out.to = d.to;
  for (std::uint32_t i = 0; i < d.parts; ++i) {
    d.part = i + 1;
    d.entries = std::move(parts[i]);
    const std::string body = wire::encode_delta(d);
    if (i + 1 == d.parts) out.last_part = wire::sha256(body);
    out.envelopes.push_back(
        frame.signer ? signing::seal(signing::Kind::delta, frame.fleet, body, *frame.signer)
                     : wire::seal(body));
  }
  return out;
}

}  // namespace tributary::sdk
