// SPDX-License-Identifier: Apache-2.0
// The in-process broker must behave as Mosquitto does wherever a caller can see it: every scenario
// runs against both, through the same Session interface.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/transports/mqtt/harness.h"
#include "transports/memory/broker.h"

namespace tributary::transports::mqtt {
namespace {

class Network {
 public:
  virtual ~Network() = default;
  virtual std::unique_ptr<Session> session(const std::string& id, std::optional<Message> will) = 0;
  virtual bool wait(const std::function<bool()>& condition) = 0;
  virtual void restart() = 0;  // kill -9: what was retained is forgotten
};

class RealNetwork final : public Network {
 public:
  std::unique_ptr<Session> session(const std::string& id, std::optional<Message> will) override {
    Options options = options_for(broker_, id);
    options.will = std::move(will);
    return make_session(options);
  }
  bool wait(const std::function<bool()>& condition) override {
    return eventually(deadline, condition);
  }
  void restart() override {
    broker_.kill();
    broker_.start();
  }

 private:
  Mosquitto broker_;
};

class MemoryNetwork final : public Network {
 public:
  std::unique_ptr<Session> session(const std::string& id, std::optional<Message> will) override {
    return broker_.session(id, std::move(will));
  }
  bool wait(const std::function<bool()>& condition) override {
    for (int ms = 0; ms < 60'000; ++ms) {
      broker_.advance(broker_.now_ms() + 1);
      if (condition()) return true;
    }
    return false;
  }
  void restart() override { broker_.restart(); }

 private:
  memory::Broker broker_{{.seed = 1}};
};

// A session whose messages are collected as "topic=payload", with "(r)" when replayed.
class Peer {
 public:
  Peer(Network& network, const std::string& id, std::optional<Message> will = {})
      : network_(network), id_(id), session_(network.session(id, std::move(will))) {
    session_->subscribe("fence/" + id_, Qos::at_least_once);
    session_->start();
    EXPECT_TRUE(network_.wait([&] {
      collect();
      return connects > 0;
    }));
  }

  Session& operator*() { return *session_; }
  Session* operator->() { return session_.get(); }
  void vanish() { session_.reset(); }

  void send(const std::string& topic, const std::string& payload, bool retain = false,
            Qos qos = Qos::at_least_once) {
    EXPECT_TRUE(
        session_->publish({.topic = topic, .payload = payload, .qos = qos, .retain = retain}));
  }

  void collect() {
    if (!session_) return;
    for (Event& event : session_->poll(1000)) {
      if (event.kind == Event::Kind::connected) ++connects;
      if (event.kind != Event::Kind::message) continue;
      if (event.message.topic == "fence/" + id_) {
        fence_ = event.message.payload;
      } else {
        got.push_back(event.message.topic + "=" + event.message.payload +
                      (event.message.retain ? "(r)" : ""));
        qoses.push_back(event.message.qos);
      }
    }
  }

  // Everything that `from` published before has been delivered to us, if it ever is.
  std::vector<std::string> after(Peer& from) {
    // Of its own: one that came before may come once more, by a filter that selects it, too.
    static int made = 0;
    const std::string fence = std::to_string(++made);
    from.send("fence/" + id_, fence);
    EXPECT_TRUE(network_.wait([&] {
      collect();
      return fence_ == fence;
    }));
    std::sort(got.begin(), got.end());
    return std::exchange(got, {});
  }

  int connects = 0;
  std::vector<std::string> got;
  std::vector<Qos> qoses;

