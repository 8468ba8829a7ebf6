#include "server/tls.h"

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "server/server.h"
#include "server/server_options.h"
#include "tenuto/v1/admin.grpc.pb.h"
#include "tests/support/certificates.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() {
    authority_.Sign("server");
    config_.set_listen("127.0.0.1:0");
    config_.set_metrics_listen("127.0.0.1:0");
    config_.set_data_dir((folder_.path() / "data").string());
    config_.set_models_dir(folder_.path().string());
    config_.mutable_tls()->set_certificate_file(
        authority_.Certificate("server"));
    config_.mutable_tls()->set_key_file(authority_.Key("server"));
  }

  void Start() {
    SetDefaults(config_);
    auto server = Server::Start(config_, Clock::Real());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // How a call over a connection with these credentials ends.
  grpc::StatusCode Call(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
    const auto stub = v1::Admin::NewStub(grpc::CreateChannel(
        absl::StrCat("127.0.0.1:", server_->port()), credentials));
    grpc::ClientContext context;
    v1::GetServerStatusResponse response;
    return stub->GetServerStatus(&context, {}, &response).error_code();
  }

  // Trusts `authority`; shows `client`'s certificate of `issuer`, if any.
  static std::shared_ptr<grpc::ChannelCredentials> Trusting(
      const Authority& authority, const Authority* issuer = nullptr,
      const std::string& client = "") {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = *ReadFile(authority.certificate());
    if (issuer != nullptr) {
      options.pem_cert_chain = *ReadFile(issuer->Certificate(client));
      options.pem_private_key = *ReadFile(issuer->Key(client));
    }
    return grpc::SslCredentials(options);
  }

  absl::Status Refusal() const {
    return MakeServerCredentials(config_.tls()).status();
  }

  Authority authority_{"authority"};
  const TempFolder folder_;
  v1::ServerConfig config_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsTest, AnswersWhoTrustsItsAuthorityAndNobodyInPlainText) {
  Start();
  EXPECT_EQ(Call(Trusting(authority_)), grpc::StatusCode::OK);
  EXPECT_EQ(Call(grpc::InsecureChannelCredentials()),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Call(Trusting(Authority("stranger"))),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, RefusesClientsWithoutACertificateOfTheirAuthority) {
  Authority clients("clients");
  clients.Sign("scorer");
  config_.mutable_tls()->set_client_ca_file(clients.certificate());
  Start();
  EXPECT_EQ(Call(Trusting(authority_, &clients, "scorer")),
            grpc::StatusCode::OK);
  EXPECT_EQ(Call(Trusting(authority_)), grpc::StatusCode::UNAVAILABLE);
  Authority others("others");
  others.Sign("scorer");
  EXPECT_EQ(Call(Trusting(authority_, &others, "scorer")),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, NamesTheFieldAndTheFileThatIsWrong) {
  EXPECT_TRUE(Refusal().ok());
  v1::Tls& tls = *config_.mutable_tls();
  tls.set_client_ca_file(folder_.Write("ca.pem", "no certificate").string());
  EXPECT_THAT(std::string(Refusal().message()),
              HasSubstr("ca.pem holds no CERTIFICATE in PEM form"));
  tls.clear_client_ca_file();
  tls.set_certificate_file("/no/such.pem");
  EXPECT_TRUE(absl::IsNotFound(Refusal()));
  EXPECT_THAT(std::string(Refusal().message()),
              HasSubstr("tls.certificate_file: "));
  std::filesystem::permissions(authority_.Key("server"),
                               std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_TRUE(absl::IsPermissionDenied(Refusal()));
  EXPECT_THAT(std::string(Refusal().message()), HasSubstr("chmod 600"));
}

TEST_F(TlsTest, DoesNotStartWithTheKeyOfAnotherCertificate) {
  authority_.Sign("other");
  config_.mutable_tls()->set_key_file(authority_.Key("other"));
  SetDefaults(config_);
  const auto server = Server::Start(config_, Clock::Real());
  EXPECT_THAT(std::string(server.status().message()),
              HasSubstr("tls.key_file"));
}

}  // namespace
}  // namespace tenuto
