// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/server_metrics.h"

namespace tributary::http {

std::string metrics_text(const Server::Stats& s) {
  std::string out;
  const auto family = [&](const char* name, const char* type, const char* help) {
    out += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
  };
  const auto line = [&](const std::string& name, std::uint64_t value) {
    out += name + " " + std::to_string(value) + "\n";
  };
  family("tributary_http_connections", "gauge", "Open HTTP connections.");
  line("tributary_http_connections", s.connections);
  family("tributary_http_streams", "gauge", "Open event streams.");
  line("tributary_http_streams", s.streams);
  family("tributary_http_responses_total", "counter", "HTTP responses by class of status.");
  for (int i = 2; i < 6; ++i) {
    line("tributary_http_responses_total{class=\"" + std::to_string(i) + "xx\"}", s.responses[i]);
  }
  family("tributary_http_let_go_total", "counter",
         "HTTP connections that were closed on clients, by reason.");
  line("tributary_http_let_go_total{reason=\"evicted\"}", s.evicted);
  line("tributary_http_let_go_total{reason=\"slow_reader\"}", s.slow_streams);
  line("tributary_http_let_go_total{reason=\"timeout\"}", s.timeouts);
  family("tributary_http_response_bytes_total", "counter", "Bytes of HTTP bodies sent.");
  line("tributary_http_response_bytes_total", s.bytes_out);
  return out;
}

}  // namespace tributary::http
