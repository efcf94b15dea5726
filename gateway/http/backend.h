// SPDX-License-Identifier: Apache-2.0
// What the HTTP side knows of the gateway: questions go in, answers come back. Its promise to the
// gateway: nothing of it is touched from an HTTP thread; a question waits in a bounded queue until
// the owner thread has time for it.
//
//   backend.ask("values", R"({"max":10})", [](Answer a) { … a.body … });
//   backend.watch(true);         // from now on, server.publish(…) is called with what changes
#pragma once
#include <cstdint>
#include <functional>
#include <string>

namespace tributary::http {

struct Answer {
  std::string body;
  // Ascending over everything the owner thread says, answers and published frames alike: of two
  // values of one key, the one with the larger number is the newer.
  std::uint64_t sequence = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  // Commands are those of gateway/app/requests.h, and `metrics` (text). From any thread; never
  // blocks. `reply` is called once, from another thread. False: too many questions wait already.
  virtual bool ask(std::string command, std::string arguments,
                   std::function<void(Answer)> reply) = 0;
  // Somebody watches the stream, or nobody any more.
  virtual void watch(bool on) = 0;
};

}  // namespace tributary::http
