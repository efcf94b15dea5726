// SPDX-License-Identifier: Apache-2.0
#include "transports/tls/files.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>
#include <utility>

#include "transports/tls/openssl.h"

namespace tributary::transports::tls {
namespace {

using Bio = Owned<BIO, BIO_free_all>;
using Cert = Owned<X509, X509_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using Names = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;

// The list alone: its certificates belong to others.
void free_list(STACK_OF(X509) * list) {
  sk_X509_free(list);
}

constexpr mode_t too_open = S_IWGRP | S_IRWXO;  // a group that may read is a service's own
constexpr std::size_t file_bytes_max = 1U << 20U;

// Its content, or why not.
std::optional<std::string> read(const std::string& file, const char* what, std::string& why) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || in.bad()) {
    why = file + ": " + std::strerror(errno) + ": it should hold " + what;
    return std::nullopt;
  }
  if (text.str().empty() || text.str().size() > file_bytes_max) {
    why = file + ": " + (text.str().empty() ? "is empty" : "is too large") + ": it should hold " +
          what;
    return std::nullopt;
  }
  return text.str();
}

std::vector<Cert> certificates_in(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<Cert> out;
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) out.emplace_back(one);
  ERR_clear_error();  // the end of the file is one, too
  return out;
}

std::int64_t seconds(const ASN1_TIME* time) {
  std::tm tm{};
  return ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : 0;
}

std::string text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string common_name(const X509* certificate) {
  const X509_NAME* name = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  return at < 0 ? std::string() : text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  char out[INET6_ADDRSTRLEN] = {};
  const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(bytes) != 16) return "?";
  inet_ntop(family, ASN1_STRING_get0_data(bytes), out, sizeof out);
  return out;
}

Certificate facts(X509* x) {
  Certificate out;
  out.common_name = common_name(x);
  out.not_before_s = seconds(X509_get0_notBefore(x));
  out.not_after_s = seconds(X509_get0_notAfter(x));
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  X509_digest(x, EVP_sha256(), hash, &size);
  for (unsigned i = 0; i < size; ++i) {
    constexpr char digits[] = "0123456789abcdef";
    out.fingerprint += {digits[hash[i] >> 4U], digits[hash[i] & 15U]};
  }
  const Names names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_URI) out.uris.push_back(text_of(name->d.uniformResourceIdentifier));
    if (name->type == GEN_DNS) out.hosts.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_IPADD) out.hosts.push_back(address_text(name->d.iPAddress));
  }
  return out;
}

// Finds what is wrong with one set of files; stops where nothing more can be said.
class Checker {
 public:
  Checker(const Files& files, std::int64_t now_s) : files_(files), now_s_(now_s) {}

  std::vector<Trouble> check() {
    load_authorities();
    load_certificate();
    load_key();
    if (!mine_.empty() && key_ && X509_check_private_key(mine_.front().get(), key_.get()) != 1) {
      complain(files_.key + ": is not the key of " + files_.certificate +
               ": put the two that were made together there");
    }
    if (!mine_.empty() && !authorities_.empty()) check_chain();
    ERR_clear_error();
    return std::move(troubles_);
  }

 private:
  void complain(std::string text, bool of_time = false) {
    troubles_.push_back({std::move(text), of_time});
  }

  std::vector<Cert> load(const std::string& file, const char* what) {
    std::string why;
    const auto pem = read(file, what, why);
    if (!pem) {
      complain(why);
      return {};
    }
    auto out = certificates_in(*pem);
    if (out.empty()) complain(file + ": holds no certificate: it should hold " + what);
    for (const Cert& one : out) check_time(file, *one);
    return out;
  }
  void load_authorities() { authorities_ = load(files_.ca, "the fleet's CA certificate, as PEM"); }
  void load_certificate() { mine_ = load(files_.certificate, "this client's certificate, as PEM"); }

