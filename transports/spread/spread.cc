// SPDX-License-Identifier: Apache-2.0
#include "transports/spread/spread.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace tributary::transports {
namespace {

// The first session has more to do than the others: it helps them while no more than this is under
// way there.
constexpr std::size_t idle_max = 4;

constexpr std::string_view share_prefix = "$share/";

// A session that ends so soon after another one was connected was ended by that; so often within
// that time is no accident. Not every broker says so.
constexpr std::uint64_t ended_by_ms = 1'000;
constexpr std::size_t ended_max = 8;
constexpr std::uint64_t ended_within_ms = 60'000;

}  // namespace

Spread::Spread(std::unique_ptr<Session> first, std::vector<std::unique_ptr<Session>> others,
               Options options)
    : options_(std::move(options)) {
  assert(first && options_.now_ms);
  lanes_.push_back({.session = std::move(first), .name = "1"});
  for (auto& other : others) {
    const std::string name = std::to_string(lanes_.size() + 1);
    lanes_.push_back({.session = std::move(other), .name = name});
  }
}

// --- sending ---

bool Spread::offer(Message& message) {
  Lane& first = lanes_.front();
  if (!first.session->connected()) return false;
  if (message.retain || message.qos == Qos::at_most_once) {
    if (!first.session->offer(message)) return false;
    ++first.messages_out;
    return true;
  }
  tend();
  return again_.empty() && give(message);  // in turn: what broke off has waited longer
}

// False: none has room. Then all have said so, and wake us when that changes.
bool Spread::give(const Message& message) {
  for (Lane* lane : by_load()) {
    if (give_to(*lane, message)) return true;
  }
  return false;
}

bool Spread::give_to(Lane& lane, const Message& message) {
  const bool keeps = &lane != &lanes_.front();  // without the first there is no link at all
  if (keeps) settle(lane);
  if (!lane.session->publish(message)) return false;
  ++lane.messages_out;
  if (!keeps) return true;
  if (lane.held.empty()) lane.moved_ms = options_.now_ms();
  lane.held.push_back({message});
  return true;
}

bool Spread::stands_still(const Lane& lane) const {
  return !lane.held.empty() && options_.now_ms() >= lane.moved_ms + options_.stalled_ms;
}

bool Spread::gets_on(const Lane& lane) const {
  if (&lane == &lanes_.front()) return lane.session->outbox_size() < idle_max;
  return !stands_still(lane);
}

