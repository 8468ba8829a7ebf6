// R7 and R41: an erasure in which any one call of the disk fails is either not
// acknowledged, and a repeat finishes it, or has taken every byte of its user.
// Nobody else's events, states, scores or checkpoints change.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/ledger_checkpoint.h"
#include "features/rocks_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/admin_service.h"
#include "tests/support/byte_scan.h"
#include "tests/support/failing_calls.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/random_events.h"
#include "tests/support/rounds.h"
#include "tests/support/server_parts.h"

namespace tenuto::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
namespace fs = std::filesystem;

constexpr char kGone[] = "the one who leaves";
constexpr char kTrack[] = "sentinel-track";
constexpr char kAnswer[] = "sentinel-answer";
constexpr std::uint64_t kSeed = 900;
constexpr int kTriesMax = 3;

// What a ledger holds of each user but one: events with positions, and state.
using Contents = std::map<std::string, std::string>;

class ErasureFaults : public ::testing::Test {
 protected:
  ErasureFaults() {
    auto ledger = Open(full_);
    Fill(*ledger, 1);
    const fs::path monday = full_ / kCheckpointsFolder / "monday";
    EXPECT_TRUE(ledger->Checkpoint(monday).ok());
    in_checkpoint_ = ContentsOf(*ledger);
    Fill(*ledger, 2);
    contents_ = ContentsOf(*ledger);
    ledger.reset();
    for (int file = 0; file < 2; ++file) {
      const auto records = OpenRecords(full_);
      for (const std::string& name : names_) {
        v1::ScoreRecord record;
        record.set_user_key(std::string(parts_.keys.Of(name).view()));
        record.set_as_of_us(absl::ToUnixMicros(kTestNow) - file);
        records->Append(record);
      }
    }
  }

