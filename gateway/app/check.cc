// SPDX-License-Identifier: Apache-2.0
// The configuration, TLS, the clock, HTTP, and all of them in order.
#include "gateway/app/check.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "gateway/app/clock.h"
#include "gateway/app/text.h"
#include "gateway/app/tls_check.h"
#include "gateway/store/workbench.h"

namespace tributary::app {
namespace {

using Grade = Finding::Grade;

constexpr std::uint64_t year_2024_ms = 1'704'067'200'000;  // older than this program

void secret_file(const std::string& file, const std::string& what, Findings& out) {
  if (file.empty()) return;
  struct ::stat s {};
  if (::stat(file.c_str(), &s) != 0 || ::access(file.c_str(), R_OK) != 0) {
    out.push_back({"configuration", Grade::fail,
                   what + " " + file + " cannot be read: " + std::strerror(errno),
                   "make the file readable for the gateway's user (mode 0600, or 0640 and its "
                   "group)"});
  } else if ((s.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    out.push_back({"configuration", Grade::warn, what + " " + file + " can be read by everybody",
                   "chmod o= " + file});
  }
}

}  // namespace

const char* name(Finding::Grade level) {
  return level == Grade::ok ? "ok" : level == Grade::warn ? "warn" : "fail";
}

Grade worst(const Findings& findings) {
  Grade out = Grade::ok;
  for (const Finding& f : findings) out = std::max(out, f.level);
  return out;
}

void check_configuration(const config::Loaded& loaded, Findings& out) {
  const std::size_t before = out.size();
  const config::Gateway& g = loaded.gateway;
  for (const config::Broker& b : g.brokers) secret_file(b.password_file, "the password file", out);
  secret_file(g.http.token_file, "the token file", out);
  if (g.commit.synchronous != config::Synchronous::full) {
    out.push_back({"configuration", Grade::warn,
                   "commit.synchronous is \"normal\": a power cut loses what was acknowledged last",
                   "set commit.synchronous = \"full\""});
  }
  if (loaded.derived.http.on && !loaded.derived.http.loopback && g.http.token_file.empty()) {
    out.push_back({"configuration", Grade::warn,
                   "the dashboard and the API at " + g.http.listen +
                       " are open to whoever reaches this machine",
                   "set http.token_file, or listen on 127.0.0.1"});
  }
  if (out.size() > before) return;
  out.push_back({"configuration", Grade::ok,
                 "gateway " + g.gateway.id + " of fleet " + g.gateway.fleet + ", " +
                     std::to_string(loaded.origins.size()) + " keys set",
                 ""});
}

void check_clock(std::uint64_t wall_ms, Findings& out) {
  if (wall_ms < year_2024_ms) {
    out.push_back({"clock", Grade::fail, "it says " + utc_time(wall_ms),
                   "set it: registers are stamped with it, and certificates judged by it"});
    return;
  }
  timex state{};
  const int said = adjtimex(&state);
  if (said == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
    out.push_back({"clock", Grade::warn,
                   "it says " + utc_time(wall_ms) + ", and nothing keeps it right",
                   "run a time service: apt-get install systemd-timesyncd, or chrony"});
    return;
  }
  out.push_back({"clock", Grade::ok, "synchronised, " + utc_time(wall_ms), ""});
}

void check_links_tls(const config::Loaded& loaded, std::uint64_t wall_ms, Findings& out) {
  const std::size_t before = out.size();
  const TlsFindings found = check_tls(loaded, static_cast<std::int64_t>(wall_ms / 1'000));
  // These texts say what to do after a colon or semicolon of theirs.
  for (const config::Problem& p : found.broken) {
    out.push_back({"tls", Grade::fail, p.where + ": " + p.message, "see docs/security.md"});
  }
  for (const config::Problem& p : found.of_time) {
    out.push_back(
        {"tls", Grade::fail, p.where + ": " + p.message, "renew it, or mend this machine's clock"});
  }
  for (const std::string& text : found.warnings) {
    out.push_back({"tls", Grade::warn, text, "see docs/security.md"});
  }
  if (out.size() > before) return;
  const bool any = std::any_of(loaded.derived.links.begin(), loaded.derived.links.end(),
                               [](const auto& link) { return link.address.tls; });
  out.push_back({"tls", Grade::ok,
                 any ? "certificates, keys and their modes are fit"
                     : "not used, and no broker is beyond this machine",
                 ""});
}

bool gateway_runs(const config::Loaded& loaded) {
  return store::holder_of(loaded.derived.database_path).has_value();
}

void check_http(const config::Loaded& loaded, Findings& out) {
  const config::Derived::Http& http = loaded.derived.http;
  if (!http.on) {
    out.push_back({"http", Grade::ok, "off", ""});
    return;
  }
  const std::string at = loaded.gateway.http.listen;
  if (gateway_runs(loaded)) {
    out.push_back({"http", Grade::ok, "at " + at + ", of the gateway that runs", ""});
    return;
  }
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int number = EADDRNOTAVAIL;
  const std::string port = std::to_string(http.address.port);
  if (getaddrinfo(http.address.host.c_str(), port.c_str(), &hints, &found) == 0) {
    const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    number = ::bind(fd, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
    ::close(fd);
    freeaddrinfo(found);
  }
  if (number == 0) {
    out.push_back({"http", Grade::ok, at + " is free", ""});
    return;
  }
  out.push_back({"http", Grade::fail, at + " cannot be listened on: " + std::strerror(number),
                 "end what listens there (`ss -ltnp`), or set http.listen to another address"});
}

Findings check_all(const config::Loaded& loaded, const CheckOptions& options) {
  Findings out;
  const std::uint64_t wall_ms = wall_now_ms();
  check_configuration(loaded, out);
  check_clock(wall_ms, out);
  check_disk(loaded, out);
  check_database(loaded, out);
  check_links_tls(loaded, wall_ms, out);
  check_http(loaded, out);
  if (!options.try_brokers) return out;
  for (std::size_t i = 0; i < loaded.gateway.brokers.size(); ++i) {
    check_broker(loaded, i, options, out);
  }
  return out;
}

}  // namespace tributary::app