 private:
  Network& network_;
  std::string id_;
  std::unique_ptr<Session> session_;
  std::string fence_;  // the last one that came
};

using List = std::vector<std::string>;

class Conformance : public testing::TestWithParam<bool> {
 protected:
  Conformance() {
    if (GetParam()) {
      network = std::make_unique<RealNetwork>();
    } else {
      network = std::make_unique<MemoryNetwork>();
    }
  }
  std::unique_ptr<Network> network;
};

INSTANTIATE_TEST_SUITE_P(Brokers, Conformance, testing::Values(false, true),
                         [](const auto& param_info) {
                           return param_info.param ? "Mosquitto" : "Memory";
                         });

TEST_P(Conformance, FiltersSelectTheSameTopics) {
  Peer a(*network, "a");
  const List topics = {"x", "x/y", "x/y/z", "/x", "x/", "y/x", "x//y"};
  for (const char* filter : {"#", "x/#", "+", "x/+", "+/+", "x/+/+", "+/y/#", "/+", "x/y", "x/"}) {
    Peer b(*network, "b");
    b->subscribe(filter, Qos::at_least_once);
    b.after(b);
    for (const auto& topic : topics) a.send(topic, "m");
    List expected;
    for (const auto& topic : topics) {
      if (topic_matches(filter, topic)) expected.push_back(topic + "=m");
    }
    std::sort(expected.begin(), expected.end());
    List got = b.after(a);
    EXPECT_EQ(got, expected) << filter;
    b->stop(1000);
  }
}

TEST_P(Conformance, RetainedReplayAndRemoval) {
  Peer a(*network, "a");
  Peer b(*network, "b");
  a.send("r/1", "one", true);
  a.send("r/2", "two", true, Qos::at_most_once);
  a.send("r/2", "two again", true, Qos::at_most_once);
  a.send("r/3", "three", true);
  a.send("r/3", "", true);
  a.send("r/4", "not kept");
  b.after(a);
  b->subscribe("r/+", Qos::at_least_once);
  EXPECT_EQ(b.after(b), (List{"r/1=one(r)", "r/2=two again(r)"}));
  b->subscribe("r/1", Qos::at_least_once);
  EXPECT_EQ(b.after(b), (List{"r/1=one(r)"}));
  b->unsubscribe("r/+");
  b->unsubscribe("r/1");
  b.after(b);
  a.send("r/1", "changed", true);
  EXPECT_EQ(b.after(a), List{});
  b->subscribe("r/#", Qos::at_least_once);
  EXPECT_EQ(b.after(b), (List{"r/1=changed(r)", "r/2=two again(r)"}));
  a.send("r/1", "live", true);
  a.send("r/2", "", true);
  EXPECT_EQ(b.after(a), (List{"r/1=live", "r/2="}));
}

TEST_P(Conformance, NoLocalHidesOnesOwnLiveMessagesNotTheRetained) {
  Peer a(*network, "a");
  Peer b(*network, "b");
  a.send("n/a", "mine", true);
  b.send("n/b", "theirs", true);
  b.after(a);
  a.after(b);
  a->subscribe("n/+", Qos::at_least_once, true);
  EXPECT_EQ(a.after(a), (List{"n/a=mine(r)", "n/b=theirs(r)"}));
  a.send("n/a", "live");
  EXPECT_EQ(a.after(a), List{});
  b.send("n/b", "last");
  EXPECT_EQ(a.after(b), (List{"n/b=last"}));
}

TEST_P(Conformance, QosIsTheLowerOfBoth) {
  Peer a(*network, "a");
  Peer b(*network, "b");
  b->subscribe("q/1", Qos::at_least_once);
  b->subscribe("q/0", Qos::at_most_once);
  b.after(b);
  b.qoses.clear();
  a.send("q/1", "x", false, Qos::at_least_once);
  b.after(a);
  a.send("q/1", "x", false, Qos::at_most_once);
  b.after(a);
  a.send("q/0", "x", false, Qos::at_least_once);
  b.after(a);
  EXPECT_EQ(b.qoses, (std::vector<Qos>{Qos::at_least_once, Qos::at_most_once, Qos::at_most_once}));
}

TEST_P(Conformance, OverlappingSubscriptions) {
  Peer a(*network, "a");
  Peer b(*network, "b");
  b->subscribe("o/#", Qos::at_most_once);
  b->subscribe("o/1", Qos::at_least_once);
  b.after(b);
  a.send("o/1", "x");
  a.send("o/2", "y");
  List got = b.after(a);
  got.erase(std::unique(got.begin(), got.end()), got.end());  // once or twice: both are allowed
  EXPECT_EQ(got, (List{"o/1=x", "o/2=y"}));
}

TEST_P(Conformance, AWillIsKeptWhenItSaysSoAndForgottenByAStop) {
  Peer watcher(*network, "w");
  watcher->subscribe("s/+", Qos::at_least_once);
  watcher.after(watcher);
  Message will{.topic = "s/a", .payload = "gone", .retain = true};
  Peer first(*network, "a", will);
  Peer second(*network, "a", will);  // takes the connection over: the first has vanished
  EXPECT_TRUE(network->wait([&] {
    watcher.collect();
    return !watcher.got.empty();
  }));
  EXPECT_EQ(watcher.got.front(), "s/a=gone");
  first->stop(0);
  Peer late(*network, "l");
  late->subscribe("s/a", Qos::at_least_once);
  EXPECT_EQ(late.after(late), (List{"s/a=gone(r)"}));
  Peer polite(*network, "p", Message{.topic = "s/p", .payload = "gone", .retain = true});
  polite->stop(1000);
  Peer after_it(*network, "z");
  after_it->subscribe("s/p", Qos::at_least_once);
  EXPECT_EQ(after_it.after(after_it), List{});
}

TEST_P(Conformance, ARestartedBrokerForgetsAndSubscriptionsStand) {
  Peer a(*network, "a");
  a->subscribe("k/#", Qos::at_least_once);
  a.send("k/r", "kept", true);
  a.after(a);
  network->restart();
  EXPECT_TRUE(network->wait([&] {
    a.collect();
    return a.connects >= 2;
  }));
  EXPECT_EQ(a.after(a), List{});
  a.send("k/1", "again");
  EXPECT_EQ(a.after(a), (List{"k/1=again"}));
}

TEST_P(Conformance, RefusalsAreEvents) {
  Peer a(*network, "a");
  EXPECT_TRUE(a->publish({.topic = "a/#"}));
  EXPECT_TRUE(a->publish({.topic = "ok", .payload = std::string((1U << 20U) + 1, 'x')}));
  a->subscribe("bad/#/filter", Qos::at_least_once);
  List refused;
  EXPECT_TRUE(network->wait([&] {
    for (Event& event : a->poll(10)) {
      if (event.kind == Event::Kind::refused) refused.push_back(event.message.topic);
    }
    return refused.size() == 3;
  }));
  std::sort(refused.begin(), refused.end());
  EXPECT_EQ(refused, (List{"a/#", "bad/#/filter", "ok"}));
  a->subscribe("ok", Qos::at_least_once);
  a.send("ok", "fits");
  EXPECT_EQ(a.after(a), (List{"ok=fits"}));
}

}  // namespace
}  // namespace tributary::transports::mqtt
