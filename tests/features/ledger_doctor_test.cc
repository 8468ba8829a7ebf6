#include "features/ledger_doctor.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "features/base/atomic_file.h"
#include "features/log_file_check.h"
#include "features/rocks_ledger.h"
#include "features/rocks_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

// A store with tables of two lives, and a log of the last.
class LedgerDoctorTest : public ::testing::Test {
 protected:
  LedgerDoctorTest() {
    const TempFolder live;
    for (int life = 0; life < 2; ++life) {
      auto store = RocksStore::Open({live.path()});
      EXPECT_TRUE(store.ok()) << store.status();
      for (const char* key : {"a", "b", "c"}) {
        StoreBatch batch(**store);
        batch.Put(Family::kState, key, std::string(100, 'v'));
        EXPECT_TRUE((*store)->Write(batch).ok());
      }
      fs::remove_all(ledger_);
      fs::copy(live.path(), ledger_, fs::copy_options::recursive);
    }
  }
  LedgerExamination Examine() const {
    const auto found = ExamineLedger(ledger_);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? *found : LedgerExamination();
  }
  fs::path Log() const { return LogFilesOf(ledger_ / "rocks").back(); }
  fs::path Table() const {
    for (const auto& entry : fs::directory_iterator(ledger_ / "rocks")) {
      if (entry.path().extension() == ".sst") return entry.path();
    }
    return {};
  }
  // Changes one byte, counted from the end if negative.
  // Every file below the ledger, and its bytes.
  std::map<std::string, std::string> Snapshot() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(ledger_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      files[entry.path().string()] =
          std::string(std::istreambuf_iterator<char>(file), {});
    }
    return files;
  }
  static void Damage(const fs::path& file, std::int64_t at) {
    const auto size = static_cast<std::int64_t>(fs::file_size(file));
    std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekg(at < 0 ? size + at : at);
    const int byte = stream.get();
    stream.seekp(at < 0 ? size + at : at);
    stream.put(static_cast<char>(byte ^ 1));
  }

  const TempFolder folder_;
  const fs::path ledger_ = folder_.path() / "ledger";
};

