#include "training/champion.h"

#include <limits>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

constexpr ChampionTest kWorse{"log loss", "a constant's", 0.31, 0.3};
constexpr ChampionTest kBetter{"log loss", "a constant's", 0.29, 0.3};

Crown Asked(std::vector<std::string> words) {
  CLI::App app;
  Crown asked = Crown::kIfNone;
  AddChampionFlag(app, asked);
  app.parse(std::move(words));
  return asked;
}

TEST(Champion, ReadsTheFlag) {
  EXPECT_EQ(Asked({}), Crown::kIfNone);
  EXPECT_EQ(Asked({"better", "--champion"}), Crown::kIfNone);
  EXPECT_EQ(Asked({"always", "--champion"}), Crown::kAlways);
  EXPECT_EQ(Asked({"never", "--champion"}), Crown::kNotThis);
  EXPECT_THROW(Asked({"maybe", "--champion"}), CLI::ParseError);
}

TEST(Champion, CrownsNoneThatIsNoBetterThanItsBaselineUnlessAsked) {
  EXPECT_EQ(CrownBy(Crown::kIfNone, kBetter), Crown::kIfNone);
  EXPECT_EQ(CrownBy(Crown::kIfNone, kWorse), Crown::kNotThis);
  EXPECT_EQ(CrownBy(Crown::kAlways, kWorse), Crown::kAlways);
  EXPECT_EQ(CrownBy(Crown::kNotThis, kBetter), Crown::kNotThis);
  ChampionTest odd = kBetter;
  odd.of_model = odd.of_baseline;
  EXPECT_EQ(CrownBy(Crown::kIfNone, odd), Crown::kNotThis) << "no better";
  odd.of_model = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(CrownBy(Crown::kIfNone, odd), Crown::kNotThis);
}

TEST(Champion, SaysWhyABundleStaysAChallengerAndWhatWouldMakeItServe) {
  const WrittenBundle bundle{"models/churn/3", 3, false};
  EXPECT_EQ(FormatRank(bundle, Crown::kIfNone, kWorse),
            ", a challenger\nchallenger because on the later test its log "
            "loss, 0.3100, is no better than a constant's, 0.3000; to let it "
            "serve all the same write 3 into models/churn/champion, or train "
            "with --champion always\n");
  EXPECT_THAT(FormatRank(bundle, Crown::kIfNone, kBetter),
              HasSubstr("because another version is the champion; "));
  EXPECT_THAT(FormatRank(bundle, Crown::kNotThis, kBetter),
              HasSubstr("because --champion never; "));
  EXPECT_EQ(FormatRank({"models/churn/3", 3, true}, Crown::kAlways, kWorse),
            ", the champion\n");
}

}  // namespace
}  // namespace tenuto
