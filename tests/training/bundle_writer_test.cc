#include "training/bundle_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "model/model_registry.h"
#include "tests/support/toy_forest.h"

namespace tenuto {
namespace {

namespace fs = std::filesystem;
using ::testing::UnorderedElementsAre;
constexpr int kWidth = 3;

std::vector<std::string> NamesIn(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

class BundleWriterTest : public testing::Test {
 protected:
  absl::StatusOr<WrittenBundle> Write(const v1::Manifest& manifest,
                                      Crown crown = Crown::kIfNone) const {
    return WriteBundle(scratch_.path(), manifest, model_, 9, crown);
  }
  // Whether it became the champion, and what the alias says then.
  std::string Crowned(Crown crown) const {
    const auto written = Write(ToyManifest("churn", kWidth), crown);
    EXPECT_TRUE(written.ok()) << written.status();
    return absl::StrCat(written->is_champion ? "yes " : "no ",
                        *ReadFile(scratch_.path() / "churn" / kChampionFile));
  }
  const ScratchDirectory scratch_;
  const FittedModel model_ = ToyModel(kWidth, 1);
};

TEST_F(BundleWriterTest, WritesWhatTheServerOpens) {
  const auto written = Write(ToyManifest("churn_14d", kWidth));
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->directory, scratch_.path() / "churn_14d" / "1");
  EXPECT_THAT(NamesIn(written->directory),
              UnorderedElementsAre(kManifestFile, kModelFile, kGoldenFile));
  const auto bundle =
      ModelBundle::Open(written->directory, Catalogue::Embedded());
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  const v1::Manifest& manifest = (*bundle)->manifest();
  EXPECT_EQ(manifest.version(), 1);
  EXPECT_EQ(manifest.trees(), 20u);
  EXPECT_GE(manifest.golden_rows(), 64u);
  EXPECT_EQ(manifest.label(), "leaves within 14 days");
  EXPECT_EQ(manifest.calibration().SerializeAsString(),
            model_.calibration.SerializeAsString());
}

TEST_F(BundleWriterTest, MakesTheFirstOneTheChampion) {
  const auto first = Write(ToyManifest("churn", kWidth));
  const auto second = Write(ToyManifest("churn", kWidth));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE(first->is_champion);
  EXPECT_FALSE(second->is_champion);
  EXPECT_EQ(second->version, 2);
  EXPECT_EQ(*ReadFile(scratch_.path() / "churn" / kChampionFile), "1\n");
}

TEST_F(BundleWriterTest, LetsNoChallengerServeByItself) {
  EXPECT_EQ(Crowned(Crown::kNotThis), "no none\n");
  EXPECT_EQ(FindChampion(scratch_.path(), "churn").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(Crowned(Crown::kNotThis), "no none\n");
  EXPECT_EQ(Crowned(Crown::kIfNone), "yes 3\n");
  EXPECT_EQ(Crowned(Crown::kIfNone), "no 3\n");
  EXPECT_EQ(Crowned(Crown::kAlways), "yes 5\n");
  EXPECT_EQ(Crowned(Crown::kNotThis), "no 5\n");
  // Without an alias the newest serves, and goes on to.
  for (const Crown crown : {Crown::kNotThis, Crown::kIfNone}) {
    const auto serves = VersionsIn(scratch_.path() / "churn").back();
    fs::remove(scratch_.path() / "churn" / kChampionFile);
    EXPECT_EQ(Crowned(crown), absl::StrCat("no ", serves, "\n"));
  }
}

TEST_F(BundleWriterTest, WritesSeveralForestsEachWithItsProof) {
  const FittedModel other = ToyModel(kWidth, 2);
  const std::vector<FittedPart> parts = {{"one", &model_}, {"two", &other}};
  const auto written =
      WriteBundle(scratch_.path(), ToyManifest("both", kWidth), parts, 9);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_TRUE(written->is_champion);
  EXPECT_THAT(NamesIn(written->directory),
              UnorderedElementsAre(kManifestFile, "one.json", "one.golden.bin",
                                   "two.json", "two.golden.bin"));
  const auto manifest = ParseManifest(
      kManifestFile, *ReadFile(written->directory / kManifestFile));
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->parts(1).calibration().SerializeAsString(),
            other.calibration.SerializeAsString());
  EXPECT_EQ(*ReadFile(written->directory / "two.json"),
            other.forest.model_json);
}

TEST_F(BundleWriterTest, NeverUsesANumberAgain) {
  fs::create_directories(scratch_.path() / "churn" / "12");
  fs::create_directories(scratch_.path() / "churn" / "99.partial.1");
  const auto written = Write(ToyManifest("churn", kWidth));
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->version, 13);
}

TEST_F(BundleWriterTest, CrownsTheFirstBundleWhateverItsNumber) {
  fs::create_directories(scratch_.path() / "churn" / "12");
  const auto written = Write(ToyManifest("churn", kWidth));
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_TRUE(written->is_champion);
  EXPECT_EQ(*FindChampion(scratch_.path(), "churn"), written->directory);
}

TEST_F(BundleWriterTest, WritesTheSameBytesTwice) {
  const ScratchDirectory other;
  const v1::Manifest manifest = ToyManifest("churn", kWidth);
  const auto a = Write(manifest);
  const auto b = WriteBundle(other.path(), manifest, model_, 9);
  ASSERT_TRUE(a.ok() && b.ok());
  for (const char* name : {kManifestFile, kModelFile, kGoldenFile}) {
    EXPECT_EQ(*ReadFile(a->directory / name), *ReadFile(b->directory / name))
        << name;
  }
}

TEST_F(BundleWriterTest, RefusesNamesThatAreNoModelNames) {
  for (const std::string& name :
       {std::string(), std::string("Churn"), std::string("1churn"),
        std::string("../churn"), std::string("a/b"), std::string("churn-14d"),
        std::string(65, 'a')}) {
    const auto written = Write(ToyManifest(name, kWidth));
    EXPECT_EQ(written.status().code(), absl::StatusCode::kInvalidArgument)
        << name;
  }
  EXPECT_TRUE(fs::is_empty(scratch_.path()));
  EXPECT_TRUE(Write(ToyManifest(std::string(64, 'a'), kWidth)).ok());
}

TEST_F(BundleWriterTest, LeavesNothingBehindWhenItFails) {
  const auto written = Write(ToyManifest("churn", kWidth + 1));
  ASSERT_EQ(written.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(NamesIn(scratch_.path() / "churn").empty());
}

TEST_F(BundleWriterTest, SaysWhichDirectoryItCannotMake) {
  ASSERT_TRUE(WriteFileAtomically(scratch_.path() / "churn", "a file").ok());
  const auto written = Write(ToyManifest("churn", kWidth));
  ASSERT_EQ(written.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(written.status().message().find("churn"), absl::string_view::npos);
}

}  // namespace
}  // namespace tenuto
