// SPDX-License-Identifier: Apache-2.0
#include "gateway/keyring/members.h"

#include <nlohmann/json.hpp>

#include "gateway/keyring/error.h"
#include "gateway/keyring/lines.h"

namespace tributary::keyring {
namespace {

using nlohmann::json;

constexpr const char* format = "tributary fleet 1";

json to_json(const std::vector<Issued>& all) {
  json out = json::array();
  for (const Issued& one : all) out.push_back({{"serial", one.serial}, {"until_s", one.until_s}});
  return out;
}

std::vector<Issued> issued_of(const json& all) {
  std::vector<Issued> out;
  for (const json& one : all) {
    out.push_back({one.at("serial").get<std::string>(), one.at("until_s").get<std::int64_t>()});
  }
  return out;
}

Member member_of(const json& one) {
  Member member;
  member.id = one.at("id").get<std::string>();
  member.keys_here = one.at("keys_here").get<bool>();
  member.valid = issued_of(one.at("certificates"));
  // The id becomes a path and a line of the access list.
  if (!is_id(member.id) || !parse_role(one.at("role").get<std::string>(), member.role)) {
    throw Error(Error::Kind::storage, "a member has no id or role that can be");
  }
  return member;
}

}  // namespace

std::string members_text(const Members& file) {
  const InitOptions& o = file.options;
  json members = json::array();
  for (const Member& member : file.members) {
    members.push_back({{"id", member.id},
                       {"role", name(member.role)},
                       {"keys_here", member.keys_here},
                       {"certificates", to_json(member.valid)}});
  }
  const json out = {{"format", format},
                    {"fleet", o.fleet},
                    {"topic_root", o.topic_root},
                    {"hosts", o.hosts},
                    {"days", o.days},
                    {"ca_days", o.ca_days},
                    {"listen", o.listen},
                    {"broker_place", o.broker_place},
                    {"members", std::move(members)},
                    {"revoked", to_json(file.revoked)}};
  return out.dump(1) + "\n";
}

Members parse_members(const std::string& text, const std::string& path) {
  try {
    const json in = json::parse(text);
    if (in.at("format").get<std::string>() != format) {
      throw Error(Error::Kind::storage, "is of another version than \"tributary fleet 1\"");
    }
    Members out;
    out.options.fleet = in.at("fleet").get<std::string>();
    out.options.topic_root = in.at("topic_root").get<std::string>();
    out.options.hosts = in.at("hosts").get<std::vector<std::string>>();
    out.options.days = in.at("days").get<std::int64_t>();
    out.options.ca_days = in.at("ca_days").get<std::int64_t>();
    out.options.listen = in.at("listen").get<std::string>();
    out.options.broker_place = in.at("broker_place").get<std::string>();
    for (const json& one : in.at("members")) out.members.push_back(member_of(one));
    out.revoked = issued_of(in.at("revoked"));
    return out;
  } catch (const std::exception& e) {
    throw Error(Error::Kind::storage,
                path + ": is damaged: " + e.what() + "\n  restore it from your copy");
  }
}

}  // namespace tributary::keyring
