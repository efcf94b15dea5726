// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/digest.h"

#include <openssl/evp.h>

#include <bit>
#include <cassert>
#include <chrono>
#include <utility>

namespace tributary::core {
namespace {

using Lanes = std::array<std::uint16_t, LtHash::lanes>;

// The first 2,048 bytes of the ChaCha20 key stream under `seed`, as little-endian lanes.
void expand(const wire::Hash& seed, Lanes& out) {
  struct Context {
    EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, "ChaCha20", nullptr);
    EVP_CIPHER_CTX* ctx = EVP_CIPHER_CTX_new();
    Context() { EVP_EncryptInit_ex2(ctx, cipher, nullptr, nullptr, nullptr); }
    ~Context() {
      EVP_CIPHER_CTX_free(ctx);
      EVP_CIPHER_free(cipher);
    }
  };
  thread_local Context c;
  static constexpr std::array<unsigned char, 16> nonce{};
  static constexpr std::array<unsigned char, sizeof(Lanes)> zero{};
  int n = 0;
  const bool ok =
      EVP_EncryptInit_ex2(c.ctx, nullptr, seed.bytes.data(), nonce.data(), nullptr) == 1 &&
      EVP_EncryptUpdate(c.ctx, reinterpret_cast<unsigned char*>(out.data()), &n, zero.data(),
                        static_cast<int>(zero.size())) == 1;
  assert(ok && n == static_cast<int>(zero.size()));
  (void)ok;
  if constexpr (std::endian::native == std::endian::big) {
    for (std::uint16_t& lane : out) lane = static_cast<std::uint16_t>(lane >> 8 | lane << 8);
  }
}

}  // namespace

void LtHash::add(const wire::Hash& seed, std::int32_t times) {
  Lanes stream;
  expand(seed, stream);
  const auto factor = static_cast<std::uint16_t>(times);
  for (std::size_t i = 0; i < lanes; ++i) {
    const auto more = static_cast<std::uint16_t>(std::uint32_t{stream[i]} * factor);
    sum_[i] = static_cast<std::uint16_t>(sum_[i] + more);
  }
}

void LtHash::add(const LtHash& others) {
  for (std::size_t i = 0; i < lanes; ++i)
    sum_[i] = static_cast<std::uint16_t>(sum_[i] + others.sum_[i]);
}

wire::Hash LtHash::digest() const {
  std::string bytes(2 * lanes, '\0');
  for (std::size_t i = 0; i < lanes; ++i) {
    bytes[2 * i] = static_cast<char>(sum_[i] & 0xFF);
    bytes[2 * i + 1] = static_cast<char>(sum_[i] >> 8);
  }
  return wire::sha256(bytes);
}

DigestBook::Bucket& DigestBook::changing(std::uint32_t bucket, std::int32_t times) {
  assert(bucket < wire::bucket_count);
  if (!buckets_[bucket]) buckets_[bucket] = std::make_unique<Bucket>();
  Bucket& b = *buckets_[bucket];
  b.atoms += times;
  b.fresh = false;
  all_.reset();
  return b;
}

void DigestBook::add(std::uint32_t bucket, std::string_view atom) {
  Bucket& b = changing(bucket, 1);
  if (!helper_) return b.sum.add(wire::sha256(atom), 1);
  helper_->next.bytes += atom;
  helper_->next.each.push_back({bucket, static_cast<std::uint32_t>(atom.size())});
  if (helper_->next.each.size() >= handed_over || helper_->next.bytes.size() >= handed_over_bytes)
    hand_over();
}

DigestBook::Hashed DigestBook::hashed(Atoms atoms) {
  Hashed out;
  std::string_view rest = atoms.bytes;
  for (const Atoms::Atom& a : atoms.each) {
    std::unique_ptr<LtHash>& sum = out.sums[a.bucket];
    if (!sum) sum = std::make_unique<LtHash>();
    sum->add(wire::sha256(rest.substr(0, a.bytes)), 1);
    rest.remove_prefix(a.bytes);
  }
  out.room = std::move(atoms);
  out.room.clear();
  return out;
}

void DigestBook::take(Hashed&& done) {
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
    if (done.sums[b]) buckets_[b]->sum.add(*done.sums[b]);
  }
  helper_->room = std::move(done.room);
}

