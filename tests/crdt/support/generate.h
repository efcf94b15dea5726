// SPDX-License-Identifier: Apache-2.0
// Random values of every type for RapidCheck: small ranges, so that they collide often, and
// everything that the wire can carry, also what only clones and liars make (one dot with two
// elements, a dot dead here and live there).
#pragma once
#include <rapidcheck.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/crdt/support/show.h"

namespace tributary::crdt {

inline constexpr std::uint64_t ops_max = 9;

inline rc::Gen<std::string> any_element() {
  return rc::gen::elementOf(std::vector<std::string>{"x", "y", "z", std::string("\0\xFF", 2)});
}
inline rc::Gen<std::uint64_t> any_op() {
  return rc::gen::inRange<std::uint64_t>(1, ops_max + 1);
}
template <class A>
rc::Gen<A> any_actor() {
  return rc::gen::map(rc::gen::inRange<std::size_t>(0, actors_max), actor_of<A>);
}

// At most so many pieces: more would cover everything, and then there is nothing to disagree about.
inline constexpr int few = 9;

template <class A>
using Contributions = std::vector<std::pair<std::size_t, typename A::Part>>;

}  // namespace tributary::crdt

namespace rc {

namespace crdt = tributary::crdt;

template <>
struct Arbitrary<crdt::IntervalSet> {
  static Gen<crdt::IntervalSet> arbitrary() {
    const auto piece = gen::pair(gen::inRange<std::uint64_t>(0, crdt::ops_max - 3),
                                 gen::inRange<std::uint64_t>(1, 4));
    using Pieces = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
    return gen::map(gen::resize(crdt::few, gen::container<Pieces>(piece)),
                    [](const Pieces& pieces) {
                      crdt::IntervalSet s;
                      for (const auto& p : pieces) s.add(p.first, p.first + p.second);
                      return s;
                    });
  }
};

template <>
struct Arbitrary<crdt::GCounterPart> {
  static Gen<crdt::GCounterPart> arbitrary() {
    return gen::map(gen::inRange<std::uint64_t>(0, 5),
                    [](std::uint64_t p) { return crdt::GCounterPart{p}; });
  }
};

template <>
struct Arbitrary<crdt::PnCounterPart> {
  static Gen<crdt::PnCounterPart> arbitrary() {
    constexpr std::uint64_t wide = std::uint64_t{1} << 32;  // crdt/pn_parts.h
    const auto side = gen::weightedOneOf<std::uint64_t>(
        {{15, gen::inRange<std::uint64_t>(0, 4)},
         {1, gen::elementOf(std::vector<std::uint64_t>{wide - 1, wide, wide + 1, ~0ull})}});
    return gen::map(gen::pair(side, side), [](const std::pair<std::uint64_t, std::uint64_t>& p) {
      return crdt::PnCounterPart{p.first, p.second};
    });
  }
};

template <>
struct Arbitrary<crdt::GSetPart> {
  static Gen<crdt::GSetPart> arbitrary() {
    using Elements = std::vector<std::string>;
    return gen::map(gen::resize(crdt::few, gen::container<Elements>(crdt::any_element())),
                    [](const Elements& elements) {
                      crdt::GSetPart p;
                      p.elements.insert(elements.begin(), elements.end());
                      return p;
                    });
  }
};

template <class A>
struct Arbitrary<crdt::OrSetPart<A>> {
  static Gen<crdt::OrSetPart<A>> arbitrary() {
    using Live = std::vector<std::pair<std::uint64_t, std::string>>;
    using Dots = std::vector<std::pair<A, std::uint64_t>>;
    return gen::map(gen::tuple(gen::arbitrary<crdt::IntervalSet>(),
                               gen::resize(crdt::few, gen::container<Live>(gen::pair(
                                                          crdt::any_op(), crdt::any_element()))),
                               gen::resize(crdt::few, gen::container<Dots>(gen::pair(
                                                          crdt::any_actor<A>(), crdt::any_op())))),
                    [](const std::tuple<crdt::IntervalSet, Live, Dots>& made) {
                      crdt::OrSetPart<A> p;
                      p.covered = std::get<0>(made);
                      for (const auto& add : std::get<1>(made)) {
                        if (p.covers(add.first)) p.live.insert(add.first, add.second);
                      }
                      for (const auto& dot : std::get<2>(made)) {
                        p.foreign.insert(crdt::Dot<A>{dot.first, dot.second});
                      }
                      return p;
                    });
  }
};

template <>
struct Arbitrary<crdt::LwwPart> {
  static Gen<crdt::LwwPart> arbitrary() {
    return gen::map(
        gen::tuple(gen::inRange<std::uint64_t>(0, 4), gen::inRange<std::uint64_t>(0, 4),
                   crdt::any_element()),
        [](const std::tuple<std::uint64_t, std::uint64_t, std::string>& made) {
          if (std::get<0>(made) == 0) return crdt::LwwPart{};
          return crdt::LwwPart{std::get<0>(made), crdt::Hlc{std::get<1>(made)}, std::get<2>(made)};
        });
  }
};

// A whole value: any parts of any actors, joined one after the other.
template <class T, class A>
Gen<T> arbitrary_value() {
  return gen::map(gen::resize(crdt::few, gen::container<crdt::Contributions<T>>(gen::pair(
                                             gen::inRange<std::size_t>(0, crdt::actors_max),
                                             gen::arbitrary<typename T::Part>()))),
                  [](const crdt::Contributions<T>& contributions) {
                    T value;
                    for (const auto& c : contributions) {
                      value.join_part(crdt::actor_of<A>(c.first), c.second);
                    }
                    return value;
                  });
}

template <class A>
struct Arbitrary<crdt::GCounter<A>> {
  static Gen<crdt::GCounter<A>> arbitrary() { return arbitrary_value<crdt::GCounter<A>, A>(); }
};
template <class A>
struct Arbitrary<crdt::PnCounter<A>> {
  static Gen<crdt::PnCounter<A>> arbitrary() { return arbitrary_value<crdt::PnCounter<A>, A>(); }
};
template <class A>
struct Arbitrary<crdt::GSet<A>> {
  static Gen<crdt::GSet<A>> arbitrary() { return arbitrary_value<crdt::GSet<A>, A>(); }
};
template <class A>
struct Arbitrary<crdt::OrSet<A>> {
  static Gen<crdt::OrSet<A>> arbitrary() { return arbitrary_value<crdt::OrSet<A>, A>(); }
};
template <class A>
struct Arbitrary<crdt::LwwRegister<A>> {
  static Gen<crdt::LwwRegister<A>> arbitrary() {
    return arbitrary_value<crdt::LwwRegister<A>, A>();
  }
};

}  // namespace rc
