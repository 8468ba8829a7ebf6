#include "model/model_registry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "features/base/atomic_file.h"
#include "tests/support/toy_forest.h"
#include "training/bundle_writer.h"

namespace tenuto {
namespace {

namespace fs = std::filesystem;
constexpr int kWidth = 3;

class ModelRegistryTest : public testing::Test {
 protected:
  ModelRegistryTest() : registry_(scratch_.path(), Catalogue::Embedded()) {}

  fs::path Write(const std::string& model, std::uint64_t seed) {
    auto written = WriteBundle(scratch_.path(), ToyManifest(model, kWidth),
                               ToyModel(kWidth, seed), seed);
    EXPECT_TRUE(written.ok()) << written.status();
    return written->directory;
  }
  void SetChampion(const std::string& model, const std::string& text) {
    ASSERT_TRUE(
        WriteFileAtomically(scratch_.path() / model / kChampionFile, text)
            .ok());
  }
  // 0 when none serves.
  std::int64_t Serving(const std::string& model) const {
    const auto bundle = registry_.Current(model);
    return bundle.ok() ? (*bundle)->manifest().version() : 0;
  }
  static void Damage(const fs::path& directory) {
    fs::resize_file(directory / kModelFile, 100);
  }

  const ScratchDirectory scratch_;
  ModelRegistry registry_;
};

TEST_F(ModelRegistryTest, ServesNothingBeforeTheFirstBundle) {
  EXPECT_TRUE(registry_.Refresh().empty());
  EXPECT_EQ(registry_.Current("churn").status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_TRUE(registry_.All().empty());
}

TEST_F(ModelRegistryTest, ServesTheChampionAndFollowsTheAlias) {
  Write("churn", 1);
  Write("churn", 2);
  EXPECT_TRUE(registry_.Refresh().empty());
  EXPECT_EQ(Serving("churn"), 1);
  SetChampion("churn", "2\n");
  EXPECT_TRUE(registry_.Refresh().empty());
  EXPECT_EQ(Serving("churn"), 2);
  SetChampion("churn", "1\n");
  EXPECT_TRUE(registry_.Refresh().empty());
  EXPECT_EQ(Serving("churn"), 1);
}

TEST_F(ModelRegistryTest, ServesOnWhenTheDirectoryIsGone) {
  Write("churn", 1);
  const fs::path newest = Write("churn", 2);
  fs::remove(scratch_.path() / "churn" / kChampionFile);
  EXPECT_TRUE(registry_.Refresh().empty());
  ASSERT_EQ(Serving("churn"), 2);
  fs::remove_all(newest);
  EXPECT_TRUE(registry_.Refresh().empty());
  EXPECT_EQ(Serving("churn"), 2);
  SetChampion("churn", "1");
  EXPECT_TRUE(registry_.Refresh().empty());
  EXPECT_EQ(Serving("churn"), 1);
}

TEST_F(ModelRegistryTest, ListsModelsByName) {
  Write("grace", 1);
  Write("churn", 2);
  registry_.Refresh();
  const auto all = registry_.All();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0]->manifest().model(), "churn");
  EXPECT_EQ(all[1]->manifest().model(), "grace");
}

TEST_F(ModelRegistryTest, KeepsTheOldOneWhenTheNewOneIsRefused) {
  Write("churn", 1);
  registry_.Refresh();
  Damage(Write("churn", 2));
  SetChampion("churn", "2\n");
  const auto failures = registry_.Refresh();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Serving("churn"), 1);
}

TEST_F(ModelRegistryTest, TriesARefusedBundleOnce) {
  Damage(Write("churn", 1));
  EXPECT_EQ(registry_.Refresh().size(), 1u);
  EXPECT_TRUE(registry_.Refresh().empty());
  EXPECT_EQ(Serving("churn"), 0);
}

TEST_F(ModelRegistryTest, PassesOverARefusedOneWithoutAnAlias) {
  Write("churn", 1);
  Damage(Write("churn", 2));
  fs::remove(scratch_.path() / "churn" / kChampionFile);
  EXPECT_EQ(registry_.Refresh().size(), 1u);
  EXPECT_EQ(Serving("churn"), 1);
}

TEST_F(ModelRegistryTest, OneRefusedModelDoesNotStopAnother) {
  Damage(Write("churn", 1));
  Write("grace", 2);
  EXPECT_EQ(registry_.Refresh().size(), 1u);
  EXPECT_EQ(Serving("grace"), 1);
}

