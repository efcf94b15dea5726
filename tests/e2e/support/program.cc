// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/support/program.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cassert>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace tributary::e2e {
namespace {

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

// The first of a name is the one that counts.
std::vector<std::string> environment_of(const Surroundings& around) {
  std::vector<std::string> all = around.environment;
  for (char** e = environ; *e != nullptr; ++e) all.emplace_back(*e);
  return all;
}

pid_t spawn(const std::vector<std::string>& arguments, const std::string& in,
            const std::string& out, const std::string& err, const Surroundings& around = {}) {
  std::vector<std::string> words{around.program.empty() ? TRIBUTARY_BINARY : around.program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const std::vector<char*> argv = pointers(words);
  std::vector<std::string> variables = environment_of(around);
  const std::vector<char*> envp = pointers(variables);
  const rlimit space{around.data_bytes.value_or(RLIM_INFINITY),
                     around.data_bytes.value_or(RLIM_INFINITY)};
  const pid_t pid = fork();  // async-signal-safe calls only from here
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int in_fd = open(in.c_str(), O_RDONLY);
  const int out_fd = open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int err_fd = open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(in_fd, 0);
  dup2(out_fd, 1);
  dup2(err_fd, 2);
  if (around.data_bytes) setrlimit(RLIMIT_DATA, &space);
  execve(argv[0], argv.data(), envp.data());
  _exit(127);
}

int code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::optional<int> wait_for(pid_t pid, std::chrono::milliseconds timeout) {
  std::optional<int> code;
  test::eventually(timeout, [&] {
    int status = 0;
    if (waitpid(pid, &status, WNOHANG) != pid) return false;
    code = code_of(status);
    return true;
  });
  return code;
}

}  // namespace

Ran run(const std::vector<std::string>& arguments, std::chrono::seconds timeout,
        const std::string& input) {
  const test::TempDir dir;
  write_file(dir.path() / "in", input);
  const pid_t pid = spawn(arguments, dir.path() / "in", dir.path() / "out", dir.path() / "err");
  std::optional<int> code = wait_for(pid, timeout);
  if (!code) {
    ::kill(pid, SIGKILL);
    int status = 0;
    waitpid(pid, &status, 0);
    code = code_of(status);
  }
  return {*code, read_file(dir.path() / "out"), read_file(dir.path() / "err")};
}

Program::Program(std::vector<std::string> arguments, std::filesystem::path log, Start when)
    : arguments_(std::move(arguments)), log_(std::move(log)) {
  if (when == Start::now) start();
}

Program::~Program() {
  if (pid_ != 0) end(SIGKILL);
}

void Program::start(const Surroundings& around) {
  assert(pid_ == 0);
  pid_ = spawn(arguments_, "/dev/null", log_, log_, around);
}

int Program::end(int signal) {
  assert(pid_ != 0);
  ::kill(pid_, signal);
  std::optional<int> code = wait_for(pid_, std::chrono::seconds(20));
  if (!code) {
    ::kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    code = code_of(status);
  }
  pid_ = 0;
  return *code;
}

std::optional<int> Program::wait(std::chrono::milliseconds timeout) {
  assert(pid_ != 0);
  const std::optional<int> code = wait_for(pid_, timeout);
  if (code) pid_ = 0;
  return code;
}

bool Program::running() {
  return pid_ != 0 && !wait(std::chrono::seconds(0));
}

std::string Program::log() const {
  return read_file(log_);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace tributary::e2e
