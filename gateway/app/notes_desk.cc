// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/notes_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "gateway/app/requests.h"
#include "gateway/app/requests_impl.h"
#include "gateway/app/text.h"
#include "transports/wire/envelope.h"

namespace tributary::app {
namespace {

using nlohmann::json;

constexpr std::size_t kept_bytes_max = 65'536;  // of one: what has as many was cut
constexpr std::size_t page_max = 1'000;
constexpr std::size_t page_raw_bytes_max = page_bytes_max / 2;  // base64 and topics come on top

std::string dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

json of_letter(const store::DeadLetter& l) {
  return {{"id", l.id},
          {"at", l.row.at_ms},
          {"topic", l.row.topic},
          {"reason", l.row.reason},
          {"size", l.row.bytes.size()},
          {"cut", l.row.bytes.size() >= kept_bytes_max},
          {"bytes", base64_encode(l.row.bytes)}};
}

json of_quarantined(const store::Quarantined& q) {
  return {{"id", q.id},
          {"at", q.row.at_ms},
          {"hash", wire::to_hex(q.row.hash)},
          {"reason", q.row.reason},
          {"size", q.row.bytes.size()},
          {"bytes", base64_encode(q.row.bytes)}};
}

std::uint64_t number_of(const json& arguments, const char* name, std::uint64_t otherwise) {
  const auto it = arguments.find(name);
  if (it == arguments.end() || it->is_null()) return otherwise;
  if (!it->is_number_unsigned() || it->get<std::uint64_t>() == 0) {
    throw Mistake{std::string(name) + " is not a number from 1",
                  "leave it out, or give the \"next\" of the page before"};
  }
  return it->get<std::uint64_t>();
}

// One page of a table, and whether something is below it.
template <class Row>
struct Page {
  std::vector<Row> rows;
  bool more = false;
  std::optional<store::Error> error;

  template <class Read>
  void read(const Read& read, std::uint64_t before, std::size_t max) {
    auto got = read(store::NotePage{.before = before, .max = max, .bytes_max = page_raw_bytes_max});
    if (!got) {
      error = got.error();
      return;
    }
    rows = std::move(*got);
    if (rows.empty()) return;
    const auto below = read(store::NotePage{.before = rows.back().id, .max = 1});
    more = below && !below->empty();
  }
  template <class Show>
  std::string answer(const std::string& gateway, const char* name, const Show& show) const {
    if (error) return answer_error(error->message, "look at the gateway's log and its disk");
    json items = json::array();
    for (const Row& row : rows) items.push_back(show(row));
    return dump({{"gateway", gateway},
                 {name, std::move(items)},
                 {"next", more ? json(rows.back().id) : json(nullptr)}});
  }
};

}  // namespace

// Which letters: those named, or all below an id.
struct NotesDesk::Chosen {
  std::vector<std::uint64_t> ids;
  bool all = false;
  std::uint64_t before = 0;

  static Chosen read(const json& arguments) {
    Chosen out;
    out.all = arguments.value("all", json(false)) == json(true);
    out.before = number_of(arguments, "before", 0);
    const json ids = arguments.value("ids", json::array());
    const bool numbers = ids.is_array() && std::all_of(ids.begin(), ids.end(), [](const json& id) {
                           return id.is_number_unsigned() && id != 0;
                         });
    if (!numbers || out.all != ids.empty() || ids.size() > letters_max) {
      throw Mistake{"that names no letters",
                    "give {\"ids\":[…]}, at most " + std::to_string(letters_max) +
                        " of those that dead-letters lists, or {\"all\":true}"};
    }
    for (const json& id : ids) out.ids.push_back(id.get<std::uint64_t>());
    std::sort(out.ids.begin(), out.ids.end());
    out.ids.erase(std::unique(out.ids.begin(), out.ids.end()), out.ids.end());
    return out;
  }
};

// One release under way.
struct NotesDesk::Release {
  Reply reply;
  std::vector<store::DeadLetter> letters;
  bool more = false;
  std::optional<store::Error> error;
  std::size_t open = 0;  // heard, and not settled yet
  std::vector<std::uint64_t> durable;
  json stayed = json::array();
  std::uint64_t dropped = 0;

