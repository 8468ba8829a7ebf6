// R41 "erasure is real": after Erase returns, no byte of the user is on the
// disk, whatever was flushed, compacted, checkpointed or killed before.
#include "features/ledger_erasure.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "features/base/clock.h"
#include "features/ledger_checkpoint.h"
#include "features/rocks_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/byte_scan.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/ledger_contract.h"
#include "tests/support/temp_folder.h"

namespace tenuto::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
namespace fs = std::filesystem;

constexpr int kUsers = 24;

class ErasureIsReal : public ::testing::Test {
 protected:
  std::unique_ptr<Ledger> Open(const fs::path& directory,
                               bool read_only = false) {
    RocksLedgerOptions options{directory, read_only, 2, &clock_};
    auto ledger = OpenRocksLedger(options, Catalogue::Embedded(), keys_);
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    return ledger.ok() ? *std::move(ledger) : nullptr;
  }
  std::unique_ptr<Ledger> Open() { return Open(data_); }

  UserKey User(int k) const { return keys_.Of(absl::StrCat("account ", k)); }
  // What events and keys of a user look like on a disk.
  std::vector<std::string> WordsOf(int k) const {
    const UserKey user = User(k);
    return {absl::StrCat("sentinel-track-", k, "-end"),
            absl::StrCat("sentinel-decision-", k, "-end"),
            std::string(user.view()), user.Hex()};
  }
  // One commit a call, users interleaved, so that files hold many of them.
  void Fill(Ledger& ledger, int round) {
    for (int k = 0; k < kUsers; ++k) {
      std::vector<GatedEvent> events = random_.Life(User(k), 6);
      for (const bool decision : {false, true}) {
        v1::Event event;
        event.set_event_id(absl::StrCat("s", decision, "/", round, "/", k));
        event.mutable_event_time()->set_seconds(kLedgerStartUs / 1'000'000);
        if (decision) {
          event.mutable_decision_made()->set_decision_id(WordsOf(k)[1]);
        } else {
          event.mutable_playback()->set_track_id(WordsOf(k)[0]);
        }
        events.push_back(gate_.AdmitOwn(event, User(k)));
        events.back().known_time_us = kLedgerStartUs;
      }
      ASSERT_TRUE(ledger.Commit(events).ok());
      const auto answer = ledger.CommitOnce(
          User(k), {absl::StrCat("request ", round, "/", k), 1}, clock_.Now(),
          [&](absl::string_view) -> absl::StatusOr<Ledger::Outcome> {
            return Ledger::Outcome{std::nullopt, WordsOf(k)[1]};
          });
      ASSERT_TRUE(answer.ok()) << answer.status();
    }
  }
  static void EraseUser(Ledger& ledger, const UserKey& user,
                        const std::string& request, absl::Time now) {
    const auto erasure = ledger.Erase(user, {request, 1}, now);
    ASSERT_TRUE(erasure.ok()) << erasure.status();
    EXPECT_GT(erasure->events, 0u);
  }
  static int EventsOf(const Ledger& ledger, const UserKey& user) {
    int events = 0;
    EXPECT_TRUE(ledger
                    .Scan(user.partition(), 0,
                          [&](const LoggedEvent& event) {
                            events += event.user == user;
                            return true;
                          })
                    .ok());
    return events;
  }
  void ExpectNothingOf(int k) const {
    EXPECT_THAT(FindBytes(folder_.path(), WordsOf(k)), IsEmpty()) << k;
  }

  const TempFolder folder_;
  const fs::path data_ = folder_.path() / "data";
  const UserKeys keys_ = UserKeys::FromSecret(std::string(32, 'k'));
  const EventGate gate_{keys_};
  FixedClock clock_{absl::FromUnixMicros(kLedgerStartUs)};
  RandomEvents random_{61, kLedgerStartUs, 60};
};

