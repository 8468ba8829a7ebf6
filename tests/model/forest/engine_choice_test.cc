#include "model/forest/engine_choice.h"

#include "gtest/gtest.h"
#include "model/forest/forest_views.h"

namespace tenuto {
namespace {

constexpr ForestShape kUsual = {6, 170, 9'000};

TEST(EngineChoice, TakesFatNodesForAFewRowsAndSlicesForMany) {
  const auto choose = [](std::size_t rows) {
    return ChooseEngine(CpuLevel::kAvx512, kUsual, rows);
  };
  EXPECT_EQ(choose(1), ForestEngine::kFat);
  EXPECT_EQ(choose(kSliced512RowsMin - 1), ForestEngine::kFat);
  EXPECT_EQ(choose(kSliced512RowsMin), ForestEngine::kSliced512);
  EXPECT_EQ(choose(4'096), ForestEngine::kSliced512);
}

TEST(EngineChoice, TakesFlatNodesAndShortSlicesWithAvx2) {
  EXPECT_EQ(ChooseEngine(CpuLevel::kAvx2, kUsual, kSliced256RowsMin - 1),
            ForestEngine::kFlat);
  EXPECT_EQ(ChooseEngine(CpuLevel::kAvx2, kUsual, kSliced256RowsMin),
            ForestEngine::kSliced256);
}

TEST(EngineChoice, TakesFlatNodesOnAnyMachine) {
  EXPECT_EQ(ChooseEngine(CpuLevel::kPortable, kUsual, 4'096),
            ForestEngine::kFlat);
}

TEST(EngineChoice, KnowsWhatAForestIsTooLargeFor) {
  EXPECT_EQ(ChooseEngine(CpuLevel::kAvx512, {9, 170}, 4'096),
            ForestEngine::kFat);
  EXPECT_EQ(ChooseEngine(CpuLevel::kAvx512, {6, 257}, 1), ForestEngine::kFlat);
  EXPECT_EQ(ChooseEngine(CpuLevel::kAvx512, {6, 257}, 512),
            ForestEngine::kSliced512);
  EXPECT_EQ(ChooseEngine(CpuLevel::kAvx512, {9, 257}, 512),
            ForestEngine::kFlat);
  EXPECT_EQ(ChooseEngine(CpuLevel::kAvx512, {6, 257, kSlicesMax}, 512),
            ForestEngine::kFlat);
}

TEST(EngineChoice, NeverChoosesWhatCannotRun) {
  for (const CpuLevel cpu :
       {CpuLevel::kPortable, CpuLevel::kAvx2, CpuLevel::kAvx512}) {
    for (int depth = 0; depth <= 16; ++depth) {
      for (const unsigned columns : {0u, 1u, 256u, 257u, 2'000u, 2'001u}) {
        for (const unsigned rows : {1u, 100u, 1'000u}) {
          const ForestShape shape = {depth, columns, 20 * columns};
          EXPECT_TRUE(CanRun(ChooseEngine(cpu, shape, rows), cpu, shape));
        }
      }
    }
  }
}

TEST(EngineChoice, GivesEachEngineAName) {
  EXPECT_EQ(EngineName(ForestEngine::kFat), "fat nodes");
  EXPECT_EQ(EngineName(ForestEngine::kSliced512), "bit slices of 512");
}

}  // namespace
}  // namespace tenuto
