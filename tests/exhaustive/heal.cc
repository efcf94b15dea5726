// SPDX-License-Identifier: Apache-2.0
// What must follow from every state: everything in flight is lost, no device does anything new, and
// from now on what is sent arrives. Devices reach one gateway only; the other reads the state that
// the first one's broker retains. It ends when nothing changes any more; then all must be equal and
// exact.
#include <algorithm>

#include "tests/exhaustive/model.h"

namespace tributary::exhaustive {
namespace {

constexpr std::size_t first_gateway = 2;
constexpr int rounds_max = 40;

constexpr std::uint8_t number(DeviceEvent::Type t) {
  return static_cast<std::uint8_t>(t);
}
constexpr std::uint8_t number(GatewayEvent::Type t) {
  return static_cast<std::uint8_t>(t);
}

}  // namespace

// One event, and the acks that it brings arrive.
void Model::take(Locals& at, std::size_t site, std::uint8_t type, MessageId m) {
  if (!enabled(site, at.site[site], type, m)) return;
  const std::uint32_t before = at.site[site];
  tail_.push_back({static_cast<std::uint8_t>(site), type, m});
  const Step& made = step(site, before, type, m);
  at.site[site] = made.next;
  if (made.next == before && made.sent.empty()) tail_.pop_back();
  for (const MessageId sent : made.sent) {
    const Message& message = messages_[sent];
    if (message.kind == Message::Kind::ack)
      take(at, message.to, number(DeviceEvent::Type::ack), sent);
  }
}

void Model::come_to_rest(Locals& at, std::size_t g) {
  for (int turn = 0; !gateways_[g][at.site[first_gateway + g]].at_rest; ++turn) {
    if (turn == rounds_max) throw Violation("a gateway commits for ever");
    take(at, first_gateway + g, number(GatewayEvent::Type::commit), no_message);
  }
}

// True when something changed.
bool Model::heal_round(Locals& at, std::size_t via) {
  const Locals before = at;
  for (std::size_t g = 0; g < 2; ++g) come_to_rest(at, g);
  // What is due now; and what is not safe then, after a while: a gateway may need an older delta.
  for (const DeviceEvent::Type type : {DeviceEvent::Type::send, DeviceEvent::Type::late}) {
    for (std::size_t d = 0; d < 2; ++d) {
      const DeviceState& device = devices_[d][at.site[d]];
      if (device.safe == device.log.size()) continue;
      const std::vector<MessageId>& sent = step(d, at.site[d], number(type), no_message).sent;
      take(at, d, number(type), no_message);
      for (const MessageId m : sent) {
        take(at, first_gateway + via, number(GatewayEvent::Type::receive), m);
        come_to_rest(at, via);
      }
    }
  }
  for (const std::size_t g : {1 - via, via}) {
    const MessageId state = gateways_[1 - g][at.site[first_gateway + 1 - g]].state;
    take(at, first_gateway + g, number(GatewayEvent::Type::read), state);
    come_to_rest(at, g);
  }
  return !at.same(before);
}

void Model::judge_healed(const Locals& at) {
  const Logs logs{devices_[0][at.site[0]].log, devices_[1][at.site[1]].log};
  const Known all{{logs[0].size(), logs[1].size()}, {logs[0].size(), logs[1].size()}};
  for (std::size_t d = 0; d < 2; ++d) {
    if (devices_[d][at.site[d]].safe != logs[d].size())
      throw Violation("all works again, but " + std::string(device_names[d]) +
                      " is not told that its operations are safe");
  }
  for (std::size_t g = 0; g < 2; ++g) {
    const GatewayState& gateway = gateways_[g][at.site[first_gateway + g]];
    const std::string wrong = judge(gateway.shown, all, logs, first_adds_);
    if (!wrong.empty())
      throw Violation("all works again, but " + std::string(gateway_names[g]) + " shows " +
                      text(gateway.shown) + ": " + wrong);
  }
  if (gateways_[0][at.site[2]].digest != gateways_[1][at.site[3]].digest)
    throw Violation("all works again, but the digests differ");
}

// False: it goes round and round.
bool Model::heal_through(Locals at, std::size_t via) {
  std::vector<Locals> way;
  for (int round = 0; !healed_[via].contains(at); ++round) {
    if (round == rounds_max) return false;
    way.push_back(at);
    if (heal_round(at, via)) continue;
    judge_healed(at);
    break;
  }
  for (const Locals& l : way) healed_[via].add(l);
  return true;
}

void Model::heal(const Locals& at) {
  for (std::size_t via = 0; via < 2; ++via) {
    tail_.clear();
    if (!heal_through(at, via)) throw Violation("all works again, but it never settles");
  }
  tail_.clear();
}

}  // namespace tributary::exhaustive
