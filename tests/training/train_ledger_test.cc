#include "training/train_ledger.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/event_view.h"
#include "features/memory_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/model_bundle.h"
#include "model/model_registry.h"
#include "simdjson.h"
#include "tests/support/borrowed_ledger.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_events.h"
#include "training/world/generate.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A world lived once for all tests; every run of a test borrows its ledger.
class TrainLedgerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const TempFolder folder;
    world_ = std::make_unique<MemoryLedger>(Catalogue::Embedded());
    world::WorldOptions options;
    options.users = 300;
    options.days = 120;
    options.seed = 3;
    options.truth_every_days = 0;
    const UserKeys keys = UserKeys::FromSecret("a world");
    const auto report =
        world::GenerateWorld(options, folder.path() / "truth.csv", keys,
                             Clock::Real(), *world_, [](int) {});
    ASSERT_TRUE(report.ok()) << report.status();
  }
  static void TearDownTestSuite() { world_.reset(); }

  TrainLedgerTest() {
    options_.ledger = "the world";
    options_.models = (folder_.path() / "models").string();
    options_.horizon = absl::Hours(24 * 21);
    options_.windows = 2;
    options_.threads = 2;
    options_.summary = (folder_.path() / "summary.json").string();
  }

  absl::Status Train() { return TrainLedger(options_, workshop_); }

  void ExpectRefused(const std::string& reason) {
    const absl::Status status = Train();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
    EXPECT_EQ(status.message().find('\n'), absl::string_view::npos);
    EXPECT_FALSE(std::filesystem::exists(options_.models));
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "summary.json"));
  }

  std::string BundleFile(int version, const char* name) const {
    return *ReadFile(std::filesystem::path(options_.models) / "churn_21d" /
                     absl::StrCat(version) / name);
  }
  std::shared_ptr<const ModelBundle> Champion() const {
    const auto directory = FindChampion(options_.models, "churn_21d");
    EXPECT_TRUE(directory.ok()) << directory.status();
    const auto bundle = ModelBundle::Open(*directory, Catalogue::Embedded());
    EXPECT_TRUE(bundle.ok()) << bundle.status();
    return *bundle;
  }

  // The same log, each event as `change` leaves it.
  static std::unique_ptr<MemoryLedger> Copy(
      const std::function<void(const EventView&, GatedEvent&)>& change) {
    auto copy = std::make_unique<MemoryLedger>(Catalogue::Embedded());
    EventView view;
    for (int partition = 0; partition < kPartitions; ++partition) {
      std::vector<GatedEvent> events;
      const absl::Status status =
          world_->Scan(partition, 0, [&](const LoggedEvent& logged) {
            EXPECT_TRUE(view.Parse(logged.event));
            events.push_back({logged.user, logged.event_hash,
                              logged.known_time_us, std::string(logged.event)});
            change(view, events.back());
            return true;
          });
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_TRUE(copy->Commit(events, nullptr).ok());
    }
    return copy;
  }

  // The summary without the members that name times and memory.
  std::string SteadySummary() const {
    std::string text = *ReadFile(options_.summary);
    for (const auto& [key, end] :
         {std::pair<const char*, char>{"\"seconds\":{", '}'},
          {"\"replay_events_per_second_per_thread\":", ','},
          {"\"peak_memory_bytes\":", ','}}) {
      const std::size_t from = text.find(key);
      EXPECT_NE(from, std::string::npos) << key;
      text.erase(from, text.find(end, from) - from);
    }
    return text;
  }

  static std::unique_ptr<MemoryLedger> world_;
  Ledger* ledger_ = world_.get();
  BorrowedLedger::Hidden hidden_;
  const TempFolder folder_;
  const FixedClock clock_{absl::FromUnixSeconds(1'750'000'000)};
  const Workshop workshop_{
      clock_, Catalogue::Embedded(),
      [this](const std::filesystem::path&, LedgerAccess access) {
        EXPECT_EQ(access, LedgerAccess::kRead);
        return OpenedLedger{
            UserKeys::FromSecret("a world"),
            std::make_unique<BorrowedLedger>(*ledger_, hidden_)};
      }};
  TrainLedgerOptions options_;
};
std::unique_ptr<MemoryLedger> TrainLedgerTest::world_;

TEST_F(TrainLedgerTest, WritesABundleThatServesAndASummaryThatAgrees) {
  options_.baseline = true;
  options_.ablation = true;
  ::testing::internal::CaptureStdout();
  const absl::Status status = Train();
  const std::string shown = ::testing::internal::GetCapturedStdout();
  ASSERT_TRUE(status.ok()) << status;
  const auto bundle = Champion();
  const v1::Manifest& manifest = bundle->manifest();
  EXPECT_EQ(manifest.version(), 1);
  EXPECT_EQ(manifest.horizon_days(), 21);
  EXPECT_EQ(manifest.created_time_s(), 1'750'000'000);
  ASSERT_NE(bundle->plan(), nullptr);

  simdjson::dom::parser parser;
  const simdjson::padded_string text(*ReadFile(options_.summary));
  const simdjson::dom::element json = parser.parse(text);
  EXPECT_EQ(std::string(json["model"].get_c_str()), "churn_21d");
  EXPECT_EQ(int64_t{json["version"]}, 1);
  for (const char* part : {"train", "calibrate", "test"}) {
    EXPECT_GT(int64_t{json["rows"][part]}, 100) << part;
  }
  EXPECT_EQ(int64_t{json["rows"]["test"]}, int64_t{json["test"]["rows"]});
  EXPECT_EQ(int64_t{json["rows"]["train"]}, manifest.training().rows_train());
  EXPECT_GT(int64_t{json["test"]["positives"]}, 10);
  for (const char* key :
       {"auc", "auc_low", "auc_high", "average_precision", "log_loss",
        "log_loss_constant", "brier", "ece", "calibration_slope",
        "calibration_intercept", "lift_top_decile"}) {
    double value = -1;
    EXPECT_EQ(json["test"][key].get(value), simdjson::SUCCESS) << key;
  }
  EXPECT_NEAR(double{json["test"]["auc"]}, manifest.training().test_auc(),
              1e-6);
  EXPECT_GT(double{json["test"]["auc"]}, 0.6);
  EXPECT_EQ(json["window_auc"].get_array().size(), 2U);
  EXPECT_EQ(json["baselines"].get_array().size(), 3U);
  double seconds = -1;
  EXPECT_EQ(json["seconds"]["total"].get(seconds), simdjson::SUCCESS);
  for (const char* line :
       {"replayed ", "plain xgboost", "AUC without", ", the champion"}) {
    EXPECT_THAT(shown, HasSubstr(line));
  }
}

TEST_F(TrainLedgerTest, LearnsNothingThatWasNotKnownWhenTheTestBegan) {
  options_.train_before = absl::FromUnixSeconds(1'741'564'800);  // 2025-03-10
  options_.test_from = absl::FromUnixSeconds(1'742'428'800);     // 2025-03-20
  options_.windows = 1;
  ASSERT_TRUE(Train().ok());
  const std::int64_t known_s =
      Champion()->manifest().training().known_through_s();
  EXPECT_LE(known_s, 1'741'564'800);
  EXPECT_GT(known_s, 1'741'564'800 - 7 * 86'400) << "the latest that may be";
}

TEST_F(TrainLedgerTest, CrownsAsTheFlagSays) {
  options_.windows = 1;
  const auto summary_of = [this](Crown champion) {
    options_.champion = champion;
    EXPECT_TRUE(Train().ok());
    return *ReadFile(options_.summary);
  };
  EXPECT_THAT(summary_of(Crown::kNotThis), HasSubstr("\"champion\":false"));
  EXPECT_FALSE(FindChampion(options_.models, "churn_21d").ok());
  EXPECT_THAT(summary_of(Crown::kIfNone), HasSubstr("\"champion\":true"));
  EXPECT_EQ(Champion()->manifest().version(), 2);
  EXPECT_THAT(summary_of(Crown::kAlways), HasSubstr("\"champion\":true"));
  EXPECT_EQ(Champion()->manifest().version(), 3);
}

TEST_F(TrainLedgerTest, LeavesOutWhatOurOwnMessagesCauseUnlessAsked) {
  std::size_t own = 0;
  for (const Feature& feature : Catalogue::Embedded().features()) {
    own += feature.caused_by_us ? 1 : 0;
  }
  ASSERT_GT(own, 0U);
  const auto all = static_cast<int>(Catalogue::Embedded().features().size());
  options_.windows = 1;
  ASSERT_TRUE(Train().ok());
  const auto bundle = Champion();
  for (const v1::Column& column : bundle->manifest().columns()) {
    const Feature* feature = Catalogue::Embedded().FindFeature(column.name());
    ASSERT_NE(feature, nullptr);
    EXPECT_FALSE(feature->caused_by_us) << column.name();
  }
  EXPECT_EQ(bundle->width(), all - static_cast<int>(own));
  simdjson::dom::parser parser;
  const simdjson::padded_string text(*ReadFile(options_.summary));
  const simdjson::dom::element json = parser.parse(text);
  EXPECT_EQ(json["dropped_columns"].get_array().size(), own);
  for (const auto dropped : json["dropped_columns"].get_array()) {
    EXPECT_THAT(std::string(dropped["reason"].get_c_str()),
                HasSubstr("--own-messages"));
    EXPECT_TRUE(Catalogue::Embedded()
                    .FindFeature(dropped["column"].get_c_str().value())
                    ->caused_by_us);
  }
  std::filesystem::remove_all(options_.models);
  options_.own_messages = true;
  ASSERT_TRUE(Train().ok());
  EXPECT_EQ(Champion()->width(), all);
  EXPECT_THAT(*ReadFile(options_.summary), HasSubstr("\"dropped_columns\":[]"));
}

TEST_F(TrainLedgerTest, GivesTheSameBytesOnOneAndTwoThreads) {
  ASSERT_TRUE(Train().ok());
  options_.threads = 1;
  ASSERT_TRUE(Train().ok());
  options_.seed = 2;
  ASSERT_TRUE(Train().ok());
  for (const char* name : {"model.json", "golden.bin"}) {
    EXPECT_EQ(BundleFile(1, name), BundleFile(2, name)) << name;
    EXPECT_NE(BundleFile(1, name), BundleFile(3, name)) << name;
  }
  const std::string manifest = BundleFile(1, "manifest.textproto");
  EXPECT_THAT(manifest, Not(HasSubstr("trees: 1\n"))) << "a model of something";
}

TEST_F(TrainLedgerTest, GivesTheSameFiguresWhateverTheSecretKeyOfTheLedger) {
  options_.windows = 1;
  options_.baseline = true;
  ASSERT_TRUE(Train().ok());
  const std::string figures = SteadySummary();
  std::filesystem::remove_all(options_.models);
  const auto other = Copy([](const EventView&, GatedEvent& event) {
    for (auto& byte : event.user.bytes) {
      byte = static_cast<std::uint8_t>(byte * 77 + 5);
    }
  });
  ledger_ = other.get();
  ASSERT_TRUE(Train().ok());
  EXPECT_EQ(SteadySummary(), figures);
}

TEST_F(TrainLedgerTest, LearnsNoLabelThatBecameKnownAfterTheTestBegan) {
  const int cancelled = *FindPayload("cancelled");
  const int downgraded = *FindPayload("downgraded");
  const std::int64_t end_us = absl::ToUnixMicros(world_->Facts().history_end);
  const auto late = Copy([&](const EventView& view, GatedEvent& event) {
    if (view.payload() == cancelled || view.payload() == downgraded) {
      event.known_time_us = end_us;
    }
  });
  ledger_ = late.get();
  options_.windows = 1;
  ExpectRefused("training rows have one class only (0 positive)");
}

TEST_F(TrainLedgerTest, CountsRowsOfWhoHadLeftBeforeTheSnapshot) {
  const int cancelled = *FindPayload("cancelled");
  const int downgraded = *FindPayload("downgraded");
  const auto late = Copy([&](const EventView& view, GatedEvent& event) {
    if (view.payload() == cancelled || view.payload() == downgraded) {
      event.known_time_us += absl::ToInt64Microseconds(absl::Hours(24 * 8));
    }
  });
  ledger_ = late.get();
  options_.windows = 1;
  ::testing::internal::CaptureStdout();
  const absl::Status status = Train();
  const std::string shown = ::testing::internal::GetCapturedStdout();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(shown, HasSubstr("rows of users who had left before the "
                               "snapshot, as became known after it"));
  EXPECT_THAT(*ReadFile(options_.summary),
              Not(HasSubstr("\"rows_left_before_snapshot\":0")));
}

TEST_F(TrainLedgerTest, LaysWindowsOverSnapshotsThatHaveRows) {
  // One odd time, three years before the first event of anybody else.
  bool moved = false;
  options_.windows = 1;
  const auto odd = Copy([&](const EventView&, GatedEvent& event) {
    if (moved) return;
    moved = true;
    event.user.bytes[0] ^= 1;
    event.known_time_us = absl::ToUnixMicros(world_->Facts().history_start -
                                             absl::Hours(24 * 7 * 150));
    v1::Event stray;
    stray.mutable_event_time()->set_seconds(event.known_time_us / 1'000'000);
    stray.mutable_page_view();
    event.event = stray.SerializeAsString();
  });
  ledger_ = odd.get();
  ::testing::internal::CaptureStdout();
  const absl::Status status = Train();
  const std::string shown = ::testing::internal::GetCapturedStdout();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(shown, HasSubstr("snapshots have no row, or hardly an event"));
  EXPECT_THAT(shown, HasSubstr("window    train 2025-01-"));
  EXPECT_THAT(*ReadFile(options_.summary),
              HasSubstr("\"empty_snapshots\":149"));
}

TEST_F(TrainLedgerTest, SaysWhenTooFewSnapshotsHaveRows) {
  const std::int64_t late_us =
      absl::ToUnixMicros(world_->Facts().history_end - absl::Hours(24 * 16));
  hidden_ = [late_us](const LoggedEvent& event) {
    return event.known_time_us < late_us;
  };
  options_.horizon = absl::Hours(24 * 7);
  ExpectRefused("and are left out");
}

TEST_F(TrainLedgerTest, RefusesAnEmptyLedgerAndLeavesNothing) {
  MemoryLedger empty(Catalogue::Embedded());
  ledger_ = &empty;
  ExpectRefused("the ledger the world is empty");
}

TEST_F(TrainLedgerTest, RefusesALogInWhichNobodyLeaves) {
  MemoryLedger faithful(Catalogue::Embedded());
  const UserKeys keys = UserKeys::FromSecret("a world");
  const EventGate gate(keys);
  for (int user = 0; user < 20; ++user) {
    for (int month = 0; month < 6; ++month) {
      const absl::Time now = kTestNow + absl::Hours(24 * 30 * month);
      for (v1::Event& event :
           SubscriberEvents(absl::StrCat("u", user), 20, now)) {
        event.set_event_id(absl::StrCat(event.event_id(), "-", month));
        GatedEvent gated;
        ASSERT_FALSE(gate.Admit(event, now, gated));
        gated.known_time_us = absl::ToUnixMicros(now);
        ASSERT_TRUE(
            faithful.Commit(absl::MakeConstSpan(&gated, 1), nullptr).ok());
      }
    }
  }
  ledger_ = &faithful;
  ExpectRefused("have one class only (0 positive)");
}

TEST_F(TrainLedgerTest, RefusesWrongOptionsBeforeItReadsTheLog) {
  const TrainLedgerOptions good = options_;
  options_.label = "boredom";
  ExpectRefused("label \"boredom\" is unknown; there are: churn_by_choice");
  options_ = good;
  options_.model = "Churn 21";
  ExpectRefused("--model \"Churn 21\"");
  options_ = good;
  options_.summary = (folder_.path() / "nowhere" / "s.json").string();
  ExpectRefused("there is no directory");
  options_ = good;
  options_.test_from = absl::FromUnixSeconds(1'900'000'000);
  ExpectRefused("no snapshot is left to test on");
  options_ = good;
  options_.first_snapshot = absl::FromUnixSeconds(1'900'000'000);
  ExpectRefused("--first-snapshot");
  options_ = good;
  options_.train_before = absl::FromUnixSeconds(1'735'700'000);
  ExpectRefused("only 0 snapshots have known labels before");
}

TEST_F(TrainLedgerTest, GivesTheErrorOfALedgerThatDoesNotOpen) {
  const Workshop closed{clock_, Catalogue::Embedded(),
                        [](const std::filesystem::path&,
                           LedgerAccess) -> absl::StatusOr<OpenedLedger> {
                          return absl::NotFoundError("there is no ledger");
                        }};
  EXPECT_EQ(TrainLedger(options_, closed).code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace tenuto
