// SPDX-License-Identifier: Apache-2.0
#include "tests/exhaustive/schedule.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace tributary::exhaustive {
namespace {

constexpr std::array<std::string_view, 4> sites = {"d1", "d2", "g1", "g2"};
constexpr std::array<std::string_view, 5> device_words = {"op", "send", "late", "<", "reboot"};
constexpr std::array<std::string_view, 7> gateway_words = {
    "<", "<<", "commit", "fail", "fail-done", "crash", "crash-done"};
constexpr std::uint8_t read_type = 1;

std::string_view word_of(const Action& a) {
  return a.site < 2 ? device_words[a.type] : gateway_words[a.type];
}

std::size_t sender(const Message& m) {
  const bool device = m.kind == Message::Kind::upload;
  return device ? m.from : std::size_t{2} + m.from;
}

// Follows a schedule step by step and knows by which number each message goes.
class Walk {
 public:
  explicit Walk(Model& model) : model_(model), at_(model.first()) {}

  std::string word(const Action& a) const {
    std::string out(sites[a.site]);
    const std::string_view what = word_of(a);
    if (what[0] != '<') return out + '.' + std::string(what);
    const std::size_t from = sender(model_.messages()[a.message]);
    out += what;
    out += sites[from];
    if (what == "<<") return out;
    const auto& said = said_[from];
    const auto place = std::find(said.begin(), said.end(), a.message);
    return out + '.' + std::to_string(place - said.begin() + 1);
  }

  // The action that a word means here; site 4: none.
  Action parse(const std::string& word) const {
    const Action none{4, 0, no_message};
    const auto named = [&](std::string_view text) {
      return static_cast<std::size_t>(std::find(sites.begin(), sites.end(), text) - sites.begin());
    };
    const std::size_t site = named(std::string_view(word).substr(0, 2));
    if (site > 3 || word.size() < 4) return none;
    const auto by = static_cast<std::uint8_t>(site);
    if (word[2] == '.') {
      for (std::uint8_t t = 0; t < (site < 2 ? device_words.size() : gateway_words.size()); ++t) {
        if (word_of({by, t, no_message}) == word.substr(3)) return {by, t, no_message};
      }
      return none;
    }
    if (word.starts_with(std::string(sites[site]) + "<<")) {
      if (site < 2) return none;
      const std::size_t other = 1 - (site - 2);
      return {by, read_type, model_.gateway(other)[at_.place.locals.site[2 + other]].state};
    }
    const std::size_t dot = word.find('.');
    if (word[2] != '<' || dot == std::string::npos) return none;
    const std::size_t from = named(std::string_view(word).substr(3, dot - 3));
    const std::size_t n = std::strtoul(word.c_str() + dot + 1, nullptr, 10);
    if (from > 3 || n == 0 || n > said_[from].size()) return none;
    const Message& m = model_.messages()[said_[from][n - 1]];
    const bool ack = m.kind == Message::Kind::ack;
    if (site < 2 ? !ack || m.to != site : ack || from == site) return none;
    return {by, static_cast<std::uint8_t>(site < 2 ? 3 : 0), said_[from][n - 1]};
  }

  // Throws Violation. Returns the messages that are new.
  std::vector<MessageId> go(const Action& a) {
    std::uint32_t reached = 0;
    at_ = model_.apply(at_, a, reached);
    at_.place.turn = Place::nobody;
    std::vector<MessageId> fresh;
    for (const MessageId m : model_.net(at_.net)) {
      auto& said = said_[sender(model_.messages()[m])];
      if (std::find(said.begin(), said.end(), m) != said.end()) continue;
      said.push_back(m);
      fresh.push_back(m);
    }
    return fresh;
  }

