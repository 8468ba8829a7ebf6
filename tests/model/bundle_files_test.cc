#include "model/bundle_files.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "gtest/gtest.h"
#include "tests/support/toy_forest.h"
#include "training/bundle_writer.h"

namespace tenuto {
namespace {

constexpr int kWidth = 4;

class BundleFilesTest : public testing::Test {
 protected:
  BundleFilesTest()
      : directory_(WriteBundle(scratch_.path(), ToyManifest("churn", kWidth),
                               ToyModel(kWidth, 1), 1)
                       ->directory),
        manifest_(*ReadManifest(directory_)) {}

  const ScratchDirectory scratch_;
  const std::filesystem::path directory_;
  const v1::Manifest manifest_;
};

TEST_F(BundleFilesTest, ReadsEveryFileThatTheManifestLists) {
  const auto files = ReadVerified(directory_, manifest_);
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->size(), 2u);
  EXPECT_EQ(files->at(kModelFile), *ReadFile(directory_ / kModelFile));
}

TEST_F(BundleFilesTest, NamesTheFileThatWasChanged) {
  std::string bytes = *ReadFile(directory_ / kGoldenFile);
  bytes[5] = static_cast<char>(bytes[5] ^ 1);
  ASSERT_TRUE(WriteFileAtomically(directory_ / kGoldenFile, bytes).ok());
  const auto files = ReadVerified(directory_, manifest_);
  EXPECT_EQ(files.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(files.status().message().find("golden.bin: its SHA-256"),
            absl::string_view::npos);
}

TEST_F(BundleFilesTest, PlansTheColumnsBeforeThoseOfAFailedPayment) {
  v1::Manifest manifest = manifest_;
  v1::Column& last = *manifest.add_columns();
  last.set_name("no feature of ours");
  last.set_failure(true);
  const auto plan = CompilePlan(manifest, Catalogue::Embedded());
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_TRUE(plan->has_value());
  EXPECT_EQ((*plan)->width(), kWidth);
  manifest.mutable_columns()->DeleteSubrange(0, kWidth);
  EXPECT_FALSE(CompilePlan(manifest, Catalogue::Embedded())->has_value());
}

TEST_F(BundleFilesTest, ProvesEachOfTheForestsThatAreCompiledTogether) {
  const BundleFiles files = *ReadVerified(directory_, manifest_);
  const Forest forest = *ReadListedForest(files, kModelFile, kWidth, 20);
  Forest other = forest;
  other.trees.pop_back();
  const std::vector<Forest> both = {other, forest};
  const auto compiled = CompiledForest::Compile(both);
  ASSERT_TRUE(compiled.ok());
  const std::uint32_t rows = manifest_.golden_rows();
  const std::string& golden = files.at(kGoldenFile);
  EXPECT_TRUE(CheckGoldenRows(*compiled, 1, "g", rows, golden).ok());
  const absl::Status wrong = CheckGoldenRows(*compiled, 0, "g", rows, golden);
  EXPECT_EQ(wrong.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(wrong.message().find("g: row 0 scores"), absl::string_view::npos);
  EXPECT_FALSE(CheckGoldenRows(*compiled, 1, "g", rows + 1, golden).ok());
}

TEST_F(BundleFilesTest, ProvesAForestThatIsAskedGrids) {
  const BundleFiles files = *ReadVerified(directory_, manifest_);
  const Forest forest = *ReadListedForest(files, kModelFile, kWidth, 20);
  const std::uint32_t rows = manifest_.golden_rows();
  const std::string& golden = files.at(kGoldenFile);
  const auto check = [&](const Forest& asked, absl::string_view bytes) {
    return CheckGoldenRows(GridForest(asked, {1}, {3, 0}), "g", rows, bytes);
  };
  EXPECT_TRUE(check(forest, golden).ok()) << check(forest, golden);
  EXPECT_TRUE(
      CheckGoldenRows(GridForest(forest, {}, {}), "g", rows, golden).ok());
  // A leaf that the first row reaches.
  Forest other = forest;
  std::size_t at = 0;
  std::vector<ForestNode>& nodes = other.trees[7].nodes;
  while (!nodes[at].is_leaf()) {
    at = static_cast<std::size_t>(nodes[at].default_left ? nodes[at].left
                                                         : nodes[at].right);
  }
  nodes[at].value += 0.01f;
  absl::Status wrong = check(other, golden);
  EXPECT_EQ(wrong.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(wrong.message().find("g: row 0 scores"), absl::string_view::npos);
  // The last bit of the last margin.
  std::string changed = golden;
  changed[changed.size() - sizeof(float)] ^= 1;
  wrong = check(forest, changed);
  EXPECT_NE(wrong.message().find(absl::StrCat("g: row ", rows - 1, " scores")),
            absl::string_view::npos)
      << wrong;
  EXPECT_FALSE(check(forest, absl::string_view(golden).substr(4)).ok());
}

TEST_F(BundleFilesTest, CountsTheTrees) {
  const BundleFiles files = *ReadVerified(directory_, manifest_);
  const auto forest = ReadListedForest(files, kModelFile, kWidth, 21);
  EXPECT_EQ(forest.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(InBundle("d/1", forest.status()).message(),
            "bundle d/1: model.json has 20 trees, not 21");
}

}  // namespace
}  // namespace tenuto
