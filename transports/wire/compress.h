// SPDX-License-Identifier: Apache-2.0
// LZ4 blocks and gzip members, each as a whole. One promise: expand never produces, nor allocates,
// more than the `size` its caller has checked. Internal to transports/wire.
//
//   std::string small = compress(plain, Codec::lz4);
//   std::string out;
//   if (!expand(small, Codec::lz4, plain.size(), out)) refuse();
#pragma once
#include <string>
#include <string_view>

#include "transports/wire/pack.h"

namespace tributary::wire {

// REQUIRES: codec is not plain.
std::string compress(std::string_view plain, Codec codec);
// false unless all of `data` unpacks to exactly `size` bytes.
bool expand(std::string_view data, Codec codec, std::size_t size, std::string& out);

}  // namespace tributary::wire
