// SPDX-License-Identifier: Apache-2.0
#include "transports/tls/policy.h"

#include <openssl/conf.h>
#include <openssl/ssl.h>

#include <string_view>

#include "transports/tls/openssl.h"

namespace tributary::transports::tls {
namespace {

constexpr std::string_view policy =
    "tributary = modules\n"
    "[modules]\n"
    "ssl_conf = contexts\n"
    "[contexts]\n"
    "system_default = tls13\n"
    "[tls13]\n"
    "MinProtocol = TLSv1.3\n"
    "MaxProtocol = TLSv1.3\n";

std::string enforce() {
  // The system's own configuration first: what is loaded last counts.
  OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, nullptr);
  const Owned<BIO, BIO_free_all> text(
      BIO_new_mem_buf(policy.data(), static_cast<int>(policy.size())));
  const Owned<CONF, NCONF_free> parsed(NCONF_new(nullptr));
  long line = 0;
  if (NCONF_load_bio(parsed.get(), text.get(), &line) != 1 ||
      CONF_modules_load(parsed.get(), "tributary", 0) != 1) {
    return "this OpenSSL does not take the policy \"TLS 1.3 only\": " + last_error();
  }
  const Owned<SSL_CTX, SSL_CTX_free> seen(SSL_CTX_new(TLS_client_method()));
  if (!seen || SSL_CTX_get_min_proto_version(seen.get()) != TLS1_3_VERSION) {
    return "this OpenSSL does not keep to the policy \"TLS 1.3 only\"; no TLS at all is better";
  }
  return {};
}

}  // namespace

std::string require_tls13() {
  static const std::string why = enforce();
  return why;
}

}  // namespace tributary::transports::tls
