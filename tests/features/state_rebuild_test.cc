#include "features/state_rebuild.h"

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "features/ledger_log.h"
#include "features/ledger_meta.h"
#include "features/log_record.h"
#include "gtest/gtest.h"
#include "tests/support/random_events.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

TEST(RebuildStates, FoldsTheLogOfEveryUser) {
  const TempFolder folder;
  auto store = *RocksStore::Open({folder.path(), false, 2});
  const SignalFold fold(Catalogue::Embedded());
  testing::RandomEvents random(61, 1'700'000'000'000'000, 30);
  std::vector<std::string> expected;
  Position next = 1;
  for (int user = 0; user < 20; ++user) {
    const UserKey key = testing::TestUser(user);
    const auto life = random.Life(key, 50);
    std::vector<int> all(life.size());
    std::iota(all.begin(), all.end(), 0);
    std::string record;
    AppendLogRecord(life, all, record);
    StoreBatch batch(*store);
    batch.Put(Family::kLog, LogKey(key.partition(), next), record);
    batch.Put(Family::kState, key.view(), "of other signals");
    ASSERT_EQ(store->Write(batch), absl::OkStatus());
    UserState state(fold.layout());
    EventView view;
    for (const GatedEvent& event : life) {
      ASSERT_TRUE(view.Parse(event.event));
      fold.Apply(view, next++, state);
    }
    state.Encode(expected.emplace_back());
  }
  ASSERT_EQ(RebuildStates(*store, fold), absl::OkStatus());
  std::string state;
  for (int user = 0; user < 20; ++user) {
    ASSERT_EQ(store->Get(Family::kState, testing::TestUser(user).view(), state),
              absl::OkStatus());
    EXPECT_EQ(state, expected[static_cast<std::size_t>(user)]) << "seed 61";
  }
  EXPECT_EQ(*CheckIdentity(*store, {"here", "keys", "signals"}),
            StatesAre::kOfOtherSignals)
      << "not current before the caller claims it";
}

}  // namespace
}  // namespace tenuto
