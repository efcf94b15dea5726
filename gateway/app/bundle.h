// SPDX-License-Identifier: Apache-2.0
// A .tar.gz of texts from which secrets were taken out: what `diag collect` hands to strangers.
//
//   Secrets secrets;
//   secrets.add_file("/etc/tributary/broker.password");
//   Bundle bundle(secrets);
//   bundle.add("config.toml", text);           // without any line of that file, nor any PEM key
//   bundle.write("diag.tar.gz");
//
// Promise: no line of a file given to Secrets, no private key in PEM, and nothing that follows
// "password=", "token:" and the like is in it, wherever it stood.
#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::app {

class Secrets {
 public:
  void add(const std::string& text);       // short ones (under 4 bytes) tell nobody anything
  void add_file(const std::string& path);  // every line of it
  std::string without(std::string_view text) const;

 private:
  std::set<std::string> known_;
};

class Bundle {
 public:
  explicit Bundle(const Secrets& secrets) : secrets_(secrets) {}
  void add(const std::string& name, std::string_view text);
  const std::vector<std::string>& names() const { return names_; }
  // Mode 0600. Throws Trouble(storage); never over a file that is there.
  void write(const std::string& path) const;

 private:
  const Secrets& secrets_;
  std::vector<std::string> names_;
  std::string tar_;
};

}  // namespace tributary::app
