#include "features/feature_plan.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "features/signal_fold.h"
#include "features/state_reader.h"
#include "features/user_state.h"
#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

constexpr std::int64_t kMidnightUs = 1'700'006'400'000'000;

v1::Event At(std::int64_t us) {
  v1::Event event;
  event.mutable_event_time()->set_seconds(us / 1'000'000);
  return event;
}

class FeaturePlanTest : public ::testing::Test {
 protected:
  void Fold(const v1::Event& event) {
    const std::string bytes = event.SerializeAsString();
    EventView view;
    ASSERT_TRUE(view.Parse(bytes));
    fold_.Apply(view, 1, state_);
  }
  void Play(std::int64_t us) {
    v1::Event event = At(us);
    event.mutable_playback()->set_ms_played(1000);
    Fold(event);
  }
  void Consent(v1::ConsentClass consent_class, v1::Consent consent,
               std::int64_t us = kMidnightUs - 300 * kDayUs) {
    v1::Event event = At(us);
    event.mutable_consent_changed()->set_consent_class(consent_class);
    event.mutable_consent_changed()->set_consent(consent);
    Fold(event);
  }
  float Read(const std::string& column, std::int64_t as_of_us,
             int history_days = 200) {
    const auto plan = FeaturePlan::Compile(catalogue_, {column});
    EXPECT_TRUE(plan.ok()) << plan.status();
    std::string bytes;
    state_.Encode(bytes);
    float value = -1;
    EXPECT_TRUE(
        plan->Assemble(bytes,
                       {absl::FromUnixMicros(as_of_us),
                        absl::FromUnixMicros(as_of_us - history_days * kDayUs)},
                       absl::MakeSpan(&value, 1))
            .ok());
    return value;
  }

  const Catalogue& catalogue_ = Catalogue::Embedded();
  const SignalFold fold_{catalogue_};
  UserState state_{fold_.layout()};
};

TEST_F(FeaturePlanTest, SaysWhoseRowItIsAsAStateReaderWould) {
  const FeaturePlan plan = FeaturePlan::CompileAll(catalogue_);
  std::vector<float> row(static_cast<std::size_t>(plan.width()));
  const ReadTime when{absl::FromUnixMicros(kMidnightUs),
                      absl::FromUnixMicros(kMidnightUs - 9 * kDayUs)};
  RowOwner owner{.known = true, .plan = v1::PLAN_TRIAL};
  ASSERT_TRUE(plan.Assemble("", when, absl::MakeSpan(row), &owner).ok());
  EXPECT_FALSE(owner.known);
  EXPECT_EQ(owner.plan, v1::PLAN_UNSPECIFIED);

  for (const v1::Plan of : {v1::PLAN_FREE, v1::PLAN_TRIAL, v1::PLAN_PREMIUM}) {
    v1::Event event = At(kMidnightUs + of * 1'000'000);
    event.set_plan(of);
    event.mutable_search();
    Fold(event);
    std::string bytes;
    state_.Encode(bytes);
    ASSERT_TRUE(plan.Assemble(bytes, when, absl::MakeSpan(row), &owner).ok());
    EXPECT_TRUE(owner.known);
    EXPECT_EQ(owner.plan, of);
    EXPECT_EQ(owner.plan, StateReader::Open(catalogue_, bytes)->plan());
  }
}

TEST_F(FeaturePlanTest, LeavesOutExactlyWhatReadsAPendingSignal) {
  testing::RandomEvents random(77, kMidnightUs - 60 * kDayUs, 60);
  EventView view;
  for (const GatedEvent& event : random.Life(testing::TestUser(1), 200)) {
    ASSERT_TRUE(view.Parse(event.event));
    fold_.Apply(view, 1, state_);
  }
  Consent(v1::CONSENT_CLASS_BEHAVIOUR, v1::CONSENT_GRANTED, kMidnightUs);
  Consent(v1::CONSENT_CLASS_MESSAGES, v1::CONSENT_GRANTED, kMidnightUs);
  const FeaturePlan plan = FeaturePlan::CompileAll(catalogue_);
  std::string bytes;
  state_.Encode(bytes);
  const auto width = static_cast<std::size_t>(plan.width());
  std::vector<float> whole(width), row(width);
  ReadTime when{absl::FromUnixMicros(kMidnightUs + 1),
                absl::FromUnixMicros(kMidnightUs - 200 * kDayUs)};
  ASSERT_TRUE(plan.Assemble(bytes, when, absl::MakeSpan(whole)).ok());
  int hidden = 0;
  for (const Signal& signal : catalogue_.signals()) {
    const PendingSignals pending({signal.declaration.id()});
    when.pending = &pending;
    ASSERT_TRUE(plan.Assemble(bytes, when, absl::MakeSpan(row)).ok());
    bool read_by_any = false;
    for (std::size_t k = 0; k < width; ++k) {
      const auto uses = ShapeOf(catalogue_.features()[k].declaration).uses;
      const bool reads =
          std::any_of(uses.begin(), uses.end(), [&](const SignalUse& use) {
            const Signal& used = *catalogue_.FindSignal(use.signal);
            return use.signal == signal.declaration.name() ||
                   ConsentSignal(used.declaration.consent()) ==
                       signal.declaration.name();
          });
      hidden += reads && !std::isnan(whole[k]);
      read_by_any = read_by_any || reads;
      EXPECT_TRUE(std::isnan(row[k]) || (!reads && row[k] == whole[k]));
      EXPECT_EQ(std::isnan(row[k]), reads || std::isnan(whole[k]))
          << catalogue_.features()[k].name << " with "
          << signal.declaration.name() << " pending, seed 77";
    }
    EXPECT_EQ(plan.ReadsAnyOf(pending), read_by_any);
  }
  EXPECT_GT(hidden, 100);
  EXPECT_FALSE(plan.ReadsAnyOf(PendingSignals()));
}

