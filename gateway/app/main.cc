// SPDX-License-Identifier: Apache-2.0
// tributary: one program, a sub-command for each thing to do.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "gateway/app/cli.h"
#include "gateway/app/text.h"

namespace tributary::app {
namespace {

std::vector<std::string> names_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    out.push_back(sub->get_name());
  }
  return out;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
  }
  return out;
}

// The sub-command that was meant, as deep as the words reach.
const CLI::App* deepest(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

// CLI11 names what it could not place; people want to know what they meant.
std::string advice(const CLI::App& root, int argc, char** argv) {
  const CLI::App* app = deepest(&root);
  const std::vector<std::string> options = options_of(*app);
  const std::vector<std::string> names = names_of(*app);
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string name = word.substr(0, word.find('='));
    const bool is_option = word.compare(0, 2, "--") == 0;
    const std::vector<std::string>& known = is_option ? options : names;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (!is_option && (names.empty() || word.front() == '-')) continue;
    const std::string meant = nearest(name, known);
    if (!meant.empty() && meant != name) return "  did you mean " + meant + "?\n";
  }
  return {};
}

int usage_error(const CLI::App& root, const CLI::ParseError& error, int argc, char** argv) {
  const CLI::App* app = deepest(&root);
  std::string path;
  for (const CLI::App* a = app; a != nullptr; a = a->get_parent()) {
    path = a->get_name() + (path.empty() ? "" : " " + path);
  }
  std::fprintf(stderr, "tributary: %s\n%s  see `%s --help`\n", error.what(),
               advice(root, argc, argv).c_str(), path.c_str());
  return static_cast<int>(Exit::usage);
}

void add_all(CLI::App& root, Commands& commands) {
  add_gateway(root, commands);
  add_watch(root, commands);
  add_queries(root, commands);
  add_history(root, commands);
  add_transfer(root, commands);
  add_config(root, commands);
  add_check(root, commands);
  add_database(root, commands);
  add_dead_letters(root, commands);
  add_evidence(root, commands);
  add_seal(root, commands);
  add_operate(root, commands);
  add_bench(root, commands);
  add_diag(root, commands);
  add_device(root, commands);
  add_fleet(root, commands);
  add_policy(root, commands);
  add_simulate(root, commands);
  add_demo(root, commands);
  add_completion(root, commands);
  add_man(root, commands);
  add_version(root, commands);
}

int run(int argc, char** argv) {
  CLI::App root("Tributary: the same totals on every gateway, whatever the links lose.",
                "tributary");
  root.require_subcommand(0, 1);
  root.set_version_flag("--version", version());
  root.footer(
      "Exit codes: 0 ok, 1 the answer is no (a verdict that is not exact, no such key), 2 usage,\n"
      "3 configuration, 4 broker or gateway not reachable, 5 storage.");
  Commands commands;
  add_all(root, commands);
  try {
    root.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return root.exit(success);
  } catch (const CLI::ParseError& error) {
    return usage_error(root, error, argc, argv);
  }
  for (const Command& command : commands) {
    if (command.app->parsed()) return static_cast<int>(command.run());
  }
  std::fputs(root.help().c_str(), stderr);
  return static_cast<int>(Exit::usage);
}

}  // namespace
}  // namespace tributary::app

int main(int argc, char** argv) {
  try {
    return tributary::app::run(argc, argv);
  } catch (const tributary::app::Trouble& trouble) {
    std::fprintf(stderr, "tributary: %s\n", trouble.what());
    return static_cast<int>(trouble.code);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "tributary: %s\n", e.what());
    return static_cast<int>(tributary::app::Exit::negative);
  }
}
