// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/keyspace.h"

#include <algorithm>
#include <cassert>

#include "crdt/planted.h"
#include "gateway/core/entry_part.h"
#include "gateway/core/footprint.h"
#include "transports/wire/scalar.h"

namespace tributary::core {
namespace {

using wire::Type;

// What an entry's frame weighs on the wire beside key and payload.
constexpr std::size_t entry_frame_bytes = 12;
constexpr std::size_t element_frame_bytes = 6;

constexpr std::uint64_t json_integer_max = std::uint64_t{1} << 53;

template <class Integer>
std::string json_of_integer(const Integer& v, std::string text) {
  const bool small = v <= Integer{json_integer_max} && v >= -Integer{json_integer_max};
  return small ? std::move(text) : '"' + text + '"';
}

std::string json_of_unsigned(crdt::uint128 v) {
  const std::string text = crdt::to_string(v);
  return v <= crdt::uint128{json_integer_max} ? text : '"' + text + '"';
}

template <class Elements>
std::string json_of_elements(const Elements& elements) {
  std::string out = "[";
  for (const auto& e : elements) {
    if (out.size() > 1) out += ',';
    out += wire::json_of_bytes(e);
  }
  return out + ']';
}

struct ToJson {
  std::string operator()(const Opaque&) const { return "null"; }
  std::string operator()(const Resting&) const { return "null"; }  // Keyspace::shown()
  std::string operator()(const GCounter& v) const { return json_of_unsigned(v.value()); }
  std::string operator()(const PnCounter& v) const {
    return json_of_integer(v.value(), crdt::to_string(v.value()));
  }
  std::string operator()(const GSet& v) const { return json_of_elements(v.elements()); }
  std::string operator()(const OrSet& v) const { return json_of_elements(v.elements()); }
  std::string operator()(const LwwRegister& v) const {
    const auto winner = v.winner();
    return winner ? wire::json_of_scalar(winner->value) : "null";
  }
};

}  // namespace

std::string KeyState::json() const {
  return marks.doubted ? without_excluded().json() : visit(ToJson{});
}

KeyState KeyState::without_excluded() const {
  KeyState out;
  out.key = key;
  out.type = type;
  visit([&](const auto& all) {
    using Value = std::decay_t<decltype(all)>;
    if constexpr (std::is_same_v<Value, GCounter> || std::is_same_v<Value, PnCounter>) {
      out.value = all.without([](ActorRef actor) { return actor.record->excluded; });
    } else if constexpr (has_parts<Value>) {
      Value rest;
      if constexpr (std::is_same_v<Value, LwwRegister>) rest.set_horizon(all.horizon());
      for (const auto& [actor, part] : all.parts()) {
        if (!actor.record->excluded) rest.join_part(actor, part);
      }
      if constexpr (boxed<Value>) {
        out.value = std::make_unique<Value>(std::move(rest));
      } else {
        out.value = std::move(rest);
      }
    }
  });
  return out;
}

std::optional<std::uint32_t> KeyState::place_of(ActorRef actor) const {
  if (const auto* v = std::get_if<GCounter>(&value)) return v->parts().place_of(actor);
  if (const auto* v = std::get_if<PnCounter>(&value)) return v->parts().place_of(actor);
  if (const auto* v = std::get_if<LwwRegister>(&value)) return v->parts().place_of(actor);
  return std::nullopt;
}

bool KeyState::is_all_of(ActorRef actor, const wire::Entry& entry) const {
  if (const auto* v = std::get_if<GCounter>(&value)) {
    const auto* held = v->part(actor);
    return held != nullptr && held->p == std::get<wire::GCounterPayload>(entry.payload).p;
  }
  if (const auto* v = std::get_if<PnCounter>(&value)) {
    const auto& p = std::get<wire::PnCounterPayload>(entry.payload);
    return v->part(actor) == crdt::PnCounterPart{p.p, p.n};
  }
  return false;
}

namespace {

// What the entry adds less what it lets die. Its lists are ascending (protocol.md section 3).
bool adds_more(const OrSet::Part& held, const wire::Entry& entry) {
  const auto& said = std::get<wire::OrSetPayload>(entry.payload);
  std::size_t more = 0, less = 0;
  for (const auto& add : said.adds)
    if (!held.covered.contains(add.op)) more += footprint::add(add.element.size());
  if (more == 0) return false;
  for (const auto& [op, element] : held.live) {
    const bool spoken_of = (op > entry.lo && op <= entry.hi) ||
                           std::binary_search(said.removed.begin(), said.removed.end(), op);
    if (!spoken_of) continue;
    const auto at =
        std::lower_bound(said.adds.begin(), said.adds.end(), op,
                         [](const auto& add, std::uint64_t wanted) { return add.op < wanted; });
    const bool stays = at != said.adds.end() && at->op == op;
    if (!stays) less += footprint::add(element.size());
  }
  return more > less;
}

bool removes_more(const ActorTable& actors, const OrSet::Part& held, const wire::Entry& entry) {
  const auto& foreign = std::get<wire::OrSetPayload>(entry.payload).foreign;
  return !std::all_of(foreign.begin(), foreign.end(), [&](const auto& f) {
    ActorRecord* const owner = actors.find(f.device, f.epoch);
    return owner != nullptr && held.foreign.contains(Dot{{owner}, f.op});
  });
}

}  // namespace

bool Keyspace::would_grow(ActorRef actor, const wire::Entry& entry) const {
  const KeyState* const key = find(entry.key, entry.type);
  if (key == nullptr) return true;
  if (key->if_a<GCounter>() != nullptr || key->if_a<PnCounter>() != nullptr)
    return !key->place_of(actor);
  if (const auto* v = key->if_a<LwwRegister>()) {
    const auto* held = v->part(actor);
    return held == nullptr ||
           std::get<wire::LwwPayload>(entry.payload).value.size() > held->value.size();
  }
  if (const auto* v = key->if_a<GSet>()) {
    const auto* held = v->part(actor);
    const auto& said = std::get<wire::GSetPayload>(entry.payload).elements;
    return held == nullptr || !std::all_of(said.begin(), said.end(), [&](std::string_view e) {
             return held->elements.contains(e);
           });
  }
  if (const auto* v = key->if_a<OrSet>()) {
    const auto* held = v->part(actor);
    return held == nullptr || adds_more(*held, entry) || removes_more(actors_, *held, entry);
  }
  return true;
}

std::size_t KeyState::contributors() const {
  return visit([this](const auto& v) -> std::size_t {
    using Value = std::decay_t<decltype(v)>;
    if constexpr (std::is_same_v<Value, Resting>) {
      return v.writers.size();
    } else if constexpr (!has_parts<Value>) {
      return 0;
    } else if (!marks.doubted) {
      return aside + v.parts().size();
    } else {
      const auto counts = [](const auto& of) { return !of.first.record->excluded; };
      return aside +
             static_cast<std::size_t>(std::count_if(v.parts().begin(), v.parts().end(), counts));
    }
  });
}

// Every change of a part, in the words of docs/protocol.md section 8.
struct Keyspace::Watch {
  Keyspace& space;
  KeyState& key;
  AtomWriter writer{};
  std::optional<std::uint32_t> place = std::nullopt;  // of the part that is joined, if it is known

