// A user with two open invoices: no card is charged twice, and what chance said
// of one payment is not lost when the other is planned.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "server/server.h"
#include "server/server_options.h"
#include "tenuto/v1/grace.grpc.pb.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tests/support/grace_fixture.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

class TwoInvoicesTest : public GraceTest {
 protected:
  static v1::PaymentAttempted DeclinedOf(const std::string& invoice) {
    v1::PaymentAttempted attempt = Declined();
    attempt.set_invoice_id(invoice);
    return attempt;
  }
};

// Whichever of them is planned while one lease runs, no other is given.
TEST_F(TwoInvoicesTest, LeasesOneOfTwoOpenInvoicesAtATime) {
  Try("anna", kFailed + absl::Minutes(1), DeclinedOf("inv-2"));
  GoTo(1);
  int asked = 0;
  const auto ask = [&](const char* invoice) {
    parts_.clock.Set(parts_.clock.Now() + absl::Seconds(1));
    const v1::PlanGracePeriodResponse plan =
        Plan(Request(absl::StrCat("r", ++asked), invoice));
    EXPECT_TRUE(Attempts(plan, 1)) << invoice;
    EXPECT_EQ(plan.has_lease_until(), !plan.lease_id().empty());
    return plan;
  };
  const v1::PlanGracePeriodResponse first = ask("inv-1");
  EXPECT_FALSE(first.lease_id().empty());
  for (const char* invoice : {"inv-1", "inv-2", "inv-1", "inv-2", "inv-2"}) {
    EXPECT_TRUE(ask(invoice).lease_id().empty()) << asked;
  }
  const v1::PlanGracePeriodResponse replayed = Plan(Request("r3", "inv-2"));
  EXPECT_TRUE(replayed.replayed());
  EXPECT_TRUE(replayed.lease_id().empty());
  EXPECT_FALSE(replayed.has_lease_until());
  // Each may be had once the one before ended.
  const absl::Time end = absl::FromUnixSeconds(first.lease_until().seconds());
  parts_.clock.Set(end - absl::Seconds(2));
  EXPECT_TRUE(ask("inv-2").lease_id().empty());
  EXPECT_FALSE(ask("inv-2").lease_id().empty());
  EXPECT_TRUE(ask("inv-1").lease_id().empty());
  EXPECT_TRUE(ask("inv-2").lease_id().empty());
  parts_.clock.Set(parts_.clock.Now() + kLease);
  EXPECT_FALSE(ask("inv-1").lease_id().empty());
  EXPECT_TRUE(ask("inv-2").lease_id().empty());
}

// A payment that is named by its time alone is in no newer plan's name.
TEST_F(TwoInvoicesTest, LeasesOnceWhereNoInvoiceIsNamed) {
  parts_.TakeIn(SubscriberEvents("dora", 5, kFailed));
  Try("dora", kFailed, DeclinedOf(""));
  parts_.clock.Set(kFailed + absl::Hours(15));
  int asked = 0;
  const auto leases = [&] {
    int count = 0;
    for (int k = 0; k < 3; ++k) {
      v1::PlanGracePeriodRequest request = Request(absl::StrCat("r", ++asked));
      request.set_user_id("dora");
      request.mutable_failed_time()->set_seconds(absl::ToUnixSeconds(kFailed));
      count += Plan(request).lease_id().empty() ? 0 : 1;
    }
    return count;
  };
  EXPECT_EQ(leases(), 1);
  parts_.clock.Set(parts_.clock.Now() + absl::Minutes(1));
  Try("dora", parts_.clock.Now(), DeclinedOf(""));
  parts_.clock.Set(parts_.clock.Now() + kLease + absl::Minutes(1));
  EXPECT_EQ(leases(), 0) << "it was tried today";
}

