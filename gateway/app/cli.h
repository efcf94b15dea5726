// SPDX-License-Identifier: Apache-2.0
// The command line: one function a sub-command, each adding its options to the parser and what runs
// when it is chosen. Its promise: every way to fail has one exit code and one sentence that says
// what went wrong, where, and what to do.
//
//   CLI::App app;  Commands commands;
//   add_gateway(app, commands);
//   …  return static_cast<int>(commands.chosen().run());
#pragma once
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tributary::app {

enum class Exit : int {
  ok = 0,
  negative = 1,  // it worked, and the answer is no: a verdict that is not exact, no such key
  usage = 2,
  config = 3,
  broker = 4,  // not reachable, or the gateway behind it does not answer
  storage = 5,
};

// How a command ends early. `what()` is for people: what, where, what to do.
struct Trouble : std::runtime_error {
  Trouble(Exit exit, const std::string& text) : std::runtime_error(text), code(exit) {}
  Exit code;
};

struct Command {
  CLI::App* app = nullptr;
  std::function<Exit()> run;
};
using Commands = std::vector<Command>;

void add_gateway(CLI::App& root, Commands& commands);
void add_device(CLI::App& root, Commands& commands);
void add_simulate(CLI::App& root, Commands& commands);
void add_watch(CLI::App& root, Commands& commands);
void add_history(CLI::App& root, Commands& commands);  // history
void add_queries(CLI::App& root,
                 Commands& commands);  // get keys values devices peers status snapshot
void add_transfer(CLI::App& root, Commands& commands);  // export import
void add_config(CLI::App& root, Commands& commands);
void add_policy(CLI::App& root, Commands& commands);      // grant list test
void add_withdraw(CLI::App& policy, Commands& commands);  // a part of it
void add_fleet(CLI::App& root, Commands& commands);       // init enroll prove rotate revoke keys
void add_settle(CLI::App& fleet, Commands& commands);     // a part of it
void add_check(CLI::App& root, Commands& commands);
void add_database(CLI::App& root, Commands& commands);  // verify backup restore compact
void add_dead_letters(CLI::App& root, Commands& commands);
void add_evidence(CLI::App& root, Commands& commands);  // list verify
void add_seal(CLI::App& root, Commands& commands);      // list export verify
void add_operate(CLI::App& root, Commands& commands);
void add_bench(CLI::App& root, Commands& commands);
void add_diag(CLI::App& root, Commands& commands);
void add_man(CLI::App& root, Commands& commands);
void add_demo(CLI::App& root, Commands& commands);
void add_version(CLI::App& root, Commands& commands);
void add_completion(CLI::App& root, Commands& commands);

// The footer of a command's help: its examples, one a line, and the exit codes it uses.
std::string examples(const std::vector<std::string>& lines);

const char* version();

}  // namespace tributary::app
