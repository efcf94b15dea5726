// SPDX-License-Identifier: Apache-2.0
#include "gateway/keyring/pki.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "gateway/keyring/error.h"
#include "transports/tls/openssl.h"

namespace tributary::keyring {
namespace {

using transports::tls::Owned;
using Bio = Owned<BIO, BIO_free_all>;
using Cert = Owned<X509, X509_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using Request = Owned<X509_REQ, X509_REQ_free>;
using Number = Owned<BIGNUM, BN_free>;

void need(bool ok, const char* what) {
  if (ok) return;
  throw Error(Error::Kind::crypto, std::string(what) + ": " + transports::tls::last_error());
}

Bio reading(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

template <class Write>
std::string written(Write&& write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  need(bio && write(bio.get()) == 1, "cannot write PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  std::string out(data, static_cast<std::size_t>(size));
  OPENSSL_cleanse(data, static_cast<std::size_t>(size));
  return out;
}

int no_passphrase(char*, int, int, void*) {
  return 0;
}

Cert parse_certificate(const std::string& pem) {
  Cert out(PEM_read_bio_X509(reading(pem).get(), nullptr, no_passphrase, nullptr));
  if (!out) throw Error(Error::Kind::refused, "not a certificate in PEM");
  return out;
}

Key parse_key(const std::string& pem) {
  Key out(PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, no_passphrase, nullptr));
  if (!out) throw Error(Error::Kind::refused, "not a private key in PEM, without a passphrase");
  return out;
}

Request parse_request(const std::string& pem) {
  Request out(PEM_read_bio_X509_REQ(reading(pem).get(), nullptr, no_passphrase, nullptr));
  if (!out) throw Error(Error::Kind::refused, "not a certificate request in PEM");
  return out;
}

// Ed25519 has no choice of hash.
const EVP_MD* hash_for(const EVP_PKEY* key) {
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
}

void set_name(X509_NAME* name, const char* field, const std::string& value) {
  need(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(value.data()),
                                  static_cast<int>(value.size()), -1, 0) == 1,
       "cannot set the certificate's name");
}

void add_extension(X509* x, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, x, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  need(extension && X509_add_ext(x, extension.get(), -1) == 1, "cannot add an extension");
}

// Made of parts, not of a text that is parsed: no name can smuggle in another.
GENERAL_NAME* name_of(int type, const std::string& text) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* string = ASN1_IA5STRING_new();
  need(name && string && ASN1_STRING_set(string, text.data(), static_cast<int>(text.size())) == 1,
       "cannot make a name");
  GENERAL_NAME_set0_value(name, type, string);
  return name;
}

void add_names(X509* x, const Subject& subject) {
  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> names(sk_GENERAL_NAME_new_null());
  sk_GENERAL_NAME_push(names.get(), name_of(GEN_URI, subject.uri));
  for (const std::string& host : subject.hosts) {
    if (ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str())) {
      GENERAL_NAME* name = GENERAL_NAME_new();
      GENERAL_NAME_set0_value(name, GEN_IPADD, address);
      sk_GENERAL_NAME_push(names.get(), name);
    } else {
      sk_GENERAL_NAME_push(names.get(), name_of(GEN_DNS, host));
    }
  }
  need(X509_add1_ext_i2d(x, NID_subject_alt_name, names.get(), 0, 0) == 1, "cannot add the names");
}

void set_serial(X509* x) {
  std::array<unsigned char, 16> bytes{};
  need(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "no random numbers");
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7fU) | 0x40U);  // positive, always as long
  const Number number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  need(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x)) != nullptr,
       "cannot set the serial number");
}

Cert begin(const Validity& validity, EVP_PKEY* subject_key) {
  Cert x(X509_new());
  need(x != nullptr, "cannot make a certificate");
  X509_set_version(x.get(), 2);  // X.509 version 3
  set_serial(x.get());
  need(ASN1_TIME_set(X509_getm_notBefore(x.get()), validity.from_s) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(x.get()), validity.to_s) != nullptr,
       "cannot set the certificate's dates");
  need(X509_set_pubkey(x.get(), subject_key) == 1, "cannot set the certificate's key");
  return x;
}

std::string finish(X509* x, EVP_PKEY* signer) {
  need(X509_sign(x, signer, hash_for(signer)) > 0, "cannot sign a certificate");
  return written([&](BIO* bio) { return PEM_write_bio_X509(bio, x); });
}

std::string issue_for(const Pair& ca, const Subject& subject, EVP_PKEY* key,
                      const Validity& validity) {
  const Cert issuer = parse_certificate(ca.certificate);
  const Key issuer_key = parse_key(ca.key);
  const Cert x = begin(validity, key);
  set_name(X509_get_subject_name(x.get()), "CN", subject.common_name);
  X509_set_issuer_name(x.get(), X509_get_subject_name(issuer.get()));
  add_extension(x.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(x.get(), issuer.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(x.get(), issuer.get(), NID_ext_key_usage,
                subject.server ? "serverAuth" : "clientAuth");
  add_extension(x.get(), issuer.get(), NID_subject_key_identifier, "hash");
  add_extension(x.get(), issuer.get(), NID_authority_key_identifier, "keyid:always");
  add_names(x.get(), subject);
  return finish(x.get(), issuer_key.get());
}

bool fit_for_tls(const EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) return true;
  char group[64] = {};
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
         std::string(group) == "prime256v1";
}

void free_text(char* text) {
  OPENSSL_free(text);
}

std::string hex_of(const ASN1_INTEGER* number) {
  const Number big(ASN1_INTEGER_to_BN(number, nullptr));
  const Owned<char, free_text> text(BN_bn2hex(big.get()));
  std::string out(text.get());
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
  return out;
}

}  // namespace

