// SPDX-License-Identifier: Apache-2.0
// What a broker may never say, and what it says that means nothing.
#include <algorithm>
#include <random>

#include "tests/support/hostile_broker.h"

namespace tributary::test {
namespace {

constexpr std::uint64_t seed = 20240502;
constexpr int publish_type = 3, subscribe_type = 8, unsubscribe_type = 10;

std::string two(std::size_t n) {
  return {static_cast<char>(n >> 8 & 0xFF), static_cast<char>(n & 0xFF)};
}

template <std::size_t Size>
std::string raw(const char (&text)[Size]) {
  return {text, Size - 1};  // with its NULs
}

std::string random_bytes(std::mt19937_64& random, std::size_t size) {
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

void add_instead_of_connack(std::vector<Act>& acts, std::mt19937_64& random) {
  const auto add = [&](std::string name, std::string bytes, bool hangs_up = false) {
    acts.push_back({"instead of CONNACK: " + name, false, std::move(bytes), {}, 1, hangs_up});
  };
  add("hangs up at once", "", true);
  add("silence", "");
  add("refused, 135", raw("\x20\x03\x00\x87\x00"));
  add("a code that does not exist", raw("\x20\x03\x00\x7f\x00"));
  add("of MQTT 3.1.1", raw("\x20\x02\x00\x00"));
  add("empty", raw("\x20\x00"));
  add("cut", raw("\x20\x03\x00"), true);
  add("longer than said", raw("\x20\x03\x00\x00\x00\x00\x00\x00"));
  add("shorter than said", raw("\x20\x7f\x00\x00\x00"));
  add("properties longer than it", raw("\x20\x03\x00\x00\x7f"));
  add("an unknown property", raw("\x20\x05\x00\x00\x02\xfe\x00"));
  add("a property cut", raw("\x20\x05\x00\x00\x02\x27\x00"));
  add("a string property that lies", raw("\x20\x07\x00\x00\x04\x1f\xff\xff\x61"));
  add("a length of five bytes", raw("\x20\xff\xff\xff\xff\xff"));
  add("a length of 256 MiB", raw("\x20\xff\xff\xff\x7f\x00\x00\x00"));
  add("a message", mqtt_publish("a/b", "too early", 1));
  add("HTTP", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  for (int i = 0; i < 4; ++i) add("random bytes", random_bytes(random, 64U << (2 * i)));
}

void add_messages(std::vector<Act>& acts, const std::string& root) {
  const auto add = [&](std::string name, std::string bytes, bool hangs_up = false) {
    acts.push_back({"a message " + name, true, std::move(bytes), {}, 1, hangs_up});
  };
  const std::string up = root + "up/dev-9";
  const std::string whole = mqtt_publish(up, "payload", 1);
  for (std::size_t cut = 1; cut < whole.size(); cut += 5) {
    add("cut at " + std::to_string(cut), whole.substr(0, cut), true);
  }
  add("with a topic that is not UTF-8", mqtt_publish(root + "up/\xff\xfe", "x", 1));
  add("with a surrogate in its topic", mqtt_publish(root + "up/\xed\xa0\x80", "x", 1));
  add("with NUL in its topic", mqtt_publish(root + "up/" + std::string("d\0v", 3), "x", 1));
  add("with wildcards in its topic", mqtt_publish(root + "up/#", "x", 1));
  add("without a topic", mqtt_publish("", "x", 1));
  add("with a topic of 65,535 bytes",
      mqtt_publish(root + "up/" + std::string(65'535 - root.size() - 3, 'x'), "x", 1));
  add("with a topic longer than it", mqtt_packet(0x30, two(60'000) + up));
  add("of one byte", mqtt_packet(0x30, "x"));
  add("of nothing", mqtt_packet(0x30, ""));
  add("of QoS 3", mqtt_packet(0x36, two(up.size()) + up + two(1) + raw("\0") + "x"));
  add("of QoS 1 with id 0", mqtt_publish(up, "x", 1, 0));
  add("of QoS 2", mqtt_publish(up, "x", 2));
  add("of QoS 1 without room for its id", mqtt_packet(0x32, two(up.size()) + up));
  add("with properties longer than it", mqtt_packet(0x30, two(up.size()) + up + raw("\x7f") + "x"));
  add("with properties of a length of five bytes",
      mqtt_packet(0x30, two(up.size()) + up + raw("\xff\xff\xff\xff\xff") + "x"));
  add("with a topic alias that was never told",
      mqtt_packet(0x30, two(0) + raw("\x03\x23\x00\x05") + "x"));
  add("with an unknown property", mqtt_packet(0x30, two(up.size()) + up + raw("\x02\xfe\x01x")));
  add("of 256 MiB, as it says", raw("\x30\xff\xff\xff\x7f") + two(up.size()) + up);
  add("of a length of five bytes", raw("\x30\xff\xff\xff\xff\x7f") + two(up.size()) + up);
  add("that is larger than we take", mqtt_publish(up, std::string(3U << 20U, 'x'), 1));
}

// Answers to what we never said, and packets that only clients may send.
void add_others(std::vector<Act>& acts) {
  const auto add = [&](std::string name, std::string bytes) {
    acts.push_back({std::move(name), true, std::move(bytes), {}, 1, false});
  };
  add("a second CONNACK", raw("\x20\x03\x00\x00\x00"));
  add("PUBACK of an unknown id", raw("\x40\x02\x12\x34"));
  add("PUBACK of one byte", raw("\x40\x01\x12"));
  add("PUBACK of nothing", raw("\x40\x00"));
  add("PUBACK with properties that lie", raw("\x40\x04\x00\x01\x00\x7f"));
  add("PUBREC, PUBREL, PUBCOMP of an unknown id",
      raw("\x50\x02\x12\x34\x62\x02\x12\x34\x70\x02\x12\x34"));
  add("SUBACK of an unknown id", raw("\x90\x04\x12\x34\x00\x00"));
  add("SUBACK of nothing", raw("\x90\x00"));
  add("SUBACK with properties that lie", raw("\x90\x03\x00\x01\x7f"));
  add("UNSUBACK of an unknown id", raw("\xb0\x04\x12\x34\x00\x00"));
  add("PINGRESP with a body", raw("\xd0\x02\x00\x00"));
  add("CONNECT", raw("\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00"));
  add("SUBSCRIBE", raw("\x82\x07\x00\x01\x00\x00\x01#\x00"));
  add("PINGREQ", raw("\xc0\x00"));
  add("type 0", raw("\x00\x00"));
  add("AUTH", raw("\xf0\x00"));
  add("DISCONNECT with properties that lie", raw("\xe0\x02\x8b\x7f"));
  add("DISCONNECT, shutting down", raw("\xe0\x01\x8b"));
}

void add_false_answers(std::vector<Act>& acts) {
  acts.push_back({"SUBACK refuses everything", true, "", [](const RawPacket& p) {
                    if (p.type() == unsubscribe_type) return mqtt_packet(0xB0, p.body.substr(0, 2));
                    if (p.type() != subscribe_type) return std::string();
                    return mqtt_packet(0x90, p.body.substr(0, 2) + std::string("\0\x87", 2));
                  }});
  acts.push_back({"SUBACK with no code", true, "", [](const RawPacket& p) {
                    if (p.type() != subscribe_type) return std::string();
                    return mqtt_packet(0x90, p.body.substr(0, 2) + std::string(1, '\0'));
                  }});
  acts.push_back({"SUBACK with a hundred codes", true, "", [](const RawPacket& p) {
                    if (p.type() != subscribe_type) return std::string();
                    return mqtt_packet(0x90, p.body.substr(0, 2) + std::string(101, '\0'));
                  }});
  acts.push_back({"PUBACK of the next id", true, "", [](const RawPacket& p) {
                    if (p.type() == subscribe_type) {
                      return mqtt_packet(0x90, p.body.substr(0, 2) + std::string(2, '\0'));
                    }
                    return p.type() == publish_type ? mqtt_packet(0x40, two(0x7ABC))
                                                    : std::string();
                  }});
}

void add_floods(std::vector<Act>& acts, const std::string& root, std::mt19937_64& random) {
  for (const int qos : {0, 1}) {
    std::string some;
    for (const char* topic : {"up/dev-9", "ack/dev-1", "gw/x/head", "gw/x/delta", "gw/x/state/0/0",
                              "gw/x/status", "req/g1/status"}) {
      const std::size_t id = 1 + random() % 60'000;
      some += mqtt_publish(root + topic, random_bytes(random, 1'000), qos,
                           static_cast<std::uint16_t>(id));
    }
    acts.push_back({"a flood of QoS " + std::to_string(qos), true, some, {}, 2'000, false});
  }
  for (int i = 0; i < 6; ++i) {
    acts.push_back({"random bytes", true, random_bytes(random, 16U << (2 * i)), {}, 1, false});
  }
  // A right header before chance.
  for (int type = 1; type < 16; ++type) {
    acts.push_back({"type " + std::to_string(type) + " with random bytes", true,
                    mqtt_packet(static_cast<std::uint8_t>(type << 4), random_bytes(random, 40))});
  }
}

}  // namespace

std::string remaining_length(std::size_t size) {
  std::string out;
  do {
    const auto byte = static_cast<unsigned char>(size & 0x7F);
    size >>= 7;
    out.push_back(static_cast<char>(size > 0 ? byte | 0x80 : byte));
  } while (size > 0);
  return out;
}

std::string mqtt_packet(std::uint8_t first, const std::string& body) {
  return std::string(1, static_cast<char>(first)) + remaining_length(body.size()) + body;
}

std::string mqtt_publish(const std::string& topic, const std::string& payload, int qos,
                         std::uint16_t id) {
  std::string body = two(topic.size()) + topic;
  if (qos > 0) body += two(id);
  body += std::string(1, '\0');  // no properties
  return mqtt_packet(static_cast<std::uint8_t>(0x30 | qos << 1), body + payload);
}

std::vector<Act> hostile_acts(const std::string& root) {
  std::vector<Act> acts;
  std::mt19937_64 random(seed);
  add_instead_of_connack(acts, random);
  add_messages(acts, root);
  add_others(acts);
  add_false_answers(acts);
  add_floods(acts, root, random);
  return acts;
}

}  // namespace tributary::test
