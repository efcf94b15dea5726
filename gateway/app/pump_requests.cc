// SPDX-License-Identifier: Apache-2.0
// What operators ask of the pump: over MQTT (docs/protocol.md section 7), and through the door.
#include <nlohmann/json.hpp>
#include <utility>

#include "gateway/app/pump.h"
#include "gateway/app/request_table.h"

namespace tributary::app {

using nlohmann::json;
using transports::Message;
using transports::Qos;
using Level = core::Notice::Level;

namespace {

constexpr std::size_t snapshots_pending_max = 4;
constexpr std::size_t change_bytes_max = 512 * 1024;

std::string dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

// A change over MQTT: the token comes with it, and what HTTP has in its body.
struct Change {
  std::string token, arguments, wrong;

  static Change read(const Request& request, std::string_view payload) {
    Change out;
    json given = payload.size() > change_bytes_max ? json() : json::parse(payload, nullptr, false);
    if (!given.is_object()) {
      out.wrong = answer_error("the payload is not a JSON object of at most 512 KiB",
                               R"(give {"token":"…", and what is to be done})");
      return out;
    }
    if (const auto it = given.find("token"); it != given.end() && it->is_string()) {
      out.token = it->get<std::string>();
    }
    given.erase("token");
    if (request.name != "import") {
      out.arguments = dump(given);
    } else if (const auto it = given.find("lines"); it != given.end() && it->is_string()) {
      out.arguments = it->get<std::string>();
    } else {
      out.wrong = answer_error("there are no lines", R"(give {"lines":"…"}, of an export)");
    }
    return out;
  }
};

}  // namespace

bool Pump::may_reply_to(const std::string& topic) const {
  if (!transports::topic_valid(topic) || topic.front() == '$') return false;
  // Among the fleets' own topics only under our reply/: nobody may borrow our voice for the
  // protocol.
  const std::string& fleet = core_->root();
  const std::string fleets = fleet.substr(0, fleet.rfind('/') + 1);
  return topic.compare(0, fleets.size(), fleets) != 0 ||
         topic.compare(0, fleet.size() + 7, fleet + "/reply/") == 0;
}

void Pump::request(std::size_t index, const Message& message) {
  if (!may_reply_to(message.response_topic)) {
    ++asked_.no_reply;
    log(Level::warning, "request-without-reply",
        message.topic + ": the response topic \"" + message.response_topic +
            "\" is missing, invalid or inside the protocol's own topics");
    return;
  }
  Message reply{.topic = message.response_topic,
                .payload = {},
                .qos = Qos::at_least_once,
                .retain = false,
                .response_topic = {},
                .correlation = message.correlation};
  const std::string name = message.topic.substr(message.topic.rfind('/') + 1);
  const Request* request = find_request(name);
  // Who answers from another thread, does so by mail.
  const bool by_mail = request != nullptr && request->by == Request::By::beside;
  const Answer to =
      by_mail ? answer_by_mail(index, std::move(reply)) : answer_now(index, std::move(reply));
  const bool changes = request != nullptr && request->changes;
  if (!questions_.take(now().mono_ms) || (changes && !changes_.take(now().mono_ms))) {
    ++asked_.limited;
    return to(answer_error("too many requests a second", "ask again in a moment"));
  }
  ++asked_.taken;
  if (!changes) return perform(name, message.payload, process_state(), to);
  Change change = Change::read(*request, message.payload);
  if (!change.wrong.empty()) return to(std::move(change.wrong));
  const std::string refused = options_.beside == nullptr
                                  ? "nothing can be changed here"
                                  : options_.beside->refuse_change(change.token);
  if (!refused.empty()) {
    ++asked_.denied;
    log(Level::warning, "request-denied", message.topic + ": " + refused);
    return to(answer_error(refused, "see docs/api.md, \"Changing something\""));
  }
  perform(name, change.arguments, process_state(), to);
}

Pump::Answer Pump::answer_now(std::size_t index, Message reply) {
  return [this, index, reply = std::move(reply)](std::string body) mutable {
    reply.payload = std::move(body);
    links_[index].outbox.push(std::move(reply));
  };
}

Pump::Answer Pump::answer_by_mail(std::size_t index, Message reply) {
  return [mail = mail_, wake = options_.wake, index,
          reply = std::move(reply)](std::string body) mutable {
    reply.payload = std::move(body);
    {
      const std::lock_guard lock(mail->mutex);
      mail->replies.emplace_back(index, std::move(reply));
    }
    wake();
  };
}

void Pump::take_mail() {
  std::vector<std::pair<std::size_t, Message>> mail;
  {
    const std::lock_guard lock(mail_->mutex);
    mail.swap(mail_->replies);
  }
  for (auto& [index, reply] : mail) links_[index].outbox.push(std::move(reply));
}

void Pump::perform(std::string_view name, std::string_view arguments, const ProcessState& state,
                   Answer to) {
  const Request* request = find_request(name);
  if (request == nullptr) {
    return to(answer_error("no such command: " + std::string(name.substr(0, 100)),
                           "one of " + request_names()));
  }
  switch (request->by) {
    case Request::By::core:
      return to(answer(*core_, state, name, arguments));
    case Request::By::notes:
      return desk_.perform(name, arguments, std::move(to));
    case Request::By::snapshot:
      return snapshot(std::move(to));
    case Request::By::beside:
      if (options_.beside != nullptr && options_.beside->request(name, arguments, to)) return;
      break;
    case Request::By::person:
      if (options_.beside == nullptr) break;
      if (auto done = options_.beside->operate(*this, name, arguments)) return to(std::move(*done));
      break;
  }
  to(answer_error("nobody here answers that", "ask another gateway"));
}

void Pump::snapshot(Answer to) {
  if (snapshots_.size() >= snapshots_pending_max) {
    return to(answer_error("too many snapshots at once", "wait for the one under way"));
  }
  const std::string path = options_.database_path + ".snapshot";
  copy_beside(
      [path, gateway = options_.core.gateway, to = std::move(to)](const std::string& error) {
        to(!error.empty() ? answer_error(error, "free space or permissions, then try again")
                          : dump({{"gateway", gateway}, {"path", path}}));
      });
}

NotesDesk::Tools Pump::desk_tools() {
  return {.gateway = options_.core.gateway,
          .visit = [this](auto work, auto done) { visit(std::move(work), std::move(done)); },
          .hear = [this](std::uint64_t id, const core::DeadLetterRow& row) -> std::string {
            const std::string uploads = core_->root() + "/up/";
            if (row.topic.compare(0, uploads.size(), uploads) != 0) {
              return "no device sent it: what peers sent comes again by itself";
            }
            if (!core_->accepting()) return "the disk does not keep up: try again in a moment";
            const bool heard = inject(row.topic.substr(core_->root().size() + 1), row.bytes, id);
            return heard ? "" : "no broker of this gateway serves devices: ask another gateway";
          }};
}

}  // namespace tributary::app
