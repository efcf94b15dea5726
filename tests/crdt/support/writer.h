// SPDX-License-Identifier: Apache-2.0
// A device reduced to what makes entries of one key: it can say what its operations (lo, hi] did as
// it stands now, cut at any operation. One Writer<T> for each type.
//
//   Writer<OrSet<>> writer(actor);
//   writer.write(step, what_it_sees);
//   writer.entries(from, random, body);    // of the operations (from, now], in one or more pieces
#pragma once
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/crdt/support/entries.h"
#include "tests/crdt/support/history.h"

namespace tributary::crdt {

// What one actor's operations did, by number; made() is the part that operations (lo, hi] stand for
// now.
template <class T>
struct Made;

template <class A>
struct Made<GCounter<A>> {
  static constexpr bool always_whole = true;
  GCounterPart now;
  bool write(const A&, std::uint64_t, const Step& step, const GCounter<A>&) {
    now.p += step.arg;
    return step.arg != 0;
  }
  GCounterPart made(std::uint64_t, std::uint64_t) const { return now; }
};
template <class A>
struct Made<PnCounter<A>> {
  static constexpr bool always_whole = true;
  PnCounterPart now;
  bool write(const A&, std::uint64_t, const Step& step, const PnCounter<A>&) {
    (step.what % 2 == 0 ? now.p : now.n) += step.arg;
    return step.arg != 0;
  }
  PnCounterPart made(std::uint64_t, std::uint64_t) const { return now; }
};
template <class A>
struct Made<LwwRegister<A>> {
  static constexpr bool always_whole = true;
  LwwPart now;
  bool write(const A&, std::uint64_t op, const Step& step, const LwwRegister<A>&) {
    now = LwwPart{op, Hlc{step.arg % 16}, words[step.what % words.size()]};
    return true;
  }
  LwwPart made(std::uint64_t, std::uint64_t) const { return now; }
};
template <class A>
struct Made<GSet<A>> {
  static constexpr bool always_whole = false;
  std::map<std::uint64_t, std::string> added;
  bool write(const A&, std::uint64_t op, const Step& step, const GSet<A>&) {
    for (const auto& [n, element] : added) {
      if (element == words[step.arg % words.size()]) return false;
    }
    return added.emplace(op, words[step.arg % words.size()]).second;
  }
  GSetPart made(std::uint64_t lo, std::uint64_t hi) const {
    GSetPart part;
    for (auto i = added.upper_bound(lo); i != added.upper_bound(hi); ++i) {
      part.elements.insert(i->second);
    }
    return part;
  }
};
template <class A>
struct Made<OrSet<A>> {
  static constexpr bool always_whole = false;
  std::map<std::uint64_t, std::string> live;
  std::multimap<std::uint64_t, std::uint64_t> removed;  // by operation: own adds that it killed
  std::multimap<std::uint64_t, Dot<A>> foreign;         // by operation: adds of others

  bool write(const A& self, std::uint64_t op, const Step& step, const OrSet<A>& seen) {
    if (step.what == 4) return forget(seen);
    const std::string& element = words[step.arg % words.size()];
    const bool adds = step.what % 2 == 0;
    const std::size_t before = removed.size() + foreign.size();
    for (auto add = live.begin(); add != live.end();) {
      const bool dies = add->second == element;
      if (dies) removed.emplace(op, add->first);
      add = dies ? live.erase(add) : std::next(add);
    }
    if (adds) return live.emplace(op, element).second;
    for (const Dot<A>& dot : seen.dots(element)) {
      if (dot.actor != self) foreign.emplace(op, dot);
    }
    return removed.size() + foreign.size() != before;
  }
  // A removal may be left out of later entries once its target was seen dead in its owner's part.
  bool forget(const OrSet<A>& seen) {
    return std::erase_if(foreign, [&](const auto& f) { return seen.dead(f.second); }) != 0;
  }
  OrSetPart<A> made(std::uint64_t lo, std::uint64_t hi) const {
    OrSetPart<A> part;
    part.covered.add(lo, hi);
    for (auto i = live.upper_bound(lo); i != live.upper_bound(hi); ++i) {
      part.live.insert(i->first, i->second);
    }
    for (auto i = removed.upper_bound(lo); i != removed.upper_bound(hi); ++i) {
      if (i->second <= lo) part.covered.add(i->second);
    }
    for (auto i = foreign.upper_bound(lo); i != foreign.upper_bound(hi); ++i) {
      part.foreign.insert(i->second);
    }
    return part;
  }
};

template <class T>
class Writer {
 public:
  using A = typename T::PartMap::key_type;

  explicit Writer(A actor) : actor_(std::move(actor)) {}

  bool write(const Step& step, const T& seen) {
    if (!made_.write(actor_, now_ + 1, step, seen)) return false;
    ++now_;
    return true;
  }
  std::uint64_t now() const { return now_; }

  // The operations (from, now], cut at random; the pieces go out in bodies of their own. REQUIRES
  // from < now.
  std::vector<ModelEntry<T>> entries(std::uint64_t from, std::mt19937_64& random,
                                     std::uint64_t& bodies) const {
    std::vector<ModelEntry<T>> all;
    std::uint64_t lo = Made<T>::always_whole ? 0 : from;
    while (lo < now_) {
      const std::uint64_t hi = Made<T>::always_whole ? now_ : lo + 1 + random() % (now_ - lo);
      all.push_back({actor_, lo, hi, now_, (++bodies * 7919) % 1009, made_.made(lo, hi)});
      lo = hi;
    }
    return all;
  }
  T whole() const {
    T value;
    if (now_ > 0) value.join_part(actor_, made_.made(0, now_));
    return value;
  }

 private:
  A actor_;
  std::uint64_t now_ = 0;
  Made<T> made_;
};

}  // namespace tributary::crdt
