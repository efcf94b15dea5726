// SPDX-License-Identifier: Apache-2.0
// `tributary diag collect`: what somebody who helps from afar would ask for, in one file.
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "gateway/app/broker.h"
#include "gateway/app/bundle.h"
#include "gateway/app/check.h"
#include "gateway/app/cli.h"
#include "gateway/app/clock.h"
#include "gateway/app/settings.h"
#include "gateway/app/text.h"
#include "gateway/app/tls_check.h"

namespace tributary::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t log_bytes_max = 4U << 20U;  // of each log, its end

struct DiagArguments {
  std::string config = "/etc/tributary/gateway.toml";
  std::vector<std::string> logs;
  std::string output;
  bool no_broker = false;
};

std::string content(const std::string& path, std::size_t max = log_bytes_max) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  std::string text = out.str();
  return text.size() <= max ? text : text.substr(text.size() - max);
}

std::string output_of(const char* command) {
  std::FILE* pipe = ::popen(command, "r");
  if (pipe == nullptr) return {};
  std::string out;
  std::array<char, 65'536> piece{};
  while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), pipe)) {
    out.append(piece.data(), got);
  }
  ::pclose(pipe);
  return out.size() <= log_bytes_max ? out : out.substr(out.size() - log_bytes_max);
}

// GET over HTTP/1.0, so that the answer is what comes until the end. Empty when there is none.
std::string get(const config::Address& at, const std::string& path, const std::string& token) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const bool any = at.host == "0.0.0.0" || at.host == "::";
  const std::string host = any ? "localhost" : at.host;
  if (getaddrinfo(host.c_str(), std::to_string(at.port).c_str(), &hints, &found) != 0) return {};
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string answer;
  if (::connect(fd, found->ai_addr, found->ai_addrlen) == 0) {
    const std::string request =
        "GET " + path + " HTTP/1.0\r\nHost: localhost:" + std::to_string(at.port) + "\r\n" +
        (token.empty() ? "" : "Authorization: Bearer " + token + "\r\n") + "\r\n";
    if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
      std::array<char, 65'536> piece{};
      for (ssize_t got = 0; (got = ::recv(fd, piece.data(), piece.size(), 0)) > 0;) {
        answer.append(piece.data(), static_cast<std::size_t>(got));
      }
    }
  }
  ::close(fd);
  freeaddrinfo(found);
  const std::size_t body = answer.find("\r\n\r\n");
  return body == std::string::npos ? answer : answer.substr(body + 4);
}

std::string system_text() {
  utsname name{};
  ::uname(&name);
  std::string out = "at " + utc_time(wall_now_ms()) + "\ntributary " + version() + "\n" +
                    name.sysname + " " + name.release + " " + name.machine + "\n";
  for (const char* file : {"/etc/os-release", "/proc/loadavg", "/proc/uptime", "/proc/meminfo",
                           "/proc/mounts", "/proc/self/limits"}) {
    out += std::string("\n== ") + file + "\n" + content(file, 65'536);
  }
  return out;
}

std::string files_text(const std::string& directory) {
  std::string out;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    struct ::stat s {};
    if (::stat(at->path().c_str(), &s) != 0) continue;
    std::array<char, 512> line{};
    std::snprintf(line.data(), line.size(), "%06o %5u:%-5u %14lld %s %s\n", s.st_mode, s.st_uid,
                  s.st_gid, static_cast<long long>(s.st_size),
                  utc_time(static_cast<std::uint64_t>(s.st_mtim.tv_sec) * 1'000).c_str(),
                  at->path().c_str());
    out += line.data();
  }
  return error ? directory + ": " + error.message() + "\n" : out;
}

std::string certificates_text(const config::Gateway& gateway) {
  std::string out;
  for (const config::Broker& broker : gateway.brokers) {
    for (const std::string* file : {&broker.ca_file, &broker.certificate_file}) {
      if (file->empty()) continue;
      std::string why;
      const auto c = transports::tls::read_certificate(*file, &why);
      out += *file + ": ";
      if (!c) {
        out += why + "\n";
        continue;
      }
      out += c->common_name + ", " + transports::tls::date_text(c->not_before_s) + " to " +
             transports::tls::date_text(c->not_after_s) + ", SHA-256 " + c->fingerprint + "\n";
    }
  }
  return out;
}

std::string check_text(const config::Loaded& loaded, bool try_brokers) {
  std::string out;
  for (const Finding& f : check_all(loaded, {.try_brokers = try_brokers})) {
    out += std::string(name(f.level)) + " " + f.area + ": " + f.what +
           (f.fix.empty() ? "" : " -> " + f.fix) + "\n";
  }
  return out;
}

void add_secrets(const config::Gateway& gateway, Secrets& secrets) {
  secrets.add_file(gateway.http.token_file);
  for (const config::Broker& broker : gateway.brokers) {
    secrets.add_file(broker.password_file);
    secrets.add_file(broker.key_file);
    if (broker.key_file.empty()) continue;
    std::error_code error;
    const fs::path folder = fs::path(broker.key_file).parent_path();
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
      if (at->path().extension() == ".key") secrets.add_file(at->path().string());
    }
  }
}

