// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/ask.h"

#include <cassert>

#include "transports/wire/reader.h"
#include "transports/wire/writer.h"

namespace tributary::wire {
namespace {

using Code = DecodeError::Code;

constexpr std::uint64_t ask_frame = 5, answer_frame = 6;
constexpr std::uint64_t u64_max = ~std::uint64_t{0};
constexpr std::size_t id_bytes = 8;
constexpr std::size_t lacks_max = sketch_cells_max;  // no sketch tells more

bool read_lacks(Reader& r, std::vector<std::uint64_t>& lacks) {
  std::string_view bytes;
  if (!r.bin(bytes, lacks_max * id_bytes, "answer.lacks")) return false;
  if (bytes.size() % id_bytes != 0) return r.fail(Code::range, "answer.lacks");
  lacks.reserve(bytes.size() / id_bytes);
  for (std::size_t at = 0; at < bytes.size(); at += id_bytes) {
    std::uint64_t id = 0;
    for (const char c : bytes.substr(at, id_bytes)) id = id << 8 | static_cast<unsigned char>(c);
    if (!lacks.empty() && id <= lacks.back()) return r.fail(Code::not_canonical, "answer.lacks");
    lacks.push_back(id);
  }
  return true;
}

bool read_answer(Reader& r, Answer& a, const Limits& limits) {
  std::uint64_t outcome = 0;
  if (!r.frame(answer_frame, 6, "answer") || !r.id(a.gateway, "answer.gateway") ||
      !r.uint(a.token, "answer.token") || !r.uint_in(outcome, 0, 2, "answer.outcome") ||
      !read_lacks(r, a.lacks) || !r.bin(a.pack, limits.payload_bytes_max, "answer.pack"))
    return false;
  a.outcome = static_cast<Outcome>(outcome);
  return r.end("answer");
}

}  // namespace

std::string encode(const Ask& a) {
  assert(valid_id(a.gateway) && a.buckets != 0 && Sketch::read(a.cells));
  Writer w;
  w.array(5);
  w.uint(ask_frame);
  w.str(a.gateway);
  w.uint(a.token);
  w.uint(a.buckets);
  w.bin(a.cells);
  return w.take();
}

Result<Ask, DecodeError> decode_ask(std::string_view bytes, const Limits& limits) {
  if (bytes.size() > limits.payload_bytes_max) return Failure{DecodeError{Code::limit, 0, "ask"}};
  Reader r(bytes);
  Ask a;
  if (!r.frame(ask_frame, 5, "ask") || !r.id(a.gateway, "ask.gateway") ||
      !r.uint(a.token, "ask.token") || !r.uint_in(a.buckets, 1, u64_max, "ask.buckets") ||
      !r.bin(a.cells, sketch_cells_max * sketch_cell_bytes, "ask.cells"))
    return Failure{r.error()};
  const std::size_t row = sketch_cell_bytes * sketch_quarters;
  if (a.cells.empty() || a.cells.size() % row != 0) r.fail(Code::range, "ask.cells");
  if (a.cells.empty() || a.cells.size() % row != 0 || !r.end("ask")) return Failure{r.error()};
  return a;
}

std::string encode(const Answer& a) {
  assert(valid_id(a.gateway) && a.lacks.size() <= lacks_max);
  std::string lacks;
  lacks.reserve(a.lacks.size() * id_bytes);
  std::uint64_t last = 0;
  for (const std::uint64_t id : a.lacks) {
    assert(lacks.empty() || id > last);
    for (unsigned i = id_bytes; i-- > 0;) lacks += static_cast<char>(id >> (8 * i));
    last = id;
  }
  Writer w;
  w.array(6);
  w.uint(answer_frame);
  w.str(a.gateway);
  w.uint(a.token);
  w.uint(static_cast<std::uint64_t>(a.outcome));
  w.bin(lacks);
  w.bin(a.pack);
  return w.take();
}

Result<Answer, DecodeError> decode_answer(std::string_view bytes, const Limits& limits) {
  if (bytes.size() > limits.payload_bytes_max)
    return Failure{DecodeError{Code::limit, 0, "answer"}};
  Reader r(bytes);
  Answer a;
  if (!read_answer(r, a, limits)) return Failure{r.error()};
  return a;
}

}  // namespace tributary::wire
