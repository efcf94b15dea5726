// SPDX-License-Identifier: Apache-2.0
#include "tests/crdt/support/laws.h"

namespace tributary::crdt {
namespace {

using Lattices = testing::Types<GCounterPart, PnCounterPart, GCounter<Actor>, PnCounter<Actor>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Counters, Laws, Lattices);
using Values = testing::Types<GCounter<Actor>, PnCounter<Actor>, GCounter<ActorRef>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Counters, ValueLaws, Values);

}  // namespace
}  // namespace tributary::crdt