TEST_F(ErasureIsReal, LeavesNoByteInLogStateMarksOrAnswers) {
  auto ledger = Open();
  Fill(*ledger, 1);
  for (const std::string& word : WordsOf(5)) {
    if (word == User(5).Hex()) continue;  // Hexadecimal is nowhere anyway.
    EXPECT_THAT(FindBytes(data_, {word}), Not(IsEmpty())) << "can be found";
  }
  ledger.reset();  // Flushes; what follows lies in files of several ages.
  ledger = Open();
  Fill(*ledger, 2);
  EraseUser(*ledger, User(5), "e5", clock_.Now());
  ExpectNothingOf(5);
  Fill(*ledger, 3);  // The user came back and goes again.
  EXPECT_THAT(FindBytes(data_, WordsOf(5)), Not(IsEmpty()));
  EraseUser(*ledger, User(5), "e5 again", clock_.Now());
  ExpectNothingOf(5);
  EXPECT_THAT(FindBytes(data_, WordsOf(6)), Not(IsEmpty()));
  const Position last = ledger->Facts().last_position;
  ledger.reset();
  ledger = Open();
  EXPECT_EQ(ledger->Facts().last_position, last);
  ExpectNothingOf(5);
}

// Others' answers are many, so that the user's newest ones come while the
// erasure reads them without holding anybody.
TEST_F(ErasureIsReal, LeavesNoAnswerThatWasGivenWhileItRead) {
  {
    auto store = RocksStore::Open({data_, false, 2, &clock_});
    ASSERT_TRUE(store.ok()) << store.status();
    StoreBatch batch(**store);
    v1::RequestRecord answer;
    answer.set_answered_time_us(kLedgerStartUs);
    answer.set_response(std::string(60, 'r'));
    answer.set_user_key(std::string(User(6).view()));
    for (int k = 0; k < 50'000; ++k) {
      batch.Put(Family::kRequests, absl::StrCat("others' ", k),
                answer.SerializeAsString());
    }
    ASSERT_TRUE((*store)->Write(batch).ok());
  }
  auto ledger = Open();
  absl::Notification decided;
  std::atomic<bool> erased{false};
  std::atomic<int> answers{0};
  std::thread decisions([&] {
    for (int k = 0; !erased; ++k) {
      v1::Event event;
      event.set_event_id(absl::StrCat(k));
      event.mutable_event_time()->set_seconds(kLedgerStartUs / 1'000'000);
      event.mutable_decision_made()->set_propensity(1);
      const auto answer = ledger->CommitOnce(
          User(5), {absl::StrCat("one of ours ", k), 1}, clock_.Now(),
          [&](absl::string_view) -> absl::StatusOr<Ledger::Outcome> {
            return Ledger::Outcome{gate_.AdmitOwn(event, User(5)), ""};
          });
      EXPECT_TRUE(answer.ok()) << answer.status();
      ++answers;
      if (k == 0) decided.Notify();
    }
  });
  decided.WaitForNotification();
  const int before = answers;
  EraseUser(*ledger, User(5), "e5", clock_.Now());
  EXPECT_GT(answers, before) << "none was given while it read";
  erased = true;
  decisions.join();
  // An event and its answer go together, or stay.
  const int events = EventsOf(*ledger, User(5));
  ledger.reset();
  auto store = RocksStore::Open({data_, true, 2, &clock_});
  ASSERT_TRUE(store.ok()) << store.status();
  const auto left = LedgerErasure(**store, keys_, data_).FindRequests(User(5));
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_EQ(static_cast<int>(left->size()), events);
}

TEST_F(ErasureIsReal, GivesNoPositionTwiceWhenTheNewestIsErased) {
  auto ledger = Open();
  Fill(*ledger, 1);
  const Position last = ledger->Facts().last_position;
  EraseUser(*ledger, User(kUsers - 1), "e", clock_.Now());
  ledger.reset();
  ledger = Open();
  EXPECT_EQ(ledger->Facts().last_position, last);
  ASSERT_TRUE(ledger->Commit(random_.Life(User(1), 1)).ok());
  EXPECT_EQ(ledger->Facts().last_position, last + 1);
}

TEST_F(ErasureIsReal, LeavesNoByteInTheLedgersCheckpoints) {
  auto ledger = Open();
  Fill(*ledger, 1);
  const fs::path copy = data_ / kCheckpointsFolder / "monday";
  ASSERT_TRUE(ledger->Checkpoint(copy).ok());
  fs::create_directories(data_ / kCheckpointsFolder / "broken" / "rocks.tmp");
  EXPECT_THAT(FindBytes(copy, WordsOf(5)), Not(IsEmpty()));
  EraseUser(*ledger, User(5), "e5", clock_.Now());
  ExpectNothingOf(5);
  EXPECT_FALSE(fs::exists(data_ / kCheckpointsFolder / "broken"));
  const auto opened = Open(copy, true);
  EXPECT_EQ(StateOf(*opened, User(5)), "");
  EXPECT_EQ(StateOf(*opened, User(6)), StateOf(*ledger, User(6)));
}

