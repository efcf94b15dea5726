// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/devices/host.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

namespace tributary::devices {
namespace {

namespace fs = std::filesystem;

class HostTest : public ::testing::Test {
 protected:
  HostTest() : root_(fs::path(::testing::TempDir()) / ("host-" + std::to_string(::getpid()))) {
    fs::remove_all(root_);
    write("proc/sys/kernel/random/boot_id", "boot-a");
    network(1'000, 10);
    write("proc/stat", "cpu  100 20 30 4000 5 0 0 0 0 0\ncpu0 1 1 1 1\n");
    write("proc/diskstats",
          "   8 0 sda 10 0 80 0 5 0 40 0 0 0 0\n   8 1 sda1 9 0 70 0 4 0 30 0 0 0 0\n"
          "   7 0 loop0 1 0 1 0 1 0 1 0 0 0 0\n");
    fs::create_directories(root_ / "sys/block/sda");
    write("proc/loadavg", "0.52 0.58 0.59 1/467 12345\n");
    write("proc/meminfo", "MemTotal:       16000 kB\nMemFree: 1 kB\nMemAvailable:    8000 kB\n");
    write("proc/1/comm", "init\n");
    write("proc/42/comm", "kworker/0:1\n");
    write("sys/class/thermal/thermal_zone0/temp", "47250\n");
    write("sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n");
    sdk::Options o;
    o.fleet = "demo";
    o.device = "host";
    o.random = [this] { return random_(); };
    device_.emplace(std::move(*sdk::Device::open(std::move(o))));
  }
  ~HostTest() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  void network(int bytes, int packets) {
    write("proc/net/dev",
          "Inter-|   Receive\n face |bytes packets\n  eth0: " + std::to_string(bytes) + " " +
              std::to_string(packets) + " 0 0 0 0 0 0 500 5 0 0 0 0 0 0\n");
  }
  HostSampler::Options options(std::string baseline = {}) {
    HostSampler::Options o;
    o.proc = root_ / "proc";
    o.sys = root_ / "sys";
    o.baseline = std::move(baseline);
    return o;
  }
  std::uint64_t count(const char* name) {
    return device_->counter(std::string("host/") + name).value();
  }

  const fs::path root_;
  std::mt19937_64 random_{1};
  std::optional<sdk::Device> device_;
};

TEST_F(HostTest, CountsDifferencesFromTheFirstReading) {
  HostSampler host(options());
  host.sample(*device_, 1'000);
  EXPECT_EQ(count("net/eth0/rx-bytes"), 0u);
  network(1'700, 14);
  EXPECT_GT(host.sample(*device_, 2'000), 0u);
  EXPECT_EQ(count("net/eth0/rx-bytes"), 700u);
  EXPECT_EQ(count("net/eth0/rx-packets"), 4u);
  EXPECT_EQ(count("net/eth0/tx-bytes"), 0u);
  EXPECT_EQ(host.sample(*device_, 3'000), 0u) << "nothing changed";
}

TEST_F(HostTest, SurvivesTheKernelsResets) {
  HostSampler host(options());
  host.sample(*device_, 1'000);
  network(300, 3);
  host.sample(*device_, 2'000);
  EXPECT_EQ(count("net/eth0/rx-bytes"), 300u);
}

TEST_F(HostTest, ABaselineCarriesOverRestartsOfTheSameBoot) {
  std::string kept;
  {
    HostSampler host(options());
    host.sample(*device_, 1'000);
    kept = host.baseline();
  }
  network(1'250, 12);
  HostSampler again(options(kept));
  again.sample(*device_, 2'000);
  EXPECT_EQ(count("net/eth0/rx-bytes"), 250u);
  write("proc/sys/kernel/random/boot_id", "boot-b");
  network(9'000, 90);
  HostSampler other_boot(options(again.baseline()));
  other_boot.sample(*device_, 3'000);
  EXPECT_EQ(count("net/eth0/rx-bytes"), 250u) << "another boot: where counting starts";
}

TEST_F(HostTest, WholeDisksOnly) {
  HostSampler host(options());
  host.sample(*device_, 1'000);
  write("proc/diskstats",
        "   8 0 sda 12 0 90 0 6 0 50 0 0 0 0\n   8 1 sda1 11 0 80 0 5 0 40 0 0 0 0\n");
  host.sample(*device_, 2'000);
  EXPECT_EQ(count("disk/sda/reads"), 2u);
  EXPECT_EQ(count("disk/sda/read-bytes"), 10u * 512);
  EXPECT_EQ(count("disk/sda/written-bytes"), 10u * 512);
  EXPECT_EQ(count("disk/sda1/reads"), 0u);
}

TEST_F(HostTest, ProcessesComeAndGo) {
  HostSampler host(options());
  host.sample(*device_, 1'000);
  EXPECT_TRUE(device_->set("host/processes").contains("init"));
  EXPECT_TRUE(device_->set("host/processes").contains("kworker/0:1"));
  fs::remove_all(root_ / "proc/42");
  write("proc/77/comm", "sshd\n");
  host.sample(*device_, 2'000);
  EXPECT_FALSE(device_->set("host/processes").contains("kworker/0:1"));
  EXPECT_TRUE(device_->set("host/processes").contains("sshd"));
  EXPECT_EQ(device_->set("host/processes").size(), 2u);
}

TEST_F(HostTest, Readings) {
  HostSampler host(options());
  host.sample(*device_, 1'000);
  EXPECT_EQ(device_->reg("host/load/1").value(), wire::Scalar{0.52});
  EXPECT_EQ(device_->reg("host/memory/total-bytes").value(),
            wire::Scalar{std::uint64_t{16'384'000}});
  EXPECT_EQ(device_->reg("host/temperature/0-x86_pkg_temp").value(), wire::Scalar{47.3});
}

TEST_F(HostTest, NothingToReadIsNoError) {
  HostSampler::Options o;
  o.proc = o.sys = "/no/such/place";
  HostSampler host(o);
  EXPECT_EQ(host.sample(*device_, 1'000), 0u);
}

TEST_F(HostTest, ThisMachine) {
  HostSampler host({});
  host.sample(*device_, 1'000);
  EXPECT_GT(device_->set("host/processes").size(), 0u);
  EXPECT_TRUE(device_->reg("host/memory/total-bytes").value());
}

}  // namespace
}  // namespace tributary::devices