TEST_F(FeaturePlanTest, CountsTheTileThatAWindowCutsByItsShare) {
  Consent(v1::CONSENT_CLASS_BEHAVIOUR, v1::CONSENT_GRANTED);
  for (int k = 0; k < 4; ++k) Play(kMidnightUs + 1);
  EXPECT_EQ(Read("tracks_played_1d", kMidnightUs + kDayUs / 2), 4);
  EXPECT_EQ(Read("tracks_played_1d", kMidnightUs + kDayUs), 4);
  EXPECT_EQ(Read("tracks_played_1d", kMidnightUs + kDayUs * 5 / 4), 3);
  EXPECT_EQ(Read("tracks_played_1d", kMidnightUs + kDayUs * 7 / 4), 1);
  EXPECT_EQ(Read("tracks_played_1d", kMidnightUs + 2 * kDayUs), 0);
  EXPECT_EQ(Read("tracks_played_3d", kMidnightUs + 3 * kDayUs), 4);
}

TEST_F(FeaturePlanTest, IsMissingWhereTheHistoryIsShorterThanTheWindow) {
  Consent(v1::CONSENT_CLASS_BEHAVIOUR, v1::CONSENT_GRANTED);
  EXPECT_EQ(Read("tracks_played_7d", kMidnightUs, 7), 0);
  EXPECT_TRUE(std::isnan(Read("tracks_played_7d", kMidnightUs, 6)));
  EXPECT_EQ(Read("total_tracks", kMidnightUs, 0), 0) << "has no window";
  EXPECT_TRUE(std::isnan(Read("tracks_trend_7d_28d", kMidnightUs, 27)));
}

TEST_F(FeaturePlanTest, IsMissingWithoutTheConsentItNeeds) {
  Play(kMidnightUs);
  EXPECT_TRUE(std::isnan(Read("total_tracks", kMidnightUs)));
  Consent(v1::CONSENT_CLASS_MESSAGES, v1::CONSENT_GRANTED);
  EXPECT_TRUE(std::isnan(Read("total_tracks", kMidnightUs)));
  EXPECT_EQ(Read("messages_sent_7d", kMidnightUs), 0);
  Consent(v1::CONSENT_CLASS_BEHAVIOUR, v1::CONSENT_GRANTED);
  EXPECT_EQ(Read("total_tracks", kMidnightUs), 1);
  Consent(v1::CONSENT_CLASS_BEHAVIOUR, v1::CONSENT_WITHHELD, kMidnightUs);
  EXPECT_TRUE(std::isnan(Read("total_tracks", kMidnightUs)));
  EXPECT_EQ(Read("total_renewals", kMidnightUs), 0) << "needs the contract";
}

TEST_F(FeaturePlanTest, ClampsToTheDeclaredRange) {
  v1::Event renewed = At(kMidnightUs);
  renewed.mutable_renewed()->set_price_minor(900'000'000'000);
  Fold(renewed);
  EXPECT_EQ(Read("price_minor", kMidnightUs), 1e9f);
  EXPECT_EQ(Read("days_since_renewal", kMidnightUs - 5 * kDayUs), 0);
  EXPECT_EQ(Read("days_since_renewal", kMidnightUs + 9000 * kDayUs), 4000);
}

TEST_F(FeaturePlanTest, NamesAnUnknownColumn) {
  const auto plan = FeaturePlan::Compile(catalogue_, {"total_tracks", "totl"});
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(plan.status().message().find("\"totl\""), std::string::npos);
}

TEST_F(FeaturePlanTest, GivesAColumnTheSameBitsInAnyPlan) {
  testing::RandomEvents random(71, kMidnightUs, 100);
  for (const auto& event : random.Life(testing::TestUser(1), 300)) {
    EventView view;
    ASSERT_TRUE(view.Parse(event.event));
    fold_.Apply(view, 1, state_);
  }
  const FeaturePlan all = FeaturePlan::CompileAll(catalogue_);
  std::vector<float> row(static_cast<std::size_t>(all.width()));
  std::string bytes;
  state_.Encode(bytes);
  const std::int64_t as_of_us = kMidnightUs + 100 * kDayUs + 12345;
  ASSERT_TRUE(all.Assemble(bytes,
                           {absl::FromUnixMicros(as_of_us),
                            absl::FromUnixMicros(as_of_us - 200 * kDayUs)},
                           absl::MakeSpan(row))
                  .ok());
  for (int k = 0; k < all.width(); ++k) {
    EXPECT_EQ(all.feature_index(k), k);
    const std::string& name =
        catalogue_.features()[static_cast<std::size_t>(k)].name;
    const float alone = Read(name, as_of_us);
    const float together = row[static_cast<std::size_t>(k)];
    EXPECT_TRUE(alone == together ||
                (std::isnan(alone) && std::isnan(together)))
        << name;
  }
}

TEST_F(FeaturePlanTest, RefusesBytesThatAreNoState) {
  const FeaturePlan plan = FeaturePlan::CompileAll(catalogue_);
  std::vector<float> row(static_cast<std::size_t>(plan.width()));
  EXPECT_EQ(plan.Assemble("no state", {absl::UnixEpoch(), absl::UnixEpoch()},
                          absl::MakeSpan(row))
                .code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tenuto
