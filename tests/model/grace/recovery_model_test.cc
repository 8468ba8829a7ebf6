#include "model/grace/recovery_model.h"

#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/digest.h"
#include "gtest/gtest.h"
#include "model/grace/recovery_curve.h"
#include "model/model_registry.h"
#include "tests/support/toy_forest.h"
#include "training/bundle_writer.h"

namespace tenuto {
namespace {

namespace fs = std::filesystem;
constexpr int kRowWidth = 5;
constexpr int kWidth = kRowWidth + kFailureColumns;

v1::Manifest Columns() {
  v1::Manifest manifest = ToyManifest("grace", kRowWidth);
  AddFailureColumns(manifest);
  return manifest;
}

class RecoveryModelTest : public testing::Test {
 protected:
  RecoveryModelTest() : good_(Write(Columns())) {
    payment_.failed = absl::FromUnixSeconds(1'700'000'000);
    payment_.decline_class = v1::DECLINE_CLASS_SOFT;
    payment_.amount_minor = 5;
    row_ = {1, 7, FailedPaymentNan(), 3, 9};
  }

  static float FailedPaymentNan() {
    return std::numeric_limits<float>::quiet_NaN();
  }
  fs::path Write(const v1::Manifest& manifest) const {
    const std::vector<FittedPart> parts = {{kHazardNames[0], &models_[0]},
                                           {kHazardNames[1], &models_[1]},
                                           {kHazardNames[2], &models_[2]}};
    const auto written = WriteBundle(scratch_.path(), manifest, parts, 4);
    EXPECT_TRUE(written.ok()) << written.status();
    return written->directory;
  }
  static auto Open(const fs::path& directory) {
    return RecoveryModel::Open(directory, Catalogue::Embedded());
  }
  fs::path Copy(const std::string& name) const {
    const fs::path copy = scratch_.path() / "copies" / name;
    fs::create_directories(copy.parent_path());
    fs::copy(good_, copy);
    return copy;
  }
  template <class Edit>
  static void Reseal(const fs::path& directory, Edit edit) {
    auto manifest = ParseManifest("m", *ReadFile(directory / kManifestFile));
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    edit(*manifest);
    ASSERT_TRUE(
        WriteFileAtomically(directory / kManifestFile, SealManifest(*manifest))
            .ok());
  }
  // With a digest that holds.
  static void Replace(const fs::path& directory, const std::string& name,
                      const std::string& bytes) {
    Reseal(directory, [&](v1::Manifest& manifest) {
      ASSERT_TRUE(WriteFileAtomically(directory / name, bytes).ok());
      for (v1::FileDigest& file : *manifest.mutable_files()) {
        if (file.name() != name) continue;
        file.set_sha256(Sha256Hex(bytes));
        file.set_size_bytes(static_cast<std::int64_t>(bytes.size()));
      }
    });
  }
  static void ExpectRefused(const fs::path& directory, absl::string_view says) {
    const auto model = Open(directory);
    ASSERT_FALSE(model.ok()) << says;
    EXPECT_NE(model.status().message().find(directory.string()),
              absl::string_view::npos);
    EXPECT_NE(model.status().message().find(says), absl::string_view::npos)
        << model.status();
  }
  // As the trainer would predict one row.
  float Expected(Hazard hazard, int day, const DayChoice& choice) const {
    TrainingMatrix matrix;
    matrix.columns.resize(kWidth);
    matrix.values = row_;
    matrix.values.resize(kWidth);
    WriteFailureColumns(payment_, day, choice,
                        absl::MakeSpan(matrix.values).last(kFailureColumns));
    matrix.labels = {0};
    const auto probability =
        PredictProbabilities(models_[static_cast<std::size_t>(hazard)], matrix);
    EXPECT_TRUE(probability.ok()) << probability.status();
    return static_cast<float>(probability->at(0));
  }

  const ScratchDirectory scratch_;
  const std::vector<FittedModel> models_ = {
      ToyModel(kWidth, 1), ToyModel(kWidth, 2), ToyModel(kWidth, 3)};
  const fs::path good_;
  FailedPayment payment_;
  std::vector<float> row_;
};

TEST_F(RecoveryModelTest, FillsATableWithWhatTheTrainersModelSaysBitForBit) {
  const auto model = Open(good_);
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_NE((*model)->plan(), nullptr);
  EXPECT_EQ((*model)->plan()->width(), kRowWidth);
  EXPECT_EQ((*model)->row_width(), kRowWidth);
  HazardTable hazards;
  ASSERT_TRUE((*model)->Fill(row_, payment_, hazards).ok());
  for (const int day : {1, 2, 3, 8, 30, 60}) {
    for (const Access access :
         {Access::kNone, Access::kReduced, Access::kFull}) {
      for (const bool messaged : {false, true}) {
        const DayChoice choice = DayChoice::OfAccess(access, messaged);
        EXPECT_EQ(hazards.by_user(day, access, messaged),
                  Expected(Hazard::kByUser, day, choice));
        EXPECT_EQ(hazards.cancels(day, access, messaged),
                  Expected(Hazard::kCancels, day, choice));
      }
    }
    // Every history that there can be.
    for (int attempts = 1; attempts <= 5; ++attempts) {
      for (int since = 1; since <= day; ++since) {
        if ((attempts == 1) != (since == day)) continue;
        EXPECT_EQ(
            hazards.by_retry(day, HazardTable::CountIndex(attempts),
                             HazardTable::GapIndex(since)),
            Expected(Hazard::kByRetry, day,
                     DayChoice::OfAttempt(payment_, day, attempts, since)))
            << day << " " << attempts << " " << since;
      }
    }
  }
}

TEST_F(RecoveryModelTest, FillsOnlyDaysThatAreStillToCome) {
  const auto model = Open(good_);
  ASSERT_TRUE(model.ok());
  payment_.decided_day = 20;
  HazardTable hazards;
  hazards.by_user(20, Access::kFull, false) = 0.875f;
  ASSERT_TRUE((*model)->Fill(row_, payment_, hazards).ok());
  EXPECT_EQ(hazards.by_user(20, Access::kFull, false), 0.875f);
  EXPECT_EQ(hazards.by_retry(20, 1, 1), 0);
  EXPECT_EQ(
      hazards.by_user(21, Access::kFull, true),
      Expected(Hazard::kByUser, 21, DayChoice::OfAccess(Access::kFull, true)));
  payment_.decided_day = kUnpaidDays;
  EXPECT_TRUE((*model)->Fill(row_, payment_, hazards).ok());
}

TEST_F(RecoveryModelTest, BoundsTheCurveFromBelowAndAbove) {
  const auto model = Open(good_);
  ASSERT_TRUE(model.ok());
  HazardTable hazards, low, high;
  DayActions actions;
  for (const std::size_t day : {2u, 9u, 20u}) actions[day].attempts = true;
  HazardMargins margins;
  ASSERT_TRUE((*model)->Ask(row_, payment_, kUnpaidDays, true, margins).ok());
  (*model)->Calibrate(margins, DaySet().set(), hazards);
  (*model)->CalibrateBounds(margins, actions, {}, low, high);
  HazardTable alone;
  ASSERT_TRUE((*model)->Fill(row_, payment_, alone).ok());
  double recovered[3] = {};
  const HazardTable* tables[] = {&low, &hazards, &high};
  for (int k = 0; k < 3; ++k) {
    for (const RecoveryDay& day : Follow(*tables[k], actions, {})) {
      recovered[k] += day.by_user + day.by_retry;
    }
  }
  EXPECT_LT(recovered[0], recovered[1]);
  EXPECT_LT(recovered[1], recovered[2]);
  for (int day = 1; day <= kUnpaidDays; ++day) {
    EXPECT_EQ(alone.by_user(day, Access::kFull, false),
              hazards.by_user(day, Access::kFull, false));
    EXPECT_GE(low.cancels(day, Access::kFull, true),
              hazards.cancels(day, Access::kFull, true));
  }
}

// Fewer days and attempts asked for, the same bits where they were asked for.
TEST_F(RecoveryModelTest, GivesTheSameBitsWhereLessIsAsked) {
  const auto model = Open(good_);
  ASSERT_TRUE(model.ok());
  for (const int decided : {0, 1, 17}) {
    payment_.decided_day = decided;
    HazardTable whole, part;
    ASSERT_TRUE((*model)->Fill(row_, payment_, whole).ok());
    HazardMargins margins;
    ASSERT_TRUE((*model)->Ask(row_, payment_, 30, true, margins).ok());
    DaySet attempt_days;
    for (const std::size_t day : {3u, 18u, 29u}) attempt_days.set(day);
    (*model)->Calibrate(margins, attempt_days, part);
    for (int day = 1; day <= kUnpaidDays; ++day) {
      const bool asked = day > decided && day <= 30;
      for (const Access access :
           {Access::kNone, Access::kReduced, Access::kFull}) {
        for (const bool messaged : {false, true}) {
          EXPECT_EQ(part.by_user(day, access, messaged),
                    asked ? whole.by_user(day, access, messaged) : 0);
          EXPECT_EQ(part.cancels(day, access, messaged),
                    asked ? whole.cancels(day, access, messaged) : 0);
        }
      }
      for (int count = 0; count < HazardTable::kCounts; ++count) {
        for (int gap = 0; gap < HazardTable::kGaps; ++gap) {
          EXPECT_EQ(part.by_retry(day, count, gap),
                    asked && attempt_days[static_cast<std::size_t>(day)]
                        ? whole.by_retry(day, count, gap)
                        : 0);
        }
      }
    }
  }
}

TEST_F(RecoveryModelTest, GivesEveryThreadTheSame) {
  const auto model = Open(good_);
  ASSERT_TRUE(model.ok());
  std::vector<HazardTable> tables(4);
  std::vector<std::thread> threads;
  for (HazardTable& table : tables) {
    threads.emplace_back([&] {
      for (int k = 0; k < 20; ++k) {
        EXPECT_TRUE((*model)->Fill(row_, payment_, table).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int day = 1; day <= kUnpaidDays; ++day) {
    for (const HazardTable& table : tables) {
      EXPECT_EQ(table.by_user(day, Access::kFull, false),
                tables[0].by_user(day, Access::kFull, false));
      EXPECT_EQ(table.by_retry(day, 2, 3), tables[0].by_retry(day, 2, 3));
    }
  }
}

TEST_F(RecoveryModelTest, NamesWhatIsWrongWithABundle) {
  fs::path copy = Copy("cut");
  fs::resize_file(copy / "by_retry.json", 100);
  ExpectRefused(copy, "by_retry.json has 100 bytes");
  copy = Copy("other");  // Another forest.
  Replace(copy, "cancels.json", models_[0].forest.model_json);
  ExpectRefused(copy, "cancels.golden.bin: row ");
  copy = Copy("stale");
  Reseal(copy, [](v1::Manifest& manifest) {
    manifest.mutable_columns(kRowWidth + 3)->set_fingerprint("0123");
  });
  ExpectRefused(copy, "column \"failure_network\" is read otherwise");
  copy = Copy("catalogue");
  Reseal(copy, [](v1::Manifest& manifest) {
    manifest.mutable_columns(1)->set_fingerprint("0123");
  });
  ExpectRefused(copy, "was trained as fingerprint 0123");
  copy = Copy("calibration");
  Reseal(copy, [](v1::Manifest& manifest) {
    manifest.mutable_parts(2)->mutable_calibration()->set_slope(-1);
  });
  ExpectRefused(copy, "calibration: slope");
  copy = Copy("trees");
  Reseal(copy, [](v1::Manifest& manifest) {
    manifest.mutable_parts(0)->set_trees(3);
  });
  ExpectRefused(copy, "by_user.json has 20 trees, not 3");
}

// Of each hazard, one bit of one margin.
TEST_F(RecoveryModelTest, ServesOnlyGridsThatGiveEveryGoldenMargin) {
  for (const char* const name : kHazardNames) {
    const fs::path copy = Copy(name);
    const std::string file = PartGoldenFile(name);
    std::string golden = *ReadFile(copy / file);
    const std::size_t row_bytes = (kWidth + 1) * sizeof(float);
    const std::size_t row = golden.size() / row_bytes - 1;
    golden[golden.size() - sizeof(float)] ^= 1;
    Replace(copy, file, golden);
    ExpectRefused(copy, absl::StrCat(file, ": row ", row, " scores "));
  }
}

TEST_F(RecoveryModelTest, IsNoModelThatScoresUsersAndDisturbsNone) {
  const auto bundle = ModelBundle::Open(good_, Catalogue::Embedded());
  EXPECT_EQ(bundle.status().code(), absl::StatusCode::kUnimplemented);
  ModelRegistry registry(scratch_.path(), Catalogue::Embedded());
  EXPECT_TRUE(registry.Refresh().empty());
  EXPECT_TRUE(registry.All().empty());
  EXPECT_EQ(*FindChampion(scratch_.path(), "grace"), good_);
  const auto churn =
      WriteBundle(scratch_.path(), ToyManifest("churn", 3), ToyModel(3, 1), 1);
  ASSERT_TRUE(churn.ok());
  EXPECT_EQ(Open(churn->directory).status().code(),
            absl::StatusCode::kUnimplemented);
}

TEST_F(RecoveryModelTest, WorksWithRowsThatAreNoCatalogues) {
  v1::Manifest manifest = ToyTableManifest("simulated", kRowWidth);
  AddFailureColumns(manifest);
  const auto model = Open(Write(manifest));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->plan(), nullptr);
  HazardTable hazards;
  EXPECT_TRUE((*model)->Fill(row_, payment_, hazards).ok());
  row_.push_back(1);
  const absl::Status status = (*model)->Fill(row_, payment_, hazards);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("a row of 6 columns"),
            absl::string_view::npos);
}

}  // namespace
}  // namespace tenuto
