// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/bytes.h"

#include <openssl/evp.h>

#include <cassert>

namespace tributary::wire {
namespace {

// A context used again costs a third of a one-shot call (FACTS: hashing), so each thread keeps one.
class Sha256Context {
 public:
  Sha256Context()
      : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
    require(algorithm_ != nullptr && context_ != nullptr);
    require(EVP_DigestInit_ex2(context_, algorithm_, nullptr) == 1);
  }
  ~Sha256Context() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(algorithm_);
  }
  Sha256Context(const Sha256Context&) = delete;
  Sha256Context& operator=(const Sha256Context&) = delete;

  Hash operator()(std::string_view data) {
    Hash out;
    unsigned length = 0;
    require(EVP_DigestInit_ex2(context_, nullptr, nullptr) == 1);
    require(EVP_DigestUpdate(context_, data.data(), data.size()) == 1);
    require(EVP_DigestFinal_ex(context_, out.bytes.data(), &length) == 1);
    require(length == out.bytes.size());
    return out;
  }

 private:
  // Without SHA-256 no envelope has an identity: there is nothing to go on with.
  static void require([[maybe_unused]] bool ok) { assert(ok && "OpenSSL gives no SHA-256"); }

  EVP_MD* algorithm_;
  EVP_MD_CTX* context_;
};

}  // namespace

Hash sha256(std::string_view data) {
  thread_local Sha256Context context;
  return context(data);
}

std::string to_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    out += digits[b >> 4];
    out += digits[b & 15];
  }
  return out;
}

const char* name(DecodeError::Code code) {
  switch (code) {
    case DecodeError::Code::truncated:
      return "truncated";
    case DecodeError::Code::trailing:
      return "trailing";
    case DecodeError::Code::type:
      return "type";
    case DecodeError::Code::not_canonical:
      return "not_canonical";
    case DecodeError::Code::range:
      return "range";
    case DecodeError::Code::limit:
      return "limit";
    case DecodeError::Code::utf8:
      return "utf8";
    case DecodeError::Code::version:
      return "version";
    case DecodeError::Code::compression:
      return "compression";
    case DecodeError::Code::fleet:
      break;
  }
  return "fleet";
}

std::string to_string(const DecodeError& error) {
  return std::string(name(error.code)) + " at byte " + std::to_string(error.offset) + ": " +
         error.where;
}

}  // namespace tributary::wire