  // Two others, one of them beside the user in the log.
  std::vector<std::string> Names() const {
    std::vector<std::string> names = {kGone, "somebody", ""};
    const int partition = parts_.keys.Of(kGone).partition();
    for (int k = 0; names[2].empty(); ++k) {
      const std::string name = absl::StrCat("neighbour ", k);
      if (parts_.keys.Of(name).partition() == partition) names[2] = name;
    }
    return names;
  }
  absl::StatusOr<std::unique_ptr<Ledger>> TryToOpen(
      const fs::path& directory, bool read_only = false) const {
    RocksLedgerOptions options{directory, read_only, 2, &parts_.clock};
    options.files = files_;
    return OpenRocksLedger(options, parts_.catalogue, parts_.keys);
  }
  std::unique_ptr<Ledger> Open(const fs::path& directory,
                               bool read_only = false) const {
    auto ledger = TryToOpen(directory, read_only);
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    return ledger.ok() ? *std::move(ledger) : nullptr;
  }
  static std::unique_ptr<RecordLog> OpenRecords(const fs::path& data) {
    RecordLogOptions options;
    options.directory = data / kRecordsFolder;
    options.linger = absl::ZeroDuration();
    return std::move(RecordLog::Open(options)).value();
  }
  void Fill(Ledger& ledger, int round) {
    for (const std::string& name : names_) {
      const UserKey user = parts_.keys.Of(name);
      std::vector<GatedEvent> events = random_.Life(user, 6);
      v1::Event event = MakeEvent(name, absl::StrCat("s", round), kTestNow);
      event.mutable_playback()->set_track_id(absl::StrCat(kTrack, name));
      events.push_back(parts_.gate.AdmitOwn(event, user));
      events.back().known_time_us = absl::ToUnixMicros(kTestNow);
      ASSERT_TRUE(ledger.Commit(events).ok());
      const auto answer = ledger.CommitOnce(
          user, {absl::StrCat("request ", round, name), 1}, kTestNow,
          [&](absl::string_view) -> absl::StatusOr<Ledger::Outcome> {
            return Ledger::Outcome{std::nullopt, absl::StrCat(kAnswer, name)};
          });
      ASSERT_TRUE(answer.ok()) << answer.status();
    }
  }
  Contents ContentsOf(const Ledger& ledger) const {
    Contents contents;
    for (const std::string& name : names_) {
      const UserKey user = parts_.keys.Of(name);
      std::string held;
      EXPECT_TRUE(ledger.LoadState(user, held).ok());
      EXPECT_TRUE(ledger
                      .Scan(user.partition(), 0,
                            [&](const LoggedEvent& event) {
                              if (event.user != user) return true;
                              absl::StrAppend(&held, " ", event.position, " ",
                                              event.event_hash, event.event);
                              return true;
                            })
                      .ok());
      if (name != kGone) contents[name] = held;
    }
    return contents;
  }
  std::vector<std::string> BytesOfTheUser(const fs::path& data) const {
    return FindBytes(data,
                     {absl::StrCat(kTrack, kGone), absl::StrCat(kAnswer, kGone),
                      std::string(parts_.keys.Of(kGone).view())});
  }
  // As the server does it.
  absl::StatusOr<v1::EraseUserResponse> Erase(const fs::path& data,
                                              Ledger& ledger,
                                              RecordLog& records) {
    const AdminService admin({.version = "1",
                              .clock = parts_.clock,
                              .keys = parts_.keys,
                              .data_dir = data,
                              .ledger = ledger,
                              .records = records,
                              .registry = parts_.registry,
                              .recovery_registry = parts_.recovery_registry,
                              .default_model = "churn_14d",
                              .metrics = parts_.metrics,
                              .calls = parts_.calls});
    v1::EraseUserRequest request;
    request.set_request_id("leaves");
    request.set_user_id(kGone);
    v1::EraseUserResponse receipt;
    const absl::Status status = admin.Erase(request, receipt);
    if (!status.ok()) return status;
    return receipt;
  }
  // Of a folder whose erasure was acknowledged.
  void ExpectErased(const fs::path& data, const Ledger& ledger,
                    const v1::EraseUserResponse& receipt) const {
    EXPECT_THAT(BytesOfTheUser(data), IsEmpty());
    EXPECT_EQ(receipt.events(), 14u);
    EXPECT_EQ(ContentsOf(ledger), contents_);
    std::string state = "stale";
    EXPECT_TRUE(ledger.LoadState(parts_.keys.Of(kGone), state).ok());
    EXPECT_EQ(state, "");
  }
  void ExpectTheOthersScores(const fs::path& data) const {
    int scores = 0;
    EXPECT_EQ(ReadScoreRecords(data / kRecordsFolder,
                               [&](const v1::ScoreRecord&) {
                                 ++scores;
                                 return true;
                               }),
              absl::OkStatus());
    EXPECT_EQ(scores, 4);
  }
  // Erases while `fail` has a call fail, then until it is acknowledged: in the
  // same life, or when the ledger was opened anew. Whether the first try was
  // refused.
  template <typename Fail, typename FailNoMore>
  bool EraseWithAFault(bool reopens, Fail fail, FailNoMore fail_no_more) {
    const TempFolder folder;
    const fs::path data = folder.path() / "data";
    fs::copy(full_, data, fs::copy_options::recursive);
    auto ledger = Open(data);
    auto records = OpenRecords(data);
    fail();
    auto receipt = Erase(data, *ledger, *records);
    fail_no_more();
    const bool refused = !receipt.ok();
    if (refused) {
      EXPECT_EQ(receipt.status().code(), absl::StatusCode::kUnavailable)
          << receipt.status();
    } else {
      ExpectErased(data, *ledger, *receipt);
    }
    for (int tries = 0; !reopens && tries < kTriesMax && !receipt.ok();
         ++tries) {
      receipt = Erase(data, *ledger, *records);
    }
    if (!receipt.ok()) {
      // After some failures RocksDB writes nothing until it is opened anew.
      needed_a_start_ += !reopens;
      ledger.reset();
      ledger = Open(data);
      if (ledger == nullptr) return refused;
      receipt = Erase(data, *ledger, *records);
    }
    EXPECT_TRUE(receipt.ok()) << receipt.status();
    if (receipt.ok()) ExpectErased(data, *ledger, *receipt);
    records.reset();
    ExpectTheOthersScores(data);
    const fs::path monday = data / kCheckpointsFolder / "monday";
    EXPECT_EQ(ContentsOf(*Open(monday, true)), in_checkpoint_);
    ExpectTakesEvents(*ledger);
    return refused;
  }
  // What fails in an erasure's last call leaves a ledger that answers a repeat,
  // and that refuses changes until the next has opened it anew.
  void ExpectTakesEvents(Ledger& ledger) {
    const auto events = random_.Life(parts_.keys.Of(kGone), 1);
    absl::Status taken = ledger.Commit(events).status();
    for (int tries = 1; tries < kTriesMax && absl::IsUnavailable(taken);
         ++tries) {
      taken = ledger.Commit(events).status();
    }
    EXPECT_EQ(taken, absl::OkStatus());
  }

