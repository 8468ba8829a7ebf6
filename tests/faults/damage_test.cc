// R4 and R5: the ledger on files that were cut or changed.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "features/ledger_doctor.h"
#include "features/log_file_check.h"
#include "gtest/gtest.h"
#include "tests/faults/fault_history.h"
#include "tests/support/rounds.h"
#include "tests/support/temp_folder.h"

namespace tenuto::testing {
namespace {

namespace fs = std::filesystem;

// A ledger as a crash leaves it: tables, and a log of the newest commits.
class Crashed {
 public:
  explicit Crashed(std::uint64_t seed) : history(seed) {
    const TempFolder live;
    for (const int commits : {30, 40}) {
      const auto ledger = history.Open(live.path());
      EXPECT_TRUE(ledger.ok()) << ledger.status();
      in_tables = sent;
      for (int k = 0; k < commits; ++k, ++sent) {
        ends.push_back(fs::file_size(Log(live.path())));
        EXPECT_TRUE(history.Send(**ledger).ok());
      }
      ends.push_back(fs::file_size(Log(live.path())));
      fs::remove_all(folder.path());
      fs::copy(live.path(), folder.path(), fs::copy_options::recursive);
    }
    ends.erase(ends.begin(), ends.end() - (sent - in_tables) - 1);
  }
  static fs::path Log(const fs::path& ledger) {
    return LogFilesOf(ledger / "rocks").back();
  }
  // In `to`, which is emptied.
  void CopyTo(const fs::path& to) const {
    fs::remove_all(to);
    fs::copy(folder.path(), to, fs::copy_options::recursive);
  }

  FaultHistory history;
  const TempFolder folder;
  int sent = 0;
  int in_tables = 0;
  // Of the log's size, before its first commit and after each.
  std::vector<std::uintmax_t> ends;
};

TEST(TornTailR4, OpensWithExactlyAPrefixAndIsCounted) {
  Crashed crashed(400);
  const std::uintmax_t size = crashed.ends.back();
  ASSERT_GT(size, 4096u);
  const TempFolder copy;
  const int cuts = std::min(256 * Rounds(), 4096);
  int truncated = 0;
  for (int k = 0; k < cuts; ++k) {
    const std::uintmax_t keep =
        size - (cuts == 4096 ? static_cast<std::uintmax_t>(k)
                             : static_cast<std::uintmax_t>(
                                   crashed.history.draws().Between(0, 4095)));
    SCOPED_TRACE(absl::StrCat("seed 400, cut at ", keep, " of ", size));
    crashed.CopyTo(copy.path());
    fs::resize_file(Crashed::Log(copy.path()), keep);
    const auto ledger = crashed.history.Open(copy.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    int commits = crashed.in_tables - 1;
    bool torn = true;
    for (const std::uintmax_t end : crashed.ends) {
      commits += end <= keep;
      torn = torn && end != keep;
    }
    const auto prefix = crashed.history.Prefix(**ledger);
    ASSERT_TRUE(prefix.ok()) << prefix.status();
    EXPECT_EQ(*prefix, commits);
    EXPECT_EQ((*ledger)->Facts().faults.tails_truncated, torn ? 1 : 0);
    ASSERT_FALSE(HasFailure());
    truncated += torn;
  }
  std::printf("%d cuts (seed 400), %d in the middle of a commit\n", cuts,
              truncated);
  EXPECT_GT(truncated, cuts / 2);
}

// Flips a bit of one of the files that hold what was committed.
fs::path FlipABit(const fs::path& ledger, Draws& draws) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(ledger / "rocks")) {
    const fs::path ending = entry.path().extension();
    if (ending == ".log" || ending == ".sst") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  // Every second time in the log, which is checked least.
  const fs::path file =
      draws.Chance(0.5) ? Crashed::Log(ledger)
                        : files[static_cast<std::size_t>(draws.Between(
                              0, static_cast<std::int64_t>(files.size()) - 1))];
  const auto at =
      draws.Between(0, static_cast<std::int64_t>(fs::file_size(file)) - 1);
  std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
  stream.seekg(at);
  const int byte = stream.get();
  stream.seekp(at);
  stream.put(static_cast<char>(byte ^ (1 << draws.Between(0, 7))));
  return file;
}

// After a flip that a start or a read noticed.
void ExpectADiagnosis(Crashed& crashed, const fs::path& ledger,
                      const fs::path& flipped, int& repaired) {
  const auto found = ExamineLedger(ledger);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_FALSE(found->problems.empty());
  EXPECT_EQ(found->problems[0].file, flipped);
  if (flipped.extension() == ".log") {
    EXPECT_TRUE(found->problems[0].offset);
  }
  const auto copy = RepairTail(ledger, *found);
  EXPECT_EQ(copy.ok(), found->problems[0].only_last_record);
  if (!copy.ok()) return;
  ++repaired;
  EXPECT_GT(fs::file_size(*copy), 0u);
  const auto cut = crashed.history.Open(ledger);
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_EQ(*crashed.history.Prefix(**cut), crashed.sent - 1);
}

TEST(DamageR5, IsNeverSilent) {
  Crashed crashed(500);
  const TempFolder copy;
  const int flips = 100 * Rounds();
  int refused = 0, unread = 0, harmless = 0, repaired = 0;
  for (int k = 0; k < flips; ++k) {
    crashed.CopyTo(copy.path());
    const fs::path flipped = FlipABit(copy.path(), crashed.history.draws());
    SCOPED_TRACE(absl::StrCat("seed 500, flip ", k, " in ", flipped.string()));
    auto ledger = crashed.history.Open(copy.path());
    if (!ledger.ok()) {
      ++refused;
      EXPECT_EQ(ledger.status().code(), absl::StatusCode::kDataLoss);
      EXPECT_NE(ledger.status().message().find("ledger-doctor"),
                absl::string_view::npos);
      // Of a table's properties RocksDB blames the MANIFEST; the doctor knows.
      const std::string name = flipped.filename().string();
      EXPECT_TRUE(flipped.extension() == ".sst" ||
                  absl::StrContains(ledger.status().message(),
                                    absl::StrCat(name, ", offset ")))
          << ledger.status();
      ExpectADiagnosis(crashed, copy.path(), flipped, repaired);
      ASSERT_FALSE(HasFailure());
      continue;
    }
    const auto prefix = crashed.history.Prefix(**ledger);
    if (prefix.ok()) {
      ++harmless;
      EXPECT_EQ(*prefix, crashed.sent);
    } else {
      ++unread;
      EXPECT_EQ(prefix.status().code(), absl::StatusCode::kDataLoss);
    }
    ASSERT_FALSE(HasFailure());
  }
  std::printf(
      "%d flips (seed 500): %d starts refused, %d reads refused, %d without "
      "effect; %d tails repaired\n",
      flips, refused, unread, harmless, repaired);
  EXPECT_GT(refused, flips / 4);
}

}  // namespace
}  // namespace tenuto::testing
