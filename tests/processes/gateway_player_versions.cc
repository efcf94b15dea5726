// SPDX-License-Identifier: Apache-2.0
// GatewayPlayer: other versions, in a fleet that goes on meanwhile.
#include <csignal>
#include <cstdlib>

#include "tests/processes/damage.h"
#include "tests/processes/gateway_player.h"

namespace tributary::processes {
namespace {

using namespace std::chrono_literals;

const char* other_program() {
  return std::getenv("TRIBUTARY_OTHER_VERSION");
}

}  // namespace

bool GatewayPlayer::go_on() {
  const std::uint64_t before = node_.acks();
  return until(20'000ms, "acknowledging", [&] { return node_.acks() > before; });
}

// Whoever finds a database of a newer version says so, leaves it as it is, and ends.
void GatewayPlayer::newer_schema() {
  end_clean(SIGTERM, "gateway: SIGTERM under load, clean and in time", clean_end_max, Then::away);
  if (stage_.failed()) return;
  if (!say_newer(node_.data())) return stage_.fail(node_.name() + ": its schema was not changed");
  const std::string found = e2e::read_file(node_.data() / "gateway.db");
  again();
  for (int n = 0; n < 2'000 && node_.running(); ++n) {
    if (!stage_.pause(5ms)) return;
  }
  if (node_.running() || node_.status() != storage_status ||
      !node_.said("was written by a newer Tributary (schema 7")) {
    return stage_.fail(node_.name() + " took a newer database:\n" + node_.last_words());
  }
  if (e2e::read_file(node_.data() / "gateway.db") != found) {
    return stage_.fail(node_.name() + " changed a newer database");
  }
  if (!take_back(node_.data())) return stage_.fail(node_.name() + ": its schema was not put back");
  again();
  if (go_on()) stage_.count("gateway: a newer schema refused and left as it was, then gone on");
}

void GatewayPlayer::other_version(const Step& step) {
  if (other_program() == nullptr) {
    stage_.count("gateway: SKIPPED other version, TRIBUTARY_OTHER_VERSION names none");
    return;
  }
  end_clean(SIGTERM, "gateway: SIGTERM under load, clean and in time", clean_end_max, Then::away);
  if (stage_.failed()) return;
  again({.program = other_program()});
  if (!go_on()) return;
  stage_.pause(std::chrono::milliseconds(step.amount));
  end_clean(SIGTERM, "gateway: SIGTERM of another version, clean and in time", clean_end_max,
            Then::away);
  if (stage_.failed()) return;
  again();
  if (go_on()) stage_.count("gateway: replaced by another version, and back");
}

}  // namespace tributary::processes
