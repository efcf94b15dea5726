// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target where there is no libFuzzer: every file of the directories given, then a fixed
// number of mutations of them, always the same ones.
//
//   fuzz_ack [--mutations N] corpus/ack regressions/ack
//
// Exit status 0: nothing broke. A directory that is missing or empty is passed over; no input at
// all is an error, so that a lost corpus is noticed.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <vector>

#include "tests/fuzz/fuzz.h"

extern "C" {
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// A target may bring its own.
__attribute__((weak)) std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                                          std::size_t max, unsigned int seed);
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max);
}

namespace {

constexpr std::size_t input_bytes_max = 8'192;

std::mt19937_64& dice() {
  static std::mt19937_64 engine(1);
  return engine;
}
std::size_t below(std::size_t n) {
  return dice()() % n;
}

using Bytes = std::vector<std::uint8_t>;

std::vector<Bytes> read_directory(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> names;
  if (std::filesystem::is_directory(directory)) {
    for (const auto& entry : std::filesystem::directory_iterator(directory))
      if (entry.is_regular_file()) names.push_back(entry.path());
  }
  std::sort(names.begin(), names.end());
  std::vector<Bytes> out;
  for (const auto& name : names) {
    std::ifstream in(name, std::ios::binary);
    out.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return out;
}

int run(const Bytes& input) {
  // An exact copy on the heap: reading past the end is seen by a sanitizer.
  const Bytes copy(input.begin(), input.end());
  return LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

void run_mutations(const std::vector<Bytes>& inputs, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    Bytes work = inputs[below(inputs.size())];
    std::size_t size = std::min(work.size(), input_bytes_max);
    work.resize(input_bytes_max);
    for (std::size_t times = 1 + below(3); times > 0; --times) {
      const auto seed = static_cast<unsigned>(dice()());
      size = LLVMFuzzerCustomMutator != nullptr
                 ? LLVMFuzzerCustomMutator(work.data(), size, work.size(), seed)
                 : LLVMFuzzerMutate(work.data(), size, work.size());
    }
    work.resize(size);
    run(work);
  }
}

}  // namespace

// In the place of libFuzzer's: a bit, a byte, some bytes away, doubled, or moved.
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max) {
  if (size == 0) {
    if (max == 0) return 0;
    data[0] = static_cast<std::uint8_t>(below(256));
    return 1;
  }
  const std::size_t at = below(size), n = 1 + below(std::min<std::size_t>(8, size - at));
  switch (below(5)) {
    case 0:
      data[at] = static_cast<std::uint8_t>(data[at] ^ (1U << below(8)));
      return size;
    case 1:
      data[at] = static_cast<std::uint8_t>(below(256));
      return size;
    case 2:
      std::memmove(data + at, data + at + n, size - at - n);
      return size - n;
    case 3:
      if (size + n > max) return size;
      std::memmove(data + at + n, data + at, size - at);
      return size + n;
    default:
      std::memmove(data + at, data + below(size - n + 1), n);
      return size;
  }
}

int main(int argc, char** argv) {
  std::size_t mutations = 0;
  std::vector<Bytes> inputs;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--mutations") == 0 && i + 1 < argc) {
      mutations = std::stoul(argv[++i]);
      continue;
    }
    for (Bytes& b : read_directory(argv[i])) inputs.push_back(std::move(b));
  }
  if (inputs.empty()) {
    std::cerr << "no input: name a directory with a corpus\n";
    return 2;
  }
  for (const Bytes& input : inputs) run(input);
  run_mutations(inputs, mutations);
  std::cout << inputs.size() << " inputs and " << mutations
            << " mutations of them: nothing broke\n";
  return 0;
}
