// SPDX-License-Identifier: Apache-2.0
#include "gateway/keyring/broker_files.h"

namespace tributary::keyring {
namespace {

constexpr const char* rest_of_profile =
    "persistence true\n"
    "persistence_location /var/lib/mosquitto/\n"
    "autosave_interval 60\n"
    "max_queued_messages 100000\n"
    "max_queued_bytes 67108864\n"
    "max_inflight_messages 200\n"
    "message_size_limit 1048576\n"
    "set_tcp_nodelay true\n"
    "log_dest stderr\n"
    "log_type error\n"
    "log_type warning\n"
    "log_type notice\n";

std::string rights(const std::string& root, const Entry& member) {
  const std::string own = root + "/gw/" + member.id;
  switch (member.role) {
    case Role::device:
      return "topic write " + root + "/up/" + member.id + "\n" +  //
             "topic read " + root + "/ack/" + member.id + "\n";
    case Role::gateway:
      return "topic read " + root + "/up/+\n" +                        //
             "topic write " + root + "/ack/+\n" +                      //
             "topic write " + own + "/status\n" +                      //
             "topic write " + own + "/delta\n" +                       //
             "topic write " + own + "/head\n" +                        //
             "topic write " + own + "/state/+/+\n" +                   //
             "topic write " + own + "/ask/+\n" +                       //
             "topic write " + own + "/answer/+\n" +                    //
             "topic write " + own + "/seal/+\n" +                      //
             "topic write " + own + "/seal/part/+\n" +                 //
             "topic read " + root + "/gw/#\n" +                        //
             "topic write " + root + "/view/" + member.id + "/#\n" +   //
             "topic write " + root + "/alert/" + member.id + "/+\n" +  //
             "topic read $SYS/broker/#\n" +                            //
             "topic write homeassistant/device/+/config\n" +           //
             "topic read homeassistant/status\n" +                     //
             "topic read " + root + "/req/" + member.id + "/+\n" +     //
             "topic write " + root + "/reply/+\n";
    case Role::viewer:
      return "topic read " + root + "/gw/+/status\n" +  //
             "topic read " + root + "/gw/+/head\n" +    //
             "topic read " + root + "/view/#\n" +       //
             "topic read " + root + "/alert/#\n" +      //
             "topic write " + root + "/req/+/+\n" +     //
             "topic read " + root + "/reply/" + member.id + "\n";
  }
  return {};
}

}  // namespace

const char* name(Role role) {
  switch (role) {
    case Role::gateway:
      return "gateway";
    case Role::device:
      return "device";
    case Role::viewer:
      return "operator";
  }
  return "";
}

bool parse_role(const std::string& text, Role& role) {
  for (const Role one : {Role::gateway, Role::device, Role::viewer}) {
    if (text != name(one)) continue;
    role = one;
    return true;
  }
  return false;
}

std::string tls_lines(const BrokerPlace& at) {
  return "allow_anonymous false\n"
         "acl_file " +
         at.place + "/acl\n" + "listener " + at.listen + "\n" +  //
         "cafile " + at.place + "/ca.crt\n" +                    //
         "certfile " + at.place + "/tls.crt\n" +                 //
         "keyfile " + at.place + "/tls.key\n" +                  //
         "crlfile " + at.place + "/revoked.pem\n" +              //
         "tls_version tlsv1.3\n"
         "require_certificate true\n"
         "use_identity_as_username true\n"
         // Else any member could end another's session by taking its client id.
         "use_username_as_clientid true\n";
}

std::string broker_conf(const BrokerPlace& at) {
  return "# Written by `tributary fleet`, for Mosquitto 2. Readable by the broker's user only.\n" +
         std::string(rest_of_profile) + tls_lines(at);
}

std::string access_list(const std::string& root, const std::vector<Entry>& members) {
  std::string out =
      "# Written by `tributary fleet`: it is written anew at every change of the fleet.\n"
      "# A user is the CN of a certificate. Who is not named may do nothing.\n"
      // Brokers once took an access list without entries for none at all (CVE-2018-12550).
      "user nobody\ntopic deny #\n";
  for (const Entry& member : members) {
    out += "\n# " + std::string(name(member.role)) + "\nuser " + member.id + "\n" +
           rights(root, member);
  }
  return out;
}

}  // namespace tributary::keyring
