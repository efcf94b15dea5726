// SPDX-License-Identifier: Apache-2.0
#include "tests/crdt/support/laws.h"

namespace tributary::crdt {
namespace {

using Lattices = testing::Types<LwwPart, LwwRegister<Actor>, LwwRegister<ActorRef>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Registers, Laws, Lattices);
using Values = testing::Types<LwwRegister<Actor>, LwwRegister<ActorRef>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Registers, ValueLaws, Values);

}  // namespace
}  // namespace tributary::crdt
