// SPDX-License-Identifier: Apache-2.0
#include "transports/tls/resumption.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <ctime>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "transports/tls/openssl.h"

namespace tributary::transports::tls {
namespace {

using Session = Owned<SSL_SESSION, SSL_SESSION_free>;

struct Tickets {
  std::mutex mutex;
  std::map<std::string, Session> of_peer;
  Handshakes count;
};

Tickets& tickets() {
  static auto* kept = new Tickets;  // Paho's threads may outlive main()
  return *kept;
}

void add_digest(std::string& to, const X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (certificate == nullptr || X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return;
  to.append(reinterpret_cast<const char*>(digest), size);
}

// Who it is that we speak to, as whom, and on whose word: a session of any other is none of this.
// Empty: not known.
std::string name_of(const SSL* ssl) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (getpeername(SSL_get_fd(ssl), reinterpret_cast<sockaddr*>(&peer), &size) != 0) return {};
  std::string name(reinterpret_cast<const char*>(&peer), size);
  const char* host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (host != nullptr) name += host;
  name += '\0';
  add_digest(name, SSL_get_certificate(ssl));
  name += '\0';
  const X509_STORE* store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  const STACK_OF(X509_OBJECT)* trusted = X509_STORE_get0_objects(store);
  for (int i = 0; i < sk_X509_OBJECT_num(trusted); ++i)
    add_digest(name, X509_OBJECT_get0_X509(sk_X509_OBJECT_value(trusted, i)));
  return name;
}

int arrived(SSL* ssl, SSL_SESSION* session) {
  std::string name = name_of(ssl);
  if (name.empty()) return 0;
  Tickets& all = tickets();
  const std::lock_guard lock(all.mutex);
  if (all.of_peer.size() >= tickets_max && all.of_peer.find(name) == all.of_peer.end())
    all.of_peer.erase(all.of_peer.begin());
  all.of_peer[std::move(name)] = Session(session);
  return 1;  // it is ours
}

Session take(const std::string& name) {
  Tickets& all = tickets();
  const std::lock_guard lock(all.mutex);
  const auto at = all.of_peer.find(name);
  if (at == all.of_peer.end()) return nullptr;
  Session session = std::move(at->second);
  all.of_peer.erase(at);
  const auto age_s = std::time(nullptr) - SSL_SESSION_get_time(session.get());
  return age_s >= 0 && static_cast<std::uint64_t>(age_s) < ticket_s ? std::move(session) : nullptr;
}

void happens(const SSL* ssl, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_START) != 0 && SSL_in_before(ssl) != 0) {
    const Session session = take(name_of(ssl));
    // The ClientHello is yet to be made; OpenSSL has this callback for looking only.
    if (session) SSL_set_session(const_cast<SSL*>(ssl), session.get());
  } else if ((where & SSL_CB_HANDSHAKE_DONE) != 0) {
    Tickets& all = tickets();
    const std::lock_guard lock(all.mutex);
    (SSL_session_reused(ssl) != 0 ? all.count.resumed : all.count.full) += 1;
  }
}

void born(void* parent, void*, CRYPTO_EX_DATA*, int, long, void*) {
  auto* ssl = static_cast<SSL*>(parent);
  if (SSL_is_server(ssl) != 0) return;
  SSL_CTX* context = SSL_get_SSL_CTX(ssl);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, arrived);
  SSL_set_info_callback(ssl, happens);
}

}  // namespace

void resume_sessions() {
  static const int index = SSL_get_ex_new_index(0, nullptr, born, nullptr, nullptr);
  static_cast<void>(index);  // −1: it cannot, and all goes on with full handshakes
}

Handshakes handshakes() {
  Tickets& all = tickets();
  const std::lock_guard lock(all.mutex);
  return all.count;
}

}  // namespace tributary::transports::tls
