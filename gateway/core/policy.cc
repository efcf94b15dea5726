// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/policy.h"

namespace tributary::core {
namespace {

constexpr std::size_t keys_named_max = 16;

}  // namespace

Result<Authorised, Denial> authorise(const Options& options, const Principal& who,
                                     wire::Envelope&& e) {
  const wire::Delta& d = e.delta;
  if (d.fleet != options.fleet) {
    return Failure{
        Denial{Reject::fleet,
               "made for fleet '" + std::string(d.fleet) + "', this is '" + options.fleet + "'",
               {}}};
  }
  if (!who.device.empty() && who.device != d.device) {
    return Failure{Denial{Reject::wrong_device,
                          "a device may only speak for itself: the topic says '" +
                              std::string(who.device) + "', the envelope '" +
                              std::string(d.device) + "'",
                          {}}};
  }
  Denial reserved{Reject::reserved_key, "keys that begin with $ are reserved for the fleet", {}};
  for (const wire::Entry& entry : d.entries) {
    if (entry.key.front() == '$' && reserved.keys.size() < keys_named_max) {
      reserved.keys.emplace_back(std::string(entry.key), entry.type);
    }
  }
  if (!reserved.keys.empty()) return Failure{std::move(reserved)};
  return Authorised(std::move(e));
}

bool glob_matches(std::string_view pattern, std::string_view id) {
  std::size_t p = 0, i = 0, star = std::string_view::npos, mark = 0;
  while (i < id.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == id[i])) {
      ++p, ++i;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++, mark = i;
    } else if (star != std::string_view::npos) {
      p = star + 1, i = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace tributary::core