  std::string describe() const {
    std::string out;
    for (std::size_t d = 0; d < 2; ++d) {
      const DeviceState& s = model_.device(d)[at_.place.locals.site[d]];
      out += "      " + std::string(device_names[d]) + ": did \"" + s.log + "\", safe to " +
             std::to_string(s.safe) + (s.unsaved ? ", not saved\n" : "\n");
    }
    for (std::size_t g = 0; g < 2; ++g) {
      const GatewayState& s = model_.gateway(g)[at_.place.locals.site[2 + g]];
      out += "      " + std::string(gateway_names[g]) + ": " + text(s.shown) + "; has all to " +
             std::to_string(s.known.all[0]) + " and " + std::to_string(s.known.all[1]) +
             ", on disk to " + std::to_string(s.on_disk[0]) + " and " +
             std::to_string(s.on_disk[1]) + (s.at_rest ? "; at rest\n" : "; commit under way\n");
    }
    return out;
  }
  std::string name(MessageId m) const {
    const std::size_t from = sender(model_.messages()[m]);
    const auto& said = said_[from];
    const auto place = std::find(said.begin(), said.end(), m) - said.begin() + 1;
    return std::string(sites[from]) + '.' + std::to_string(place) + " = " +
           model_.messages()[m].label;
  }
  const State& at() const { return at_; }

 private:
  Model& model_;
  State at_;
  std::array<std::vector<MessageId>, 4> said_;
};

}  // namespace

namespace {

// How many of the actions it takes until something is wrong; 0: nothing is, or they cannot happen.
std::size_t wrong_after(Model& model, std::vector<Action>& actions) {
  State at = model.first();
  for (std::size_t i = 0; i < actions.size(); ++i) {
    Action& a = actions[i];
    at.place.turn = Place::nobody;
    const std::vector<Action> possible = model.actions(at);
    const auto same = [&](const Action& p) {
      const bool reads = p.site >= 2 && p.type == read_type;
      return p.site == a.site && p.type == a.type && (reads || p.message == a.message);
    };
    const auto found = std::find_if(possible.begin(), possible.end(), same);
    if (found == possible.end()) return 0;
    a = *found;
    try {
      std::uint32_t reached = 0;
      at = model.apply(at, a, reached);
      model.check(at);
    } catch (const Violation&) {
      return i + 1;
    }
  }
  try {
    model.heal(at.place.locals);
  } catch (const Violation&) {
    return actions.size();
  }
  return 0;
}

}  // namespace

std::vector<Action> shortened(Model& model, std::vector<Action> actions) {
  for (std::size_t i = actions.size(); i-- > 0;) {
    std::vector<Action> fewer = actions;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    const std::size_t enough = wrong_after(model, fewer);
    if (enough == 0) continue;
    fewer.resize(enough);
    actions = std::move(fewer);
    i = actions.size();  // once more, from the end
  }
  return actions;
}

std::string write(Model& model, const std::vector<Action>& actions) {
  Walk walk(model);
  std::string out;
  for (const Action& a : actions) {
    if (!out.empty()) out += ' ';
    out += walk.word(a);
    try {
      walk.go(a);
    } catch (const Violation&) {
      break;  // the last one is what is wrong
    }
  }
  return out;
}

namespace {

// One step, with what it sends and how things stand then.
void go(Walk& walk, const Action& a, std::string& trace) {
  trace += walk.word(a) + '\n';
  for (const MessageId m : walk.go(a)) trace += "    " + walk.name(m) + '\n';
  trace += walk.describe();
}

}  // namespace

Replay replay(Model& model, const std::string& words) {
  Replay out;
  Walk walk(model);
  std::istringstream in(words);
  try {
    for (std::string word; in >> word;) {
      const Action a = walk.parse(word);
      if (a.site > 3) {
        out.wrong = "\"" + word + "\" means nothing here";
        return out;
      }
      go(walk, a, out.trace);
      model.check(walk.at());
    }
  } catch (const Violation& v) {
    out.wrong = v.what();
    return out;
  }
  try {
    model.heal(walk.at().place.locals);
  } catch (const Violation& v) {
    out.wrong = v.what();
    out.trace += "now all in flight is lost, and things work again\n";
    try {
      for (const Action& a : std::vector<Action>(model.tail())) {
        out.healing += (out.healing.empty() ? "" : " ") + walk.word(a);
        go(walk, a, out.trace);
      }
    } catch (const Violation&) {  // the same: it is said already
    }
  }
  return out;
}

}  // namespace tributary::exhaustive
