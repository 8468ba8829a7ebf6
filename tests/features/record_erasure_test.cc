#include "features/record_erasure.h"

#include <memory>
#include <string>
#include <vector>

#include "features/record_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/byte_scan.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class RecordErasureTest : public ::testing::Test {
 protected:
  std::unique_ptr<RecordLog> Open() {
    RecordLogOptions options;
    options.directory = directory_;
    options.linger = absl::ZeroDuration();
    return std::move(RecordLog::Open(options)).value();
  }
  v1::ScoreRecord Score(const UserKey& user, std::int64_t as_of_us) const {
    v1::ScoreRecord record;
    record.set_user_key(std::string(user.view()));
    record.set_as_of_us(as_of_us);
    return record;
  }
  std::vector<std::int64_t> Times() const {
    std::vector<std::int64_t> times;
    EXPECT_TRUE(
        ReadScoreRecords(directory_, [&](const v1::ScoreRecord& record) {
          times.push_back(record.as_of_us());
          return true;
        }).ok());
    return times;
  }

  const TempFolder folder_;
  const std::filesystem::path directory_ = folder_.path() / "records";
  const UserKeys keys_ = UserKeys::FromSecret("k");
  const UserKey anna_ = keys_.Of("anna");
  const UserKey ben_ = keys_.Of("ben");
  ErasureList list_;
};

TEST_F(RecordErasureTest, RemovesARecordedUserFromAllFilesOnce) {
  EXPECT_TRUE(EraseScoreRecords(directory_, list_, keys_).ok()) << "no folder";
  for (const std::int64_t time : {1, 2}) {
    const auto log = Open();
    log->Append(Score(anna_, time));
    log->Append(Score(ben_, time + 10));
  }
  list_.Add(ErasedName(keys_, anna_), {anna_.partition(), 5, 0});
  ASSERT_TRUE(EraseScoreRecords(directory_, list_, keys_).ok());
  EXPECT_THAT(Times(), ElementsAre(11, 12));
  EXPECT_THAT(testing::FindBytes(directory_, {std::string(anna_.view())}),
              IsEmpty());
  Open()->Append(Score(anna_, 3));  // As if it came from a backup.
  ASSERT_TRUE(EraseScoreRecords(directory_, list_, keys_).ok());
  EXPECT_THAT(Times(), ElementsAre(11, 12, 3)) << "was done before";
}

TEST_F(RecordErasureTest, RemovesWhatALiveLogWaitsToWrite) {
  auto log = Open();
  for (int k = 0; k < 1000; ++k) log->Append(Score(anna_, 4));
  list_.Add(ErasedName(keys_, anna_), {anna_.partition(), 5, 0});
  ASSERT_TRUE(log->Erase(list_, keys_).ok());
  log->Append(Score(anna_, 5));  // Was being made meanwhile.
  log->Append(Score(anna_, 6));  // Asked for afterwards.
  log->Append(Score(ben_, 4));
  log.reset();
  EXPECT_THAT(Times(), ElementsAre(6, 4));
}

}  // namespace
}  // namespace tenuto
