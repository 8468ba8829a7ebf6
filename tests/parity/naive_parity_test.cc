// The plan's rows equal rows computed from the raw list of events.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/catalogue.h"
#include "features/feature_plan.h"
#include "features/signal_fold.h"
#include "features/user_state.h"
#include "gtest/gtest.h"
#include "tests/parity/naive_features.h"
#include "tests/support/random_events.h"

namespace tenuto::testing {
namespace {

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;  // A midnight.
constexpr int kDays = 130;

// Weights of a decayed sum are taken from a table and scaled once, which may
// change the last bit; everything else is the same arithmetic.
bool IsSameValue(const Feature& feature, float naive, float planned) {
  if (std::isnan(naive) || std::isnan(planned)) {
    return std::isnan(naive) && std::isnan(planned);
  }
  if (feature.declaration.has_decayed_sum()) {
    return std::abs(naive - planned) <= 1e-6f * std::abs(naive);
  }
  return std::memcmp(&naive, &planned, sizeof naive) == 0;
}

class NaiveParity : public ::testing::TestWithParam<int> {
 protected:
  // Compares every feature at `as_of`, knowing what was known then.
  void Compare(const std::vector<GatedEvent>& life, const ReadTime& when) {
    const std::int64_t as_of_us = absl::ToUnixMicros(when.as_of);
    UserState state(fold_.layout());
    std::vector<v1::Event> events;
    EventView view;
    for (const GatedEvent& event : life) {
      if (event.known_time_us > as_of_us) continue;
      ASSERT_TRUE(view.Parse(event.event));
      fold_.Apply(view, events.size() + 1, state);
      ASSERT_TRUE(events.emplace_back().ParseFromString(event.event));
    }
    std::string bytes;
    state.Encode(bytes);
    std::vector<float> row(static_cast<std::size_t>(plan_.width()));
    ASSERT_TRUE(plan_.Assemble(bytes, when, absl::MakeSpan(row)).ok());
    const NaiveFeatures naive(catalogue_, events, when);
    for (std::size_t k = 0; k < row.size(); ++k) {
      const Feature& feature = catalogue_.features()[k];
      const float value = naive.Value(feature);
      known_ += !std::isnan(value);
      EXPECT_TRUE(IsSameValue(feature, value, row[k]))
          << feature.name << " at " << when.as_of << ": naive " << value
          << ", plan " << row[k];
    }
  }

  const Catalogue& catalogue_ = Catalogue::Embedded();
  const SignalFold fold_{catalogue_};
  const FeaturePlan plan_ = FeaturePlan::CompileAll(catalogue_);
  int known_ = 0;
};

TEST_P(NaiveParity, EveryFeatureEqualsItsDefinition) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  RandomEvents random(seed, kStartUs, kDays);
  Draws& draws = random.draws();
  for (int user = 0; user < 6; ++user) {
    const auto life =
        random.Life(TestUser(user), static_cast<int>(draws.Between(1, 260)));
    for (int moment = 0; moment < 4; ++moment) {
      std::int64_t as_of_us = kStartUs + draws.Between(0, 150) * kDayUs;
      // Half of the moments lie inside a day.
      if (draws.Chance(0.5)) as_of_us += draws.Between(0, kDayUs - 1);
      // A third of the ledgers is younger than the longest window.
      const std::int64_t history =
          draws.Chance(0.3) ? draws.Between(0, 95) : 400;
      Compare(life, {absl::FromUnixMicros(as_of_us),
                     absl::FromUnixMicros(as_of_us - history * kDayUs)});
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(known_, 6 * 4 * plan_.width() / 3);
}

TEST_P(NaiveParity, AUserNeverHeardOfHasTheDefinedRow) {
  Compare({}, {absl::FromUnixMicros(kStartUs + GetParam() * kDayUs),
               absl::FromUnixMicros(kStartUs - 400 * kDayUs)});
  EXPECT_GT(known_, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, NaiveParity, ::testing::Range(1, 33));

}  // namespace
}  // namespace tenuto::testing