  void load_key() {
    std::string why;
    const auto pem = read(files_.key, "the certificate's private key, as PEM", why);
    if (!pem) return complain(why);
    struct stat is {};
    if (stat(files_.key.c_str(), &is) == 0 && (is.st_mode & too_open) != 0) {
      char mode[8];
      std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(is.st_mode & 07777U));
      complain(files_.key + ": others than its owner can get at this key (mode " + mode +
               "): chmod 600 " + files_.key + ", and make a new one if they did");
    }
    const Bio bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
    const auto no_passphrase = [](char*, int, int, void*) { return 0; };
    key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    if (key_) return;
    const bool locked = pem->find("ENCRYPTED") != std::string::npos;
    complain(files_.key + (locked ? ": has a passphrase: a daemon cannot type one; store it without"
                                  : ": holds no private key as PEM"));
  }

  void check_time(const std::string& file, const X509& x) {
    const std::int64_t begins = seconds(X509_get0_notBefore(&x));
    const std::int64_t ends = seconds(X509_get0_notAfter(&x));
    const std::string whose = file + ": the certificate of " + common_name(&x);
    if (now_s_ < begins) {
      complain(whose + " is not valid before " + date_text(begins) + ", and here it is " +
                   date_text(now_s_) + ": set this machine's clock",
               true);
    }
    if (now_s_ > ends) {
      complain(whose + " expired on " + date_text(ends) +
                   ": renew it (`tributary fleet rotate`), or set this machine's clock: here it "
                   "is " +
                   date_text(now_s_),
               true);
    }
  }

  void check_chain() {
    const Owned<X509_STORE, X509_STORE_free> store(X509_STORE_new());
    for (const Cert& one : authorities_) X509_STORE_add_cert(store.get(), one.get());
    const Owned<STACK_OF(X509), free_list> rest(sk_X509_new_null());
    for (std::size_t i = 1; i < mine_.size(); ++i) sk_X509_push(rest.get(), mine_[i].get());
    const Owned<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), mine_.front().get(), rest.get());
    X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_CLIENT);
    X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_NO_CHECK_TIME);  // said above, with dates
    if (X509_verify_cert(context.get()) == 1) return;
    const int error = X509_STORE_CTX_get_error(context.get());
    if (error == X509_V_ERR_INVALID_PURPOSE) {
      return complain(files_.certificate +
                      ": is not made for a client (its extended key usage): use one that is");
    }
    complain(files_.certificate + ": was not signed by the CA in " + files_.ca + " (" +
             X509_verify_cert_error_string(error) + "): take both from one fleet");
  }

  const Files& files_;
  const std::int64_t now_s_;
  std::vector<Cert> authorities_, mine_;
  Key key_;
  std::vector<Trouble> troubles_;
};

}  // namespace

std::string last_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

std::optional<Certificate> read_certificate(const std::string& file, std::string* why) {
  std::string reason;
  const auto pem = read(file, "a certificate, as PEM", reason);
  const auto found = pem ? certificates_in(*pem) : std::vector<Cert>();
  if (pem && found.empty()) reason = file + ": holds no certificate";
  if (why != nullptr) *why = reason;
  if (found.empty()) return std::nullopt;
  return facts(found.front().get());
}

std::vector<Trouble> check(const Files& files, std::int64_t now_s) {
  return Checker(files, now_s).check();
}

std::string expiry_warning(const std::string& file, const Certificate& certificate,
                           std::int64_t now_s) {
  const std::int64_t left_s = certificate.not_after_s - now_s;
  if (left_s > warn_days * day_s) return {};
  const std::string date = date_text(certificate.not_after_s);
  const std::string then = ": renew it with `tributary fleet rotate` and put the new files there";
  if (left_s < 0) return file + ": expired on " + date + then;
  return file + ": ends in " + std::to_string(left_s / day_s) + " days, on " + date + then;
}

std::string stamp(const Files& files) {
  std::string out;
  for (const std::string* file : {&files.ca, &files.certificate, &files.key}) {
    struct stat is {};
    if (stat(file->c_str(), &is) != 0) is = {};
    for (const auto part :
         {static_cast<std::int64_t>(is.st_ino), static_cast<std::int64_t>(is.st_size),
          static_cast<std::int64_t>(is.st_mtim.tv_sec),
          static_cast<std::int64_t>(is.st_mtim.tv_nsec), static_cast<std::int64_t>(is.st_mode)}) {
      out += std::to_string(part) + ".";
    }
  }
  return out;
}

std::string date_text(std::int64_t s) {
  const std::time_t time = s;
  std::tm tm{};
  gmtime_r(&time, &tm);
  char out[32];
  std::strftime(out, sizeof out, "%Y-%m-%d %H:%M UTC", &tm);
  return out;
}

}  // namespace tributary::transports::tls
