// SPDX-License-Identifier: Apache-2.0
#include "tests/tls/old_peers.h"

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "tests/support/loopback.h"
#include "transports/tls/openssl.h"

namespace tributary::test {
namespace {

using transports::tls::Owned;
using Context = Owned<SSL_CTX, SSL_CTX_free>;
using Ssl = Owned<SSL, SSL_free>;

void limit(SSL_CTX* context, int version) {
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
}

}  // namespace

OldServer::OldServer(const std::string& folder) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool ok = bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                  listen(fd_, 8) == 0 &&
                  getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!ok) throw std::runtime_error("cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, folder] { serve(folder); });
}

OldServer::~OldServer() {
  shutdown(fd_, SHUT_RDWR);  // ends accept()
  thread_.join();
  close(fd_);
}

void OldServer::serve(const std::string& folder) const {
  const Context context(SSL_CTX_new(TLS_server_method()));
  limit(context.get(), TLS1_2_VERSION);
  SSL_CTX_use_certificate_chain_file(context.get(), (folder + "/tls.crt").c_str());
  SSL_CTX_use_PrivateKey_file(context.get(), (folder + "/tls.key").c_str(), SSL_FILETYPE_PEM);
  for (int one = accept(fd_, nullptr, nullptr); one >= 0; one = accept(fd_, nullptr, nullptr)) {
    const Ssl ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), one);
    SSL_accept(ssl.get());
    close(one);
  }
}

std::string handshake(std::uint16_t port, const transports::tls::Files& files, int version) {
  const Context context(SSL_CTX_new(TLS_client_method()));
  limit(context.get(), version);
  SSL_CTX_load_verify_locations(context.get(), files.ca.c_str(), nullptr);
  SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str());
  SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = loopback(port);
  std::string agreed;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const Ssl ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), fd);
    if (SSL_connect(ssl.get()) == 1) agreed = SSL_get_version(ssl.get());
  }
  close(fd);
  return agreed;
}

}  // namespace tributary::test
