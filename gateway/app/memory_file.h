// SPDX-License-Identifier: Apache-2.0
// A small memory in one file that a power cut leaves either old or new, never in between: written
// beside it, synced, renamed. For the devices that this program runs.
//
//   MemoryFile memory("host.state");           // throws Trouble(storage) when it cannot be read
//   options.saved = memory.content();
//   options.save = [&](std::string_view snapshot) { return memory.replace(snapshot); };
#pragma once
#include <string>
#include <string_view>

namespace tributary::app {

class MemoryFile {
 public:
  // An empty path is a memory that is not kept.
  explicit MemoryFile(std::string path);
  const std::string& content() const { return content_; }
  // Durable when true.
  bool replace(std::string_view content);

 private:
  std::string path_;
  std::string content_;
};

}  // namespace tributary::app
