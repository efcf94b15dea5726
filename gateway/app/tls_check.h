// SPDX-License-Identifier: Apache-2.0
// What is wrong, or soon will be, with how a gateway's links are secured: for `config check`, for
// the start, and while it runs.
//
//   TlsFindings found = check_tls(loaded, now_s);
//   if (!found.broken.empty()) die(to_string(found.broken));
//   TlsWatch watch(loaded, log);  …  watch.tick(wall_now_ms() / 1'000);
//
// Reads files. Not thread-safe.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"
#include "gateway/app/log.h"
#include "transports/tls/files.h"

namespace tributary::app {

struct TlsFindings {
  config::Problems broken;            // no clock will mend it
  config::Problems of_time;           // expired, or not valid yet, by this machine's clock
  std::vector<std::string> warnings;  // ends soon; no TLS where the network can be listened to
};

transports::tls::Files tls_files(const config::Broker& broker);
TlsFindings check_tls(const config::Loaded& loaded, std::int64_t now_s);

// Looks at the files again when they change, and every hour: what is found is logged, once a day
// as long as it stays the same.
class TlsWatch {
 public:
  TlsWatch(const config::Loaded& loaded, Log& log) : loaded_(loaded), log_(log) {}
  void tick(std::int64_t now_s);
  // When the certificate of this link (by its index) ends; 0: it has none.
  std::int64_t ends_s(std::size_t link) const { return link < ends_s_.size() ? ends_s_[link] : 0; }

 private:
  void say(Level level, const char* kind, const std::string& text, std::int64_t now_s);

  const config::Loaded& loaded_;
  Log& log_;
  std::vector<std::int64_t> ends_s_;
  std::string stamp_;
  std::int64_t next_stamp_s_ = 0, next_look_s_ = 0;
  std::vector<std::pair<std::string, std::int64_t>> said_;  // and when
};

}  // namespace tributary::app
