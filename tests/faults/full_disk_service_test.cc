// R6 as a caller sees it: while the disk is full, events are refused with a
// reason and scores go on.
#include <chrono>
#include <memory>
#include <string>

#include "features/rocks_ledger.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "server/rpc_status.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/server_parts.h"
#include "tests/support/take_in.h"

namespace tenuto {
namespace {

class FullDiskService : public ::testing::Test {
 protected:
  FullDiskService() {
    WriteChurnBundle(parts_.models_dir, parts_.catalogue);
    EXPECT_TRUE(parts_.registry.Refresh().empty());
    RocksLedgerOptions options;
    options.directory = parts_.folder.path() / "ledger";
    options.clock = &parts_.clock;
    options.files = files_;
    ledger_ = OpenRocksLedger(options, parts_.catalogue, parts_.keys).value();
    ingest_ = std::make_unique<IngestService>(
        IngestService::Options{.clock = parts_.clock,
                               .gate = parts_.gate,
                               .ledger = *ledger_,
                               .metrics = parts_.metrics,
                               .calls = parts_.calls});
  }

  // One more of Anna's batches.
  absl::Status TakeIn() {
    v1::IngestEventsRequest request;
    const std::string id = std::to_string(batches_++);
    for (v1::Event& event : SubscriberEvents("anna", 10, kTestNow)) {
      event.set_event_id(event.event_id() + id);
      *request.add_events() = std::move(event);
    }
    v1::IngestEventsResponse response;
    return TakeInAndWait(*ingest_, request, response);
  }
  bool CanScore() {
    const UserScorer scorer({.clock = parts_.clock,
                             .catalogue = parts_.catalogue,
                             .ledger = *ledger_,
                             .registry = parts_.registry,
                             .records = *parts_.records,
                             .default_model = "churn_14d",
                             .consent_defaults = {},
                             .recorded_row_share = 0});
    const UserKey anna = parts_.keys.Of("anna");
    const auto bundle = scorer.FindUserBundle("churn_14d").value();
    return scorer.ScoreUsers(*bundle, absl::MakeConstSpan(&anna, 1)).ok();
  }

  ServerParts parts_;
  const std::shared_ptr<testing::FaultyFileSystem> files_ =
      std::make_shared<testing::FaultyFileSystem>();
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<IngestService> ingest_;
  int batches_ = 0;
};

TEST_F(FullDiskService, AnswersUnavailableWithAReasonAndScoresOnR6) {
  ASSERT_TRUE(TakeIn().ok());
  files_->LimitSpace(30'000);
  absl::Status refused;
  while (refused.ok() && batches_ < 1000) refused = TakeIn();
  for (int k = 0; k < 20; ++k) {
    const grpc::Status answer = ToGrpcStatus(TakeIn());
    ASSERT_EQ(answer.error_code(), grpc::StatusCode::UNAVAILABLE);
    google::rpc::Status rich;
    google::rpc::ErrorInfo reason;
    ASSERT_TRUE(rich.ParseFromString(answer.error_details()));
    ASSERT_TRUE(rich.details(0).UnpackTo(&reason));
    EXPECT_EQ(reason.reason(), "DISK_FULL");
    EXPECT_TRUE(CanScore());
  }
  EXPECT_GE(ledger_->Facts().faults.disk_full, 20);
  files_->LiftSpace();
  const auto start = std::chrono::steady_clock::now();
  bool resumed = false;
  while (!resumed &&
         std::chrono::steady_clock::now() - start < std::chrono::seconds(10)) {
    EXPECT_TRUE(CanScore());
    resumed = TakeIn().ok();
  }
  EXPECT_TRUE(resumed);
}

}  // namespace
}  // namespace tenuto
