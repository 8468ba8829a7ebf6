#include "training/world/ledger_mark.h"

#include "features/catalogue.h"
#include "features/memory_ledger.h"
#include "gtest/gtest.h"

namespace tenuto::world {
namespace {

constexpr char kName[] = "users 5, days 30, seed 1, start 2025-01-01";

class LedgerMarkTest : public testing::Test {
 protected:
  LedgerMarkTest() : ledger_(Catalogue::Embedded()) {}

  void Put(const SourceMark& mark) {
    ASSERT_TRUE(ledger_.Commit({}, &mark).ok());
  }

  MemoryLedger ledger_;
};

TEST_F(LedgerMarkTest, ComesBackAsItWasPut) {
  for (const bool whole : {false, true}) {
    Put(ToSourceMark({kName, 400'000, 0xfeed, whole}));
    const auto mark = LoadLedgerMark(ledger_);
    ASSERT_TRUE(mark.ok()) << mark.status();
    EXPECT_EQ(mark->world, kName);
    EXPECT_EQ(mark->events, 400'000);
    EXPECT_EQ(mark->digest, 0xfeedu);
    EXPECT_EQ(mark->whole, whole);
    EXPECT_EQ(CheckWhole(ledger_, "w").ok(), whole);
  }
}

TEST_F(LedgerMarkTest, ALedgerOfNoWorldIsNoPartOfOne) {
  const auto mark = LoadLedgerMark(ledger_);
  ASSERT_TRUE(mark.ok());
  EXPECT_EQ(mark->world, "");
  EXPECT_TRUE(CheckWhole(ledger_, "w").ok());
}

TEST_F(LedgerMarkTest, AMarkFromBeforeMarksCountedIsOfAWholeWorld) {
  Put({"world", kName});
  const auto mark = LoadLedgerMark(ledger_);
  ASSERT_TRUE(mark.ok());
  EXPECT_EQ(mark->world, kName);
  EXPECT_TRUE(mark->whole);
  EXPECT_EQ(mark->events, 0) << "nobody counted them";
}

TEST_F(LedgerMarkTest, RefusesAMarkThatItCannotRead) {
  for (const char* tail :
       {"; many events 0f", "; -1 events 0f", "; 5 events", "; 5", "; "}) {
    Put({"world", std::string(kName) + tail});
    EXPECT_EQ(CheckWhole(ledger_, "w").code(), absl::StatusCode::kDataLoss)
        << tail;
  }
}

}  // namespace
}  // namespace tenuto::world
