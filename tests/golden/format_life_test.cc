// R13 "format life": ledgers and bundles of earlier releases open, replay and
// score as they did; those of a newer format are refused with a clear message.
// An archive a release, by golden.make (tests/golden/make_golden.cc).
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "features/base/atomic_file.h"
#include "features/base/digest.h"
#include "features/rocks_ledger.h"
#include "features/rocks_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/bundle_manifest.h"
#include "rocksdb/db.h"
#include "tests/golden/golden_scores.h"
#include "tests/support/child_process.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/temp_folder.h"
#include "training/verify_replay.h"

namespace tenuto {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr std::uintmax_t kArchiveBytesMax = 200'000;

std::vector<std::string> Archives() {
  std::vector<std::string> archives;
  for (const auto& entry : fs::directory_iterator("tests/golden")) {
    if (entry.path().extension() == ".gz") {
      archives.push_back(entry.path().string());
    }
  }
  std::sort(archives.begin(), archives.end());
  return archives;
}

class FormatLife : public ::testing::TestWithParam<std::string> {
 protected:
  FormatLife() {
    // Its key keeps the mode that it needs.
    ChildProcess tar(
        {"/usr/bin/tar", "-xpzf", GetParam(), "-C", folder_.path().string()});
    EXPECT_EQ(tar.Wait(), 0) << tar.errors();
    auto keys = UserKeys::Open(ledger_ / "user.key");
    EXPECT_TRUE(keys.ok()) << keys.status();
    keys_ = std::make_unique<UserKeys>(*std::move(keys));
  }
  absl::StatusOr<std::unique_ptr<Ledger>> Open(bool read_only = false) const {
    return OpenRocksLedger(
        {.directory = ledger_, .read_only = read_only, .clock = &clock_},
        Catalogue::Embedded(), *keys_);
  }
  fs::path manifest() const {
    return models_ / kGoldenModel / "1" / kManifestFile;
  }

  const TempFolder folder_;
  const fs::path ledger_ = folder_.path() / "ledger";
  const fs::path models_ = folder_.path() / "models";
  const FixedClock clock_{kTestNow};
  std::unique_ptr<UserKeys> keys_;
};

TEST_P(FormatLife, LedgerAndBundleOpenReplayAndScoreAsTheyDid) {
  EXPECT_LE(fs::file_size(GetParam()), kArchiveBytesMax);
  auto records = ReadRecordedScores(ledger_ / "records");
  ASSERT_TRUE(records.ok()) << records.status();
  const auto ledger = Open();
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  // As the server does after its start where signals are new since then.
  ASSERT_TRUE(
      (*ledger)->Backfill([](const BackfillProgress&) { return true; }).ok());
  const auto replay = VerifyReplay(**ledger, Catalogue::Embedded(),
                                   *std::move(records), models_, 1);
  ASSERT_TRUE(replay.ok()) << replay.status();
  const auto users = static_cast<std::int64_t>(GoldenUsers().size());
  EXPECT_EQ(replay->states, users);
  EXPECT_GE(replay->events, 40 * users);
  EXPECT_GE(replay->rows, users);
  EXPECT_EQ(replay->rows_with_values, replay->rows);
  EXPECT_EQ(replay->states_differing, 0);
  EXPECT_EQ(replay->rows_differing, 0);
  const auto scores = GoldenScores(**ledger, *keys_, models_);
  ASSERT_TRUE(scores.ok()) << scores.status();
  EXPECT_EQ(*scores, *ReadFile(folder_.path() / "scores.txt"));
  std::printf("%s: %lld events, %lld states, %lld served rows\n%s",
              GetParam().c_str(), static_cast<long long>(replay->events),
              static_cast<long long>(replay->states),
              static_cast<long long>(replay->rows), scores->c_str());
}

TEST_P(FormatLife, ItsRepeatsAreStillKnown) {
  const auto ledger = Open();
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  const EventGate gate(*keys_);
  for (v1::Event event : SubscriberEvents(GoldenUsers()[0], 5, kTestNow)) {
    GatedEvent gated;
    ASSERT_FALSE(gate.Admit(event, kTestNow, gated));
    gated.known_time_us = absl::ToUnixMicros(kTestNow);
    const auto verdicts = (*ledger)->Commit({&gated, 1});
    ASSERT_TRUE(verdicts.ok()) << verdicts.status();
    EXPECT_EQ((*verdicts)[0], Admission::kDuplicate);
  }
}

TEST_P(FormatLife, ALedgerOfANewerFormatIsRefused) {
  {
    auto store = RocksStore::Open({.directory = ledger_});
    ASSERT_TRUE(store.ok()) << store.status();
    StoreBatch batch(**store);
    batch.Put(Family::kMeta, "format", "999");
    ASSERT_TRUE((*store)->Write(batch).ok());
  }
  for (const bool read_only : {false, true}) {
    const absl::Status refused = Open(read_only).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(refused.message(), HasSubstr("has format 999"));
    EXPECT_THAT(refused.message(), HasSubstr("this program reads"));
    EXPECT_THAT(refused.message(), HasSubstr("the release that wrote it"));
  }
}

TEST_P(FormatLife, ALedgerWithFamiliesOfANewerReleaseIsRefused) {
  const std::string path = (ledger_ / "rocks").string();
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> known;
  for (const std::string& name : names) {
    known.emplace_back(name, rocksdb::ColumnFamilyOptions());
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, path, known, &handles, &opened).ok());
  const std::unique_ptr<rocksdb::DB> store(opened);
  ASSERT_TRUE(
      store->CreateColumnFamily({}, "moods", &handles.emplace_back()).ok());
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    store->DestroyColumnFamilyHandle(handle);
  }
  ASSERT_TRUE(store->Close().ok());
  const absl::Status refused = Open().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.message(),
              HasSubstr("families of keys of a newer release: open it with"));
}

// Also when it has fields that nobody here has heard of.
TEST_P(FormatLife, ABundleOfANewerFormatIsRefused) {
  const std::string sealed = *ReadFile(manifest());
  const std::string text = sealed.substr(sealed.find('\n') + 1);
  const std::string seal = sealed.substr(0, sealed.find('\n') - 64);
  for (const char* more : {"", "moods { name: \"calm\" }\n"}) {
    const std::string newer = absl::StrCat(
        more, absl::StrReplaceAll(text, {{"format: 1\n", "format: 999\n"}}));
    ASSERT_NE(newer, text);
    ASSERT_TRUE(
        WriteFileAtomically(manifest(),
                            absl::StrCat(seal, Sha256Hex(newer), "\n", newer))
            .ok());
    const absl::Status refused =
        ModelBundle::Open(manifest().parent_path(), Catalogue::Embedded())
            .status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(refused.message(), HasSubstr("format 999"));
    EXPECT_THAT(refused.message(), HasSubstr("this program reads format 1"));
    EXPECT_THAT(refused.message(), HasSubstr("train it again"));
  }
}

INSTANTIATE_TEST_SUITE_P(Releases, FormatLife, ::testing::ValuesIn(Archives()),
                         [](const auto& archive) {
                           std::string name =
                               fs::path(archive.param).stem().stem().string();
                           std::replace_if(
                               name.begin(), name.end(),
                               [](char c) { return c == '.' || c == '-'; },
                               '_');
                           return name;
                         });

}  // namespace
}  // namespace tenuto
