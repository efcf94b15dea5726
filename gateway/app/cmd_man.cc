// SPDX-License-Identifier: Apache-2.0
// `tributary man DIR`: the manual, from the same texts that --help and the configuration show.
#include <CLI/CLI.hpp>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "config/config.h"
#include "gateway/app/cli.h"

namespace tributary::app {
namespace {

// Text in roff's eyes: no line begins with a control character, no backslash means anything.
std::string roff(const std::string& text) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '"') {
      out += "\\(dq";
    } else {
      out += c;
    }
    begins = c == '\n';
  }
  return out;
}

std::string in_quotes(const std::string& text) {
  return "\"" + roff(text) + "\"";
}

std::string title(const std::string& name, int section) {
  std::string upper = name;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return ".TH " + in_quotes(upper) + " " + std::to_string(section) + " \"\" \"tributary " +
         version() + "\" \"Tributary\"\n";
}

std::vector<const CLI::App*> below(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });
}

std::string options(const CLI::App& app) {
  std::string out;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    std::string label = option->get_name(option->get_positional(), true);
    for (std::size_t at = 0; (at = label.find(',', at)) != std::string::npos; at += 2) {
      label.replace(at, 1, ", ");
    }
    if (option->get_type_size() != 0 && !option->get_type_name().empty()) {
      label += " " + option->get_type_name();
    }
    out += ".TP\n.B " + roff(label) + "\n" + roff(option->get_description());
    if (option->get_required()) out += " (required)";
    if (!option->get_default_str().empty()) {
      out += " (default: " + roff(option->get_default_str()) + ")";
    }
    if (!option->get_envname().empty()) {
      out += " (environment: " + roff(option->get_envname()) + ")";
    }
    out += "\n";
  }
  return out;
}

std::string footer(const CLI::App& app) {
  const std::string text = app.get_footer();
  return text.empty() ? "" : ".PP\n.nf\n" + roff(text) + "\n.fi\n";
}

// One command and those below it.
void describe(const CLI::App& app, const std::string& path, std::string& out) {
  out += ".SH " + in_quotes(path) + "\n" + roff(app.get_description()) + "\n" + options(app) +
         footer(app);
  for (const CLI::App* sub : below(app)) describe(*sub, path + " " + sub->get_name(), out);
}

std::string page_of(const CLI::App& command) {
  const std::string name = "tributary-" + command.get_name();
  std::string out = title(name, 1) + ".SH NAME\n" + roff(name) + " \\- " +
                    roff(command.get_description()) + "\n.SH SYNOPSIS\n.B tributary " +
                    roff(command.get_name()) + "\n" +
                    (below(command).empty() ? "" : ".I COMMAND\n") + "[\\fIOPTIONS\\fR]\n";
  describe(command, "tributary " + command.get_name(), out);
  return out + ".SH \"SEE ALSO\"\n.BR tributary (1),\n.BR tributary.toml (5)\n";
}

std::string main_page(const CLI::App& root) {
  std::string out = title("tributary", 1) + ".SH NAME\ntributary \\- " +
                    roff(root.get_description()) +
                    "\n.SH SYNOPSIS\n.B tributary\n.I COMMAND\n[\\fIOPTIONS\\fR]\n" +
                    ".SH OPTIONS\n" + options(root) + ".SH COMMANDS\n";
  for (const CLI::App* sub : below(root)) {
    out += ".TP\n.BR tributary\\-" + roff(sub->get_name()) + " (1)\n" +
           roff(sub->get_description()) + "\n";
  }
  return out + ".SH \"EXIT STATUS\"\n" + roff(root.get_footer()) +
         "\n.SH FILES\n.TP\n.I /etc/tributary/gateway.toml\nthe configuration of the service, see\n"
         ".BR tributary.toml (5)\n.TP\n.I /var/lib/tributary\nits database\n"
         ".SH \"SEE ALSO\"\n.BR tributary.toml (5),\n.BR mosquitto (8)\n";
}

// The commented reference file: each comment belongs to the key or the section that follows it.
std::string configuration_page() {
  std::string out = title("tributary.toml", 5) +
                    ".SH NAME\ntributary.toml \\- the configuration of a Tributary gateway\n"
                    ".SH DESCRIPTION\nThe file that\n.BR tributary\\-gateway (1)\nis given with "
                    "\\-\\-config, in TOML. Every key has a default; over the file counts the "
                    "environment, over that \\-\\-set.\n";
  std::istringstream lines(config::reference());
  std::string comment;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("#", 0) == 0) {
      comment += (line.size() > 2 ? line.substr(2) : "") + "\n";
    } else if (line.rfind("[", 0) == 0) {
      out += ".SH " + in_quotes(line) + "\n" + roff(comment);
      comment.clear();
    } else if (!line.empty()) {
      out += ".TP\n.B " + roff(line) + "\n" + roff(comment);
      comment.clear();
    } else if (!comment.empty()) {
      out += ".PP\n" + roff(comment);
      comment.clear();
    }
  }
  return out + ".SH \"SEE ALSO\"\n.BR tributary (1),\n.BR tributary\\-check (1)\n";
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) {
    throw Trouble(Exit::storage, path.string() +
                                     ": cannot be written\n  name a directory that you "
                                     "may write to");
  }
}

}  // namespace

void add_man(CLI::App& root, Commands& commands) {
  auto directory = std::make_shared<std::string>();
  CLI::App* app = root.add_subcommand("man", "write the manual's pages into a directory");
  app->add_option("directory", *directory, "where to")->required()->type_name("DIR");
  app->footer(examples({"tributary man /tmp/man && man -l /tmp/man/tributary.1"}));
  const CLI::App* all = &root;
  commands.push_back({app, [directory, all] {
                        const std::filesystem::path dir(*directory);
                        std::error_code error;
                        std::filesystem::create_directories(dir, error);
                        write(dir / "tributary.1", main_page(*all));
                        write(dir / "tributary.toml.5", configuration_page());
                        for (const CLI::App* sub : below(*all)) {
                          write(dir / ("tributary-" + sub->get_name() + ".1"), page_of(*sub));
                        }
                        return Exit::ok;
                      }});
}

}  // namespace tributary::app
