// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cassert>
#include <csignal>
#include <utility>

namespace tributary::app {
namespace {

sigset_t handled() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGUSR1);
  return set;
}

}  // namespace

Signals::Signals() {
  const sigset_t set = handled();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a closed terminal or socket is an error of a write, no more
  signal_fd_ = signalfd(-1, &set, SFD_CLOEXEC);
  end_fd_ = eventfd(0, EFD_CLOEXEC);
  assert(signal_fd_ >= 0 && end_fd_ >= 0);
  thread_ = std::thread([this] { loop(); });
}

Signals::~Signals() {
  const std::uint64_t one = 1;
  const ssize_t written = write(end_fd_, &one, sizeof one);
  assert(written == sizeof one);
  thread_.join();
  close(signal_fd_);
  close(end_fd_);
}

void Signals::unblock() {
  const sigset_t set = handled();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
}

void Signals::on_stop(std::function<void()> stop) {
  const std::lock_guard lock(mutex_);
  stop_ = std::move(stop);
  if (asked_ && stop_) stop_();
}

void Signals::on_reload(std::function<void()> reload) {
  const std::lock_guard lock(mutex_);
  reload_ = std::move(reload);
}

void Signals::on_copy(std::function<void()> copy) {
  const std::lock_guard lock(mutex_);
  copy_ = std::move(copy);
}

bool Signals::stop_asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void Signals::loop() {
  pollfd fds[2] = {{signal_fd_, POLLIN, 0}, {end_fd_, POLLIN, 0}};
  while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
    if ((fds[1].revents & POLLIN) != 0) return;
    if ((fds[0].revents & POLLIN) == 0) continue;
    signalfd_siginfo info{};
    if (read(signal_fd_, &info, sizeof info) != sizeof info) continue;
    take(static_cast<int>(info.ssi_signo));
  }
}

void Signals::take(int signal) {
  const std::lock_guard lock(mutex_);
  if (signal == SIGUSR1) {
    if (copy_) copy_();
    return;
  }
  if (signal == SIGHUP && reload_) return reload_();
  if (asked_) _exit(128 + signal);
  asked_ = true;
  if (stop_) stop_();
}

}  // namespace tributary::app
