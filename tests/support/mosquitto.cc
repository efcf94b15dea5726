// SPDX-License-Identifier: Apache-2.0
#include "tests/support/mosquitto.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "tests/support/eventually.h"
#include "tests/support/loopback.h"

namespace tributary::test {
namespace {

bool accepts_connections(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool ok = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return ok;
}

// Debian puts it into sbin, which is not in everybody's PATH.
std::string find_program() {
  if (const char* given = std::getenv("MOSQUITTO")) return given;
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path == nullptr ? "" : path) +
                             ":/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string program = folder + "/mosquitto";
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  throw std::runtime_error("mosquitto is not installed (apt install mosquitto)");
}

std::string user_name() {
  const passwd* user = ::getpwuid(::geteuid());
  return user == nullptr ? "root" : user->pw_name;
}

}  // namespace

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool ok = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  if (!ok) throw std::runtime_error("no free port on 127.0.0.1");
  return ntohs(address.sin_port);
}

Mosquitto::Mosquitto(std::string extra, Start start_when)
    : extra_(std::move(extra)), port_(free_port()) {
  if (start_when == Start::now) start();
}

Mosquitto::~Mosquitto() {
  kill();
}

void Mosquitto::write_configuration() const {
  std::ofstream file(directory() / "mosquitto.conf");
  file << "listener " << port_ << " 127.0.0.1\n"
       << "allow_anonymous true\n"
       << "user " << user_name() << "\n"  // as root it would change user and lose its directory
       << "persistence_location " << directory().string() << "/\n"
       << "log_dest stderr\n"
       << extra_ << "\n";
}

void Mosquitto::start() {
  if (running()) throw std::logic_error("mosquitto is already running");
  write_configuration();
  const std::string program = find_program();
  const std::string configuration = (directory() / "mosquitto.conf").string();
  const std::string log_file = (directory() / "mosquitto.log").string();
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) {  // only async-signal-safe calls from here: other threads may hold any lock
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);
    const int log_fd = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(log_fd, STDOUT_FILENO);
    ::dup2(log_fd, STDERR_FILENO);
    ::execl(program.c_str(), "mosquitto", "-c", configuration.c_str(), nullptr);
    ::_exit(127);
  }
  const bool up = eventually(10s, [&] {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = 0;
      throw std::runtime_error("mosquitto ended at once:\n" + log());
    }
    return accepts_connections(port_);
  });
  if (!up) throw std::runtime_error("mosquitto does not accept connections:\n" + log());
}

void Mosquitto::end(int signal) {
  if (!running()) return;
  ::kill(pid_, SIGCONT);  // a stopped process does not take SIGTERM
  // One that has only begun to listen forgets the signal when it enters its loop: say it again.
  const auto gone = [&] { return ::waitpid(pid_, nullptr, WNOHANG) == pid_; };
  for (int tries = 0; tries < 20; ++tries) {
    ::kill(pid_, signal);
    if (eventually(500ms, gone)) {
      pid_ = 0;
      return;
    }
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
  throw std::runtime_error("mosquitto did not end:\n" + log());
}

void Mosquitto::stop() {
  end(SIGTERM);
}
void Mosquitto::kill() {
  end(SIGKILL);
}

void Mosquitto::pause() {
  if (running()) ::kill(pid_, SIGSTOP);
}

void Mosquitto::reload() {
  if (running()) ::kill(pid_, SIGHUP);
}

void Mosquitto::resume() {
  if (running()) ::kill(pid_, SIGCONT);
}

void Mosquitto::forget_database() {
  if (running()) throw std::logic_error("stop mosquitto before you take its database");
  std::filesystem::remove(directory() / "mosquitto.db");
}

std::string Mosquitto::log() const {
  std::ifstream file(directory() / "mosquitto.log");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace tributary::test
