// SPDX-License-Identifier: Apache-2.0
#include "tests/crdt/support/laws.h"

namespace tributary::crdt {
namespace {

using Lattices = testing::Types<IntervalSet, GSetPart, GSet<Actor>>;
INSTANTIATE_TYPED_TEST_SUITE_P(GSets, Laws, Lattices);
INSTANTIATE_TYPED_TEST_SUITE_P(GSets, ValueLaws, testing::Types<GSet<Actor>>);

}  // namespace
}  // namespace tributary::crdt