  void stay(std::uint64_t id, const std::string& why) {
    stayed.push_back({{"id", id}, {"why", why}});
  }
};

void NotesDesk::perform(std::string_view command, std::string_view arguments, Reply to) {
  ++open_;
  Reply reply = [this, to = std::move(to)](std::string json) {
    --open_;
    to(std::move(json));
  };
  try {
    const json given = arguments.empty() ? json::object() : json::parse(arguments, nullptr, false);
    if (!given.is_object()) {
      throw Mistake{"the payload is not a JSON object", "send nothing or an object"};
    }
    if (open_ > open_max) {
      throw Mistake{"too many questions at once", "ask again in a moment"};
    }
    if (command == "release-dead-letters") return release(Chosen::read(given), reply);
    if (command == "drop-dead-letters") return drop(Chosen::read(given), reply);
    list(command, number_of(given, "after", 0),
         std::min<std::size_t>(number_of(given, "max", page_max), page_max), reply);
  } catch (const Mistake& mistake) {
    reply(answer_error(mistake.what, mistake.advice));
  }
}

void NotesDesk::list(std::string_view command, std::uint64_t before, std::size_t max, Reply reply) {
  if (command == "quarantine") {
    const auto page = std::make_shared<Page<store::Quarantined>>();
    return tools_.visit(
        [page, before, max](store::Store& s) {
          page->read([&](const store::NotePage& p) { return s.quarantine(p); }, before, max);
        },
        [this, page, reply] { reply(page->answer(tools_.gateway, "quarantine", of_quarantined)); });
  }
  const auto page = std::make_shared<Page<store::DeadLetter>>();
  tools_.visit(
      [page, before, max](store::Store& s) {
        page->read([&](const store::NotePage& p) { return s.dead_letters(p); }, before, max);
      },
      [this, page, reply] { reply(page->answer(tools_.gateway, "dead_letters", of_letter)); });
}

void NotesDesk::drop(const Chosen& chosen, Reply reply) {
  const auto done = std::make_shared<Result<std::uint64_t, store::Error>>(std::uint64_t{0});
  tools_.visit(
      [done, chosen](store::Store& s) {
        *done = chosen.all ? s.drop_dead_letters() : s.drop_dead_letters(chosen.ids);
      },
      [this, done, reply] {
        if (!*done) {
          return reply(answer_error(done->error().message, "nothing was dropped; try again"));
        }
        reply(dump({{"gateway", tools_.gateway}, {"dropped", **done}}));
      });
}

void NotesDesk::release(const Chosen& chosen, Reply reply) {
  const auto r = std::make_shared<Release>();
  r->reply = std::move(reply);
  tools_.visit(
      [r, chosen](store::Store& s) {
        auto got = chosen.all
                       ? s.dead_letters(store::NotePage{
                             .before = chosen.before, .max = letters_max, .bytes_max = bytes_max})
                       : s.dead_letters(chosen.ids);
        if (!got) {
          r->error = got.error();
          return;
        }
        r->letters = std::move(*got);
        if (!chosen.all || r->letters.empty()) return;
        const auto below =
            s.dead_letters(store::NotePage{.before = r->letters.back().id, .max = 1});
        r->more = below && !below->empty();
      },
      [this, r, chosen] {
        if (r->error) {
          return r->reply(answer_error(r->error->message, "nothing was released; try again"));
        }
        for (const std::uint64_t id : chosen.ids) {
          const bool there = std::any_of(r->letters.begin(), r->letters.end(),
                                         [&](const store::DeadLetter& l) { return l.id == id; });
          if (!there) r->stay(id, "there is no such letter");
        }
        hear(r);
      });
}

void NotesDesk::hear(const std::shared_ptr<Release>& r) {
  for (const store::DeadLetter& letter : r->letters) {
    std::string wrong;
    if (letter.row.bytes.size() >= kept_bytes_max) {
      wrong = "only its beginning was kept: the device sends it again by itself";
    } else if (heard_.count(letter.id) != 0) {
      wrong = "it is being released already";
    } else {
      wrong = tools_.hear(letter.id, letter.row);
    }
    if (!wrong.empty()) {
      r->stay(letter.id, wrong);
      continue;
    }
    heard_.emplace(letter.id, r);
    r->open += 1;
  }
  if (r->open == 0) finish(r);
}

void NotesDesk::settled(const core::LetterOutcome& outcome) {
  const auto at = heard_.find(outcome.letter);
  if (at == heard_.end()) return;
  const std::shared_ptr<Release> r = std::move(at->second);
  heard_.erase(at);
  if (outcome.refused.empty()) {
    r->durable.push_back(outcome.letter);
  } else {
    r->stay(outcome.letter, outcome.refused);
  }
  if (--r->open == 0) finish(r);
}

void NotesDesk::finish(const std::shared_ptr<Release>& r) {
  tools_.visit(
      [r](store::Store& s) {
        if (r->durable.empty()) return;
        // Somebody may have dropped one meanwhile, and its number may be another's by now.
        const auto still = s.dead_letters(r->durable);
        if (!still) {
          r->error = still.error();
          return;
        }
        std::vector<std::uint64_t> same;
        for (const store::DeadLetter& l : *still) {
          const bool it = std::any_of(r->letters.begin(), r->letters.end(), [&](const auto& heard) {
            return heard.id == l.id && heard.row.bytes == l.row.bytes;
          });
          if (it) same.push_back(l.id);
        }
        const auto dropped = s.drop_dead_letters(same);
        if (!dropped) r->error = dropped.error();
      },
      [this, r] {
        json out = {{"gateway", tools_.gateway},
                    {"released", r->durable.size()},
                    {"stayed", std::move(r->stayed)},
                    {"next", r->more ? json(r->letters.back().id) : json(nullptr)}};
        // They count already, and once more changes nothing.
        if (r->error) out["not_dropped"] = r->error->message;
        r->reply(dump(out));
      });
}

}  // namespace tributary::app