// The state keeps the newest plan alone, so that of the other invoice is drawn
// again: the same draw, though another request asks and on a later day.
TEST_F(TwoInvoicesTest, DrawsTheSameAgainAfterAPlanForAnotherInvoice) {
  Explore(1);
  Renew();
  int same_for_both = 0;
  for (int k = 0; k < 8; ++k) {
    const std::string user = absl::StrCat("user-", k);
    parts_.clock.Set(kTestNow);
    parts_.TakeIn(SubscriberEvents(user, 3, kFailed));
    Try(user, kFailed);
    Try(user, kFailed + absl::Minutes(1), DeclinedOf("inv-2"));
    int asked = 0;
    const auto ask = [&](const char* invoice) {
      v1::PlanGracePeriodRequest request =
          Request(absl::StrCat(user, "-", ++asked), invoice);
      request.set_user_id(user);
      return Plan(request);
    };
    const v1::PlanGracePeriodResponse first = ask("inv-1");
    same_for_both += ask("inv-2").full_days() == first.full_days() ? 1 : 0;
    EXPECT_EQ(ask("inv-1").full_days(), first.full_days()) << user;
    ask("inv-2");
    GoTo(3);  // Two days are over.
    const v1::PlanGracePeriodResponse later = ask("inv-1");
    EXPECT_EQ(later.elapsed_days(), 2);
    EXPECT_TRUE(later.randomised());
    EXPECT_EQ(later.full_days(), std::max<std::int64_t>(2, first.full_days()));
    if (first.full_days() > 2) {
      EXPECT_EQ(later.propensity(), first.propensity()) << user;
    }
  }
  EXPECT_LT(same_for_both, 4) << "each payment has a draw of its own";
}

// Also where decision_seed is left to the machine's randomness.
TEST_F(TwoInvoicesTest, AreDrawnAsBeforeARestartOfTheServer) {
  constexpr int kUsers = 200;
  v1::ServerConfig config;
  config.set_listen("127.0.0.1:0");
  config.set_metrics_listen("127.0.0.1:0");
  config.set_data_dir((parts_.folder.path() / "data").string());
  config.set_models_dir(parts_.models_dir.string());
  SetDefaults(config);
  std::unique_ptr<Server> server;
  std::shared_ptr<grpc::Channel> channel;
  const auto start = [&] {
    server.reset();
    server = *Server::Start(config, Clock::Real());
    channel = grpc::CreateChannel(absl::StrCat("127.0.0.1:", server->port()),
                                  grpc::InsecureChannelCredentials());
  };
  start();
  for (const char* invoice : {"inv-1", "inv-2"}) {
    v1::IngestEventsRequest failures;
    for (int k = 0; k < kUsers; ++k) {
      v1::Event& event = *failures.add_events();
      event = MakeEvent(absl::StrCat("owes-", k), invoice,
                        Clock::Real().Now() - absl::Hours(30));
      *event.mutable_payment_attempted() = DeclinedOf(invoice);
    }
    grpc::ClientContext context;
    v1::IngestEventsResponse response;
    ASSERT_TRUE(v1::Ingest::NewStub(channel)
                    ->IngestEvents(&context, failures, &response)
                    .ok());
  }
  int asked = 0;
  const auto lengths = [&](const std::string& invoice) {
    std::vector<std::pair<bool, std::int64_t>> drawn;
    const auto stub = v1::Grace::NewStub(channel);
    for (int k = 0; k < kUsers; ++k) {
      v1::PlanGracePeriodRequest request =
          Request(absl::StrCat("asks-", ++asked), invoice);
      request.set_user_id(absl::StrCat("owes-", k));
      request.set_plan_only(true);
      grpc::ClientContext context;
      v1::PlanGracePeriodResponse plan;
      EXPECT_TRUE(stub->PlanGracePeriod(&context, request, &plan).ok());
      // Those that are over, or soon, become longer at midnight.
      drawn.emplace_back(
          plan.randomised(),
          plan.randomised() ? std::max<std::int64_t>(plan.full_days(), 3) : 0);
    }
    return drawn;
  };
  const auto first = lengths("inv-1");
  lengths("inv-2");
  start();
  EXPECT_EQ(lengths("inv-1"), first);
}

}  // namespace
}  // namespace tenuto
