// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/bundle.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

#include "gateway/app/cli.h"

namespace tributary::app {
namespace {

constexpr std::string_view removed = "[removed]";
constexpr std::size_t secret_bytes_min = 4;
constexpr std::size_t block_bytes = 512;  // of a tar file

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

void replace_all(std::string& text, const std::string& what) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos;) {
    text.replace(at, what.size(), removed);
    at += removed.size();
  }
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '"' || c == '\'';
}

// What follows a word like "password" and a sign like '=': to the end of the word or the quote.
void hide_named(std::string& line) {
  for (const char* word : {"password", "passwd", "passphrase", "token", "secret", "authorization",
                           "bearer", "api_key", "apikey"}) {
    const std::string name(word);
    for (std::size_t at = 0; (at = lower(line).find(name, at)) != std::string::npos;) {
      std::size_t p = at + name.size();
      at = p;
      while (p < line.size() && is_blank(line[p])) ++p;
      const bool sign = p < line.size() && (line[p] == '=' || line[p] == ':');
      if (!sign && !(name == "bearer" && p > at)) continue;
      if (sign) ++p;
      while (p < line.size() && is_blank(line[p])) ++p;
      std::size_t end = p;
      while (end < line.size() && !is_blank(line[end]) && line[end] != ',') ++end;
      // "Authorization: Bearer …": the second word is the secret one; it is found by its own name.
      if (end == p || lower(line.substr(p, end - p)) == "bearer") continue;
      line.replace(p, end - p, removed);
      at = p + removed.size();
    }
  }
}

// scheme://user:password@host
void hide_user(std::string& line) {
  for (std::size_t at = 0; (at = line.find("://", at)) != std::string::npos;) {
    at += 3;
    const std::size_t end = line.find_first_of("/ \t\"'", at);
    const std::size_t sign = line.rfind('@', end == std::string::npos ? line.size() : end);
    if (sign == std::string::npos || sign <= at) continue;
    line.replace(at, sign - at, removed);
  }
}

std::string header(const std::string& name, std::size_t size) {
  std::string h(block_bytes, '\0');
  const auto put = [&](std::size_t at, const std::string& text) {
    h.replace(at, text.size(), text);
  };
  std::array<char, 16> octal{};
  const auto number = [&](std::size_t at, int digits, unsigned long long value) {
    std::snprintf(octal.data(), octal.size(), "%0*llo", digits, value);
    put(at, octal.data());
  };
  put(0, name.substr(0, 99));
  number(100, 7, 0600);
  number(108, 7, 0);
  number(116, 7, 0);
  number(124, 11, size);
  number(136, 11, static_cast<unsigned long long>(std::time(nullptr)));
  put(148, "        ");
  h[156] = '0';
  put(257, "ustar");
  put(263, "00");
  unsigned sum = 0;
  for (const char c : h) sum += static_cast<unsigned char>(c);
  number(148, 6, sum);
  h[154] = '\0';
  return h;
}

std::string gzipped(const std::string& bytes) {
  z_stream z{};
  if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw Trouble(Exit::storage, "zlib does not start\n  free some memory");
  }
  std::string out(deflateBound(&z, static_cast<uLong>(bytes.size())), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

}  // namespace

void Secrets::add(const std::string& text) {
  if (text.size() >= secret_bytes_min && text.rfind("-----", 0) != 0) known_.insert(text);
}

void Secrets::add_file(const std::string& path) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    add(line);
    // "name value", as keys of devices are written.
    const std::size_t space = line.rfind(' ');
    if (space != std::string::npos && line.size() - space > 16) add(line.substr(space + 1));
  }
}

std::string Secrets::without(std::string_view text) const {
  std::string out;
  std::istringstream lines{std::string(text)};
  bool in_key = false;
  for (std::string line; std::getline(lines, line);) {
    const bool mark = line.find("-----") != std::string::npos;
    if (mark && line.find("PRIVATE KEY") != std::string::npos) {
      in_key = line.find("BEGIN") != std::string::npos && line.find("END") == std::string::npos;
      out += std::string(removed) + "\n";
      continue;
    }
    if (in_key) continue;
    for (const std::string& secret : known_) replace_all(line, secret);
    hide_named(line);
    hide_user(line);
    out += line + "\n";
  }
  return out;
}

void Bundle::add(const std::string& name, std::string_view text) {
  const std::string clean = secrets_.without(text);
  names_.push_back(name);
  tar_ += header("tributary-diag/" + name, clean.size()) + clean;
  tar_.resize((tar_.size() + block_bytes - 1) / block_bytes * block_bytes, '\0');
}

void Bundle::write(const std::string& path) const {
  const std::string bytes = gzipped(tar_ + std::string(2 * block_bytes, '\0'));
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw Trouble(Exit::storage, path + ": cannot be made: " + std::strerror(errno) +
                                     "\n  name another file with -o");
  }
  const ssize_t put = ::write(fd, bytes.data(), bytes.size());
  const bool well = put == static_cast<ssize_t>(bytes.size());
  const int number = errno;
  if (::close(fd) != 0 || !well) {
    ::unlink(path.c_str());
    throw Trouble(Exit::storage, path + ": cannot be written: " + std::strerror(number) +
                                     "\n  free some space, or name another file with -o");
  }
}

}  // namespace tributary::app
