// SPDX-License-Identifier: Apache-2.0
#include "transports/tls/probe.h"

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "transports/tls/openssl.h"
#include "transports/tls/policy.h"

namespace tributary::transports::tls {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds look_ms{50};
// With TLS 1.3 a client is done before the server has looked at its certificate: so long we wait
// for a complaint, or for the session ticket that tells that there is none.
constexpr std::chrono::milliseconds verdict_ms{2'000};

// What the handshake's own check of the broker's certificate found first.
struct Finding {
  int error = X509_V_OK;
  std::string name, hosts;
  std::int64_t begins_s = 0, ends_s = 0;
};

int time_of(const ASN1_TIME* time, std::int64_t& s) {
  std::tm tm{};
  if (ASN1_TIME_to_tm(time, &tm) != 1) return 0;
  s = timegm(&tm);
  return 1;
}

std::string hosts_of(X509* x) {
  std::string out;
  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const Owned<BIO, BIO_free_all> bio(BIO_new(BIO_s_mem()));
    GENERAL_NAME_print(bio.get(), sk_GENERAL_NAME_value(names.get(), i));
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    out += (out.empty() ? "" : ", ") + std::string(data, static_cast<std::size_t>(size));
  }
  return out.empty() ? "no host" : out;
}

int on_verify(int ok, X509_STORE_CTX* store) {
  if (ok == 1) return 1;
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* finding = static_cast<Finding*>(SSL_get_app_data(ssl));
  if (finding->error != X509_V_OK) return 0;
  finding->error = X509_STORE_CTX_get_error(store);
  if (X509* x = X509_STORE_CTX_get_current_cert(store)) {
    char name[256] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof name);
    finding->name = name;
    finding->hosts = hosts_of(x);
    time_of(X509_get0_notBefore(x), finding->begins_s);
    time_of(X509_get0_notAfter(x), finding->ends_s);
  }
  return 0;
}

std::string in_words(const Finding& f, const Peer& peer) {
  const std::string whose = "the broker's certificate (" + f.name + ")";
  switch (f.error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return whose + " expired on " + date_text(f.ends_s) +
             ": renew it there (`tributary fleet rotate broker`), or set this machine's clock";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return whose + " is not valid before " + date_text(f.begins_s) +
             ": set the clock of this machine or of the broker's";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the broker's certificate is for " + f.hosts + ", not for " + peer.host +
             ": use such a name in the URI, or have the certificate made anew with this one";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return whose + " was not signed by the CA in " + peer.files.ca +
             ": this is not the fleet's broker, or not the fleet's CA file";
    default:
      return whose + " is refused: " + X509_verify_cert_error_string(f.error);
  }
}

// What the peer's alert, or our own library, says.
std::string in_words(unsigned long code, const Files& files) {
  std::string ours = "the broker refuses our certificate " + files.certificate;
  switch (ERR_GET_REASON(code)) {
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return "the broker does not speak TLS 1.3, and older ones are not spoken here: set "
             "tls_version tlsv1.3 there";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
      return "what listens there does not speak TLS: is the port right?";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return ours + ": expired, by its clock";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
      return ours + ": revoked";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return ours + ": it is not of the CA that the broker trusts";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "the broker wants a client certificate and got none";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
      return ours;
    default:
      break;
  }
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "the broker hung up during the TLS handshake: does it speak TLS there?"
                           : "TLS handshake: " + std::string(reason);
}

class Probe {
 public:
  Probe(const Peer& peer, std::chrono::milliseconds patience,
        const std::function<bool()>& cancelled)
      : peer_(peer), end_(Clock::now() + patience), cancelled_(cancelled) {}
  ~Probe() {
    ssl_.reset();
    if (fd_ >= 0) close(fd_);
    ERR_clear_error();
  }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  std::string run() {
    if (std::string why = require_tls13(); !why.empty()) return why;
    ERR_clear_error();
    if (std::string why = reach(); !why.empty()) return why;
    if (std::string why = prepare(); !why.empty()) return why;
    if (std::string why = drive([this] { return SSL_connect(ssl_.get()); }); !why.empty()) {
      return why;
    }
    end_ = std::min(end_, Clock::now() + verdict_ms);
    return hear();
  }

