// SPDX-License-Identifier: Apache-2.0
// What signatures cost: libsodium alone, a check as the gateway makes it, and the whole way of an
// envelope from its bytes to its authorisation, in one run. The goal of `checked` is 0.8 of
// libsodium's rate.
#include <benchmark/benchmark.h>
#include <sodium.h>

#include <memory>

#include "gateway/core/policy.h"
#include "transports/signing/seal.h"
#include "transports/wire/record.h"

namespace tributary {
namespace {

const signing::Signer& signer() {
  static const signing::Signer one =
      signing::signer_of(std::make_shared<signing::SecretKey>(signing::SecretKey::make()));
  return one;
}

// As many counters as fill a body of about `bytes`.
std::string body_of(std::size_t bytes) {
  std::vector<std::string> names;
  wire::Delta d;
  d.fleet = "demo";
  d.is_signed = true;
  d.device = "sensor-7";
  d.epoch = 7;
  d.to = d.id = 1'000;
  for (std::size_t i = 0; i * 24 < bytes; ++i)
    names.push_back("counter/" + std::to_string(10'000 + i));
  for (const std::string& name : names) {
    wire::Entry e;
    e.key = name;
    e.type = 1;
    e.hi = d.to;
    e.payload = wire::GCounterPayload{1'000'000};
    d.entries.push_back(std::move(e));
  }
  return wire::encode_delta(d);
}

void bare_verify(benchmark::State& state) {
  const std::string body = body_of(static_cast<std::size_t>(state.range(0)));
  const signing::Signature s = signer().sign(body);
  for (auto _ : state) {
    const int wrong =
        crypto_sign_verify_detached(s.data(), reinterpret_cast<const unsigned char*>(body.data()),
                                    body.size(), signer().key.data());
    if (wrong != 0) state.SkipWithError("the signature is wrong");
  }
}

core::Options requiring() {
  core::Options options;
  options.fleet = "demo";
  options.trust.signatures = core::Signatures::require;
  options.trust.admin_key = signer().key;
  return options;
}

void enroll(core::Trust& trust) {
  const std::string record =
      wire::encode(wire::KeyRecord{"device", "sensor-7", signing::view(signer().key)});
  wire::Entry entry;
  entry.key = wire::keys_key;
  entry.payload = wire::GSetPayload{{record}};
  trust.take(entry);
}

// Of an envelope that is decoded: the key looked up, the prefix put before the body, verified.
void checked(benchmark::State& state) {
  const core::Options options = requiring();
  core::Trust trust(options);
  enroll(trust);
  const std::string bytes = signing::seal(
      signing::Kind::delta, "demo", body_of(static_cast<std::size_t>(state.range(0))), signer());
  const auto sealed = wire::decode_sealed(bytes, options.wire);
  for (auto _ : state) {
    if (trust.check(signing::Kind::delta, "sensor-7", *sealed) != core::Trust::Finding::good)
      state.SkipWithError("the signature is wrong");
  }
}

void envelope_verified(benchmark::State& state) {
  const core::Options options = requiring();
  core::Trust trust(options);
  enroll(trust);
  const std::string bytes = signing::seal(
      signing::Kind::delta, "demo", body_of(static_cast<std::size_t>(state.range(0))), signer());
  for (auto _ : state) {
    auto e = wire::decode_envelope(bytes, options.wire);
    if (!e || !core::authorise(options, trust, {"sensor-7"}, std::move(*e), false))
      state.SkipWithError("the envelope was refused");
  }
}

void sign(benchmark::State& state) {
  const std::string body = body_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(signing::seal(signing::Kind::delta, "demo", body, signer()));
}

BENCHMARK(bare_verify)->Arg(24)->Arg(1'300)->Arg(13'000);
BENCHMARK(checked)->Arg(24)->Arg(1'300)->Arg(13'000);
BENCHMARK(envelope_verified)->Arg(24)->Arg(1'300)->Arg(13'000);
BENCHMARK(sign)->Arg(24)->Arg(1'300)->Arg(13'000);

}  // namespace
}  // namespace tributary