// To the other thread, unless it has not done yet: then it is our turn.
void DigestBook::hand_over() {
  Atoms atoms = std::exchange(helper_->next, std::exchange(helper_->room, {}));
  std::future<Hashed>& running = helper_->running;
  if (running.valid()) {
    if (running.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
      return take(hashed(std::move(atoms)));
    take(running.get());
  }
  // Deferred where no thread can be had: then it is our turn from now on, and this one's at the
  // end.
  running = std::async(std::launch::async | std::launch::deferred,
                       [atoms = std::move(atoms)]() mutable { return hashed(std::move(atoms)); });
}

void DigestBook::use_two_threads() {
  if (!helper_) helper_.emplace();
}

void DigestBook::use_one_thread() {
  if (!helper_) return;
  take(hashed(std::move(helper_->next)));
  if (helper_->running.valid()) take(helper_->running.get());
  helper_.reset();
}

void DigestBook::change(std::uint32_t bucket, std::string_view atom, std::int32_t times) {
  Bucket& b = changing(bucket, times);
  const auto [at, added] = b.pending.try_emplace(wire::sha256(atom), 0);
  at->second += times;
  if (at->second == 0) b.pending.erase(at);
  if (b.pending.size() > pending_max) fold(b);
}

void DigestBook::fold(Bucket& b) {
  for (const auto& [seed, times] : b.pending) b.sum.add(seed, times);
  b.pending.clear();
}

DigestBook::Bucket& DigestBook::settle(std::uint32_t bucket) {
  assert(bucket < wire::bucket_count && buckets_[bucket]);
  use_one_thread();
  Bucket& b = *buckets_[bucket];
  if (!b.fresh) {
    fold(b);
    b.digest = b.sum.digest();
    b.fresh = true;
  }
  return b;
}

wire::Hash DigestBook::digest(std::uint32_t bucket) {
  static const wire::Hash of_nothing = LtHash{}.digest();
  return buckets_[bucket] ? settle(bucket).digest : of_nothing;
}

bool DigestBook::empty(std::uint32_t bucket) {
  return !buckets_[bucket] || buckets_[bucket]->atoms == 0;
}

wire::Hash DigestBook::all() {
  if (all_) return *all_;
  std::string bytes;
  for (std::uint32_t b = 0; b < wire::bucket_count; ++b) bytes += digest(b).view();
  all_ = wire::sha256(bytes);
  return *all_;
}

AtomWriter& AtomWriter::begin(std::uint32_t items) {
  out_.clear();
  return array(items);
}

// MessagePack: a fix form up to fix_max, then (when has_8) one byte, two bytes, four bytes of
// length after `wide`, wide + 1 …
void AtomWriter::header(unsigned char fix, std::size_t fix_max, unsigned char wide, std::size_t n,
                        bool has_8) {
  const auto put = [&](unsigned char tag, int bytes) {
    out_.push_back(static_cast<char>(tag));
    for (int i = bytes - 1; i >= 0; --i) out_.push_back(static_cast<char>(n >> (8 * i) & 0xFF));
  };
  const auto tag = [&](int step) { return static_cast<unsigned char>(wide + step); };
  if (fix != 0 && n <= fix_max) {
    out_.push_back(static_cast<char>(fix | n));
  } else if (has_8 && n <= 0xFF) {
    put(wide, 1);
  } else if (n <= 0xFFFF) {
    put(tag(has_8 ? 1 : 0), 2);
  } else {
    put(tag(has_8 ? 2 : 1), 4);
  }
}

AtomWriter& AtomWriter::array(std::uint32_t items) {
  header(0x90, 15, 0xDC, items, false);
  return *this;
}

AtomWriter& AtomWriter::number(std::uint64_t v) {
  int bytes = 0;
  if (v > 0xFFFFFFFF) {
    out_.push_back(static_cast<char>(0xCF)), bytes = 8;
  } else if (v > 0xFFFF) {
    out_.push_back(static_cast<char>(0xCE)), bytes = 4;
  } else if (v > 0xFF) {
    out_.push_back(static_cast<char>(0xCD)), bytes = 2;
  } else if (v > 0x7F) {
    out_.push_back(static_cast<char>(0xCC)), bytes = 1;
  } else {
    out_.push_back(static_cast<char>(v));
  }
  for (int i = bytes - 1; i >= 0; --i) out_.push_back(static_cast<char>(v >> (8 * i) & 0xFF));
  return *this;
}

AtomWriter& AtomWriter::text(std::string_view v) {
  header(0xA0, 31, 0xD9, v.size(), true);
  out_.append(v);
  return *this;
}

AtomWriter& AtomWriter::binary(std::string_view v) {
  header(0, 0, 0xC4, v.size(), true);
  out_.append(v);
  return *this;
}

}  // namespace tributary::core