TEST_F(ModelRegistryTest, DoesNotSeeDirectoriesWithoutAManifest) {
  const fs::path directory = Write("churn", 1);
  registry_.Refresh();
  fs::create_directories(scratch_.path() / "churn" / "7");
  fs::create_directories(scratch_.path() / "churn" / "8.partial.99");
  fs::create_directories(scratch_.path() / "lost+found");
  EXPECT_TRUE(registry_.Refresh().empty());
  EXPECT_EQ(Serving("churn"), 1);
  EXPECT_EQ(*FindChampion(scratch_.path(), "churn"), directory);
}

TEST_F(ModelRegistryTest, SaysABrokenAliasOnceAndKeepsServing) {
  Write("churn", 1);
  registry_.Refresh();
  for (const char* text : {"two\n", "9\n", ""}) {
    SetChampion("churn", text);
    EXPECT_EQ(registry_.Refresh().size(), 1u) << text;
    EXPECT_TRUE(registry_.Refresh().empty()) << text;
    EXPECT_EQ(Serving("churn"), 1) << text;
    EXPECT_FALSE(FindChampion(scratch_.path(), "churn").ok()) << text;
  }
}

TEST_F(ModelRegistryTest, ServesNoneWhereTheAliasSaysNone) {
  Write("churn", 1);
  SetChampion("churn", "none\n");
  EXPECT_TRUE(registry_.Refresh().empty());
  EXPECT_EQ(Serving("churn"), 0);
  const absl::Status none = FindChampion(scratch_.path(), "churn").status();
  EXPECT_EQ(none.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(none.message().find("the newest is 1"), absl::string_view::npos);
  SetChampion("churn", "1\n");
  registry_.Refresh();
  SetChampion("churn", "none\n");
  EXPECT_TRUE(registry_.Refresh().empty());
  EXPECT_EQ(Serving("churn"), 1) << "what serves stays until the restart";
}

TEST_F(ModelRegistryTest, RefusesABundleThatStandsUnderAnotherName) {
  const fs::path churn = Write("churn", 1);
  fs::create_directories(scratch_.path() / "grace");
  fs::copy(churn, scratch_.path() / "grace" / "1");
  const auto failures = registry_.Refresh();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0].message().find("its manifest is of churn version 1"),
            absl::string_view::npos)
      << failures[0];
  EXPECT_EQ(Serving("grace"), 0);
}

TEST_F(ModelRegistryTest, SwapsAndNeverMutates) {
  Write("churn", 1);
  registry_.Refresh();
  const auto held = *registry_.Current("churn");
  Write("churn", 2);
  SetChampion("churn", "2");
  registry_.Refresh();
  EXPECT_EQ(Serving("churn"), 2);
  fs::remove_all(scratch_.path() / "churn" / "1");
  // A request that started before still scores on what it took.
  std::vector<float> row(kWidth, 1.0f);
  std::vector<Score> score(1);
  EXPECT_TRUE(held->ScoreRows(row, absl::MakeSpan(score)).ok());
  EXPECT_EQ(held->manifest().version(), 1);
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(ModelRegistryTest, ServesReadersWhileVersionsChange) {
  Write("churn", 1);
  Write("churn", 2);
  registry_.Refresh();
  std::atomic<bool> done{false};
  std::thread reader([&] {
    const std::vector<float> row(kWidth, 2.0f);
    std::vector<Score> score(1);
    while (!done) {
      const auto bundle = registry_.Current("churn");
      ASSERT_TRUE(bundle.ok());
      ASSERT_TRUE((*bundle)->ScoreRows(row, absl::MakeSpan(score)).ok());
    }
  });
  for (int k = 0; k < 20; ++k) {
    SetChampion("churn", k % 2 == 0 ? "2" : "1");
    EXPECT_TRUE(registry_.Refresh().empty());
    EXPECT_EQ(Serving("churn"), k % 2 == 0 ? 2 : 1);
  }
  done = true;
  reader.join();
}

TEST_F(ModelRegistryTest, FindsTheChampionForTheCommandLine) {
  EXPECT_EQ(FindChampion(scratch_.path(), "churn").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(FindChampion(scratch_.path(), "../churn").status().code(),
            absl::StatusCode::kInvalidArgument);
  const fs::path first = Write("churn", 1);
  const fs::path second = Write("churn", 2);
  EXPECT_EQ(*FindChampion(scratch_.path(), "churn"), first);
  SetChampion("churn", "2");
  EXPECT_EQ(*FindChampion(scratch_.path(), "churn"), second);
  fs::remove(scratch_.path() / "churn" / kChampionFile);
  EXPECT_EQ(*FindChampion(scratch_.path(), "churn"), second);
}

}  // namespace
}  // namespace tenuto
