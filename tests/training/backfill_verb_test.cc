#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "features/base/atomic_file.h"
#include "features/rocks_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/changed_catalogue.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/random_events.h"
#include "tests/support/run_verb.h"
#include "tests/support/temp_folder.h"
#include "training/verb.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;

class BackfillVerb : public ::testing::Test {
 protected:
  std::unique_ptr<Ledger> Open(const Catalogue& catalogue) {
    auto ledger =
        OpenRocksLedger({folder_.path(), false, 2, &clock_}, catalogue, keys_);
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    return *std::move(ledger);
  }
  absl::Status Backfill(const std::string& ledger) {
    return testing::RunVerb(
        AddBackfillVerb, workshop_,
        {"backfill", "--ledger", ledger, "--summary", summary_}, shown_);
  }

  const TempFolder folder_;
  const std::string summary_ = (folder_.path() / "summary.json").string();
  const FixedClock clock_{absl::FromUnixMicros(kStartUs)};
  const UserKeys keys_ = UserKeys::FromSecret("backfilled");
  const Workshop workshop_{
      clock_, Catalogue::Embedded(),
      [this](const std::filesystem::path&, LedgerAccess access) {
        EXPECT_EQ(access, LedgerAccess::kWrite);
        return OpenedLedger{UserKeys::FromSecret("backfilled"),
                            Open(Catalogue::Embedded())};
      }};
  std::string shown_;
};

TEST_F(BackfillVerb, LeavesNoSignalPending) {
  const Catalogue& now = Catalogue::Embedded();
  const Catalogue before = testing::Made(testing::Thinned(now));
  testing::RandomEvents random(3, kStartUs, 30);
  const auto life = random.Life(testing::TestUser(9), 60);
  ASSERT_TRUE(Open(before)->Commit(life).ok());
  const std::size_t won = now.signals().size() - before.signals().size();
  EXPECT_EQ(Open(now)->Facts().pending->ids().size(), won);

  ASSERT_EQ(Backfill(folder_.path().string()), absl::OkStatus());
  EXPECT_THAT(shown_, HasSubstr(absl::StrCat(won, " were pending, 0 are")));
  EXPECT_THAT(shown_, HasSubstr("1 folded again from 60 events"));
  EXPECT_EQ(
      *ReadFile(summary_),
      absl::StrCat("{\"signals\":", won,
                   ",\"users\":1,\"events\":60,\"partitions_before\":0}\n"));
  const auto ledger = Open(now);
  EXPECT_EQ(ledger->Facts().pending, nullptr);
  std::string state;
  ASSERT_EQ(ledger->LoadState(testing::TestUser(9), state), absl::OkStatus());
  EXPECT_EQ(state, testing::FoldAll(now, life));
}

TEST_F(BackfillVerb, SaysWhereAnInterruptedRunGoesOn) {
  testing::RandomEvents random(3, kStartUs, 30);
  std::vector<GatedEvent> events;
  for (const int partition : {5, 70, 200}) {
    const auto life = random.Life(testing::TestUser(partition, 1), 10);
    events.insert(events.end(), life.begin(), life.end());
  }
  const Catalogue& now = Catalogue::Embedded();
  ASSERT_TRUE(Open(testing::Made(testing::Thinned(now)))->Commit(events).ok());
  ASSERT_TRUE(absl::IsCancelled(
      Open(now)->Backfill([](const BackfillProgress& progress) {
        return progress.partitions_done < 200;
      })));
  ASSERT_EQ(Backfill(folder_.path().string()), absl::OkStatus());
  EXPECT_THAT(shown_, StartsWith("going on at partition 71 of 256\n"));
  EXPECT_THAT(shown_, HasSubstr("1 folded again from 10 events"));
  EXPECT_THAT(*ReadFile(summary_), HasSubstr(",\"partitions_before\":71}"));
}

TEST_F(BackfillVerb, HasNothingToDoTwiceAndMakesNoLedger) {
  ASSERT_EQ(Backfill(folder_.path().string()), absl::OkStatus());
  EXPECT_THAT(shown_, HasSubstr("0 were pending, 0 are"));
  const auto nowhere = folder_.path() / "nowhere";
  EXPECT_TRUE(absl::IsNotFound(Backfill(nowhere.string())));
  EXPECT_FALSE(std::filesystem::exists(nowhere));
}

}  // namespace
}  // namespace tenuto