void add_gateway_answers(const config::Loaded& loaded, Bundle& bundle) {
  if (!loaded.derived.http.on) return;
  const std::string& file = loaded.gateway.http.token_file;
  std::string token;
  if (!file.empty()) token = read_secret(file, "token");
  for (const char* what : {"status", "peers", "devices", "buckets", "events"}) {
    bundle.add(std::string(what) + ".json",
               get(loaded.derived.http.address, std::string("/api/v1/") + what, token));
  }
  bundle.add("ready.json", get(loaded.derived.http.address, "/readyz", token));
  bundle.add("metrics.txt", get(loaded.derived.http.address, "/metrics", token));
}

Exit run_collect(DiagArguments a) {
  const auto loaded = config::load(read_inputs(a.config, {}));
  Secrets secrets;
  if (loaded) add_secrets(loaded->gateway, secrets);
  Bundle bundle(secrets);
  bundle.add("system.txt", system_text());
  if (!loaded) {
    bundle.add("configuration-mistakes.txt", config::to_string(loaded.error()));
  } else {
    bundle.add("configuration.toml", config::show(*loaded));
    bundle.add("check.txt", check_text(*loaded, !a.no_broker));
    bundle.add("files.txt", files_text(loaded->gateway.gateway.data_dir));
    bundle.add("certificates.txt", certificates_text(loaded->gateway));
    add_gateway_answers(*loaded, bundle);
  }
  if (fs::exists("/run/systemd/system")) {
    bundle.add("journal.txt", output_of("journalctl -u tributary -n 5000 --no-pager -o short-iso "
                                        "2>&1"));
    bundle.add("unit.txt", output_of("systemctl status tributary --no-pager -n 0 2>&1"));
  }
  for (std::size_t i = 0; i < a.logs.size(); ++i) {
    bundle.add("log-" + std::to_string(i + 1) + ".txt", content(a.logs[i]));
  }
  if (a.output.empty()) {
    a.output = "tributary-diag-" + utc_time(wall_now_ms()).substr(0, 19) + ".tar.gz";
    for (char& c : a.output) c = c == ':' ? '-' : c;
  }
  bundle.write(a.output);
  std::printf(
      "%s: %zu files, without keys, passwords and tokens; device names and addresses of "
      "this site are in it: look before you send it\n",
      a.output.c_str(), bundle.names().size());
  return Exit::ok;
}

}  // namespace

void add_diag(CLI::App& root, Commands& commands) {
  CLI::App* parent = root.add_subcommand("diag", "collect what somebody who helps would ask for");
  parent->require_subcommand(1);
  auto arguments = std::make_shared<DiagArguments>();
  CLI::App* app = parent->add_subcommand(
      "collect", "configuration, state, checks and logs in one .tar.gz, with secrets removed");
  app->add_option("-c,--config", arguments->config, "the gateway's TOML file")
      ->capture_default_str()
      ->type_name("FILE");
  app->add_option("--log", arguments->logs, "a log to put in, where there is no journal")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app->add_option("-o,--output", arguments->output, "where to; never over a file that is there")
      ->type_name("FILE");
  app->add_flag("--no-broker", arguments->no_broker, "leave the brokers alone");
  app->footer(examples({"tributary diag collect", "tributary diag collect -o /tmp/g1.tar.gz"}));
  commands.push_back({app, [arguments] { return run_collect(*arguments); }});
}

}  // namespace tributary::app
