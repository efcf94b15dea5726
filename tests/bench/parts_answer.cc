// SPDX-License-Identifier: Apache-2.0
// The limit of the parts that every gateway here is made of: Paho's C client, msgpack-c, OpenSSL
// and SQLite. Of what came it hashes each message (SHA-256) and walks through what is packed in it,
// commits the newest of each device in one transaction at synchronous=FULL, adds that to a sum as
// docs/protocol.md asks for each part that changed (ChaCha20, 2,048 bytes), and answers each device
// once at QoS 0, for all that it sent. It looks at no value, knows no key and joins nothing.
//
//   parts_answer PORT PACKETS DATABASE
//
// A transaction takes what came, once that is PACKETS messages, or 50 ms after the one before. An
// answer begins with how many messages it is for. Says "ready" on stdout, and ends with SIGTERM.
#define MSGPACK_NO_BOOST
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sqlite3.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <msgpack.hpp>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "tests/bench/paho_client.h"
#include "transports/batch_class.h"

namespace tributary::bench {
namespace {

struct FreeMessage {
  void operator()(MQTTAsync_message* message) const { MQTTAsync_freeMessage(&message); }
};
struct Newest {
  std::unique_ptr<MQTTAsync_message, FreeMessage> message;
  unsigned char hash[SHA256_DIGEST_LENGTH] = {};
  std::uint64_t messages = 0;
};
using Waiting = std::map<std::string, Newest, std::less<>>;

class Database {
 public:
  explicit Database(const char* path) {
    if (sqlite3_open(path, &db_) != SQLITE_OK) std::abort();
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("CREATE TABLE live(device TEXT PRIMARY KEY, hash BLOB, body BLOB) WITHOUT ROWID");
    const char* put = "INSERT OR REPLACE INTO live VALUES(?, ?, ?)";
    if (sqlite3_prepare_v2(db_, put, -1, &put_, nullptr) != SQLITE_OK) std::abort();
  }
  ~Database() {
    sqlite3_finalize(put_);
    sqlite3_close(db_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void commit(const Waiting& all) {
    run("BEGIN IMMEDIATE");
    for (const auto& [device, newest] : all) {
      sqlite3_bind_text(put_, 1, device.data(), static_cast<int>(device.size()), SQLITE_STATIC);
      sqlite3_bind_blob(put_, 2, newest.hash, sizeof newest.hash, SQLITE_STATIC);
      sqlite3_bind_blob(put_, 3, newest.message->payload, newest.message->payloadlen,
                        SQLITE_STATIC);
      if (sqlite3_step(put_) != SQLITE_DONE) std::abort();
      sqlite3_reset(put_);
    }
    run("COMMIT");
  }

 private:
  void run(const char* sql) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) std::abort();
  }
  sqlite3* db_ = nullptr;
  sqlite3_stmt* put_ = nullptr;
};

// The sum of the key streams under what was stored, 1,024 numbers of 16 bits.
class Sum {
 public:
  Sum() { EVP_EncryptInit_ex2(context_, cipher_, nullptr, nullptr, nullptr); }
  ~Sum() {
    EVP_CIPHER_CTX_free(context_);
    EVP_CIPHER_free(cipher_);
  }
  Sum(const Sum&) = delete;
  Sum& operator=(const Sum&) = delete;

  void add(const unsigned char* hash) {
    static constexpr std::array<unsigned char, 16> nonce{};
    static constexpr std::array<unsigned char, sizeof(Lanes)> zero{};
    Lanes stream;
    int n = 0;
    EVP_EncryptInit_ex2(context_, nullptr, hash, nonce.data(), nullptr);
    EVP_EncryptUpdate(context_, reinterpret_cast<unsigned char*>(stream.data()), &n, zero.data(),
                      static_cast<int>(zero.size()));
    for (std::size_t i = 0; i < stream.size(); ++i)
      sum_[i] = static_cast<std::uint16_t>(sum_[i] + stream[i]);
  }

 private:
  using Lanes = std::array<std::uint16_t, 1024>;
  EVP_CIPHER* cipher_ = EVP_CIPHER_fetch(nullptr, "ChaCha20", nullptr);
  EVP_CIPHER_CTX* context_ = EVP_CIPHER_CTX_new();
  Lanes sum_{};
};

// Through all that is packed in these bytes, keeping nothing. An envelope packs its delta in one.
void walk(const char* data, std::size_t size) {
  struct : msgpack::null_visitor {
    bool visit_bin(const char* bytes, std::uint32_t count) {
      if (count > inner_size) inner = bytes, inner_size = count;
      return true;
    }
    const char* inner = nullptr;
    std::uint32_t inner_size = 0;
  } visitor;
  if (!msgpack::parse(data, size, visitor)) std::abort();
  if (visitor.inner != nullptr && visitor.inner_size > size / 2)
    walk(visitor.inner, visitor.inner_size);
}

class Answering {
 public:
  Answering(std::uint64_t most, const char* path) : most_(most), database_(path) {}

  void add(std::string_view device, MQTTAsync_message* message) {
    Newest newest;
    newest.message.reset(message);
    SHA256(static_cast<const unsigned char*>(message->payload),
           static_cast<std::size_t>(message->payloadlen), newest.hash);
    walk(static_cast<const char*>(message->payload), static_cast<std::size_t>(message->payloadlen));
    const std::scoped_lock lock(mutex_);
    auto at = waiting_.find(device);
    if (at == waiting_.end()) at = waiting_.emplace(device, Newest{}).first;
    newest.messages = at->second.messages + 1;
    at->second = std::move(newest);
    if (++count_ == most_) enough_.notify_one();
  }
  // Until stop().
  void run(PahoClient& client) {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      enough_.wait_for(lock, std::chrono::milliseconds(50),
                       [&] { return count_ >= most_ || stopping_; });
      Waiting all;
      all.swap(waiting_);
      count_ = 0;
      lock.unlock();
      if (!all.empty()) database_.commit(all);
      for (const auto& [device, newest] : all) {
        client.answer(device, newest.messages);
        sum_.add(newest.hash);
      }
      lock.lock();
    }
  }
  void stop() {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    enough_.notify_one();
  }

 private:
  const std::uint64_t most_;
  Database database_;
  Sum sum_;
  std::mutex mutex_;
  std::condition_variable enough_;
  Waiting waiting_;
  std::uint64_t count_ = 0;
  bool stopping_ = false;
};

int arrived(void* context, char* topic, int, MQTTAsync_message* message) {
  transports::batch_class_from_here_on();  // as a gateway has it
  static_cast<Answering*>(context)->add(device_of(topic), message);
  MQTTAsync_free(topic);
  return 1;
}

int run(const std::string& port, std::uint64_t batch, const char* database) {
  const sigset_t end = block_sigterm();
  Answering answering(batch, database);
  PahoClient client(port, &answering, arrived);
  if (!client.connect()) return 1;
  std::thread worker([&] { answering.run(client); });
  int signal = 0;
  sigwait(&end, &signal);
  answering.stop();
  worker.join();
  return 0;
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  if (argc == 4) return tributary::bench::run(argv[1], std::strtoul(argv[2], nullptr, 10), argv[3]);
  std::fprintf(stderr, "parts_answer PORT PACKETS DATABASE\n");
  return 2;
}
