// SPDX-License-Identifier: Apache-2.0
// A configuration file, environment and flags: everything is taken whole or refused in words, and
// what is shown loads to the same. Input: the file, then after a zero byte lines of NAME=value
// (environment) or section.key=value (flags).
#include "config/config.h"

#include "tests/fuzz/fuzz.h"

using namespace tributary;
using fuzz::require;

namespace {

constexpr std::size_t overrides_max = 8;

config::Inputs inputs_of(std::string_view all) {
  config::Inputs in;
  const std::size_t cut = all.find('\0');
  in.file = "gateway.toml";
  in.text = std::string(all.substr(0, cut));
  std::string_view lines = cut == all.npos ? std::string_view{} : all.substr(cut + 1);
  for (std::size_t n = 0; n < overrides_max && !lines.empty(); ++n) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    if (line.starts_with("TRIBUTARY_") && equals != line.npos) {
      in.environment.emplace_back(line.substr(0, equals), line.substr(equals + 1));
    } else {
      in.sets.emplace_back(line);
    }
  }
  return in;
}

void check(const config::Loaded& loaded, const config::Inputs& in) {
  require(loaded.gateway.brokers.size() == loaded.derived.links.size(), "one link a broker");
  require(!loaded.gateway.brokers.empty(), "there is a broker");
  require(!config::summary(loaded, in).empty() && !config::show_json(loaded).empty(),
          "it is shown");
  const std::string shown = config::show(loaded);
  config::Inputs again;
  again.file = "shown.toml";
  again.text = shown;
  const auto reloaded = config::load(again);
  require(bool(reloaded),
          "what is shown can be loaded: " +
              (reloaded ? std::string() : config::to_string(reloaded.error()) + "\n" + shown));
  config::Loaded plain = *reloaded, first = loaded;
  plain.origins.clear();
  first.origins.clear();
  require(config::show(plain) == config::show(first), "and is the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const config::Inputs in = inputs_of(fuzz::text_of(data, size));
  const auto loaded = config::load(in);
  if (loaded) {
    check(*loaded, in);
    return 0;
  }
  require(!loaded.error().empty(), "a refusal names what is wrong");
  for (const config::Problem& p : loaded.error())
    require(!p.where.empty() && !p.message.empty(), "and where, and how");
  return 0;
}