 private:
  // False when there is no time left.
  bool wait(short events) {
    while (!cancelled_() && Clock::now() < end_) {
      pollfd one{fd_, events, 0};
      if (poll(&one, 1, static_cast<int>(look_ms.count())) > 0) return true;
    }
    return false;
  }

  std::string try_address(const addrinfo& address) {
    if (fd_ >= 0) close(fd_);
    fd_ = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return std::strerror(errno);
    if (connect(fd_, address.ai_addr, address.ai_addrlen) == 0) return {};
    if (errno != EINPROGRESS) return std::strerror(errno);
    if (!wait(POLLOUT)) return "no answer";
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? std::string() : std::strerror(error);
  }

  std::string reach() {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failed =
        getaddrinfo(peer_.host.c_str(), std::to_string(peer_.port).c_str(), &hints, &found);
    if (failed != 0) return peer_.host + ": " + gai_strerror(failed);
    const Owned<addrinfo, freeaddrinfo> all(found);
    std::string why = "no address";
    for (const addrinfo* one = found; one != nullptr && !why.empty(); one = one->ai_next) {
      why = try_address(*one);
    }
    return why;
  }

  std::string prepare() {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    const Files& f = peer_.files;
    if (SSL_CTX_load_verify_locations(context_.get(), f.ca.c_str(), nullptr) != 1 ||
        SSL_CTX_use_certificate_chain_file(context_.get(), f.certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context_.get(), f.key.c_str(), SSL_FILETYPE_PEM) != 1) {
      return "the TLS files cannot be used: " + last_error();
    }
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, on_verify);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_app_data(ssl_.get(), &finding_);
    SSL_set_info_callback(ssl_.get(), nullptr);  // resumption.h: certificates are what is looked at
    X509_VERIFY_PARAM* param = SSL_get0_param(ssl_.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(param, peer_.host.c_str()) != 1) {
      SSL_set_tlsext_host_name(ssl_.get(), peer_.host.c_str());
      SSL_set1_host(ssl_.get(), peer_.host.c_str());
    }
    ERR_clear_error();
    SSL_set_fd(ssl_.get(), fd_);
    return {};
  }

  template <class Step>
  std::string drive(Step&& step) {
    while (true) {
      ERR_clear_error();
      const int done = step();
      if (done > 0) return {};
      const int error = SSL_get_error(ssl_.get(), done);
      if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        if (wait(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT)) continue;
        return "no answer to the TLS handshake";
      }
      if (finding_.error != X509_V_OK) return in_words(finding_, peer_);
      return in_words(error == SSL_ERROR_SSL ? ERR_get_error() : 0, peer_.files);
    }
  }

  // A ticket is a yes, an alert a no; silence is no complaint.
  std::string hear() {
    while (true) {
      char byte = 0;
      ERR_clear_error();
      const int done = SSL_read(ssl_.get(), &byte, 1);
      if (done > 0 || SSL_SESSION_has_ticket(SSL_get0_session(ssl_.get())) == 1) return {};
      const int error = SSL_get_error(ssl_.get(), done);
      if (error != SSL_ERROR_WANT_READ) {
        return in_words(error == SSL_ERROR_SSL ? ERR_get_error() : 0, peer_.files);
      }
      if (!wait(POLLIN)) return {};
    }
  }

  const Peer& peer_;
  Clock::time_point end_;
  const std::function<bool()>& cancelled_;
  Finding finding_;
  int fd_ = -1;
  Owned<SSL_CTX, SSL_CTX_free> context_;
  Owned<SSL, SSL_free> ssl_;
};

}  // namespace

std::string why_not(const Peer& peer, std::chrono::milliseconds patience,
                    const std::function<bool()>& cancelled) {
  return Probe(peer, patience, cancelled).run();
}

}  // namespace tributary::transports::tls
