// SPDX-License-Identifier: Apache-2.0
// Proof of possession: what is believed, and everything near it that is not.
#include "gateway/keyring/enrolment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/keyring/error.h"
#include "gateway/keyring/lines.h"
#include "gateway/keyring/pki.h"

namespace tributary::keyring {
namespace {

using testing::HasSubstr;

const Owner owner{"demo", "device", "sensor-7"};

class Enrolment : public testing::Test {
 protected:
  std::string refusal(const std::string& text) const {
    try {
      check_proof(text, challenge);
      return "";
    } catch (const Error& e) {
      return e.what();
    }
  }
  // The proof with one field's value replaced; signed anew by `by` when there is one.
  static std::string with(std::string text, const std::string& field, const std::string& value,
                          const SigningKey* by = nullptr) {
    const std::size_t at = text.find("\n" + field + " ") + field.size() + 2;
    text.replace(at, text.find('\n', at) - at, value);
    if (by == nullptr) return text;
    text.resize(text.rfind("signature "));
    const SignatureBytes signature = by->sign(text);
    return text + "signature " + to_hex(signature.data(), signature.size()) + "\n";
  }

  const Challenge challenge = Challenge::make(owner);
  const SigningKey key = SigningKey::make(owner);
  const std::string tls_key = make_key();
  const std::string proof = prove(challenge, key, tls_key);
};

TEST_F(Enrolment, AProofIsBelieved) {
  const Proven proven = check_proof(proof, challenge);
  EXPECT_EQ(proven.key.bytes, key.public_key().bytes);
  EXPECT_EQ(public_half(proven.request), public_half(make_request(tls_key, "x")));
  EXPECT_EQ(proof.find(tls_key.substr(40, 40)), std::string::npos);
}

TEST_F(Enrolment, TheChallengesFileIsReadAsItWasWritten) {
  const Challenge read = Challenge::parse(challenge.text());
  EXPECT_EQ(read.owner, owner);
  EXPECT_EQ(read.nonce, challenge.nonce);
  EXPECT_NE(Challenge::make(owner).nonce, challenge.nonce);
}

TEST_F(Enrolment, AnAnswerToAnotherChallengeIsNotBelieved) {
  EXPECT_THAT(refusal(prove(Challenge::make(owner), key, tls_key)), HasSubstr("another challenge"));
  EXPECT_THROW(prove(Challenge::make({"demo", "device", "sensor-8"}), key, tls_key), Error);
}

TEST_F(Enrolment, SomebodyElsesPublicKeyIsNotBelieved) {
  const SigningKey other = SigningKey::make(owner);
  const PublicBytes& theirs = other.public_key().bytes;
  const std::string hex = to_hex(theirs.data(), theirs.size());
  EXPECT_THAT(refusal(with(proof, "public", hex)), HasSubstr("not signed by the key"));
  EXPECT_THAT(refusal(with(proof, "public", hex, &key)), HasSubstr("not signed by the key"));
}

TEST_F(Enrolment, EveryChangedByteIsNoticed) {
  for (std::size_t i = 0; i < proof.size(); ++i) {
    std::string changed = proof;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_NE(refusal(changed), "") << "byte " << i;
  }
}

// With such a key a signature that anybody can write down verifies for some verifiers.
TEST_F(Enrolment, AKeyOfSmallOrderIsNotBelieved) {
  const std::string identity = "01" + std::string(62, '0');
  const std::string forged =
      with(with(proof, "public", identity), "signature", identity + std::string(64, '0'));
  EXPECT_THAT(refusal(forged), HasSubstr("small or mixed order"));
}

TEST_F(Enrolment, ARequestThatItsKeyDidNotSignGetsNoCertificate) {
  const Pair ca = make_ca("demo", {0, 4'000'000'000});
  const Subject subject{.common_name = "sensor-7", .uri = "tributary:demo:device:sensor-7"};
  std::string request = check_proof(proof, challenge).request;
  EXPECT_NO_THROW(issue_requested(ca, subject, request, {0, 4'000'000'000}));
  const std::size_t at = request.size() - 60;  // in the signature
  request[at] = request[at] == 'A' ? 'B' : 'A';
  EXPECT_THROW(issue_requested(ca, subject, request, {0, 4'000'000'000}), Error);
}

}  // namespace
}  // namespace tributary::keyring