  AtomWriter& atom(ActorRef a, std::uint32_t items) {
    return writer.begin(items + 4)
        .number(key.type)
        .text(a.record->name.device)
        .number(a.record->name.epoch)
        .text(key.key);
  }
  void put(ActorRef a, std::int32_t times) {
    space.digests_.change(a.record->bucket, writer.view(), times);
  }
  void atom_of(ActorRef a, const crdt::GCounterPart& p) { atom(a, 1).number(p.p); }
  void atom_of(ActorRef a, const crdt::PnCounterPart& p) { atom(a, 2).number(p.p).number(p.n); }
  void atom_of(ActorRef a, const crdt::LwwPart& p) {
    atom(a, 3).number(p.op).number(p.hlc.packed).binary(p.value);
  }
  template <class Part>
  void went(ActorRef a, const Part& p) {
    atom_of(a, p), put(a, -1);
  }
  template <class Part>
  void stays(ActorRef a, const Part& p) {
    atom_of(a, p), space.digests_.add(a.record->bucket, writer.view());
  }
  // From now on the part's atom is not in the digest, until settle_loose().
  template <class Part>
  void loosen(ActorRef a, const Part& before) {
    EntrySlot& slot = key.slots.at(place ? *place : *key.place_of(a));
    if (slot.loose()) return;
    slot.set_loose(true);
    space.loose_.emplace_back(&key, a.record);
    if (!before.is_bottom()) went(a, before);
  }
  void appeared(ActorRef a) {
    space.parts_ += 1;
    weigh(a, key.key.size() + entry_frame_bytes, footprint::part(key.type), true);
  }
  // Adds to (or takes from) the actor's weight on the wire and the memory of its type.
  void weigh(ActorRef a, std::size_t wire_bytes, std::size_t memory_bytes, bool more) {
    std::size_t& memory = space.bytes_[key.type];
    assert(more || (a.record->part_bytes >= wire_bytes && memory >= memory_bytes));
    a.record->part_bytes =
        more ? a.record->part_bytes + wire_bytes : a.record->part_bytes - wire_bytes;
    memory = more ? memory + memory_bytes : memory - memory_bytes;
  }

