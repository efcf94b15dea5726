// SPDX-License-Identifier: Apache-2.0
// `tributary version`, `tributary completion`, and what the commands share.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/app/cli.h"
#include "transports/wire/envelope.h"

namespace tributary::app {
namespace {

using Apps = std::vector<const CLI::App*>;

Apps subcommands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> words_after(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::App* sub : subcommands(app)) out.push_back(sub->get_name());
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
  }
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// "gateway" → its words, "config check" → its words, …, below `app`.
void collect(const CLI::App& app, const std::string& path,
             std::vector<std::pair<std::string, std::vector<std::string>>>& out) {
  out.emplace_back(path, words_after(app));
  for (const CLI::App* sub : subcommands(app)) {
    collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), out);
  }
}

std::string bash_script(const CLI::App& root) {
  std::vector<std::pair<std::string, std::vector<std::string>>> all;
  collect(root, "", all);
  std::string out =
      "# bash completion for tributary; source it, or put it into bash_completion.d\n"
      "_tributary() {\n"
      "  local path= word words=\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$path $word\" in\n";
  std::string paths;
  for (const auto& [path, words] : all) {
    if (path.empty()) continue;
    const std::size_t space = path.rfind(' ');
    const std::string parent = space == std::string::npos ? "" : path.substr(0, space);
    const std::string name = space == std::string::npos ? path : path.substr(space + 1);
    paths += (paths.empty() ? "" : "|") + std::string("\"") + parent + " " + name + "\"";
  }
  out += "      " + paths + ") path=\"${path:+$path }$word\" ;;\n    esac\n  done\n";
  out += "  case \"$path\" in\n";
  for (const auto& [path, words] : all) {
    out += "    \"" + path + "\") words=\"" + joined(words) + "\" ;;\n";
  }
  out +=
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
      "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
      "}\n"
      "complete -F _tributary tributary\n";
  return out;
}

std::string zsh_script(const CLI::App& root) {
  // zsh runs bash's completions; one list of words is enough to keep true.
  return "#compdef tributary\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(root);
}

std::string fish_quoted(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return "'" + out + "'";
}

std::string fish_script(const CLI::App& root) {
  std::string out = "# fish completion for tributary\ncomplete -c tributary -f\n";
  for (const CLI::App* sub : subcommands(root)) {
    const std::string& name = sub->get_name();
    out += "complete -c tributary -n __fish_use_subcommand -a " + name + " -d " +
           fish_quoted(sub->get_description()) + "\n";
    const std::string when = " -n '__fish_seen_subcommand_from " + name + "'";
    for (const CLI::Option* option : sub->get_options()) {
      for (const std::string& word : option->get_lnames()) {
        out += "complete -c tributary" + when + " -l " + word + " -d " +
               fish_quoted(option->get_description()) + "\n";
      }
    }
    for (const CLI::App* below : subcommands(*sub)) {
      out += "complete -c tributary" + when + " -a " + below->get_name() + " -d " +
             fish_quoted(below->get_description()) + "\n";
    }
  }
  return out;
}

}  // namespace

const char* version() {
  return TRIBUTARY_VERSION;
}

std::string examples(const std::vector<std::string>& lines) {
  std::string out = "Examples:\n";
  for (const std::string& line : lines) out += "  " + line + "\n";
  return out;
}

void add_version(CLI::App& root, Commands& commands) {
  auto json = std::make_shared<bool>(false);
  CLI::App* app = root.add_subcommand("version", "print the versions of program and protocol");
  app->add_flag("--json", *json, "as JSON");
  commands.push_back({app, [json] {
                        if (*json) {
                          const nlohmann::json out = {{"version", version()},
                                                      {"protocol", wire::protocol_version}};
                          std::puts(out.dump().c_str());
                        } else {
                          std::printf("tributary %s, protocol %llu\n", version(),
                                      static_cast<unsigned long long>(wire::protocol_version));
                        }
                        return Exit::ok;
                      }});
}

void add_completion(CLI::App& root, Commands& commands) {
  auto shell = std::make_shared<std::string>();
  CLI::App* app = root.add_subcommand("completion", "print a completion script for a shell");
  app->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  app->footer(examples({"source <(tributary completion bash)",
                        "tributary completion fish > ~/.config/fish/completions/tributary.fish"}));
  const CLI::App* all = &root;
  commands.push_back({app, [shell, all] {
                        const std::string text = *shell == "bash"  ? bash_script(*all)
                                                 : *shell == "zsh" ? zsh_script(*all)
                                                                   : fish_script(*all);
                        std::fputs(text.c_str(), stdout);
                        return Exit::ok;
                      }});
}

}  // namespace tributary::app