TEST_F(ErasureIsReal, IsRepeatedOnARestoredCheckpointBeforeItOpens) {
  const fs::path copy = folder_.path() / "elsewhere";
  {
    auto ledger = Open();
    Fill(*ledger, 1);
    ASSERT_TRUE(ledger->Checkpoint(copy).ok());
    EraseUser(*ledger, User(5), "e5", clock_.Now());
  }
  EXPECT_THAT(FindBytes(copy, WordsOf(5)), Not(IsEmpty()));
  fs::copy(data_ / "erased_users.txt", copy / "erased_users.txt");
  RocksLedgerOptions reading{copy, true, 2, &clock_};
  EXPECT_EQ(
      OpenRocksLedger(reading, Catalogue::Embedded(), keys_).status().code(),
      absl::StatusCode::kFailedPrecondition);
  auto restored = Open(copy);
  EXPECT_EQ(StateOf(*restored, User(5)), "");
  EXPECT_NE(StateOf(*restored, User(6)), "");
  ExpectNothingOf(5);
  Fill(*restored, 2);
  restored.reset();
  EXPECT_NE(StateOf(*Open(copy), User(5)), "") << "only what was before goes";
}

// Kills the child right after the batch that removes the user was durable.
TEST_F(ErasureIsReal, IsFinishedByTheNextWhoOpensAfterKill9HalfWay) {
  Fill(*Open(), 1);
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = RocksStore::Open({data_, false, 2, &clock_});
    LedgerErasure erasure(**store, keys_, data_);
    LedgerErasure::Belongings found{
        .user = User(5), .records = {}, .requests = {}};
    StoreBatch batch(**store);
    const auto requests = erasure.FindRequests(found.user);
    const bool done =
        erasure.FindEvents(0, ~Position{0}, found).ok() && requests.ok() &&
        erasure.FindRest(*requests, found).ok() &&
        erasure.Remove(found, 1, 1, batch).ok() && (*store)->Write(batch).ok();
    if (done) ::kill(::getpid(), SIGKILL);
    ::_exit(1);
  }
  int result = 0;
  ::waitpid(child, &result, 0);
  ASSERT_TRUE(WIFSIGNALED(result));
  EXPECT_THAT(FindBytes(data_, WordsOf(5)), Not(IsEmpty()));
  EXPECT_EQ(StateOf(*Open(), User(5)), "");
  ExpectNothingOf(5);
  EXPECT_TRUE(fs::exists(data_ / "erased_users.txt"));
}

constexpr int kErasedByAChild = 4;

// Wherever an erasure happens to be; acknowledged ones are whole.
TEST_F(ErasureIsReal, SurvivesKill9Anywhere) {
  const fs::path program = fs::read_symlink("/proc/self/exe").parent_path() /
                           "features.erasing_child";
  Fill(*Open(), 1);
  for (int first = 0; first < kUsers; first += kErasedByAChild) {
    int told[2];
    ASSERT_EQ(::pipe(told), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl(program.c_str(), program.c_str(), data_.c_str(),
              std::to_string(first).c_str(),
              std::to_string(kErasedByAChild).c_str(),
              std::to_string(told[1]).c_str(), nullptr);
      ::_exit(1);
    }
    ::close(told[1]);
    char acknowledged = 0;
    for (int k = 0; k < 1 + first / kErasedByAChild % 3; ++k) {
      ASSERT_EQ(::read(told[0], &acknowledged, 1), 1);
    }
    ::kill(child, SIGKILL);  // Somewhere in the next erasure.
    ::waitpid(child, nullptr, 0);
    ::close(told[0]);
    const auto ledger = Open();
    for (int k = first; k < first + kErasedByAChild; ++k) {
      const bool gone = StateOf(*ledger, User(k)).empty();
      EXPECT_TRUE(gone || k > acknowledged) << k;
      if (gone) ExpectNothingOf(k);
    }
  }
}

}  // namespace
}  // namespace tenuto::testing
