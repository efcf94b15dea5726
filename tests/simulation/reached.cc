// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/reached.h"

namespace tributary::simulation {

const char* Reached::name(State s) {
  static const char* const names[count_] = {"a crash inside a commit",
                                            "a power cut that lost what was not synced",
                                            "a gap in a peer's batches",
                                            "a bucket fetched",
                                            "a truncated replay noticed",
                                            "a head of an older incarnation",
                                            "a bootstrap from a dead peer",
                                            "its own past recovered from the broker",
                                            "an envelope quarantined",
                                            "an intake forgotten",
                                            "a database set aside",
                                            "a full disk",
                                            "a recovery from a degraded state",
                                            "messages let go by a stalled gateway",
                                            "a duplicate dropped",
                                            "a duplicate relayed by a peer",
                                            "an envelope superseded before its commit",
                                            "a delta in parts",
                                            "a register held",
                                            "a held register released",
                                            "a foreign removal",
                                            "a foreign removal taken by the owner",
                                            "a foreign removal forgotten",
                                            "a device asked to send from 0",
                                            "a twin found out",
                                            "a reboot without memory",
                                            "unsaved operations lost",
                                            "a broker that forgot",
                                            "a broker rolled back",
                                            "a one-way partition",
                                            "a clone of a device that ran",
                                            "an old copy of a memory that ran",
                                            "a bad signature refused",
                                            "an unsigned envelope refused",
                                            "an envelope that waited for the registry",
                                            "a forger throttled",
                                            "more gateways gone bad than true",
                                            "one true gateway of five",
                                            "a claim without a signature ignored",
                                            "a twin found out by its signature",
                                            "retained parts cleared",
                                            "an ask answered",
                                            "an ask with too small a sketch",
                                            "an ask that no answer came to",
                                            "a peer of an older version",
                                            "a broker that remembered the newest head"};
  return names[s];
}

}  // namespace tributary::simulation