std::string make_key() {
  const Key key(EVP_EC_gen("P-256"));
  need(key != nullptr, "cannot make a key");
  return written([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

Pair make_ca(const std::string& fleet, const Validity& validity) {
  Pair ca;
  ca.key = make_key();
  const Key key = parse_key(ca.key);
  const Cert x = begin(validity, key.get());
  X509_NAME* name = X509_get_subject_name(x.get());
  set_name(name, "O", "Tributary");
  set_name(name, "OU", fleet);
  // Two CAs of one fleet, during a change: a revocation list is looked up by this name.
  set_name(name, "CN", "CA " + hex_of(X509_get0_serialNumber(x.get())));
  X509_set_issuer_name(x.get(), name);
  add_extension(x.get(), x.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(x.get(), x.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(x.get(), x.get(), NID_subject_key_identifier, "hash");
  ca.certificate = finish(x.get(), key.get());
  return ca;
}

std::string issue(const Pair& ca, const Subject& subject, const std::string& key,
                  const Validity& validity) {
  return issue_for(ca, subject, parse_key(key).get(), validity);
}

std::string issue_requested(const Pair& ca, const Subject& subject, const std::string& request,
                            const Validity& validity) {
  const Request parsed = parse_request(request);
  const Key key(X509_REQ_get_pubkey(parsed.get()));
  if (!key || !fit_for_tls(key.get())) {
    throw Error(Error::Kind::refused,
                "the certificate request is for a key that is neither P-256 nor Ed25519");
  }
  if (X509_REQ_verify(parsed.get(), key.get()) != 1) {
    ERR_clear_error();
    throw Error(Error::Kind::refused, "the certificate request is not signed by its own key");
  }
  return issue_for(ca, subject, key.get(), validity);
}

std::string issue_again(const Pair& ca, const Subject& subject, const std::string& certificate,
                        const Validity& validity) {
  return issue_for(ca, subject, X509_get0_pubkey(parse_certificate(certificate).get()), validity);
}

std::string make_request(const std::string& key, const std::string& common_name) {
  const Key parsed = parse_key(key);
  const Request request(X509_REQ_new());
  need(request && X509_REQ_set_pubkey(request.get(), parsed.get()) == 1, "cannot make a request");
  set_name(X509_REQ_get_subject_name(request.get()), "CN", common_name);
  need(X509_REQ_sign(request.get(), parsed.get(), hash_for(parsed.get())) > 0,
       "cannot sign a request");
  return written([&](BIO* bio) { return PEM_write_bio_X509_REQ(bio, request.get()); });
}

std::string public_half(const std::string& certificate_or_request) {
  const bool is_request = certificate_or_request.find("CERTIFICATE REQUEST") != std::string::npos;
  const Key key(is_request ? X509_REQ_get_pubkey(parse_request(certificate_or_request).get())
                           : X509_get_pubkey(parse_certificate(certificate_or_request).get()));
  unsigned char* der = nullptr;
  const int size = key ? i2d_PUBKEY(key.get(), &der) : -1;
  need(size > 0, "cannot read a public key");
  std::string out;
  for (int i = 0; i < size; ++i) {
    constexpr char digits[] = "0123456789abcdef";
    out += {digits[der[i] >> 4U], digits[der[i] & 15U]};
  }
  OPENSSL_free(der);
  return out;
}

std::string serial_of(const std::string& certificate) {
  return hex_of(X509_get0_serialNumber(parse_certificate(certificate).get()));
}

std::string revocations(const Pair& ca, const std::vector<std::string>& serials,
                        const Validity& validity) {
  const Cert issuer = parse_certificate(ca.certificate);
  const Key key = parse_key(ca.key);
  const Owned<X509_CRL, X509_CRL_free> list(X509_CRL_new());
  const Owned<ASN1_TIME, ASN1_TIME_free> from(ASN1_TIME_set(nullptr, validity.from_s));
  const Owned<ASN1_TIME, ASN1_TIME_free> to(ASN1_TIME_set(nullptr, validity.to_s));
  need(list && from && to, "cannot make a revocation list");
  X509_CRL_set_version(list.get(), 1);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.get()));
  X509_CRL_set1_lastUpdate(list.get(), from.get());
  X509_CRL_set1_nextUpdate(list.get(), to.get());
  for (const std::string& serial : serials) {
    BIGNUM* raw = nullptr;
    need(BN_hex2bn(&raw, serial.c_str()) > 0, "not a serial number");
    const Number number(raw);
    const Owned<ASN1_INTEGER, ASN1_INTEGER_free> integer(BN_to_ASN1_INTEGER(raw, nullptr));
    X509_REVOKED* revoked = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(revoked, integer.get());
    X509_REVOKED_set_revocationDate(revoked, from.get());
    need(X509_CRL_add0_revoked(list.get(), revoked) == 1, "cannot revoke a certificate");
  }
  X509_CRL_sort(list.get());
  need(X509_CRL_sign(list.get(), key.get(), hash_for(key.get())) > 0,
       "cannot sign the revocation list");
  return written([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, list.get()); });
}

bool is_host(const std::string& text) {
  const Owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> address(a2i_IPADDRESS(text.c_str()));
  if (address) return true;
  ERR_clear_error();
  if (text.empty() || text.size() > 253 || text.front() == '-' || text.front() == '.') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

}  // namespace tributary::keyring