// Those that get on, the least loaded first and the first session last among equals; all that are
// connected when none does.
std::vector<Spread::Lane*> Spread::by_load() {
  std::vector<std::pair<std::size_t, Lane*>> loads, rest;
  for (auto lane = lanes_.rbegin(); lane != lanes_.rend(); ++lane) {
    if (!lane->session->connected()) continue;
    (gets_on(*lane) ? loads : rest).emplace_back(lane->session->outbox_size(), &*lane);
  }
  if (loads.empty()) loads.swap(rest);
  std::stable_sort(loads.begin(), loads.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Lane*> out;
  for (const auto& [load, lane] : loads) out.push_back(lane);
  return out;
}

void Spread::tend() {
  for (Lane& lane : lanes_) settle(lane);
  if (!connected()) return;
  while (!again_.empty() && give(again_.front())) again_.pop_front();
  for (Lane& lane : lanes_) rescue(lane);
}

// Lets go of what was acknowledged; what went with the connection is given again.
void Spread::settle(Lane& lane) {
  const Progress progress = lane.session->progress();
  if (progress.connection != lane.connection) {
    lane.connection = progress.connection;
    for (Held& held : lane.held) {
      if (held.given_again) continue;
      again_.push_back(std::move(held.message));
      ++lane.given_again;
    }
    lane.held.clear();
    return;
  }
  while (lane.held.size() > progress.unacknowledged) {
    lane.held.pop_front();
    lane.moved_ms = options_.now_ms();
  }
}

// TCP may stand still for a minute when some packets in a row were lost. What it has goes before
// what is new, once, by those that get on.
void Spread::rescue(Lane& lane) {
  if (!stands_still(lane)) return;
  for (Held& held : lane.held) {
    if (held.given_again) continue;
    Lane* other = by_load().front();
    if (!gets_on(*other) || !give_to(*other, held.message)) return;
    held.given_again = true;
    ++lane.given_again;
  }
}

std::size_t Spread::outbox_size() const {
  std::size_t size = again_.size();
  for (const Lane& lane : lanes_) size += lane.session->outbox_size();
  return size;
}

// --- hearing ---

void Spread::subscribe(const std::string& filter, Qos qos, bool no_local) {
  const bool share = sharing_ && !no_local && options_.shared && options_.shared(filter);
  if (!share) return lanes_.front().session->subscribe(filter, qos, no_local);
  shared_[filter] = qos;
  for (Lane& lane : lanes_) lane.session->subscribe(shared(filter), qos, false);
}

void Spread::unsubscribe(const std::string& filter) {
  if (shared_.erase(filter) == 0) return lanes_.front().session->unsubscribe(filter);
  for (Lane& lane : lanes_) lane.session->unsubscribe(shared(filter));
}

void Spread::stop_sharing() {
  sharing_ = false;
  for (const auto& [filter, qos] : std::exchange(shared_, {})) {
    for (Lane& lane : lanes_) lane.session->unsubscribe(shared(filter));
    lanes_.front().session->subscribe(filter, qos, false);
  }
}

// The end may be heard of before the connect that made it, or after.
void Spread::note_ends(Lane& lane, bool connected) {
  const std::uint64_t now_ms = options_.now_ms();
  (connected ? lane.connected_ms : lane.ended_ms) = now_ms + 1;  // 0: never, or counted
  for (Lane& other : lanes_) {
    std::uint64_t& ended_ms = connected ? other.ended_ms : lane.ended_ms;
    const std::uint64_t connected_ms = connected ? lane.connected_ms : other.connected_ms;
    if (&other == &lane || ended_ms == 0 || connected_ms == 0) continue;
    if (std::max(ended_ms, connected_ms) - std::min(ended_ms, connected_ms) > ended_by_ms) continue;
    ended_ms = 0;
    ended_ms_.push_back(now_ms);
  }
  while (!ended_ms_.empty() && ended_ms_.front() + ended_within_ms < now_ms) ended_ms_.pop_front();
}

void Spread::stay_alone() {
  for (std::size_t i = 1; i < lanes_.size(); ++i) {
    for (Held& held : lanes_[i].held) {
      if (!held.given_again) again_.push_back(std::move(held.message));
    }
    lanes_[i].session->stop(0);
  }
  lanes_.erase(lanes_.begin() + 1, lanes_.end());
  ended_ms_.clear();
  next_ = 0;
}

std::vector<Event> Spread::poll(std::size_t max) {
  std::vector<Event> events;
  for (std::size_t i = 0; i < lanes_.size() && events.size() < max; ++i) {
    const std::size_t index = (next_ + i) % lanes_.size();
    std::vector<Event> heard = lanes_[index].session->poll(max - events.size());
    for (Event& event : heard) take(index, event);
    if (events.empty()) {
      events = std::move(heard);
    } else {
      std::move(heard.begin(), heard.end(), std::back_inserter(events));
    }
  }
  if (ended_ms_.size() >= ended_max && events.size() < max) {
    stay_alone();
    events.push_back({Event::Kind::part,
                      {},
                      "all sessions have one client id at this broker, so each ends the others: "
                      "the first one stays alone"});
  }
  next_ = (next_ + 1) % lanes_.size();
  tend();
  return events;
}

// What one of several has to say becomes a note; none is left out, so that `max` means `max`.
void Spread::take(std::size_t index, Event& event) {
  Lane& lane = lanes_[index];
  const bool first = index == 0;
  switch (event.kind) {
    case Event::Kind::message:
      ++lane.messages_in;
      return;
    case Event::Kind::refused:
      if (!event.message.topic.starts_with(share_prefix)) return;
      stop_sharing();
      event = {Event::Kind::part,
               {},
               "the broker shares no subscriptions (" + event.reason +
                   "): it is read over one session alone"};
      return;
    case Event::Kind::connected:
      lane.up = true;
      lane.reason.clear();
      ++lane.connects;
      note_ends(lane, true);
      if (!first) event = {Event::Kind::part, {}, "session " + lane.name + " is connected"};
      // Not before the link is there: what they bring would come from nowhere.
      for (std::size_t i = 1; first && i < lanes_.size(); ++i) lanes_[i].session->start();
      return;
    case Event::Kind::disconnected:
      if (lane.up) note_ends(lane, false);
      lane.up = false;
      lane.reason = event.reason;
      if (first) again_.clear();
      if (!first) event = {Event::Kind::part, {}, "session " + lane.name + ": " + event.reason};
      return;
    case Event::Kind::part:
      return;
  }
}

bool Spread::inbound_full() const {
  return std::any_of(lanes_.begin(), lanes_.end(),
                     [](const Lane& lane) { return lane.session->inbound_full(); });
}

// --- all of them ---

std::vector<Session::Part> Spread::parts() const {
  std::vector<Part> out;
  for (const Lane& lane : lanes_) {
    out.push_back({lane.name, lane.up, lane.reason, lane.session->outbox_size(), lane.messages_in,
                   lane.messages_out, lane.connects, lane.given_again});
  }
  return out;
}

void Spread::on_ready(std::function<void()> wake) {
  for (Lane& lane : lanes_) lane.session->on_ready(wake);
}

void Spread::start() {
  lanes_.front().session->start();
}

// The first one last: it has the goodbye.
void Spread::stop(std::uint32_t flush_ms) {
  const std::uint64_t until_ms = options_.now_ms() + flush_ms;
  for (auto lane = lanes_.rbegin(); lane != lanes_.rend(); ++lane) {
    const std::uint64_t now_ms = options_.now_ms();
    const std::uint64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    const bool first = &*lane == &lanes_.front();
    // Half of what is left to those beside, all to the one that says goodbye.
    lane->session->stop(static_cast<std::uint32_t>(first ? left_ms : left_ms / 2));
  }
}

}  // namespace tributary::transports
