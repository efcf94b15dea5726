// SPDX-License-Identifier: Apache-2.0
#include "tests/exhaustive/operations.h"

#include <algorithm>

namespace tributary::exhaustive {
namespace {

std::uint64_t count(const std::string& log, char letter, std::uint64_t upto) {
  const auto end = log.begin() + static_cast<std::ptrdiff_t>(std::min(upto, log.size()));
  return static_cast<std::uint64_t>(std::count(log.begin(), end, letter));
}

std::uint64_t sum(const Logs& logs, char letter, const Ops& upto) {
  return amount(0) * count(logs[0], letter, upto[0]) + amount(1) * count(logs[1], letter, upto[1]);
}

// Operations with this letter, as bits.
std::uint32_t marks(const Logs& logs, char letter, const Ops& upto) {
  std::uint32_t out = 0;
  for (std::size_t d = 0; d < 2; ++d) {
    for (std::size_t n = 1; n <= std::min<std::size_t>(upto[d], logs[d].size()); ++n) {
      if (logs[d][n - 1] == letter) out |= 1u << (8 * d + n);
    }
  }
  return out;
}

// The operation of the same device that ended add n; never: none did.
std::uint64_t death(const std::string& log, std::uint64_t n) {
  const std::size_t at = log.find_first_of("arR", n);
  return at == std::string::npos ? ~std::uint64_t{0} : at + 1;
}

struct Membership {
  bool must = false, may = false;
};

Membership membership(const Known& k, const Logs& logs, const Ops& first) {
  Membership out;
  for (std::size_t d = 0; d < 2; ++d) {
    const std::size_t other = 1 - d;
    for (std::uint64_t n = 1; n <= std::min<std::uint64_t>(k.some[d], logs[d].size()); ++n) {
      if (logs[d][n - 1] != 'a') continue;
      const bool named = n == first[d];
      const bool perhaps_removed = named && count(logs[other], 'f', k.some[other]) > 0;
      const bool surely_removed = named && count(logs[other], 'f', k.all[other]) > 0;
      const std::uint64_t dead = death(logs[d], n);
      out.must |= n <= k.all[d] && dead > k.some[d] && !perhaps_removed;
      out.may |= dead > k.all[d] && !surely_removed;
    }
  }
  return out;
}

// Readings in the order in which they win.
std::uint64_t rank(std::uint64_t reading) {
  return reading == 0 ? 0 : reading % 100 * 10 + reading / 100;
}

std::uint64_t newest(const Logs& logs, const Ops& upto) {
  std::uint64_t best = 0;
  for (std::size_t d = 0; d < 2; ++d) {
    const std::string known = logs[d].substr(0, upto[d]);
    const std::size_t at = known.rfind('w');
    if (at == std::string::npos) continue;
    const std::uint64_t reading = 100 * (d + 1) + at + 1;
    if (rank(reading) > rank(best)) best = reading;
  }
  return best;
}

std::string grown(const char* what, std::uint32_t shown, char letter, const Known& k,
                  const Logs& logs) {
  const std::uint32_t must = marks(logs, letter, k.all), may = marks(logs, letter, k.some);
  if ((shown & ~may) != 0) return std::string(what) + " shows what nobody inserted";
  if ((must & ~shown) != 0) return std::string(what) + " lost what was inserted";
  return {};
}

}  // namespace

std::uint64_t first_add(std::string_view program) {
  const std::size_t at = program.find('a');
  return at == std::string_view::npos ? 0 : at + 1;
}

std::string judge(const Shown& s, const Known& k, const Logs& logs, const Ops& first) {
  if (!s.strange.empty()) return "shows " + s.strange;
  for (std::size_t d = 0; d < 2; ++d) {
    if (k.some[d] > logs[d].size() || k.all[d] > k.some[d]) {
      return "has heard of operation " + std::to_string(k.some[d]) + " of d" +
             std::to_string(d + 1) + ", which made " + std::to_string(logs[d].size());
    }
  }
  if (s.counter > sum(logs, 'i', k.some)) return "counter: more than was issued";
  if (s.counter < sum(logs, 'i', k.all)) return "counter: less than was received";
  const auto net = [&](const Ops& up, const Ops& down) {
    return static_cast<std::int64_t>(sum(logs, 'u', up)) -
           static_cast<std::int64_t>(sum(logs, 'd', down));
  };
  if (s.net > net(k.some, k.all)) return "up-down counter: more than was issued";
  if (s.net < net(k.all, k.some)) return "up-down counter: less than was received";
  if (auto wrong = grown("G-Set", s.grown, 's', k, logs); !wrong.empty()) return wrong;
  if (auto wrong = grown("OR-Set", s.long_ones, 'l', k, logs); !wrong.empty()) return wrong;
  const Membership x = membership(k, logs, first);
  if (s.x && !x.may) return "OR-Set: shows x, whose every add is unknown or removed";
  if (!s.x && x.must) return "OR-Set: lost x, which nobody removed";
  if (rank(s.reading) < rank(newest(logs, k.all))) return "register: an older reading than known";
  if (s.reading == 0) return {};
  const std::size_t d = s.reading / 100 - 1;
  const std::uint64_t n = s.reading % 100;
  const bool written = d < 2 && n >= 1 && n <= k.some[d] && logs[d][n - 1] == 'w';
  return written ? "" : "register: a reading that nobody wrote";
}

std::string text(const Shown& s) {
  if (!s.strange.empty()) return s.strange;
  std::string out = "counter " + std::to_string(s.counter) + (s.x ? ", x" : ", no x");
  if (s.net != 0) out += ", net " + std::to_string(s.net);
  if (s.grown != 0) out += ", grown " + std::to_string(s.grown);
  if (s.long_ones != 0) out += ", long " + std::to_string(s.long_ones);
  if (s.reading != 0) out += ", reading " + std::to_string(s.reading);
  return out;
}

}  // namespace tributary::exhaustive