TEST_F(LedgerDoctorTest, FindsAHealthyLedgerHealthyAndChangesNothing) {
  const auto size = fs::file_size(Log());
  const LedgerExamination found = Examine();
  EXPECT_TRUE(found.problems.empty()) << found.problems[0].what;
  EXPECT_EQ(found.log_records, 3);
  EXPECT_GT(found.table_files, 0);
  EXPECT_EQ(found.torn_tails, 0);
  EXPECT_EQ(fs::file_size(Log()), size);
  EXPECT_EQ(RepairTail(ledger_, found).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(LedgerDoctorTest, ChangesNoByteAndNoNameWhateverItFinds) {
  const auto examine = [&](const char* what) {
    const auto before = Snapshot();
    ASSERT_GT(before.size(), 3u);
    EXPECT_TRUE(ExamineLedger(ledger_).ok()) << what;
    EXPECT_TRUE(ExamineLedger(ledger_).ok()) << what;
    EXPECT_EQ(Snapshot(), before) << what;
  };
  examine("healthy");
  fs::resize_file(Log(), fs::file_size(Log()) - 1);
  examine("a torn tail");
  Damage(Log(), 20);
  examine("a damaged log");
  const auto before = Snapshot();
  EXPECT_FALSE(RepairTail(ledger_, Examine()).ok());
  EXPECT_EQ(Snapshot(), before) << "a repair that was refused";
  fs::remove(Table());
  examine("a table that is gone");
  fs::remove(ledger_ / "rocks" / "CURRENT");
  examine("no manifest");
}

TEST_F(LedgerDoctorTest, CountsATornTailAndLeavesItToTheNextStart) {
  fs::resize_file(Log(), fs::file_size(Log()) - 1);
  const LedgerExamination found = Examine();
  EXPECT_TRUE(found.problems.empty()) << found.problems[0].what;
  EXPECT_EQ(found.torn_tails, 1);
  EXPECT_EQ(found.log_records, 2);
}

TEST_F(LedgerDoctorTest, CutsADamagedLastRecordAndKeepsItsBytes) {
  const auto size = fs::file_size(Log());
  Damage(Log(), -1);
  const LedgerExamination found = Examine();
  ASSERT_EQ(found.problems.size(), 1u);
  EXPECT_EQ(found.problems[0].file, Log());
  EXPECT_TRUE(found.problems[0].only_last_record);
  const auto copy = RepairTail(ledger_, found);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(fs::file_size(Log()) + fs::file_size(*copy), size);
  EXPECT_EQ(fs::file_size(Log()), *found.problems[0].offset);
  EXPECT_TRUE(Examine().problems.empty());
  auto store = RocksStore::Open({ledger_});
  ASSERT_TRUE(store.ok()) << store.status();
}

TEST_F(LedgerDoctorTest, CutsNothingWhenMoreIsDamaged) {
  Damage(Log(), 20);
  Damage(Table(), 10);
  const auto size = fs::file_size(Log());
  const LedgerExamination found = Examine();
  ASSERT_EQ(found.problems.size(), 2u);
  EXPECT_EQ(found.problems[0].file, Log());
  EXPECT_EQ(found.problems[0].offset, 0u);
  EXPECT_FALSE(found.problems[0].only_last_record);
  EXPECT_EQ(found.problems[1].file, Table());
  EXPECT_EQ(found.problems[1].offset, 0u) << found.problems[1].what;
  EXPECT_EQ(RepairTail(ledger_, found).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(fs::file_size(Log()), size);
}

TEST_F(LedgerDoctorTest, FindsWhatOnlyTheFilesTogetherShow) {
  const fs::path gone = Table();
  fs::remove(gone);
  const LedgerExamination found = Examine();
  ASSERT_EQ(found.problems.size(), 1u);
  EXPECT_THAT(found.problems[0].what, HasSubstr("No such file"));
  EXPECT_THAT(found.problems[0].what, HasSubstr(gone.filename().string()));
  EXPECT_THAT(found.problems[0].what, Not(HasSubstr(".ldb")));
}

TEST_F(LedgerDoctorTest, SaysThatItKnowsOnlyTheFirstDamageOfAFile) {
  Damage(Log(), 20);
  Damage(Table(), 10);
  for (const LedgerProblem& problem : Examine().problems) {
    EXPECT_THAT(problem.what, HasSubstr("the first damage of this file"));
    EXPECT_FALSE(problem.beside);
  }
}

TEST_F(LedgerDoctorTest, LooksAtTheListOfErasedUsersAndAtTheKey) {
  ASSERT_TRUE(WriteFileAtomically(ledger_ / "erased_users.txt",
                                  std::string(32, 'a') + " 7 8 9\nhalf a li")
                  .ok());
  ASSERT_TRUE(WriteFileAtomically(ledger_ / "user.key", "0123", 0600).ok());
  const LedgerExamination found = Examine();
  ASSERT_EQ(found.problems.size(), 2u);
  EXPECT_EQ(found.problems[0].file, ledger_ / "user.key");
  EXPECT_THAT(found.problems[0].what, HasSubstr("64 hexadecimal digits"));
  EXPECT_EQ(found.problems[1].file, ledger_ / "erased_users.txt");
  EXPECT_THAT(found.problems[1].what, HasSubstr("line 2"));
  for (const LedgerProblem& problem : found.problems) {
    EXPECT_TRUE(problem.beside);
  }
}

TEST_F(LedgerDoctorTest, KnowsTheKeyOfAnotherLedger) {
  const FixedClock clock(absl::FromUnixSeconds(1'700'000'000));
  const fs::path made = folder_.path() / "made";
  const auto keys = UserKeys::OpenOrCreate(folder_.path() / "other.key");
  ASSERT_TRUE(OpenRocksLedger({made, false, 2, &clock}, Catalogue::Embedded(),
                              UserKeys::FromSecret("its own"))
                  .ok());
  EXPECT_TRUE(ExamineLedger(made)->problems.empty()) << "no key is no damage";
  fs::copy(folder_.path() / "other.key", made / "user.key");
  const auto found = ExamineLedger(made);
  ASSERT_EQ(found->problems.size(), 1u);
  EXPECT_EQ(found->problems[0].file, made / "user.key");
  EXPECT_THAT(found->problems[0].what, HasSubstr("another user key"));
}

TEST_F(LedgerDoctorTest, WantsALedger) {
  EXPECT_EQ(ExamineLedger(folder_.path() / "none").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace tenuto