  const std::shared_ptr<FaultyFileSystem> files_ =
      std::make_shared<FaultyFileSystem>();
  ServerParts parts_;
  RandomEvents random_{kSeed, absl::ToUnixMicros(kTestNow - absl::Hours(1440)),
                       60};
  const std::vector<std::string> names_ = Names();
  const fs::path full_ = parts_.folder.path() / "full";
  Contents contents_;
  Contents in_checkpoint_;
  int needed_a_start_ = 0;  // Of erasures repeated in the same life.
};

// A dozen calls, and every one at night.
int StepOf(int calls) {
  return std::max(1, calls / (12 * Rounds() * Rounds()));
}

TEST_F(ErasureFaults, OfTheStoreAreAStatusAndARepeatFinishesR7) {
  EXPECT_THAT(BytesOfTheUser(full_), Not(IsEmpty())) << "can be found";
  int calls = 0;
  EXPECT_FALSE(EraseWithAFault(
      false, [&] { calls = -files_->calls(); },
      [&] { calls += files_->calls(); }));
  ASSERT_GT(calls, 100);
  int refused = 0;
  int tried = 0;
  for (int n = 1; n <= calls; n += StepOf(calls), ++tried) {
    SCOPED_TRACE(absl::StrCat("call ", n, " fails, seed ", kSeed));
    refused += EraseWithAFault(
        tried % 2 == 0, [&] { files_->FailCall(n); },
        [&] { files_->FailNoMore(); });
    ASSERT_FALSE(HasFailure());
  }
  std::printf(
      "%d of %d calls of the store failed, %d erasures refused, %d of them "
      "until the ledger was opened anew\n",
      tried, calls, refused, needed_a_start_);
  EXPECT_GT(refused, 0);
}

TEST_F(ErasureFaults, OfListsAndRecordsAreAStatusAndARepeatFinishesR7) {
  int calls = 0;
  FailingCalls& failing = FailingCalls::Get();
  EXPECT_FALSE(EraseWithAFault(
      false, [&] { failing.FailCall(0); }, [&] { calls = failing.calls(); }));
  ASSERT_GT(calls, 20);
  int refused = 0;
  int tried = 0;
  for (int n = 1; n <= calls; n += StepOf(calls), ++tried) {
    SCOPED_TRACE(absl::StrCat("call ", n, " fails, seed ", kSeed));
    refused += EraseWithAFault(
        tried % 2 == 0, [&] { failing.FailCall(n); },
        [&] { failing.FailCall(0); });
    ASSERT_FALSE(HasFailure());
  }
  std::printf("%d of %d calls for files failed, %d erasures refused\n", tried,
              calls, refused);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace tenuto::testing
