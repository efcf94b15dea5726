// SPDX-License-Identifier: Apache-2.0
#include "transports/mqtt/kicker.h"

#include <MQTTAsync.h>

namespace tributary::transports::mqtt {
namespace {

MQTTAsync make_hidden_client() {
  MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;
  options.sendWhileDisconnected = 1;  // so that a command for it is queued at all,
  options.allowDisconnectedSendAtAnyTime = 1;
  options.maxBufferedMessages = 1;  // and replaced by the next
  options.deleteOldestMessages = 1;
  MQTTAsync client = nullptr;
  const int rc = MQTTAsync_createWithOptions(&client, "tcp://127.0.0.1:1", "tributary-kicker",
                                             MQTTCLIENT_PERSISTENCE_NONE, nullptr, &options);
  return rc == MQTTASYNC_SUCCESS ? client : nullptr;
}

}  // namespace

void kick() {
  static MQTTAsync hidden = make_hidden_client();  // never destroyed, on purpose: see the header
  if (hidden == nullptr) return;                   // out of memory: we are merely slower
  MQTTAsync_message message = MQTTAsync_message_initializer;
  char nothing = 0;
  message.payload = &nothing;
  message.payloadlen = 1;
  MQTTAsync_sendMessage(hidden, "kick", &message, nullptr);
}

}  // namespace tributary::transports::mqtt
