// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/tls_check.h"

#include <algorithm>
#include <array>

#include "config/value.h"

namespace tributary::app {
namespace {

namespace tls = transports::tls;

constexpr std::int64_t stamp_interval_s = 10;
constexpr std::int64_t look_interval_s = 3'600;

// Certificates of `tributary fleet` say whose they are; about others nothing is known.
std::string wrong_owner(const config::Gateway& gateway, const std::string& file) {
  const auto mine = tls::read_certificate(file);
  if (!mine || mine->uris.size() != 1 || mine->uris[0].rfind("tributary:", 0) != 0) return {};
  const std::string wanted =
      "tributary:" + gateway.gateway.fleet + ":gateway:" + gateway.gateway.id;
  if (mine->uris[0] == wanted) return {};
  return file + ": is the certificate of " + mine->uris[0] + ", and this is " + wanted +
         ": the broker would refuse its topics; set gateway.id and gateway.fleet, or take the "
         "files made for this gateway";
}

}  // namespace

tls::Files tls_files(const config::Broker& broker) {
  return {broker.ca_file, broker.certificate_file, broker.key_file};
}

TlsFindings check_tls(const config::Loaded& loaded, std::int64_t now_s) {
  TlsFindings out;
  const config::Gateway& gateway = loaded.gateway;
  for (std::size_t i = 0; i < gateway.brokers.size(); ++i) {
    const config::Broker& broker = gateway.brokers[i];
    const std::string where = "broker '" + broker.name + "'";
    const config::Address& address = loaded.derived.links[i].address;
    if (!address.tls) {
      if (config::is_loopback(address.host)) continue;
      out.warnings.push_back(where + ": " + broker.uri +
                             " is neither TLS nor the loopback: whoever is on the way can read, "
                             "alter and forge everything; use mqtts:// (`tributary fleet init` "
                             "makes what it needs), or a tunnel");
      continue;
    }
    for (tls::Trouble& trouble : tls::check(tls_files(broker), now_s)) {
      (trouble.of_time ? out.of_time : out.broken).push_back({where, std::move(trouble.text)});
    }
    const std::string owner = wrong_owner(gateway, broker.certificate_file);
    if (!owner.empty()) out.broken.push_back({where, owner});
    for (const std::string* file : {&broker.certificate_file, &broker.ca_file}) {
      const auto certificate = tls::read_certificate(*file);
      if (!certificate || certificate->not_after_s < now_s) continue;  // said above
      const std::string soon = tls::expiry_warning(*file, *certificate, now_s);
      if (!soon.empty()) out.warnings.push_back(where + ": " + soon);
    }
  }
  return out;
}

void TlsWatch::say(Level level, const char* kind, const std::string& text, std::int64_t now_s) {
  const auto known =
      std::find_if(said_.begin(), said_.end(), [&](const auto& one) { return one.first == text; });
  if (known != said_.end()) {
    if (now_s < known->second + tls::day_s && now_s >= known->second) return;
    known->second = now_s;
  } else {
    said_.emplace_back(text, now_s);
  }
  log_.write(level, kind, text);
}

void TlsWatch::tick(std::int64_t now_s) {
  if (now_s < next_stamp_s_ && now_s + stamp_interval_s >= next_stamp_s_) return;
  next_stamp_s_ = now_s + stamp_interval_s;
  std::string stamp;
  for (const config::Broker& broker : loaded_.gateway.brokers) {
    if (!tls_files(broker).none()) stamp += tls::stamp(tls_files(broker));
  }
  const bool due = now_s >= next_look_s_ || now_s + look_interval_s < next_look_s_;
  if (stamp == stamp_ && !due) return;
  if (stamp != stamp_) said_.clear();
  stamp_ = std::move(stamp);
  next_look_s_ = now_s + look_interval_s;
  const TlsFindings found = check_tls(loaded_, now_s);
  for (const config::Problem& p : found.broken) {
    say(Level::error, "tls-files", p.where + ": " + p.message, now_s);
  }
  for (const config::Problem& p : found.of_time) {
    say(Level::error, "tls-files", p.where + ": " + p.message, now_s);
  }
  for (const std::string& text : found.warnings) say(Level::warning, "tls", text, now_s);
  ends_s_.clear();
  for (const config::Broker& broker : loaded_.gateway.brokers) {
    const auto mine = broker.certificate_file.empty()
                          ? std::nullopt
                          : tls::read_certificate(broker.certificate_file);
    ends_s_.push_back(mine ? mine->not_after_s : 0);
  }
}

}  // namespace tributary::app
