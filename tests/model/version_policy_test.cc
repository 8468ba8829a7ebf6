#include "model/version_policy.h"

#include <gtest/gtest.h>

#include <vector>

namespace tenuto {
namespace {

constexpr auto kFound = VersionState::kFound;
constexpr auto kServing = VersionState::kServing;
constexpr auto kRefused = VersionState::kRefused;

struct Case {
  const char* name;
  std::vector<VersionSnapshot> versions;
  std::optional<std::int64_t> champion;
  std::optional<std::int64_t> expected;
};

TEST(VersionPolicy, DecidesEveryCaseOfTheTable) {
  const std::vector<Case> cases = {
      {"nothing there", {}, {}, {}},
      {"an alias of nothing", {}, 1, {}},
      {"the only one", {{1, kFound}}, {}, 1},
      {"the newest", {{1, kFound}, {3, kFound}, {2, kFound}}, {}, 3},
      {"a newer one does not replace what serves",
       {{1, kServing}, {2, kFound}},
       {},
       {}},
      {"the alias promotes", {{1, kServing}, {2, kFound}}, 2, 2},
      {"the alias rolls back", {{1, kFound}, {2, kServing}}, 1, 1},
      {"the alias serves already", {{1, kServing}, {2, kFound}}, 1, {}},
      {"a refused alias keeps the old one",
       {{1, kServing}, {2, kRefused}},
       2,
       {}},
      {"a refused alias is not guessed around",
       {{1, kFound}, {2, kRefused}},
       2,
       {}},
      {"an alias of none", {{1, kFound}}, 0, {}},
      {"an alias without a bundle keeps the old one", {{1, kServing}}, 7, {}},
      {"a refused one is passed over", {{1, kFound}, {2, kRefused}}, {}, 1},
      {"all refused", {{1, kRefused}, {2, kRefused}}, {}, {}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(NextVersionToLoad(c.versions, c.champion), c.expected) << c.name;
  }
}

TEST(VersionPolicy, NeverAnswersARefusedOrUnknownVersion) {
  // Every combination of states of three versions and every alias.
  for (int code = 0; code < 27; ++code) {
    const auto state = [code](int divisor) {
      return static_cast<VersionState>(code / divisor % 3);
    };
    const std::vector<VersionSnapshot> versions = {
        {1, state(1)}, {2, state(3)}, {3, state(9)}};
    for (std::int64_t alias = 0; alias <= 4; ++alias) {
      const auto next = NextVersionToLoad(
          versions, alias == 0 ? std::nullopt : std::optional(alias));
      if (!next.has_value()) continue;
      ASSERT_TRUE(*next >= 1 && *next <= 3);
      EXPECT_EQ(versions[static_cast<std::size_t>(*next - 1)].state, kFound);
      EXPECT_TRUE(alias == 0 || *next == alias);
    }
  }
}

}  // namespace
}  // namespace tenuto
