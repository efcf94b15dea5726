// SPDX-License-Identifier: Apache-2.0
#include "transports/mqtt/credentials.h"

#include <chrono>
#include <cstdlib>
#include <ctime>

namespace tributary::transports::mqtt {
namespace {

constexpr std::chrono::milliseconds probe_ms{10'000};

tls::Peer peer_of(const Options& options) {
  tls::Peer peer;
  peer.files = options.tls;
  std::string rest = options.uri.substr(options.uri.find("://") + 3);
  const std::size_t bracket = rest.find(']');
  const std::size_t colon = rest.find(':', bracket == std::string::npos ? 0 : bracket);
  if (colon != std::string::npos) {
    const long port = std::strtol(rest.c_str() + colon + 1, nullptr, 10);
    if (port > 0 && port <= 65'535) peer.port = static_cast<std::uint16_t>(port);
    rest.resize(colon);
  }
  const bool v6 = rest.size() > 2 && rest.front() == '[' && rest.back() == ']';
  peer.host = v6 ? rest.substr(1, rest.size() - 2) : rest;
  return peer;
}

}  // namespace

Credentials::Credentials(const Options& options) : peer_(peer_of(options)) {}

std::string Credentials::unfit() {
  if (!used()) return {};
  in_use_ = seen_ = tls::stamp(peer_.files);
  std::string out;
  for (const tls::Trouble& trouble : tls::check(peer_.files, std::time(nullptr))) {
    out += (out.empty() ? "" : "; ") + trouble.text;
  }
  return out;
}

bool Credentials::replaced() {
  if (!used()) return false;
  const std::string stamp = tls::stamp(peer_.files);
  if (stamp == in_use_ || stamp == seen_) return false;
  seen_ = stamp;
  return tls::check(peer_.files, std::time(nullptr)).empty();
}

std::string Credentials::why_failed(const std::string& paho_says,
                                    const std::function<bool()>& cancelled) const {
  if (!used() || cancelled()) return paho_says;
  const std::string why = tls::why_not(peer_, probe_ms, cancelled);
  return why.empty() ? paho_says : why;
}

}  // namespace tributary::transports::mqtt
