#include "model/forest/compiled_forest.h"

#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/booster.h"
#include "model/forest/forest_json.h"
#include "tests/support/random_forest.h"

namespace {
std::atomic<std::int64_t> allocations = 0;
}  // namespace

// Every allocation of this program is counted.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  void* const memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
[[gnu::noinline]] void* operator new(std::size_t size,
                                     const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace tenuto {
namespace {

using ::testing::HasSubstr;

constexpr ForestEngine kEngines[] = {ForestEngine::kFlat, ForestEngine::kFat,
                                     ForestEngine::kSliced256,
                                     ForestEngine::kSliced512};
constexpr CpuLevel kCpus[] = {CpuLevel::kPortable, CpuLevel::kAvx2,
                              CpuLevel::kAvx512};

std::vector<std::uint32_t> Bits(absl::Span<const float> margins) {
  std::vector<std::uint32_t> bits;
  for (const float margin : margins) {
    bits.push_back(std::bit_cast<std::uint32_t>(margin));
  }
  return bits;
}

// The definition: what every engine must equal, and XGBoost does.
float NaiveMargin(const Forest& forest, const float* row) {
  float margin = forest.base_margin;
  for (const ForestTree& tree : forest.trees) {
    const ForestNode* node = &tree.nodes[0];
    while (!node->is_leaf()) {
      const float value = row[node->column];
      const bool left =
          std::isnan(value) ? node->default_left : value < node->value;
      node = &tree.nodes[static_cast<std::size_t>(left ? node->left
                                                       : node->right)];
    }
    margin += node->value;
  }
  return margin;
}

std::vector<float> NaiveMargins(const Forest& forest,
                                absl::Span<const float> rows) {
  std::vector<float> margins;
  const auto width = static_cast<std::size_t>(forest.columns);
  for (std::size_t at = 0; at < rows.size(); at += width) {
    margins.push_back(NaiveMargin(forest, &rows[at]));
  }
  return margins;
}

CompiledForest Compiled(absl::Span<const Forest> forests,
                        CpuLevel cpu = DetectCpu()) {
  auto compiled = CompiledForest::Compile(forests, cpu);
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  return *std::move(compiled);
}

std::vector<float> Margins(const CompiledForest& forest,
                           absl::Span<const float> rows) {
  const auto width = static_cast<std::size_t>(forest.columns());
  std::vector<float> margins(rows.size() / width * forest.forests());
  std::vector<std::byte> scratch(forest.ScratchBytes());
  const absl::Status status = forest.PredictMargins(
      rows, absl::MakeSpan(margins), absl::MakeSpan(scratch));
  EXPECT_TRUE(status.ok()) << status;
  return margins;
}

// Flat nodes are left out where fat ones take their place, slices of 256 rows
// where there are slices of 512.
bool ShouldHave(const CompiledForest& forest, ForestEngine engine) {
  const auto runs = [&](ForestEngine which) {
    return CanRun(which, forest.cpu(), forest.shape());
  };
  if (engine == ForestEngine::kFlat) return !runs(ForestEngine::kFat);
  if (engine == ForestEngine::kSliced256 && runs(ForestEngine::kSliced512)) {
    return false;
  }
  return runs(engine);
}

// Every engine that every processor level has, against `expected`.
void CheckEngines(const Forest& forest, absl::Span<const float> rows,
                  absl::Span<const float> expected) {
  for (const CpuLevel cpu : kCpus) {
    const CompiledForest compiled = Compiled({&forest, 1}, cpu);
    EXPECT_EQ(Bits(Margins(compiled, rows)), Bits(expected));
    std::vector<std::byte> scratch(compiled.ScratchBytes());
    for (const ForestEngine engine : kEngines) {
      std::vector<float> margins(expected.size());
      const absl::Status status = compiled.PredictMarginsWith(
          engine, rows, absl::MakeSpan(margins), absl::MakeSpan(scratch));
      EXPECT_EQ(status.ok(), ShouldHave(compiled, engine));
      if (!status.ok()) continue;
      EXPECT_EQ(Bits(margins), Bits(expected)) << EngineName(engine);
    }
  }
}

// A forest read back from its JSON, so that its base margin is the JSON's.
Forest ReadBack(const std::string& json, int columns) {
  auto forest = ReadForestJson(json, columns);
  EXPECT_TRUE(forest.ok()) << forest.status();
  return *std::move(forest);
}

RandomForestShape ShapeOf(std::uint64_t seed) {
  RandomForestShape shape;
  shape.trees = static_cast<int>(seed % 23);
  shape.depth_max = static_cast<int>(seed % 17);
  shape.columns = 1 + static_cast<int>(seed * 7 % 90);
  shape.leaf_share =
      shape.depth_max > 9 ? 0.35 : 0.02 * static_cast<double>(seed % 10);
  shape.thresholds_per_column = 1 + static_cast<int>(seed * 13 % 120);
  return shape;
}

TEST(CompiledForest, EqualsXgboostBitForBitOnRandomForests) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const RandomForestShape shape = ShapeOf(seed);
    const std::string json =
        ForestJson(RandomForest(shape, seed), seed % 2 ? "5E-1" : "1.37E-2");
    const auto booster = Booster::Load(json, shape.columns);
    ASSERT_TRUE(booster.ok()) << booster.status();
    const Forest forest = ReadBack(json, shape.columns);
    const auto rows =
        RandomRows(forest, 40 + static_cast<int>(seed), 0.1, seed);
    std::vector<float> expected(40 + seed);
    ASSERT_TRUE(booster->PredictMargins(rows, absl::MakeSpan(expected)).ok());
    CheckEngines(forest, rows, expected);
    EXPECT_EQ(Bits(NaiveMargins(forest, rows)), Bits(expected));
    if (HasFailure()) return;
  }
}

TEST(CompiledForest, EqualsTheDefinitionOnThousandsOfForests) {
  for (std::uint64_t seed = 1'000; seed < 3'000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    RandomForestShape shape = ShapeOf(seed);
    shape.depth_max %= 10;
    shape.trees = 1 + static_cast<int>(seed % 11);
    Forest forest = RandomForest(shape, seed);
    forest.base_margin = 0.25f;
    const auto rows = RandomRows(forest, 9, 0.2, seed);
    const CompiledForest compiled = Compiled({&forest, 1});
    const auto expected = NaiveMargins(forest, rows);
    std::vector<std::byte> scratch(compiled.ScratchBytes());
    for (const ForestEngine engine : kEngines) {
      std::vector<float> margins(expected.size());
      if (compiled
              .PredictMarginsWith(engine, rows, absl::MakeSpan(margins),
                                  absl::MakeSpan(scratch))
              .ok()) {
        ASSERT_EQ(Bits(margins), Bits(expected)) << EngineName(engine);
      }
    }
  }
}

// Shallow trees share the blocks of fat nodes, and comparisons run some groups
// of eight trees ahead: one tree over whole groups, few groups and many.
TEST(CompiledForest, ScoresFatNodesOfSmallTreesAsFlatOnes) {
  for (int depth = 2; depth <= 6; ++depth) {
    for (const int trees : {25, 33, 301}) {
      SCOPED_TRACE(absl::StrCat("depth ", depth, ", trees ", trees));
      RandomForestShape shape;
      shape.depth_max = depth;
      shape.trees = trees;
      shape.columns = depth % 2 == 0 ? 40 : 90;
      shape.leaf_share = 0.03;
      const auto seed = static_cast<std::uint64_t>(1'000 * depth + trees);
      const Forest forest = RandomForest(shape, seed);
      const CompiledForest flat = Compiled({&forest, 1}, CpuLevel::kPortable);
      const CompiledForest fat = Compiled({&forest, 1});
      if (!ShouldHave(fat, ForestEngine::kFat)) GTEST_SKIP() << "no AVX-512";
      std::vector<std::byte> scratch(fat.ScratchBytes());
      for (std::size_t count = 1; count <= 9; ++count) {
        const auto rows =
            RandomRows(forest, static_cast<int>(count), 0.1, seed + count);
        std::vector<float> margins(count);
        const absl::Status status = fat.PredictMarginsWith(
            ForestEngine::kFat, rows, absl::MakeSpan(margins),
            absl::MakeSpan(scratch));
        ASSERT_TRUE(status.ok()) << status;
        EXPECT_EQ(Bits(margins), Bits(Margins(flat, rows))) << count << " rows";
      }
    }
  }
}

// One column, a stump for each of `thresholds`.
Forest Stumps(int thresholds) {
  Forest forest;
  forest.columns = 1;
  for (int t = 0; t < thresholds; ++t) {
    const float leaf = 1.0f / static_cast<float>(t + 3);
    forest.trees.push_back({{{1, 2, 0, static_cast<float>(t), t % 3 == 0},
                             {-1, -1, 0, leaf, false},
                             {-1, -1, 0, -leaf, false}}});
  }
  return forest;
}

TEST(CompiledForest, CountsMoreThresholdsThanAByteHolds) {
  for (const int thresholds : {1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 127, 128, 240,
                               253, 254, 255, 508, 509, 1'000}) {
    SCOPED_TRACE(thresholds);
    const Forest forest = Stumps(thresholds);
    const auto rows = RandomRows(forest, 600, 0.1, 2);
    CheckEngines(forest, rows, NaiveMargins(forest, rows));
    EXPECT_EQ(Compiled({&forest, 1}).shape().columns,
              static_cast<std::size_t>((thresholds + 253) / 254));
  }
}

TEST(CompiledForest, ScoresRowsWiderThanAnyRegister) {
  for (const int columns : {63, 64, 65, 127, 128, 129, 255, 256, 257, 700}) {
    SCOPED_TRACE(columns);
    RandomForestShape shape;
    shape.trees = 40;
    shape.columns = columns;
    shape.leaf_share = 0.05;
    const Forest forest =
        RandomForest(shape, static_cast<std::uint64_t>(columns));
    const auto rows = RandomRows(forest, 530, 0.1, 3);
    CheckEngines(forest, rows, NaiveMargins(forest, rows));
  }
}

TEST(CompiledForest, ScoresForestsOfManyChunks) {
  RandomForestShape shape;
  shape.trees = 300;
  shape.columns = 150;
  shape.depth_max = 7;
  shape.leaf_share = 0.01;
  shape.thresholds_per_column = 250;
  const Forest forest = RandomForest(shape, 5);
  const auto rows = RandomRows(forest, 300, 0.1, 5);
  CheckEngines(forest, rows, NaiveMargins(forest, rows));
}

TEST(CompiledForest, ScoresTheSameHoweverRowsAreBatched) {
  RandomForestShape shape;
  shape.columns = 30;
  const Forest forest = RandomForest(shape, 11);
  const auto rows = RandomRows(forest, 1'100, 0.1, 11);
  const auto expected = Bits(NaiveMargins(forest, rows));
  const CompiledForest compiled = Compiled({&forest, 1});
  for (const std::size_t batch : std::vector<std::size_t>{
           1, 2, 3, 4, 5, 8, 59, 60, 61, 127, 128, 129, 511, 512, 513, 1'100}) {
    std::vector<float> margins;
    for (std::size_t first = 0; first < 1'100; first += batch) {
      const std::size_t count = std::min<std::size_t>(batch, 1'100 - first);
      const auto some = Margins(
          compiled, absl::MakeSpan(rows).subspan(first * 30, count * 30));
      margins.insert(margins.end(), some.begin(), some.end());
    }
    EXPECT_EQ(Bits(margins), expected) << "batches of " << batch;
  }
}

TEST(CompiledForest, ScoresSeveralForestsOverTheSameRows) {
  std::vector<Forest> forests;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    RandomForestShape shape;
    shape.columns = 25;
    shape.depth_max = static_cast<int>(2 * seed);
    shape.trees = static_cast<int>(5 * seed);
    forests.push_back(RandomForest(shape, seed));
    forests.back().base_margin = static_cast<float>(seed);
  }
  for (const CpuLevel cpu : kCpus) {
    const CompiledForest compiled = Compiled(forests, cpu);
    for (const int count : {1, 7, 600}) {
      const auto rows = RandomRows(forests[3], count, 0.1, 6);
      std::vector<float> expected;
      for (const Forest& forest : forests) {
        const auto margins = NaiveMargins(forest, rows);
        expected.insert(expected.end(), margins.begin(), margins.end());
      }
      EXPECT_EQ(Bits(Margins(compiled, rows)), Bits(expected));
    }
  }
}

TEST(CompiledForest, IsSharedByThreadsEachWithItsScratch) {
  const Forest forest = RandomForest({}, 21);
  const auto rows = RandomRows(forest, 700, 0.1, 21);
  const CompiledForest compiled = Compiled({&forest, 1});
  const auto expected = Bits(NaiveMargins(forest, rows));
  std::vector<std::vector<std::uint32_t>> results(3);
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&] { result = Bits(Margins(compiled, rows)); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_EQ(result, expected);
}

TEST(CompiledForest, AllocatesNothingWhileItScores) {
  for (const CpuLevel cpu : kCpus) {
    const Forest forest = RandomForest({}, 22);
    const auto rows = RandomRows(forest, 700, 0.1, 22);
    const CompiledForest compiled = Compiled({&forest, 1}, cpu);
    std::vector<std::byte> scratch(compiled.ScratchBytes());
    std::vector<float> margins(700);
    const std::int64_t before = allocations;
    ASSERT_GT(before, 0);
    for (const std::size_t count : {1u, 5u, 700u}) {
      const absl::Status status = compiled.PredictMargins(
          absl::MakeSpan(rows).subspan(0, 10 * count),
          absl::MakeSpan(margins).subspan(0, count), absl::MakeSpan(scratch));
      ASSERT_TRUE(status.ok());
    }
    EXPECT_EQ(allocations, before);
  }
}

TEST(CompiledForest, TakesScratchThatStartsAnywhereAndNoMore) {
  const Forest forest = RandomForest({}, 31);
  const auto rows = RandomRows(forest, 600, 0.1, 31);
  const auto expected = Bits(NaiveMargins(forest, rows));
  const CompiledForest compiled = Compiled({&forest, 1});
  const std::size_t size = compiled.ScratchBytes();
  constexpr std::byte kUntouched{0xA5};
  for (std::size_t offset = 0; offset < 70; offset += 3) {
    std::vector<std::byte> memory(size + 200, kUntouched);
    std::vector<float> margins(600);
    ASSERT_TRUE(
        compiled
            .PredictMargins(rows, absl::MakeSpan(margins),
                            absl::MakeSpan(memory).subspan(offset, size))
            .ok());
    EXPECT_EQ(Bits(margins), expected);
    for (std::size_t k = 0; k < memory.size(); ++k) {
      if (k >= offset && k < offset + size) continue;
      ASSERT_EQ(memory[k], kUntouched) << "byte " << k;
    }
  }
}

TEST(CompiledForest, RefusesSizesThatDoNotFit) {
  const Forest forest = RandomForest({}, 41);
  const CompiledForest compiled = Compiled({&forest, 1});
  const std::vector<float> rows(25);
  std::vector<float> margins(2);
  std::vector<std::byte> scratch(compiled.ScratchBytes());
  EXPECT_THAT(std::string(compiled
                              .PredictMargins(rows, absl::MakeSpan(margins),
                                              absl::MakeSpan(scratch))
                              .message()),
              HasSubstr("25 values and 2 margins are not rows of 10 columns"));
  const absl::Span<const float> two_rows(rows.data(), 20);
  EXPECT_THAT(
      std::string(compiled
                      .PredictMargins(two_rows, absl::MakeSpan(margins),
                                      absl::MakeSpan(scratch).subspan(1))
                      .message()),
      HasSubstr("a scratch of"));
  EXPECT_TRUE(
      compiled.PredictMargins({}, absl::Span<float>(), absl::MakeSpan(scratch))
          .ok());
}

TEST(CompiledForest, RefusesForestsThatDoNotGoTogether) {
  EXPECT_FALSE(CompiledForest::Compile({}).ok());
  std::vector<Forest> forests = {RandomForest({}, 1), RandomForest({}, 2)};
  forests[1].columns = 11;
  EXPECT_THAT(std::string(CompiledForest::Compile(forests).status().message()),
              HasSubstr("read 10 and 11 columns"));
  forests[1].columns = 10;
  forests[1].trees[0].nodes[0].left = 1'000'000;
  EXPECT_THAT(std::string(CompiledForest::Compile(forests).status().message()),
              HasSubstr("tree 0, node 0: links to node 1000000"));
}

TEST(CompiledForest, RefusesAnEngineItIsNotCompiledTo) {
  const Forest forest = RandomForest({}, 51);
  const CompiledForest compiled = Compiled({&forest, 1}, CpuLevel::kPortable);
  std::vector<float> row(10);
  std::vector<float> margin(1);
  std::vector<std::byte> scratch(compiled.ScratchBytes());
  EXPECT_THAT(std::string(compiled
                              .PredictMarginsWith(ForestEngine::kSliced512, row,
                                                  absl::MakeSpan(margin),
                                                  absl::MakeSpan(scratch))
                              .message()),
              HasSubstr("not compiled to bit slices of 512"));
}

}  // namespace
}  // namespace tenuto