  void part(ActorRef a, const crdt::GCounterPart& before, const crdt::GCounterPart&) {
    if (before.is_bottom()) appeared(a);
    loosen(a, before);
  }
  void part(ActorRef a, const crdt::PnCounterPart& before, const crdt::PnCounterPart&) {
    if (before.is_bottom()) appeared(a);
    loosen(a, before);
  }
  void part(ActorRef a, const crdt::LwwPart& before, const crdt::LwwPart& after) {
    if (before.is_bottom()) {
      appeared(a);
    } else {
      weigh(a, before.value.size(), before.value.size(), false);
    }
    loosen(a, before);
    weigh(a, after.value.size(), after.value.size(), true);
  }

  void added(ActorRef a, std::string_view element) {
    atom(a, 1).binary(element), put(a, +1);
    weigh(a, element.size() + element_frame_bytes, footprint::grown(element.size()), true);
  }

  void live(ActorRef a, std::uint64_t op, std::string_view element, bool more) {
    atom(a, 3).text("live").number(op).binary(element), put(a, more ? +1 : -1);
    weigh(a, element.size() + element_frame_bytes, footprint::add(element.size()), more);
  }
  void live_added(ActorRef a, std::uint64_t op, std::string_view element) {
    live(a, op, element, true);
  }
  void live_removed(ActorRef a, std::uint64_t op, std::string_view element) {
    live(a, op, element, false);
  }

