// SPDX-License-Identifier: Apache-2.0
#include "gateway/keyring/value_key.h"

#include <string_view>

#include "gateway/keyring/error.h"
#include "gateway/keyring/safe_file.h"
#include "transports/wire/bytes.h"

namespace tributary::keyring {
namespace {

constexpr std::string_view head = "tributary-value-key 1 ";

}  // namespace

secrecy::ValueCipher make_value_key(const std::string& path) {
  if (exists(path)) {
    throw Error(Error::Kind::refused,
                path +
                    ": is there already; what it seals could not be read without it\n"
                    "  give another name, or remove it yourself");
  }
  write_file(path, std::string(head) + wire::to_hex(secrecy::ValueCipher::make_key()) + '\n',
             Access::secret);
  return read_value_key(path);
}

secrecy::ValueCipher read_value_key(const std::string& path) {
  const std::string content = read_file(path);
  std::string_view text = content;
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::string bytes(secrecy::ValueCipher::key_bytes, '\0');
  const bool good = text.starts_with(head) &&
                    text.size() == head.size() + 2 * secrecy::ValueCipher::key_bytes &&
                    wire::from_hex(text.substr(head.size()),
                                   reinterpret_cast<unsigned char*>(bytes.data()), bytes.size());
  if (!good) {
    throw Error(Error::Kind::refused, path +
                                          ": is no key for values\n"
                                          "  `tributary fleet value-key FILE` makes one");
  }
  return *secrecy::ValueCipher::from_key(bytes);
}

}  // namespace tributary::keyring
