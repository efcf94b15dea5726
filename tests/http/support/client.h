// SPDX-License-Identifier: Apache-2.0
// A client on a bare socket, which can also behave badly.
//
//   Reply r = get(port, "/healthz");                  // r.status == 200
//   Raw raw(port);
//   raw.send("GET / HT");                             // and nothing more
//   EXPECT_TRUE(raw.closed_within(5s));
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tributary::test {

struct Reply {
  int status = 0;                              // 0: there was none
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // chunks put together
};

class Raw {
 public:
  explicit Raw(std::uint16_t port);
  ~Raw();
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  bool send(const std::string& bytes);  // false: the other side is gone
  // What comes until `until` is in it, the other side closes, or the time is over.
  std::string read_until(const std::string& until, std::chrono::milliseconds timeout);
  bool closed_within(std::chrono::milliseconds timeout);
  void small_window();  // takes little at once

 private:
  int fd_ = -1;
};

Reply parse(const std::string& text);
// One request on a connection of its own.
Reply request(std::uint16_t port, const std::string& method, const std::string& target,
              const std::vector<std::string>& headers = {});
Reply get(std::uint16_t port, const std::string& target,
          const std::vector<std::string>& headers = {});

}  // namespace tributary::test
