// SPDX-License-Identifier: Apache-2.0
// Keys of signatures, permissions and sealed windows.
#include <array>
#include <string_view>

#include "config/key_table.h"

namespace tributary::config {
namespace {

using G = Gateway;

constexpr std::array<std::string_view, 3> signatures_choices{"off", "accept", "require"};
constexpr std::array<std::string_view, 2> equivocation_choices{"count", "exclude"};

constexpr Key keys[] = {
    {.section = "security",
     .name = "signatures",
     .in_gateway = at<&G::security, &G::Security::signatures>,
     .choices = signatures_choices,
     .doc =
         "\"require\": only what the key of an enrolled device has signed is counted, whoever "
         "passes it on. \"accept\": what is signed must be signed well, what is not is taken: a "
         "step on the way, which protects nobody. The same on all gateways of a fleet, and fixed "
         "for it."},
    {.section = "security",
     .name = "permissions",
     .in_gateway = at<&G::security, &G::Security::permissions>,
     .doc =
         "Whether what no grant of the registry allows is refused; without grants that is "
         "everything. "
         "`tributary policy grant` makes them. The same on all gateways of a fleet, and fixed for "
         "it; needs signatures = \"require\"."},
    {.section = "security",
     .name = "equivocation",
     .in_gateway = at<&G::security, &G::Security::equivocation>,
     .choices = equivocation_choices,
     .doc =
         "What a device (in that epoch) of which two contradicting signed stories are held still "
         "contributes. \"count\": all of it, and it is named. \"exclude\": nothing of it is shown "
         "in values. The same on all gateways of a fleet, or they show different values; needs "
         "signatures."},
    {.section = "security",
     .name = "admin_key_file",
     .in_gateway = at<&G::security, &G::Security::admin_key_file>,
     .doc = "The public key of the fleet's admin, admin.pub: what is believed rests on it."},
    {.section = "security",
     .name = "signing_key_file",
     .in_gateway = at<&G::security, &G::Security::signing_key_file>,
     .doc = "This gateway's own signing key, sign.key: for its heads and acknowledgements."},
    {.section = "security",
     .name = "registry_file",
     .in_gateway = at<&G::security, &G::Security::registry_file>,
     .doc =
         "Who is enrolled, signed by the admin: registry. Read again when it changes; one gateway "
         "that has the newest is enough, the others hear of it. Empty: from the others alone."},
    {.section = "seals",
     .name = "members",
     .in_gateway = at<&G::seals, &G::Seals::members>,
     .form = Form::ids,
     .doc = "The gateways that seal, this one among them; the same list on each. Empty: none do. "
            "More than two thirds of them make a seal: 3 of 4, 5 of 7. Needs signatures, and a "
            "clock that is right to within grace_s."},
    {.section = "seals",
     .name = "window_s",
     .in_gateway = at<&G::seals, &G::Seals::window_s>,
     .unit = "s",
     .min = 10,
     .max = 31'536'000,
     .doc = "How long a window is: from one multiple of it, counted from 1970 in UTC, to the next. "
            "86400 is a day. The same on each member."},
    {.section = "seals",
     .name = "grace_s",
     .in_gateway = at<&G::seals, &G::Seals::grace_s>,
     .unit = "s",
     .min = 1,
     .max = 86'400,
     .doc = "From the close of a window until a member proposes what it holds, and until the next "
            "one does when that has not become a seal. Longer than it takes until what was "
            "said before the close is on all members, and until a proposal is read and judged. The "
            "same on each."},
    {.section = "seals",
     .name = "states_kept",
     .in_gateway = at<&G::seals, &G::Seals::states_kept>,
     .unit = "files",
     .min = 1,
     .max = 10'000,
     .doc = "Of so many windows the state itself is kept, in <gateway.data_dir>/sealed, a file "
            "each as large as the state; the seals are kept for 10,000 windows."},
};

}  // namespace

std::span<const Key> keys_of_security() {
  return keys;
}

}  // namespace tributary::config