  void foreign(ActorRef holder, const Dot& dot, bool more) {
    const crdt::Actor& owner = dot.actor.record->name;
    atom(holder, 4).text("foreign").text(owner.device).number(owner.epoch).number(dot.op);
    put(holder, more ? +1 : -1);
    holder.record->removals += more ? 1u : ~0u;
    weigh(holder, owner.device.size() + 2 * element_frame_bytes, footprint::removal, more);
  }
  void foreign_added(ActorRef holder, const Dot& dot) {
    foreign(holder, dot, true);
    space.foreign_.push_back({&key, dot, holder});
  }
  void foreign_dropped(ActorRef holder, const Dot& dot) {
    foreign(holder, dot, false);
    space.released_.emplace_back(&key, holder);
  }
  void covered(ActorRef a, const crdt::IntervalSet& before, const crdt::IntervalSet& after) {
    if (!before.empty()) intervals(a, before), put(a, -1);
    intervals(a, after), put(a, +1);
  }
  void intervals(ActorRef a, const crdt::IntervalSet& set) {
    atom(a, 2).text("covered").array(static_cast<std::uint32_t>(set.size()));
    for (const auto& i : set.intervals()) writer.array(2).number(i.lo).number(i.hi);
  }
};

KeyState* Keyspace::find(std::string_view key, std::uint8_t type) const {
  const auto number = by_name_.find(Name{key, type}.hash(), [&](std::uint32_t n) {
    return keys_[n].type == type && keys_[n].key == key;
  });
  return number ? &keys_[*number] : nullptr;
}

// Nothing of it is here.
void Keyspace::clear(KeyState& key) const {
  switch (static_cast<Type>(key.type)) {
    case Type::gcounter:
      key.value.emplace<GCounter>();
      break;
    case Type::pncounter:
      key.value.emplace<PnCounter>();
      break;
    case Type::gset:
      key.value = std::make_unique<GSet>();
      break;
    case Type::orset:
      key.value = std::make_unique<OrSet>();
      break;
    case Type::lww:
      key.value.emplace<LwwRegister>().set_horizon(horizon_);
      break;
    default:
      break;
  }
}

KeyState& Keyspace::intern(std::string_view key, std::uint8_t type) {
  if (KeyState* known = find(key, type)) return *known;
  KeyState& made = keys_.add();
  made.key = std::string(key);
  made.type = type;
  made.number = keys_.size() - 1;
  clear(made);
  by_name_.insert(Name{key, type}.hash(), made.number);
  bytes_[wire::known(type) ? type : 0] += made.key.size() + footprint::key;
  order_.clear();
  return made;
}

KeyState& Keyspace::intern_after(KeyState* before, std::string_view key, std::uint8_t type) {
  KeyState* known = find_after(before, key, type);
  KeyState& out = known != nullptr ? *known : intern(key, type);
  if (before != nullptr) before->next = out.number;
  return out;
}

KeyState* Keyspace::find_after(KeyState* before, std::string_view key, std::uint8_t type) const {
  if (before != nullptr) {
    KeyState& likely = at(before->next);
    if (likely.type == type && likely.key == key) return &likely;
  }
  return find(key, type);
}

bool Keyspace::counts_on(ActorRecord& actor, const wire::Delta& d,
                         std::vector<PartAt>& parts) const {
  parts.clear();
  const ActorRef ref{&actor};
  for (const wire::Entry& entry : d.entries) {
    KeyState* const before = parts.empty() ? nullptr : parts.back().key;
    KeyState* const key = find_after(before, entry.key, entry.type);
    if (key == nullptr) return false;
    std::optional<std::uint32_t> place;
    if (const auto* v = std::get_if<GCounter>(&key->value)) {
      place = v->parts().place_of(ref);
      if (place && std::get<wire::GCounterPayload>(entry.payload).p < v->parts().part_at(*place).p)
        return false;
    } else if (const auto* pn = std::get_if<PnCounter>(&key->value)) {
      const auto& said = std::get<wire::PnCounterPayload>(entry.payload);
      place = pn->parts().place_of(ref);
      if (place && !pn->parts().part_at(*place).leq({said.p, said.n})) return false;
    }
    if (!place) return false;
    parts.push_back({key, *place});
  }
  return true;
}

bool Keyspace::count_on(ActorRecord& actor, const PartAt& at, const wire::Entry& entry,
                        std::uint64_t wall_ms) {
  assert(entry.type == at.key->type && entry.key == at.key->key);
  KeyState& key = *at.key;
  Watch watch{*this, key, {}, at.place};
  bool grew = false;
  if (auto* v = std::get_if<GCounter>(&key.value)) {
    const auto& said = std::get<wire::GCounterPayload>(entry.payload);
    grew = v->join_part_at(at.place, {&actor}, {said.p}, watch);
  } else {
    const auto& said = std::get<wire::PnCounterPayload>(entry.payload);
    grew = std::get<PnCounter>(key.value).join_part_at(at.place, {&actor}, {said.p, said.n}, watch);
  }
  if (grew) changed(actor, key, wall_ms);
  return grew;
}

bool Keyspace::apply(ActorRecord& actor, KeyState& key, const wire::Entry& entry,
                     std::uint64_t wall_ms) {
  assert(entry.type == key.type && entry.key == key.key);
  if (!wire::known(entry.type)) return false;
  struct Join {
    Keyspace& space;
    Watch watch;
    ActorRef actor;
    const wire::Entry& entry;

    bool operator()(Opaque&) { return false; }
    bool operator()(Resting&) {  // REQUIRES: it was woken
      assert(false);
      return false;
    }
    bool operator()(GCounter& v) {
      return v.join_part(actor, {std::get<wire::GCounterPayload>(entry.payload).p}, watch);
    }
    bool operator()(PnCounter& v) {
      const auto& p = std::get<wire::PnCounterPayload>(entry.payload);
      return v.join_part(actor, {p.p, p.n}, watch);
    }
    bool operator()(GSet& v) {
      const bool first = v.part(actor) == nullptr;
      const bool changed =
          v.join_elements(actor, std::get<wire::GSetPayload>(entry.payload).elements, watch);
      if (first && v.part(actor) != nullptr) watch.appeared(actor);
      return changed;
    }
    bool operator()(OrSet& v) {
      const bool first = v.part(actor) == nullptr;
      const bool changed = v.join_part(actor, orset_part(space.actors_, entry), watch);
      if (first && v.part(actor) != nullptr) watch.appeared(actor);
      return changed;
    }
    bool operator()(LwwRegister& v) {
      const auto& p = std::get<wire::LwwPayload>(entry.payload);
      v.set_horizon(space.horizon_);
      if (planted(Bug::drop_held_register) && p.hlc > space.horizon_) return false;
      return v.join_part(actor, lww_part(entry), watch);
    }
  };
  const bool grew = key.visit(Join{*this, Watch{*this, key}, {&actor}, entry});
  if (grew) changed(actor, key, wall_ms);
  if (grew && entry.type == static_cast<std::uint8_t>(Type::lww)) watch_held(key);
  return grew;
}

void Keyspace::changed(ActorRecord& actor, KeyState& key, std::uint64_t wall_ms) {
  if (loose() >= loose_max) settle_loose(settled_at_once);
  key.changed_at_ms = wall_ms;
  key.used = now_;
  if (actor.excluded) key.marks.doubted = true;
  mark(key);
}

void Keyspace::exclude(ActorRecord& actor) {
  if (actor.excluded) return;
  actor.excluded = true;
  for (std::uint32_t n = 0; n < keys_.size(); ++n) {
    KeyState& key = keys_[n];
    const bool has = key.visit([&](const auto& v) {
      if constexpr (has_parts<std::decay_t<decltype(v)>>) {
        return v.parts().count({&actor}) > 0;
      } else {
        return false;
      }
    });
    if (!has) continue;
    key.marks.doubted = true;
    mark(key);
  }
}

bool Keyspace::prepare_digests() {
  const std::size_t before = std::exchange(loose_left_, not_begun);
  const std::size_t some = settled_at_once + (loose() > before ? loose() - before : 0);
  if (loose() <= settled_at_once || some > settled_at_most) return true;
  settle_loose(std::min(some, loose()));
  loose_left_ = loose();
  return false;
}

void Keyspace::settle_loose(std::size_t oldest) {
  AtomWriter writer;
  for (; oldest > 0; --oldest) {
    const auto [key, actor] = loose_[loose_from_++];
    Watch watch{*this, *key, std::move(writer)};
    key->slots.at(*key->place_of({actor})).set_loose(false);
    key->visit([&, a = actor](const auto& v) {
      using Value = std::decay_t<decltype(v)>;
      if constexpr (std::is_same_v<Value, GCounter> || std::is_same_v<Value, PnCounter> ||
                    std::is_same_v<Value, LwwRegister>) {
        watch.stays({a}, *v.part({a}));
      }
    });
    writer = std::move(watch.writer);  // with the room that it has
  }
  if (loose_from_ < loose()) return;
  loose_.erase(loose_.begin(), loose_.begin() + static_cast<std::ptrdiff_t>(loose_from_));
  loose_from_ = 0;
}

void Keyspace::mark(KeyState& key) {
  if (key.marks.changed) return;
  key.marks.changed = true;
  changed_.push_back(&key);
}

void Keyspace::watch_held(KeyState& key) {
  const auto next = key.as<LwwRegister>().next_release();
  const auto at = held_.find(&key);
  if (at != held_.end()) {
    if (at->second == next) return;
    releases_.erase({at->second, &key});
    held_.erase(at);
  }
  if (next) {
    held_.emplace(&key, *next);
    releases_.emplace(*next, &key);
  }
}

void Keyspace::set_horizon(crdt::Hlc horizon) {
  if (planted(Bug::show_future_register)) horizon = crdt::Hlc{~std::uint64_t{0}};
  if (horizon == horizon_) return;
  const bool back = horizon < horizon_;
  horizon_ = horizon;
  std::vector<KeyState*> due;
  if (back) {  // the wall clock was set back: what was shown may have to be held
    for (std::uint32_t n = 0; n < keys_.size(); ++n) {
      if (keys_[n].if_a<LwwRegister>() != nullptr) due.push_back(&keys_[n]);
      const auto* rests = keys_[n].if_a<Resting>();
      if (rests == nullptr || rests->newest <= horizon || keys_[n].marks.wished) continue;
      keys_[n].marks.wished = true;
      wished_.push_back(&keys_[n]);
    }
  } else {
    for (const auto& [stamp, key] : releases_) {
      if (stamp > horizon) break;
      due.push_back(key);
    }
  }
  // Neither tables nor addresses may order what is marked.
  std::sort(due.begin(), due.end(), [](const KeyState* a, const KeyState* b) {
    return std::tie(a->key, a->type) < std::tie(b->key, b->type);
  });
  for (KeyState* key : due) {
    if (key->as<LwwRegister>().set_horizon(horizon)) mark(*key);
    watch_held(*key);
  }
}

std::optional<crdt::Hlc> Keyspace::next_release() const {
  return releases_.empty() ? std::nullopt : std::optional(releases_.begin()->first);
}

std::vector<KeyState*> Keyspace::take_changed() {
  for (KeyState* key : changed_) key->marks.changed = false;
  return std::exchange(changed_, {});
}

std::vector<ForeignRemoval> Keyspace::take_foreign() {
  return std::exchange(foreign_, {});
}

std::vector<std::pair<KeyState*, ActorRef>> Keyspace::take_released() {
  return std::exchange(released_, {});
}

std::vector<const KeyState*> Keyspace::page(std::string_view after_key, std::uint8_t after_type,
                                            std::size_t max) const {
  const auto name_of = [](const KeyState* k) { return Name{k->key, k->type}; };
  if (order_.size() != keys_.size()) {
    order_.clear();
    for (std::uint32_t n = 0; n < keys_.size(); ++n) order_.push_back(&keys_[n]);
    std::sort(order_.begin(), order_.end(),
              [&](const KeyState* a, const KeyState* b) { return name_of(a) < name_of(b); });
  }
  const Name after{after_key, after_type};
  auto at = std::upper_bound(order_.begin(), order_.end(), after,
                             [&](const Name& n, const KeyState* k) { return n < name_of(k); });
  std::vector<const KeyState*> out;
  for (; at != order_.end() && out.size() < max; ++at) {
    if ((*at)->contributors() > 0) out.push_back(*at);
  }
  return out;
}

std::size_t Keyspace::total_bytes() const {
  std::size_t out = 0;
  for (const std::size_t b : bytes_) out += b;
  return out;
}

}  // namespace tributary::core
