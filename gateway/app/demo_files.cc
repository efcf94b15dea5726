// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/demo_files.h"

#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "gateway/app/cli.h"

namespace tributary::app {
namespace {

namespace fs = std::filesystem;

// FACTS: the defaults drop what is queued for a reader that is a little slow.
constexpr const char* built_in_profile =
    "persistence true\n"
    "autosave_interval 60\n"
    "max_queued_messages 100000\n"
    "max_queued_bytes 67108864\n"
    "max_inflight_messages 200\n"
    "message_size_limit 1048576\n"
    "set_tcp_nodelay true\n";

// Where it listens, stores and logs is the demo's own matter.
constexpr std::array<std::string_view, 19> own_settings = {"listener",
                                                           "acl_file",
                                                           "password_file",
                                                           "cafile",
                                                           "capath",
                                                           "certfile",
                                                           "keyfile",
                                                           "crlfile",
                                                           "tls_version",
                                                           "require_certificate",
                                                           "use_identity_as_username",
                                                           "port",
                                                           "bind_address",
                                                           "persistence_location",
                                                           "persistence_file",
                                                           "log_dest",
                                                           "log_type",
                                                           "allow_anonymous",
                                                           "user"};

void write_text(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.flush();
  if (!out) {
    throw Trouble(Exit::storage, path + ": " + std::strerror(errno) +
                                     "\n  choose another directory with --dir, or free space");
  }
}

void make_directory(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    throw Trouble(Exit::storage,
                  path + ": " + error.message() + "\n  choose another directory with --dir");
  }
}

std::string profile_text(const std::string& profile) {
  if (profile.empty()) return built_in_profile;
  std::ifstream in(profile);
  if (!in) {
    throw Trouble(Exit::config, profile + ": " + std::strerror(errno) +
                                    "\n  name a Mosquitto configuration to take over");
  }
  std::string out;
  std::string line;
  while (std::getline(in, line)) {
    const std::string word = line.substr(0, line.find_first_of(" \t"));
    bool own = false;
    for (const std::string_view setting : own_settings) own = own || word == setting;
    if (!own) out += line + "\n";
  }
  return out;
}

// As root Mosquitto would become another user, who may not write here.
std::string user_name() {
  const passwd* entry = getpwuid(geteuid());
  return entry == nullptr ? "root" : entry->pw_name;
}

}  // namespace

std::uint16_t free_port(std::uint16_t wanted) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(wanted);
  socklen_t size = sizeof address;
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                     listen(fd, 1) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  const int error = errno;
  close(fd);
  if (!bound) {
    throw Trouble(Exit::usage, "port " + std::to_string(wanted) +
                                   " on 127.0.0.1: " + std::strerror(error) +
                                   "\n  leave --port out to get a free one, or end what uses it");
  }
  return ntohs(address.sin_port);
}

std::uint16_t free_port_from(std::uint16_t wanted, const std::vector<std::uint16_t>& taken) {
  for (std::uint16_t port = wanted; port < wanted + 100; ++port) {
    if (std::find(taken.begin(), taken.end(), port) != taken.end()) continue;
    try {
      return free_port(port);
    } catch (const Trouble&) {  // somebody has it
    }
  }
  return free_port();
}

std::string write_broker_files(const std::string& dir, std::uint16_t port,
                               const std::string& profile, const std::string& access) {
  const std::string anybody =
      "listener " + std::to_string(port) + " 127.0.0.1\nallow_anonymous true\n";
  const std::string place = fs::absolute(dir + "/broker").string();
  make_directory(place);
  std::string file = place + "/mosquitto.conf";
  write_text(file, profile_text(profile) + "persistence_location " + place + "/\n" +
                       "persistence_file mosquitto.db\n" +
                       "log_dest stderr\nlog_type error\nlog_type warning\nlog_type notice\n" +
                       "user " + user_name() + "\n" + (access.empty() ? anybody : access));
  return file;
}

void forget_broker_database(const std::string& dir) {
  std::error_code ignored;
  fs::remove(dir + "/broker/mosquitto.db", ignored);
}

std::string write_gateway_files(const std::string& dir, const DemoGateway& gateway) {
  const std::string place = fs::absolute(dir + "/" + gateway.id).string();
  make_directory(place);
  std::string hears;
  for (const std::string& pattern : gateway.hears) {
    hears += (hears.empty() ? "" : ", ") + std::string("\"") + pattern + "\"";
  }
  const std::string& me = gateway.identity;
  const std::string tls = me.empty() ? ""
                                     : "ca_file = \"" + me + "/ca.crt\"\ncertificate_file = \"" +
                                           me + "/tls.crt\"\nkey_file = \"" + me + "/tls.key\"\n";
  const std::string trust = me.empty()
                                ? ""
                                : "\n[security]\nsignatures = \"require\"\nadmin_key_file = \"" +
                                      me + "/admin.pub\"\nsigning_key_file = \"" + me +
                                      "/sign.key\"\nregistry_file = \"" + me + "/registry\"\n";
  std::string file = place + "/gateway.toml";
  write_text(file, "# written by tributary demo\n[gateway]\nid = \"" + gateway.id +
                       "\"\nfleet = \"" + gateway.fleet + "\"\ndata_dir = \"" + place +
                       "\"\n\n[[broker]]\nname = \"local\"\nuri = \"" +
                       (me.empty() ? "mqtt" : "mqtts") +
                       "://127.0.0.1:" + std::to_string(gateway.port) + "\"\nhears = [" + hears +
                       "]\nreconnect_max_ms = 2000\n" + tls + "\n[http]\nlisten = \"127.0.0.1:" +
                       std::to_string(gateway.http_port) + "\"\n" + trust);
  return file;
}

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream all(std::string(path == nullptr ? "" : path) +
                         ":/usr/local/sbin:/usr/sbin:/sbin");
  std::string dir;
  while (std::getline(all, dir, ':')) {
    std::string file = dir + "/" + name;
    if (!dir.empty() && access(file.c_str(), X_OK) == 0) return file;
  }
  throw Trouble(Exit::usage, name + " is not installed\n  on Debian: apt-get install " + name);
}

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace tributary::app
