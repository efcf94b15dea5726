// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/devices/host.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

namespace tributary::devices {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t sector_bytes =
    512;                                // what /proc/diskstats counts in, whatever the disk's own
constexpr std::uint64_t jiffy_ms = 10;  // USER_HZ is 100 on every Linux we build for

std::string first_line(const fs::path& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (code != std::errc() || end == text.data()) return std::nullopt;
  return out;
}

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> out;
  for (std::string w; in >> w;) out.push_back(w);
  return out;
}

// As a segment of a key: what the protocol does not allow becomes '_'.
std::string segment(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, 64)) {
    const auto u = static_cast<unsigned char>(c);
    out.push_back(u <= 0x20 || u >= 0x7F || c == '/' || c == '+' || c == '#' || c == '$' ? '_' : c);
  }
  return out.empty() ? "_" : out;
}

// Whole disks only: their partitions would count every byte again.
bool whole_disk(const fs::path& sys, const std::string& name) {
  if (name.rfind("loop", 0) == 0 || name.rfind("ram", 0) == 0) return false;
  std::error_code ignored;
  return fs::exists(sys / "block" / name, ignored);
}

}  // namespace

HostSampler::HostSampler(Options options) : options_(std::move(options)) {
  boot_ = first_line(fs::path(options_.proc) / "sys/kernel/random/boot_id");
  std::istringstream in(options_.baseline);
  std::string line;
  if (!std::getline(in, line) || line != "boot " + boot_) return;
  while (std::getline(in, line)) {
    const std::size_t at = line.rfind(' ');
    if (at == std::string::npos) continue;
    if (const auto raw = number(std::string_view(line).substr(at + 1))) {
      last_[line.substr(0, at)] = *raw;
    }
  }
}

std::string HostSampler::baseline() const {
  std::string out = "boot " + boot_ + "\n";
  for (const auto& [name, raw] : last_) out += name + " " + std::to_string(raw) + "\n";
  return out;
}

std::size_t HostSampler::sample(sdk::Device& device, std::uint64_t now_ms) {
  device.time(now_ms);
  ops_ = 0;
  network(device);
  disks(device);
  cpu(device);
  processes(device);
  load_and_memory(device);
  temperatures(device);
  return ops_;
}

// The first reading is where counting starts; a smaller one than before means that the kernel's
// counter began anew.
void HostSampler::count(sdk::Device& device, const std::string& name, std::uint64_t raw) {
  const auto [it, first] = last_.try_emplace(name, raw);
  const std::uint64_t before = it->second;
  it->second = raw;
  const std::uint64_t more = first ? 0 : raw >= before ? raw - before : raw;
  if (more > 0) done(device.counter(options_.place + "/" + name).add(more));
}

void HostSampler::reading(sdk::Device& device, const std::string& name, const wire::Scalar& value) {
  sdk::Register r = device.reg(options_.place + "/" + name);
  if (r.value() != value) done(r.set(value));
}

void HostSampler::network(sdk::Device& device) {
  std::ifstream in(fs::path(options_.proc) / "net/dev");
  std::string line;
  while (std::getline(in, line)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::vector<std::string> name = words(line.substr(0, colon));
    const std::vector<std::string> f = words(line.substr(colon + 1));
    if (name.size() != 1 || f.size() < 10) continue;
    const std::string at = "net/" + segment(name[0]) + "/";
    count(device, at + "rx-bytes", number(f[0]).value_or(0));
    count(device, at + "rx-packets", number(f[1]).value_or(0));
    count(device, at + "tx-bytes", number(f[8]).value_or(0));
    count(device, at + "tx-packets", number(f[9]).value_or(0));
  }
}

void HostSampler::disks(sdk::Device& device) {
  std::ifstream in(fs::path(options_.proc) / "diskstats");
  std::string line;
  while (std::getline(in, line)) {
    const std::vector<std::string> f = words(line);
    if (f.size() < 10 || !whole_disk(options_.sys, f[2])) continue;
    const std::string at = "disk/" + segment(f[2]) + "/";
    count(device, at + "reads", number(f[3]).value_or(0));
    count(device, at + "read-bytes", number(f[5]).value_or(0) * sector_bytes);
    count(device, at + "writes", number(f[7]).value_or(0));
    count(device, at + "written-bytes", number(f[9]).value_or(0) * sector_bytes);
  }
}

void HostSampler::cpu(sdk::Device& device) {
  const std::vector<std::string> f = words(first_line(fs::path(options_.proc) / "stat"));
  if (f.size() < 6 || f[0] != "cpu") return;
  const auto ms = [&](std::size_t i) { return number(f[i]).value_or(0) * jiffy_ms; };
  count(device, "cpu/user-ms", ms(1) + ms(2));
  count(device, "cpu/system-ms", ms(3));
  count(device, "cpu/idle-ms", ms(4));
  count(device, "cpu/iowait-ms", ms(5));
}

void HostSampler::processes(sdk::Device& device) {
  std::set<std::string> running;
  std::error_code error;
  for (fs::directory_iterator it(options_.proc, error), end; !error && it != end;
       it.increment(error)) {
    const std::string pid = it->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string name = first_line(it->path() / "comm");
    if (!name.empty()) running.insert(name);
  }
  if (running.empty()) return;  // nothing could be read: that is not "nothing runs"
  while (running.size() > options_.processes_max) running.erase(std::prev(running.end()));
  sdk::Set set = device.set(options_.place + "/processes");
  for (const std::string& old : set.elements()) {
    if (running.count(old) == 0) done(set.erase(old));
  }
  for (const std::string& name : running) {
    if (!set.contains(name)) done(set.insert(name));
  }
}

void HostSampler::load_and_memory(sdk::Device& device) {
  const std::vector<std::string> load = words(first_line(fs::path(options_.proc) / "loadavg"));
  static constexpr const char* load_names[] = {"load/1", "load/5", "load/15"};
  for (std::size_t i = 0; i < 3 && i < load.size(); ++i) {
    double value = 0;
    std::istringstream(load[i]) >> value;
    reading(device, load_names[i], wire::Scalar{value});
  }
  std::ifstream in(fs::path(options_.proc) / "meminfo");
  std::string line;
  while (std::getline(in, line)) {
    const std::vector<std::string> f = words(line);
    if (f.size() < 2) continue;
    const std::uint64_t bytes = number(f[1]).value_or(0) * 1'024;
    if (f[0] == "MemTotal:") reading(device, "memory/total-bytes", wire::Scalar{bytes});
    if (f[0] == "MemAvailable:") reading(device, "memory/available-bytes", wire::Scalar{bytes});
  }
}

void HostSampler::temperatures(sdk::Device& device) {
  std::error_code error;
  const fs::path zones = fs::path(options_.sys) / "class/thermal";
  for (fs::directory_iterator it(zones, error), end; !error && it != end; it.increment(error)) {
    const std::string zone = it->path().filename().string();
    if (zone.rfind("thermal_zone", 0) != 0) continue;
    const auto milli = number(first_line(it->path() / "temp"));
    if (!milli) continue;
    const double degrees = std::round(static_cast<double>(*milli) / 100) / 10;
    const std::string type = first_line(it->path() / "type");
    reading(device, "temperature/" + zone.substr(12) + "-" + segment(type), wire::Scalar{degrees});
  }
}

}  // namespace tributary::devices
