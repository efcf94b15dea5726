// SPDX-License-Identifier: Apache-2.0
// G5, durability: an operation that a gateway acknowledges is on the disk that acknowledges it, at
// that moment, by its effect and not by its number. Of an actor with more than one memory, the
// memory that takes the acknowledgement judges it by its own operations.
#include <functional>

#include "tests/simulation/judge.h"
#include "transports/wire/ack.h"

namespace tributary::simulation {

void Judge::acknowledged(Book& book, std::string_view payload) {
  const auto ack = wire::decode_ack(payload, wire::Limits{});
  want(static_cast<bool>(ack),
       [&] { return book.gateway + " sent an acknowledgement that cannot be read"; });
  for (const wire::ActorAck& a : ack->actors) {
    const Actor actor{std::string(ack->device), a.epoch};
    if (a.send_from_zero) reached.note(Reached::send_from_zero_asked);
    std::uint64_t& promised = book.promised[actor];
    promised = std::max(promised, a.op);
    if (history.tainted(actor)) continue;
    const auto* logs = history.logs(actor);
    want(a.op == 0 || logs != nullptr,
         [&] { return book.gateway + " acknowledges an actor that never was: " + actor.first; });
    if (logs == nullptr) continue;
    const Log& log = *logs->begin()->second;
    want(a.op <= log.last(), [&] {
      return book.gateway + " acknowledges operation " + std::to_string(a.op) + " of " +
             actor.first + ", whose last is " + std::to_string(log.last());
    });
    std::uint64_t& verified = book.verified[actor];
    if (a.op <= verified) continue;
    const std::string lack = book.shadow.lacks(log, actor, verified, a.op);
    want(lack.empty(), [&] {
      return book.gateway + " acknowledges up to " + std::to_string(a.op) +
             ", and its disk lacks " + lack;
    });
    verified = a.op;
  }
  promises_[std::hash<std::string_view>{}(payload)] = {&book, book.ghost ? 0 : book.generation};
}

Judge::Promise Judge::promise(std::string_view ack) const {
  const auto at = promises_.find(std::hash<std::string_view>{}(ack));
  return at == promises_.end() ? Promise{} : at->second;
}

void Judge::taken(const Actor& actor, const Log& copy, std::uint64_t safe,
                  const std::vector<Book*>& books) {
  if (!history.tainted(actor)) return;  // judged when it was sent
  // What it may say no more it leaves out, and that is taken for safe with the rest.
  if (history.device_tainted(actor.first)) return;
  std::string lack = "everything";
  const auto holds = [&](const Shadow& shadow) {
    lack = shadow.lacks(copy, actor, 0, safe);
    return lack.empty();
  };
  for (const Book* book : books) {
    if (holds(book->shadow)) return;
    for (const Shadow& shadow : book->lost) {
      if (holds(shadow)) return;
    }
  }
  throw Violation(actor.first + " takes its operations up to " + std::to_string(safe) +
                  " for safe, and no disk ever held " + lack);
}

}  // namespace tributary::simulation
