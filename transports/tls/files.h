// SPDX-License-Identifier: Apache-2.0
// The three files of mutual TLS (whom we trust, our certificate, its key) and all that can be wrong
// with them, found before anything is sent.
//
//   tls::Files files{"ca.crt", "tls.crt", "tls.key"};
//   for (const tls::Trouble& t : tls::check(files, now_s)) say(t.text);   // what, where, what to
//   do auto mine = tls::read_certificate(files.certificate);                 // names, dates, hash
//
// Promise: no text ever holds a key's content; nothing is kept open; what check() finds nothing
// wrong with, OpenSSL takes. Times are seconds since 1970. Thread-safe.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tributary::transports::tls {

// All PEM. `ca` may hold several certificates, for the time of a change; `certificate` may bring
// its intermediates after itself. No key with a passphrase.
struct Files {
  std::string ca;
  std::string certificate;
  std::string key;
  bool none() const { return ca.empty() && certificate.empty() && key.empty(); }
  friend bool operator==(const Files&, const Files&) = default;
};

struct Trouble {
  std::string text;
  // Only a matter of the clock: another time, which a machine without one may have after a while,
  // would make it right.
  bool of_time = false;
};

struct Certificate {
  std::string common_name;
  std::vector<std::string> uris;   // subject alternative names, by kind
  std::vector<std::string> hosts;  // DNS names and addresses
  std::int64_t not_before_s = 0;
  std::int64_t not_after_s = 0;
  std::string fingerprint;  // SHA-256 of its DER, 64 hex digits
};

// The first one of the file; nothing when there is none, and `why` says so.
std::optional<Certificate> read_certificate(const std::string& file, std::string* why = nullptr);

// Missing, unreadable, not PEM, a key that others can read, a key of another certificate, a
// certificate that is not (or no longer, or not yet) good for a client, or not of this CA.
std::vector<Trouble> check(const Files& files, std::int64_t now_s);

inline constexpr std::int64_t day_s = 86'400;
inline constexpr std::int64_t warn_days = 30;
// "<file>: ends in 12 days, on 2027-01-31: …", or nothing while there are more than warn_days.
std::string expiry_warning(const std::string& file, const Certificate& certificate,
                           std::int64_t now_s);

// Changes whenever one of the files is replaced or written to.
std::string stamp(const Files& files);

// "2027-01-31 12:00 UTC".
std::string date_text(std::int64_t s);

}  // namespace tributary::transports::tls
