// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/assets.h"

#include <zlib.h>

#include <array>
#include <cassert>

#include "assets_data.h"  // made by embed.cmake

namespace tributary::http {
namespace {

std::string gzip(std::string_view plain) {
  z_stream z{};
  constexpr int gzip_window = 15 + 16;
  if (deflateInit2(&z, 9, Z_DEFLATED, gzip_window, 9, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&z, plain.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));  // zlib does not write it
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&z, Z_FINISH);
  assert(done == Z_STREAM_END);
  out.resize(done == Z_STREAM_END ? z.total_out : 0);
  deflateEnd(&z);
  return out;
}

using Table = std::array<Asset, 5>;

const Table& table() {
  static const Table all = [] {
    Table made = {Asset{"/", "text/html; charset=utf-8", data::index_html},
                  Asset{"/app.js", "text/javascript; charset=utf-8", data::app_js},
                  Asset{"/app.css", "text/css; charset=utf-8", data::app_css},
                  Asset{"/icon.svg", "image/svg+xml", data::icon_svg},
                  Asset{"/api/openapi.json", "application/json", data::openapi_json}};
    for (Asset& asset : made) asset.gzipped = gzip(asset.plain);
    return made;
  }();
  return all;
}

}  // namespace

std::span<const Asset> assets() {
  return table();
}

const Asset* find_asset(std::string_view path) {
  for (const Asset& asset : table()) {
    if (asset.path == path) return &asset;
  }
  return nullptr;
}

}  // namespace tributary::http
