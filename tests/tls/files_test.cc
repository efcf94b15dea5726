// SPDX-License-Identifier: Apache-2.0
// Every way in which the three files can be bad, each with its own sentence; and when a certificate
// is said to end soon.
#include "transports/tls/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ctime>
#include <filesystem>

#include "gateway/keyring/keyring.h"
#include "tests/support/temp_dir.h"

namespace tributary::transports::tls {
namespace {

using keyring::Access;
using keyring::Keyring;
using keyring::Role;
using keyring::write_file;
using testing::ElementsAre;
using testing::HasSubstr;

class TlsFiles : public testing::Test {
 protected:
  TlsFiles() {
    Keyring ring = Keyring::init({.dir = at("fleet")}, now_s);
    ring.enroll(Role::gateway, "g1", now_s);
    ring.enroll(Role::gateway, "g2", now_s);
    ring.save(now_s);
    files = {at("fleet/gateways/g1/ca.crt"), at("fleet/gateways/g1/tls.crt"),
             at("fleet/gateways/g1/tls.key")};
  }
  std::string at(const std::string& name) const { return (dir.path() / name).string(); }
  std::vector<std::string> texts(std::int64_t when_s) const {
    std::vector<std::string> out;
    for (const Trouble& trouble : check(files, when_s)) out.push_back(trouble.text);
    return out;
  }
  std::vector<std::string> texts() const { return texts(now_s); }
  keyring::Pair authority() const {
    return {keyring::read_file(at("fleet/ca/ca.crt")), keyring::read_file(at("fleet/ca/ca.key"))};
  }

  test::TempDir dir;
  const std::int64_t now_s = 1'800'000'000;
  Files files;
};

TEST_F(TlsFiles, ThoseOfAFreshFleetAreFit) {
  EXPECT_THAT(texts(), ElementsAre());
}

TEST_F(TlsFiles, MissingOnesAreNamedAllAtOnce) {
  for (const std::string& file : {files.ca, files.certificate, files.key}) {
    std::filesystem::remove(file);
  }
  EXPECT_THAT(texts(),
              ElementsAre(HasSubstr("ca.crt: No such file"), HasSubstr("tls.crt: No such file"),
                          HasSubstr("tls.key: No such file")));
}

TEST_F(TlsFiles, ADirectoryAnEmptyFileAndJunkAreNoCertificate) {
  files.ca = dir.path().string();
  EXPECT_THAT(texts(), ElementsAre(HasSubstr("it should hold the fleet's CA certificate")));
  write_file(at("empty"), "", Access::visible);
  files.ca = at("empty");
  EXPECT_THAT(texts(), ElementsAre(HasSubstr("is empty")));
  write_file(at("junk"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
             Access::visible);
  files.ca = at("junk");
  EXPECT_THAT(texts(), ElementsAre(HasSubstr("junk: holds no certificate")));
}

TEST_F(TlsFiles, AKeyThatOthersCanReadIsRefusedAndOneForTheGroupIsNot) {
  for (const mode_t mode : {0644U, 0604U, 0620U, 0601U}) {
    ASSERT_EQ(chmod(files.key.c_str(), mode), 0);
    EXPECT_THAT(texts(), ElementsAre(testing::AllOf(HasSubstr("tls.key: others than its owner"),
                                                    HasSubstr("chmod 600"))));
  }
  ASSERT_EQ(chmod(files.key.c_str(), 0640), 0);
  EXPECT_THAT(texts(), ElementsAre());
}

TEST_F(TlsFiles, AKeyOfAnotherCertificateIsRefused) {
  files.key = at("fleet/gateways/g2/tls.key");
  EXPECT_THAT(texts(), ElementsAre(HasSubstr("g2/tls.key: is not the key of")));
}

TEST_F(TlsFiles, ACertificateForTheKeyAndAnEncryptedKeyAreRefused) {
  files.key = files.certificate;
  ASSERT_EQ(chmod(files.certificate.c_str(), 0600), 0);
  EXPECT_THAT(texts(), ElementsAre(HasSubstr("holds no private key as PEM")));
  write_file(at("locked"),
             "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
             Access::secret);
  files.key = at("locked");
  EXPECT_THAT(texts(), ElementsAre(HasSubstr("has a passphrase")));
}

TEST_F(TlsFiles, DatesAreToldAndAreAMatterOfTheClock) {
  const auto late = check(files, now_s + 400 * day_s);
  ASSERT_EQ(late.size(), 1U);
  EXPECT_TRUE(late[0].of_time);
  EXPECT_THAT(late[0].text, HasSubstr("the certificate of g1 expired on 2028-01-15"));
  const auto early = check(files, 0);  // a machine without a clock
  ASSERT_EQ(early.size(), 2U);
  EXPECT_TRUE(early[0].of_time && early[1].of_time);
  EXPECT_THAT(early[1].text, HasSubstr("is not valid before 2027-01-14"));
}

TEST_F(TlsFiles, ACertificateOfAnotherFleetIsRefused) {
  Keyring other = Keyring::init({.dir = at("other")}, now_s);
  other.enroll(Role::gateway, "g1", now_s);
  files.certificate = at("other/gateways/g1/tls.crt");
  files.key = at("other/gateways/g1/tls.key");
  EXPECT_THAT(texts(), ElementsAre(HasSubstr("was not signed by the CA in")));
}

TEST_F(TlsFiles, TheBrokersCertificateIsNoClients) {
  files.certificate = at("fleet/broker/tls.crt");
  files.key = at("fleet/broker/tls.key");
  EXPECT_THAT(texts(), ElementsAre(HasSubstr("is not made for a client")));
}

TEST_F(TlsFiles, TwoCertificatesInTheCaFileServeAChangeOfCa) {
  Keyring::init({.dir = at("next")}, now_s);
  write_file(at("both"), keyring::read_file(at("next/ca/ca.crt")) + keyring::read_file(files.ca),
             Access::visible);
  files.ca = at("both");
  EXPECT_THAT(texts(), ElementsAre());
}

TEST_F(TlsFiles, ACertificateSaysWhoseItIsOnce) {
  const auto mine = read_certificate(files.certificate);
  ASSERT_TRUE(mine);
  EXPECT_EQ(mine->common_name, "g1");
  EXPECT_THAT(mine->uris, ElementsAre("tributary:demo:gateway:g1"));
  EXPECT_THAT(mine->hosts, ElementsAre());
  EXPECT_EQ(mine->fingerprint.size(), 64U);
  const auto broker = read_certificate(at("fleet/broker/tls.crt"));
  ASSERT_TRUE(broker);
  EXPECT_THAT(broker->hosts, ElementsAre("localhost", "127.0.0.1", "::1"));
}

TEST_F(TlsFiles, ThirtyDaysAheadAWarningBegins) {
  Certificate one;
  one.not_after_s = now_s;
  EXPECT_EQ(expiry_warning("f", one, now_s - 31 * day_s), "");
  EXPECT_THAT(expiry_warning("f", one, now_s - 30 * day_s), HasSubstr("f: ends in 30 days"));
  EXPECT_THAT(expiry_warning("f", one, now_s - 1), HasSubstr("f: ends in 0 days"));
  EXPECT_THAT(expiry_warning("f", one, now_s + 1), HasSubstr("f: expired on 2027-01-15"));
}

TEST_F(TlsFiles, TheStampTellsAReplacedFile) {
  const std::string before = stamp(files);
  EXPECT_EQ(stamp(files), before);
  write_file(files.certificate, keyring::read_file(files.certificate), Access::visible);
  EXPECT_NE(stamp(files), before);
}

}  // namespace
}  // namespace tributary::transports::tls
