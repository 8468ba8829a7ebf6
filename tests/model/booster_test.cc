#include "model/booster.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <limits>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/toy_forest.h"

namespace tenuto {
namespace {

constexpr int kWidth = 5;
constexpr int kRows = 257;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

class BoosterTest : public testing::Test {
 protected:
  BoosterTest()
      : model_(ToyModel(kWidth, 7)), rows_(ToyRows(kRows, kWidth, 99)) {}

  Booster Load() const {
    auto booster = Booster::Load(model_.forest.model_json, kWidth);
    EXPECT_TRUE(booster.ok()) << booster.status();
    return *std::move(booster);
  }
  // Margins of rows_, `batch` rows a call.
  std::vector<float> Margins(const Booster& booster, int batch) const {
    std::vector<float> margins(kRows);
    const absl::Span<const float> values = rows_.values;
    for (int r = 0; r < kRows; r += batch) {
      const auto at = static_cast<std::size_t>(r);
      const auto count = static_cast<std::size_t>(std::min(batch, kRows - r));
      const absl::Status status =
          booster.PredictMargins(values.subspan(at * kWidth, count * kWidth),
                                 absl::MakeSpan(margins).subspan(at, count));
      EXPECT_TRUE(status.ok()) << status;
    }
    return margins;
  }

