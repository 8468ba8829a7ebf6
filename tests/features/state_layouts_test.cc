#include "features/state_layouts.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "features/state_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/changed_catalogue.h"
#include "tests/support/random_events.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kStartUs = 1'700'000'000'000'000;

class StateLayoutsTest : public ::testing::Test {
 protected:
  StateLayoutsTest() {
    auto store = RocksStore::Open({folder_.path(), false, 2});
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  absl::StatusOr<StateLayouts> Load(const Catalogue& catalogue,
                                    bool stale = false) {
    return StateLayouts::Load(*store_, catalogue, stale);
  }
  // As a writer does.
  StateLayouts Adopt(const Catalogue& catalogue, bool stale = false) {
    auto layouts = Load(catalogue, stale);
    EXPECT_TRUE(layouts.ok()) << layouts.status();
    StoreBatch batch(*store_);
    layouts->Save(batch);
    EXPECT_EQ(store_->Write(batch), absl::OkStatus());
    return *std::move(layouts);
  }
  void Put(const v1::StateLayouts& record) {
    StoreBatch batch(*store_);
    batch.Put(Family::kMeta, kLayoutsKey, record.SerializeAsString());
    ASSERT_EQ(store_->Write(batch), absl::OkStatus());
  }

  const TempFolder folder_;
  std::unique_ptr<RocksStore> store_;
};

// All keeps. A release later than this one may say what it likes: a state that
// this one wrote must still be read.
constexpr char kFrozenSignals[] = R"(
  signals { id: 10 name: "plays" event: "playback" keep: KEEP_DAILY_SUM
            consent: CONSENT_CLASS_CONTRACT }
  signals { id: 11 name: "adverts" event: "ad_impression" keep: KEEP_DAILY_SUM
            consent: CONSENT_CLASS_CONTRACT }
  signals { id: 12 name: "plays_ever" event: "playback" keep: KEEP_TOTAL
            consent: CONSENT_CLASS_CONTRACT }
  signals { id: 13 name: "last_action" keep: KEEP_LAST_TIME
            consent: CONSENT_CLASS_CONTRACT }
  signals { id: 14 name: "first_seen" keep: KEEP_FIRST_TIME
            consent: CONSENT_CLASS_CONTRACT }
  signals { id: 15 name: "plan" measure: "event.plan"
            where { field: "event.plan" min: 1 max: 99 } keep: KEEP_LAST_VALUE
            consent: CONSENT_CLASS_CONTRACT }
  signals { id: 16 name: "zone" measure: "event.session_id" keep: KEEP_LAST_TEXT
            consent: CONSENT_CLASS_CONTRACT }
  signals { id: 17 name: "artists" event: "playback" measure: "artist_id"
            keep: KEEP_DISTINCT consent: CONSENT_CLASS_CONTRACT }
)";
// The bytes of format 1, layout 0, that 40 plays made of one user.
constexpr char kFrozenState[] =
    "0128deb302012a01eaf5ede7e401018080dea4fa6401eaf5ede7e401040801eaf5ede7"
    "e401040a73657373696f6e2d32340e0001020101020101020001020001020001060001"
    "020001020001060001020101060001040101020101020a87e0130d028ae02704e10c8e"
    "e10e90e00a002188e009878087c1";

