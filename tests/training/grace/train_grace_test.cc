#include "training/grace/train_grace.h"

#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/memory_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/grace/recovery_model.h"
#include "model/model_registry.h"
#include "simdjson.h"
#include "tests/support/borrowed_ledger.h"
#include "tests/support/copy_events.h"
#include "tests/support/failure_lives.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class TrainGraceTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ledger_ = std::make_unique<MemoryLedger>(Catalogue::Embedded());
    const UserKeys keys = UserKeys::FromSecret("lives");
    FailureLives lives(*ledger_, keys, 3);
    for (int user = 0; user < 400; ++user) {
      lives.Live(absl::StrCat("u", user), 14);
    }
  }
  static void TearDownTestSuite() { ledger_.reset(); }

  TrainGraceTest() {
    options_.ledger = "lives";
    options_.models = (folder_.path() / "models").string();
    options_.summary = (folder_.path() / "summary.json").string();
    options_.threads = 2;
  }
  absl::Status Train() {
    ::testing::internal::CaptureStdout();
    const absl::Status status = TrainGrace(options_, workshop_);
    shown_ = ::testing::internal::GetCapturedStdout();
    return status;
  }
  std::string BundleFile(int version, const std::string& name) const {
    return *ReadFile(std::filesystem::path(options_.models) / "grace" /
                     absl::StrCat(version) / name);
  }
  void ExpectRefused(const std::string& reason, bool empty = false) {
    const absl::Status status = Train();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
    if (!empty) {
      EXPECT_THAT(std::string(status.message()), HasSubstr("; some thousand "));
    }
    EXPECT_FALSE(std::filesystem::exists(options_.models));
    EXPECT_FALSE(std::filesystem::exists(options_.summary));
  }

  static std::unique_ptr<MemoryLedger> ledger_;
  const TempFolder folder_;
  const FixedClock clock_{absl::FromUnixSeconds(1'760'000'000)};
  Ledger* of_run_ = ledger_.get();
  const Workshop workshop_{clock_, Catalogue::Embedded(),
                           [this](const std::filesystem::path&, LedgerAccess) {
                             return OpenedLedger{
                                 UserKeys::FromSecret("lives"),
                                 std::make_unique<BorrowedLedger>(*of_run_)};
                           }};
  TrainGraceOptions options_;
  std::string shown_;
};
std::unique_ptr<MemoryLedger> TrainGraceTest::ledger_;

TEST_F(TrainGraceTest, LearnsTheChancesThatWereLived) {
  const absl::Status status = Train();
  ASSERT_TRUE(status.ok()) << status;
  const auto directory = FindChampion(options_.models, "grace");
  ASSERT_TRUE(directory.ok()) << directory.status();
  const auto model = RecoveryModel::Open(*directory, Catalogue::Embedded());
  ASSERT_TRUE(model.ok()) << model.status();
  // A subscriber of whom nothing else is known.
  const std::vector<float> row(static_cast<std::size_t>((*model)->row_width()),
                               std::numeric_limits<float>::quiet_NaN());
  FailedPayment payment;
  payment.failed = absl::FromUnixSeconds(1'740'000'000);
  HazardTable soft, fix;
  payment.decline_class = v1::DECLINE_CLASS_SOFT;
  ASSERT_TRUE((*model)->Fill(row, payment, soft).ok());
  payment.decline_class = v1::DECLINE_CLASS_FIX_NEEDED;
  ASSERT_TRUE((*model)->Fill(row, payment, fix).ok());
  EXPECT_NEAR(soft.by_retry(3, 1, HazardTable::GapIndex(2)),
              FailureLives::kSoftRetry, 0.12);
  EXPECT_LT(fix.by_retry(3, 1, HazardTable::GapIndex(2)), 0.1);
  EXPECT_NEAR(fix.by_user(4, Access::kFull, false), FailureLives::kFixUser,
              0.04);
  EXPECT_LT(soft.by_user(4, Access::kFull, false),
            fix.by_user(4, Access::kFull, false));
  EXPECT_NEAR(soft.cancels(4, Access::kFull, false), FailureLives::kCancels,
              0.008);

  simdjson::dom::parser parser;
  const simdjson::padded_string text(*ReadFile(options_.summary));
  const simdjson::dom::element json = parser.parse(text);
  EXPECT_EQ(simdjson::dom::object(json).size(), 5u);
  EXPECT_TRUE(bool{json["champion"]});
  const double ibs = json["test"]["ibs"];
  EXPECT_LT(ibs, double{json["test"]["ibs_kaplan_meier"]});
  EXPECT_GT(double{json["test"]["d_calibration_p"]}, 0.05);
  EXPECT_GT(double{json["test"]["d_calibration_p_strict"]}, 0.05);
  EXPECT_EQ(json["test"]["ece_by_day"].get_array().size(), 6u);
  EXPECT_GT(int64_t{json["rows"]["by_retry"]["events"]}, 100);
  double seconds = -1;
  EXPECT_EQ(json["seconds"].get(seconds), simdjson::SUCCESS);
  EXPECT_THAT(shown_, HasSubstr("D-calibration"));
  EXPECT_THAT(shown_, HasSubstr("fix_needed"));
  EXPECT_THAT(shown_, HasSubstr(", the champion"));
}

TEST_F(TrainGraceTest, CrownsNoModelThatLaterFailuresPutBelowKaplanMeier) {
  // From the test on soft declines are told as cards out of date, and these as
  // soft: whoever told them apart errs more than one curve for all.
  options_.test_from = ledger_->Facts().history_start + absl::Hours(24 * 240);
  MemoryLedger turned(Catalogue::Embedded());
  const auto turn = [&](v1::Event& event, std::int64_t known_time_us) {
    const std::string code = event.payment_attempted().decline_code();
    if (code.empty() ||
        absl::FromUnixMicros(known_time_us) < *options_.test_from) {
      return;
    }
    event.mutable_payment_attempted()->set_decline_code(code == "51" ? "54"
                                                                     : "51");
  };
  testing::CopyEvents(*ledger_, turned, turn);
  of_run_ = &turned;
  ASSERT_TRUE(Train().ok());
  EXPECT_THAT(shown_, HasSubstr(" % more)"));
  // Everybody cancels as often as all others.
  EXPECT_THAT(shown_,
              HasSubstr("warning: cancels tells no payment and no day apart"));
  EXPECT_THAT(shown_, Not(HasSubstr("warning: by_")));
  EXPECT_THAT(shown_, HasSubstr("a challenger\nchallenger because on the later "
                                "test its integrated Brier score, 0."));
  EXPECT_THAT(shown_, HasSubstr("is no better than Kaplan-Meier's, 0."));
  EXPECT_THAT(*ReadFile(options_.summary), HasSubstr(",\"champion\":false}"));
  EXPECT_EQ(FindChampion(options_.models, "grace").status().code(),
            absl::StatusCode::kNotFound);
  options_.champion = Crown::kAlways;
  ASSERT_TRUE(Train().ok());
  EXPECT_THAT(shown_, HasSubstr("/grace/2, the champion\n"));
  EXPECT_THAT(*ReadFile(options_.summary), HasSubstr(",\"champion\":true}"));
}

TEST_F(TrainGraceTest, GivesTheSameBytesOnOneAndTwoThreads) {
  ASSERT_TRUE(Train().ok());
  options_.threads = 1;
  ASSERT_TRUE(Train().ok());
  for (const char* name : {"by_user.json", "by_retry.json", "cancels.json",
                           "by_user.golden.bin", "cancels.golden.bin"}) {
    EXPECT_EQ(BundleFile(1, name), BundleFile(2, name)) << name;
  }
}

TEST_F(TrainGraceTest, RefusesALogThatIsTooShortOrEmpty) {
  options_.test_from = ledger_->Facts().history_start + absl::Hours(24 * 32);
  ExpectRefused("--test-from");
  options_.test_from.reset();
  MemoryLedger empty(Catalogue::Embedded());
  of_run_ = &empty;
  ExpectRefused("the ledger lives is empty", true);
  const UserKeys keys = UserKeys::FromSecret("lives");
  MemoryLedger unpaying(Catalogue::Embedded());
  FailureLives(unpaying, keys, 1).Live("one", 0);
  of_run_ = &unpaying;
  ExpectRefused("has no failed payments among its 1 events");
  MemoryLedger few(Catalogue::Embedded());
  FailureLives(few, keys, 1).Live("one", 6);
  of_run_ = &few;
  ExpectRefused("a recovery model needs 100");
}

}  // namespace
}  // namespace tenuto