  const FittedModel model_;
  const TrainingMatrix rows_;
};

// Bits, because NaN and -0 would pass a comparison of values.
bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST_F(BoosterTest, DoesNotDependOnHowRowsAreBatched) {
  const Booster booster = Load();
  const std::vector<float> all = Margins(booster, kRows);
  for (int batch = 1; batch <= 64; ++batch) {
    EXPECT_TRUE(SameBits(Margins(booster, batch), all)) << "batch " << batch;
  }
}

TEST_F(BoosterTest, GivesManyThreadsTheBitsOfOne) {
  const Booster booster = Load();
  const std::vector<float> expected = Margins(booster, 16);
  std::vector<std::vector<float>> seen(4);
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < seen.size(); ++k) {
    threads.emplace_back([&, k] {
      for (int repeat = 0; repeat < 5; ++repeat) {
        seen[k] = Margins(booster, 3 + static_cast<int>(k) * 7);
        std::vector<float> contributions(kWidth + 1);
        const absl::Status status = booster.Contributions(
            rows_.row(static_cast<int>(k)), absl::MakeSpan(contributions));
        EXPECT_TRUE(status.ok()) << status;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& margins : seen) EXPECT_TRUE(SameBits(margins, expected));
}

TEST_F(BoosterTest, ScoresAThousandRowsAsOneByOne) {
  const Booster booster = Load();
  const TrainingMatrix many = ToyRows(1'300, kWidth, 98);
  std::vector<float> all(1'300), single(1'300);
  ASSERT_TRUE(booster.PredictMargins(many.values, absl::MakeSpan(all)).ok());
  for (int r = 0; r < many.rows(); ++r) {
    const auto at = static_cast<std::size_t>(r);
    ASSERT_TRUE(
        booster
            .PredictMargins(many.row(r), absl::MakeSpan(single).subspan(at, 1))
            .ok());
  }
  EXPECT_TRUE(SameBits(all, single));
}

TEST_F(BoosterTest, ExplainsToManyThreadsTheBitsOfOne) {
  const Booster booster = Load();
  const auto explain = [&](int r) {
    std::vector<float> contributions(kWidth + 1);
    const absl::Status status =
        booster.Contributions(rows_.row(r), absl::MakeSpan(contributions));
    EXPECT_TRUE(status.ok()) << status;
    return contributions;
  };
  std::vector<std::vector<float>> expected;
  for (int r = 0; r < kRows; ++r) expected.push_back(explain(r));
  std::vector<int> wrong(8, 0);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int k = 0; k < kRows; ++k) {
        const int r = (k + 31 * static_cast<int>(t)) % kRows;
        wrong[t] +=
            !SameBits(explain(r), expected[static_cast<std::size_t>(r)]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::accumulate(wrong.begin(), wrong.end(), 0), 0);
}

// Threads of this process, by the system's count.
std::ptrdiff_t CountThreads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                       std::filesystem::directory_iterator());
}

TEST_F(BoosterTest, StartsNoThreadsToAnswer) {
  const Booster booster = Load();
  // A request's thread is not the one that loaded.
  std::thread([&] {
    const std::ptrdiff_t before = CountThreads();
    Margins(booster, kRows);
    std::vector<float> contributions(kWidth + 1);
    EXPECT_TRUE(
        booster.Contributions(rows_.row(0), absl::MakeSpan(contributions))
            .ok());
    EXPECT_EQ(CountThreads(), before);
  }).join();
}

TEST_F(BoosterTest, RefusesAMarginThatIsNoNumber) {
  // The last node of a tree is a leaf; its "condition" is its value.
  std::string json = model_.forest.model_json;
  const std::size_t start = json.find("\"split_conditions\":[");
  ASSERT_NE(start, std::string::npos);
  const std::size_t end = json.find(']', start);
  const std::size_t last = json.rfind(',', end) + 1;
  json.replace(last, end - last, "NaN");
  const auto booster = Booster::Load(json, kWidth);
  absl::Status status = booster.status();
  std::vector<float> margins(kRows);
  if (booster.ok()) {
    status = booster->PredictMargins(rows_.values, absl::MakeSpan(margins));
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
}

TEST_F(BoosterTest, MakesContributionsThatSumToTheMargin) {
  const Booster booster = Load();
  const std::vector<float> margins = Margins(booster, kRows);
  for (int r = 0; r < kRows; ++r) {
    std::vector<float> contributions(kWidth + 1);
    ASSERT_TRUE(
        booster.Contributions(rows_.row(r), absl::MakeSpan(contributions))
            .ok());
    const double sum =
        std::accumulate(contributions.begin(), contributions.end(), 0.0);
    EXPECT_NEAR(sum, margins[static_cast<std::size_t>(r)], 1e-4) << r;
  }
}

TEST_F(BoosterTest, CreditsTheColumnsThatDecideTheLabel) {
  const Booster booster = Load();
  std::vector<double> sizes(kWidth);
  for (int r = 0; r < kRows; ++r) {
    std::vector<float> contributions(kWidth + 1);
    ASSERT_TRUE(
        booster.Contributions(rows_.row(r), absl::MakeSpan(contributions))
            .ok());
    for (std::size_t c = 0; c < kWidth; ++c) {
      sizes[c] += std::abs(contributions[c]);
    }
  }
  for (std::size_t c = 2; c < kWidth; ++c) {
    EXPECT_GT(sizes[0], sizes[c]);
    EXPECT_GT(sizes[1], sizes[c]);
  }
}

TEST_F(BoosterTest, ReadsNanAsMissingAndNotAsZero) {
  const Booster booster = Load();
  const std::vector<float> missing(kWidth, kNaN), zero(kWidth, 0.0f);
  float of_missing = 0, of_zero = 0;
  ASSERT_TRUE(
      booster.PredictMargins(missing, absl::MakeSpan(&of_missing, 1)).ok());
  ASSERT_TRUE(booster.PredictMargins(zero, absl::MakeSpan(&of_zero, 1)).ok());
  EXPECT_TRUE(std::isfinite(of_missing));
  EXPECT_NE(of_missing, of_zero);
  std::vector<float> contributions(kWidth + 1);
  ASSERT_TRUE(
      booster.Contributions(missing, absl::MakeSpan(contributions)).ok());
  EXPECT_NEAR(std::accumulate(contributions.begin(), contributions.end(), 0.0),
              of_missing, 1e-4);
}

TEST_F(BoosterTest, CountsItsTreesAndColumns) {
  const Booster booster = Load();
  EXPECT_EQ(booster.columns(), kWidth);
  EXPECT_EQ(booster.trees(), 20);
}

TEST_F(BoosterTest, TakesNoRowsAndRefusesHalfRows) {
  const Booster booster = Load();
  EXPECT_TRUE(booster.PredictMargins({}, {}).ok());
  const std::vector<float> row(kWidth + 1);
  std::vector<float> out(1);
  EXPECT_EQ(booster.PredictMargins(row, absl::MakeSpan(out)).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(booster.Contributions(row, absl::MakeSpan(out)).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(BoosterTest, RefusesAnotherNumberOfColumns) {
  const auto booster = Booster::Load(model_.forest.model_json, kWidth + 1);
  ASSERT_EQ(booster.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(booster.status().message(),
            "the model reads 5 columns, the manifest lists 6");
}

TEST_F(BoosterTest, RefusesJsonThatIsNoModel) {
  const std::string& json = model_.forest.model_json;
  for (const std::string& damaged :
       {json.substr(0, json.size() / 2), std::string("{}"), std::string("{"),
        std::string("{\"learner\": 1}")}) {
    const auto booster = Booster::Load(damaged, kWidth);
    EXPECT_EQ(booster.status().code(), absl::StatusCode::kInvalidArgument)
        << damaged.substr(0, 20);
    EXPECT_NE(booster.status().message().find("XGBoost cannot load"),
              absl::string_view::npos)
        << booster.status();
  }
}

}  // namespace
}  // namespace tenuto