TEST_F(StateLayoutsTest, ReadsTheFrozenBytesAfterTheCatalogueChangedR13) {
  v1::StateLayouts frozen;
  v1::StateLayouts::Layout& layout = *frozen.add_layouts();
  layout.set_format(1);
  v1::Catalogue declaration =
      testing::SignalsOf(*Catalogue::Parse(kFrozenSignals));
  *layout.mutable_signals() = declaration.signals();
  Put(frozen);
  declaration.mutable_signals()->DeleteSubrange(1, 1);    // "adverts"
  declaration.mutable_signals(4)->add_event("playback");  // "plan"
  testing::AddAdvertSeconds(5, declaration);              // Before "plays".
  const Catalogue later = testing::Made(declaration);
  const auto layouts = Load(later);
  ASSERT_TRUE(layouts.ok()) << layouts.status();
  EXPECT_THAT(layouts->pending().ids(), ElementsAre(5, 15));

  std::string bytes = absl::HexStringToBytes(kFrozenState);
  ASSERT_EQ(layouts->ToCurrent(bytes), absl::OkStatus());
  UserState state{StateLayout(later)};
  ASSERT_EQ(state.Decode(bytes), absl::OkStatus());
  std::vector<std::int64_t> plays;
  for (int k = 0; k < static_cast<int>(state.days().size()); ++k) {
    EXPECT_EQ(state.tiles(k)[0], 0) << "pending";
    plays.push_back(state.tiles(k)[1]);
  }
  EXPECT_EQ(state.applied_through, 40u);
  EXPECT_THAT(state.totals, ElementsAre(21));
  EXPECT_THAT(state.last_times, ElementsAre(1'701'703'689'454'219));
  EXPECT_THAT(state.first_times, ElementsAre(kStartUs));
  EXPECT_EQ(state.last_values[0].time_us, kNever) << "pending";
  EXPECT_EQ(state.last_texts[0].text, "session-24");
  EXPECT_EQ(state.sketches[0].entries().size(), 10u);
  EXPECT_THAT(plays, ElementsAre(1, 1, 2, 3, 1, 3, 1, 1, 3, 1, 1, 1, 1, 1));
}

TEST_F(StateLayoutsTest, KeepsEveryByteOfWhatIsStillWanted) {
  const Catalogue& before = Catalogue::Embedded();
  const Catalogue after = testing::Made(testing::Thinned(before));
  Adopt(before);
  const StateLayouts layouts = Adopt(after);
  EXPECT_THAT(layouts.pending().ids(), IsEmpty());
  for (std::uint64_t seed = 100; seed < 160; ++seed) {
    testing::RandomEvents random(seed, kStartUs, 200);
    const auto life = random.Life(testing::TestUser(3), 120);
    std::string state = testing::FoldAll(before, life);
    ASSERT_EQ(layouts.ToCurrent(state), absl::OkStatus());
    EXPECT_EQ(state, testing::FoldAll(after, life)) << "seed " << seed;
  }
}

TEST_F(StateLayoutsTest, LeavesOutWhatIsNewOrDeclaredOtherwise) {
  const Catalogue& before = Catalogue::Embedded();
  v1::Catalogue declaration = testing::SignalsOf(before);
  const auto first = std::find_if(declaration.mutable_signals()->begin(),
                                  declaration.mutable_signals()->end(),
                                  [](const v1::Signal& signal) {
                                    return signal.keep() == v1::KEEP_LAST_VALUE;
                                  });
  v1::Signal& changed = *first;
  changed.add_event("consent_changed");
  testing::AddAdvertSeconds(5000, declaration);
  const Catalogue after = testing::Made(declaration);
  Adopt(before);
  const StateLayouts layouts = Adopt(after);
  EXPECT_THAT(layouts.pending().ids(), ElementsAre(changed.id(), 5000));

  testing::RandomEvents random(8, kStartUs, 30);
  std::string state =
      testing::FoldAll(before, random.Life(testing::TestUser(3), 200));
  UserState old{StateLayout(before)}, now{StateLayout(after)};
  ASSERT_EQ(old.Decode(state), absl::OkStatus());
  ASSERT_NE(old.last_values[0].time_us, kNever);
  ASSERT_EQ(layouts.ToCurrent(state), absl::OkStatus());
  ASSERT_EQ(now.Decode(state), absl::OkStatus());
  EXPECT_EQ(now.last_values[0].time_us, kNever);
  EXPECT_EQ(now.totals, old.totals);
  EXPECT_EQ(now.last_times, old.last_times);
  EXPECT_EQ(now.recents, old.recents);
}

TEST_F(StateLayoutsTest, StampsWhatItWritesAndKnowsItAgain) {
  const Catalogue& before = Catalogue::Embedded();
  const Catalogue after = testing::Made(testing::Thinned(before));
  testing::RandomEvents random(9, kStartUs, 30);
  const auto life = random.Life(testing::TestUser(3), 50);
  const std::string old_bytes = testing::FoldAll(before, life);
  std::string state = old_bytes;
  Adopt(before).Stamp(state);
  EXPECT_EQ(state, old_bytes) << "the first layout's states stay as they were";

  const StateLayouts layouts = Adopt(after);
  const std::string bytes = testing::FoldAll(after, life);
  state = bytes;
  layouts.Stamp(state);
  EXPECT_EQ(state.front(), 2);
  EXPECT_EQ(state.substr(1), bytes.substr(1));
  ASSERT_EQ(layouts.ToCurrent(state), absl::OkStatus());
  EXPECT_EQ(state, bytes);
  state.clear();
  layouts.Stamp(state);
  ASSERT_EQ(layouts.ToCurrent(state), absl::OkStatus());
  EXPECT_EQ(state, "") << "of a user never heard of";
}

TEST_F(StateLayoutsTest, NeverSilentlyReadsWhatItCannot) {
  const Catalogue& before = Catalogue::Embedded();
  Adopt(before);
  const StateLayouts layouts = Adopt(testing::Made(testing::Thinned(before)));
  testing::RandomEvents random(10, kStartUs, 30);
  std::string old =
      testing::FoldAll(before, random.Life(testing::TestUser(3), 50));
  std::string state = old;
  state.front() = 9;
  EXPECT_THAT(layouts.ToCurrent(state).message(), HasSubstr("layout 8"));
  state = old;
  state.pop_back();
  EXPECT_TRUE(absl::IsDataLoss(layouts.ToCurrent(state)));
}

TEST_F(StateLayoutsTest, KeepsASignalPendingUntilItWasBackfilled) {
  const Catalogue& first = Catalogue::Embedded();
  v1::Catalogue more = testing::SignalsOf(first);
  testing::AddAdvertSeconds(5000, more);
  Adopt(first);
  EXPECT_THAT(Adopt(testing::Made(more)).pending().ids(), ElementsAre(5000));
  EXPECT_THAT(Adopt(testing::Made(more)).pending().ids(), ElementsAre(5000))
      << "however often it is opened";
  more.mutable_signals()->DeleteSubrange(3, 1);
  EXPECT_THAT(Adopt(testing::Made(more)).pending().ids(), ElementsAre(5000))
      << "and whatever else changes";
  EXPECT_THAT(Adopt(testing::Made(testing::SignalsOf(first))).pending().ids(),
              ElementsAre(first.signals()[3].declaration.id()))
      << "what was dropped has missed events";
  EXPECT_THAT(Adopt(testing::Made(more)).pending().ids(), ElementsAre(5000))
      << "also when it comes back";
}

TEST_F(StateLayoutsTest, TakesOtherNamesForTheSameSignals) {
  Adopt(Catalogue::Embedded());
  v1::Catalogue renamed = testing::SignalsOf(Catalogue::Embedded());
  renamed.mutable_signals(4)->set_name("called_otherwise");
  const StateLayouts layouts = Adopt(testing::Made(renamed));
  EXPECT_TRUE(layouts.pending().empty());
  EXPECT_EQ(layouts.record().layouts_size(), 1);
}

TEST_F(StateLayoutsTest, SaysWhenNobodyWroteTheSignalsDown) {
  const Catalogue& catalogue = Catalogue::Embedded();
  const StateLayouts layouts = Adopt(catalogue, true);
  EXPECT_TRUE(layouts.unknown_states());
  EXPECT_EQ(layouts.pending().ids().size(), catalogue.signals().size());
  EXPECT_NE(layouts.record().newest_number(), 0u) << "which the others have";
}

TEST_F(StateLayoutsTest, RefusesANewerFormatAndDamagedRecords) {
  const Catalogue& catalogue = Catalogue::Embedded();
  v1::StateLayouts record = Adopt(catalogue).record();
  record.mutable_layouts(0)->set_format(77);
  Put(record);
  EXPECT_EQ(Load(catalogue).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Load(catalogue).status().message(), HasSubstr("format 77"));
  record.mutable_layouts(0)->set_format(1);
  record.mutable_layouts(0)->set_number(255);
  Put(record);
  EXPECT_TRUE(absl::IsDataLoss(Load(catalogue).status()));
  record.mutable_layouts(0)->set_number(0);
  record.set_newest_number(5);
  Put(record);
  EXPECT_TRUE(absl::IsDataLoss(Load(catalogue).status()));
}

TEST_F(StateLayoutsTest, RunsOutOfNumbersWithAWordOfAdvice) {
  v1::StateLayouts record = Adopt(Catalogue::Embedded()).record();
  const v1::StateLayouts::Layout first = record.layouts(0);
  for (std::uint32_t number = 1; number <= 254; ++number) {
    *record.add_layouts() = first;
    record.mutable_layouts(static_cast<int>(number))->set_number(number);
  }
  Put(record);
  EXPECT_TRUE(Load(Catalogue::Embedded()).ok());
  const Catalogue other =
      testing::Made(testing::Thinned(Catalogue::Embedded()));
  EXPECT_THAT(Load(other).status().message(), HasSubstr("tenuto backfill"));
}

}  // namespace
}  // namespace tenuto
