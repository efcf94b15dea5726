// SPDX-License-Identifier: Apache-2.0
// What systemd would hear, on a socket of ours.
#include "gateway/app/service.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "tests/support/temp_dir.h"

namespace tributary::app {
namespace {

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    const std::string path = (dir_.path() / "notify").string();
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    ::setenv("WATCHDOG_USEC", "8000000", 1);
    ::unsetenv("WATCHDOG_PID");
  }
  ~ServiceTest() override {
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
    ::close(socket_);
  }
  std::string heard() {
    std::array<char, 512> text{};
    const ssize_t size = ::recv(socket_, text.data(), text.size(), 0);
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "";
  }

 private:
  test::TempDir dir_;
  int socket_ = -1;
};

TEST_F(ServiceTest, SaysWhatStateItIsIn) {
  Service service;
  EXPECT_TRUE(service.used());
  service.ready();
  EXPECT_EQ(heard(), "READY=1");
  service.reloading();
  EXPECT_EQ(heard().rfind("RELOADING=1\nMONOTONIC_USEC=", 0), 0U);
  service.status("online");
  EXPECT_EQ(heard(), "STATUS=online");
  service.status("online");
  EXPECT_EQ(heard(), "") << "nothing new";
  service.stopping();
  EXPECT_EQ(heard(), "STOPPING=1");
}

TEST_F(ServiceTest, TheWatchdogIsFedFourTimesInItsTimeWhileCommitsAreAnswered) {
  Service service;
  int fed = 0;
  for (std::uint64_t now_ms = 1'000; now_ms < 9'000; now_ms += 100) {
    EXPECT_TRUE(service.alive(now_ms, now_ms - 500));
    while (heard() == "WATCHDOG=1") ++fed;
  }
  EXPECT_EQ(fed, 4);
}

TEST_F(ServiceTest, ADiskThatDoesNotAnswerStarvesTheWatchdogUntilItDoes) {
  Service service;
  EXPECT_TRUE(service.alive(10'000, 9'000));
  EXPECT_EQ(heard(), "WATCHDOG=1");
  EXPECT_FALSE(service.alive(13'100, 9'000));
  EXPECT_FALSE(service.alive(60'000, 9'000));
  EXPECT_EQ(heard(), "");
  EXPECT_TRUE(service.alive(60'100, std::nullopt));
  EXPECT_EQ(heard(), "WATCHDOG=1");
}

TEST(Service, WithoutSystemdNothingIsSaidAndNothingIsMissed) {
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("WATCHDOG_USEC");
  Service service;
  service.ready();
  EXPECT_FALSE(service.used());
  EXPECT_TRUE(service.alive(1'000'000, 1));
}

}  // namespace
}  // namespace tributary::app
