#include "features/rocks_openings.h"

#include <memory>

#include "features/base/clock.h"
#include "gtest/gtest.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using testing::FailsAs;
using testing::FaultyFileSystem;
using testing::FileCall;

class RocksOpeningsTest : public ::testing::Test {
 protected:
  RocksOpeningsTest() {
    RocksStoreOptions options;
    options.directory = folder_.path();
    options.files = files_;
    openings_ = std::make_unique<RocksOpenings>(options);
    EXPECT_EQ(openings_->Start(), absl::OkStatus());
  }
  absl::Status Put(std::uint64_t number) {
    return openings_->Change(
        "writing", number, [](const RocksOpening& opening) {
          rocksdb::WriteOptions synced;
          synced.sync = true;
          return opening.db().Put(synced, opening.Of(Family::kState), "a", "b");
        });
  }
  absl::Status PutUntilTaken() {
    const absl::Time start = Clock::Real().Now();
    absl::Status status;
    do {
      status = Put(openings_->Now().number);
    } while (!status.ok() && Clock::Real().Now() < start + absl::Seconds(10));
    return status;
  }

  const TempFolder folder_;
  const std::shared_ptr<FaultyFileSystem> files_ =
      std::make_shared<FaultyFileSystem>();
  std::unique_ptr<RocksOpenings> openings_;
};

TEST_F(RocksOpeningsTest, RefuseWhatWasPlannedInAnEarlierOne) {
  ASSERT_TRUE(Put(1).ok());
  files_->FailCall(1, {FileCall::kSync});
  EXPECT_TRUE(absl::IsUnavailable(Put(1)));
  EXPECT_EQ(PutUntilTaken(), absl::OkStatus());
  EXPECT_EQ(openings_->Now().number, 3u) << "one only read";
  for (const std::uint64_t number : {1u, 2u}) {
    EXPECT_TRUE(absl::IsUnavailable(Put(number)));
  }
  EXPECT_TRUE(Put(RocksOpenings::kAny).ok());
  EXPECT_TRUE(Put(3).ok());
}

// So that a failing disk is not filled by tries.
TEST_F(RocksOpeningsTest, PauseBetweenTries) {
  files_->FailOneIn(1, 1, {FileCall::kSync});
  const int before = files_->calls();
  int changes = 0;
  const absl::Time start = Clock::Real().Now();
  while (Clock::Real().Now() < start + absl::Milliseconds(700)) {
    EXPECT_TRUE(absl::IsUnavailable(Put(openings_->Now().number)));
    ++changes;
  }
  EXPECT_GT(changes, 100);
  EXPECT_LT(files_->calls() - before, 300) << "a try takes about 50";
  EXPECT_EQ(openings_->faults().io, changes) << "each is counted";
  files_->FailNoMore();
  EXPECT_EQ(PutUntilTaken(), absl::OkStatus());
}

TEST_F(RocksOpeningsTest, WaitForWhoeverHasTheOldOne) {
  RocksOpenings::Current old = openings_->Now();
  files_->FailCall(1, {FileCall::kSync}, FailsAs::kNoSpace);
  EXPECT_TRUE(absl::IsUnavailable(Put(1)));
  for (int k = 0; k < 3; ++k) {
    EXPECT_TRUE(absl::IsUnavailable(Put(RocksOpenings::kAny)));
    EXPECT_EQ(openings_->Now().number, 2u) << "for reading";
  }
  EXPECT_EQ(openings_->faults().disk_full, 4);
  old.opening.reset();
  EXPECT_EQ(Put(RocksOpenings::kAny), absl::OkStatus());
  EXPECT_EQ(openings_->Now().number, 3u);
}

}  // namespace
}  // namespace tenuto
