// SPDX-License-Identifier: Apache-2.0
// Things by number, from 0 on, that stay where they are and never go: in blocks, so that each costs
// no more than itself, and memory is asked for rarely. A block after the first is made resident in
// one call; page by page costs more than what is done with it.
//
//   Slab<KeyState> keys;
//   KeyState& key = keys.add();          // number keys.size() - 1
//   keys[0].key = "plant-1/parts";
//
// Addresses last as long as the slab. Not thread-safe.
#pragma once
#ifdef __linux__
#include <sys/mman.h>
#endif
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace tributary::core {

template <class T>
class Slab {
 public:
  Slab() = default;
  ~Slab() {
    for (std::uint32_t n = 0; n < size_; ++n) (*this)[n].~T();
  }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  T& add() {
    if (size_ % per_block == 0) blocks_.push_back(block(!blocks_.empty()));
    T* const made = new (place(size_)) T;
    ++size_;
    return *made;
  }
  T& operator[](std::uint32_t number) const {
    assert(number < size_);
    return *std::launder(reinterpret_cast<T*>(place(number)));
  }
  std::uint32_t size() const { return size_; }

 private:
  static constexpr std::size_t block_bytes = std::size_t{64} * 1024;
  static constexpr std::uint32_t per_block = block_bytes / sizeof(T);
  static_assert(per_block > 0);
  struct Free {
    void operator()(std::byte* block) const { ::operator delete (block, std::align_val_t{page}); }
  };
  static constexpr std::size_t page = 4096;
  using Block = std::unique_ptr<std::byte, Free>;

  static Block block(bool at_once) {
    Block made(static_cast<std::byte*>(::operator new (block_bytes, std::align_val_t{page})));
#ifdef MADV_POPULATE_WRITE
    // Where that is not known, or pages are larger, they come one by one.
    if (at_once) (void)::madvise(made.get(), block_bytes, MADV_POPULATE_WRITE);
#else
    (void)at_once;
#endif
    return made;
  }
  std::byte* place(std::uint32_t number) const {
    return blocks_[number / per_block].get() + number % per_block * sizeof(T);
  }

  std::vector<Block> blocks_;
  std::uint32_t size_ = 0;
};

}  // namespace tributary::core
