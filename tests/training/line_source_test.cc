#include "training/line_source.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/gzip_bytes.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Outcome {
  std::vector<std::string> lines;
  std::vector<std::int64_t> ends;
  absl::Status status;
};

Outcome ReadAll(LineSource& source) {
  Outcome outcome;
  Line line;
  while (true) {
    const absl::StatusOr<bool> more = source.Next(line);
    outcome.status = more.status();
    if (!more.ok() || !*more) return outcome;
    outcome.lines.push_back(line.too_long ? "<too long>"
                                          : std::string(line.text));
    outcome.ends.push_back(line.end_bytes);
  }
}

Outcome ReadAll(const std::filesystem::path& path, std::size_t block_bytes,
                bool on_thread = false) {
  auto source = LineSource::Open(path, block_bytes);
  EXPECT_TRUE(source.ok()) << source.status();
  if (on_thread) (*source)->ReadOnThread();
  return ReadAll(**source);
}

// Lines of random length, some empty, without an end of the last.
std::string RandomText(std::mt19937& random, std::vector<std::string>& lines) {
  std::string text;
  const int count = 1 + static_cast<int>(random() % 60);
  for (int i = 0; i < count; ++i) {
    std::string line(random() % 90, '\0');
    for (char& c : line) c = static_cast<char>('a' + random() % 26);
    lines.push_back(line);
    absl::StrAppend(&text, i > 0 ? "\n" : "", line);
  }
  if (lines.back().empty()) {
    lines.back() = "z";
    text += "z";
  }
  return text;
}

TEST(LineSource, GivesTheSameLinesFromPlainAndPackedFilesInBlocksOfAnySize) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  const TempFolder folder;
  for (int round = 0; round < 40; ++round) {
    std::vector<std::string> lines;
    const std::string text = RandomText(random, lines);
    // Members that break lines anywhere.
    const std::size_t cut = random() % (text.size() + 1);
    const auto plain = folder.Write("a.jsonl", text);
    const auto packed = folder.Write(
        "a.jsonl.gz", GzipBytes(text.substr(0, cut)) + GzipBytes("") +
                          GzipBytes(text.substr(cut)));
    for (const std::size_t block : {1u, 7u, 64u, 100'000u}) {
      for (const auto& path : {plain, packed}) {
        const Outcome outcome = ReadAll(path, block, round % 4 == 0);
        ASSERT_TRUE(outcome.status.ok()) << outcome.status;
        ASSERT_EQ(outcome.lines, lines) << path << " block " << block;
        ASSERT_EQ(outcome.ends.back(), static_cast<std::int64_t>(text.size()));
      }
    }
  }
}

TEST(LineSource, NumbersLinesAndDropsTheirEnds) {
  const TempFolder folder;
  auto source = LineSource::Open(folder.Write("a", "one\r\n\ntwo\n"));
  ASSERT_TRUE(source.ok());
  Line line;
  ASSERT_TRUE(*(*source)->Next(line));
  EXPECT_EQ(line.text, "one");
  EXPECT_EQ(line.number, 1);
  EXPECT_EQ(line.end_bytes, 5);
  ASSERT_TRUE(*(*source)->Next(line));
  EXPECT_EQ(line.text, "");
  ASSERT_TRUE(*(*source)->Next(line));
  EXPECT_EQ(line.text, "two");
  EXPECT_EQ(line.number, 3);
  EXPECT_EQ(line.end_bytes, 10);
  EXPECT_FALSE(*(*source)->Next(line));
  EXPECT_EQ((*source)->file().read_bytes(), (*source)->file().file_bytes());
}

TEST(LineSource, GoesOnBehindAnyLineOfAnEarlierRun) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 500; ++i) absl::StrAppend(&text, "line ", i, "\n");
  const auto path = folder.Write("a.gz", GzipBytes(text));
  const Outcome whole = ReadAll(path, 64);
  for (const std::size_t done : {1u, 17u, 250u, 499u, 500u}) {
    auto source = LineSource::Open(path, 64);
    ASSERT_TRUE(source.ok());
    ASSERT_TRUE(
        (*source)
            ->SkipTo(static_cast<std::int64_t>(done), whole.ends[done - 1])
            .ok());
    Line line;
    const auto more = (*source)->Next(line);
    ASSERT_TRUE(more.ok());
    ASSERT_EQ(*more, done < 500);
    if (!*more) continue;
    EXPECT_EQ(line.text, absl::StrCat("line ", done));
    EXPECT_EQ(line.number, static_cast<std::int64_t>(done) + 1);
    EXPECT_EQ(line.end_bytes, whole.ends[done]);
  }
}

TEST(LineSource, RefusesToSkipBeyondTheEnd) {
  const TempFolder folder;
  auto source = LineSource::Open(folder.Write("a", "one\n"));
  ASSERT_TRUE(source.ok());
  EXPECT_TRUE(absl::IsDataLoss((*source)->SkipTo(9, 400)));
}

TEST(LineSource, CountsALineBeyondTheLimitAndGoesOn) {
  const TempFolder folder;
  const std::string exact(kLineBytesMax, 'x');
  const std::string over(kLineBytesMax + 1, 'x');
  const std::string far_over(5 * kLineBytesMax, 'x');
  const std::string text = absl::StrCat("first\n", exact, "\n", over, "\n",
                                        far_over, "\nlast\n", far_over);
  for (const std::size_t block : {4096u, 256u << 10, 3u << 20}) {
    const Outcome outcome = ReadAll(folder.Write("a", text), block);
    ASSERT_TRUE(outcome.status.ok());
    EXPECT_TRUE(outcome.lines ==
                std::vector<std::string>({"first", exact, "<too long>",
                                          "<too long>", "last", "<too long>"}))
        << "block " << block;
    EXPECT_EQ(outcome.ends.back(), static_cast<std::int64_t>(text.size()));
  }
}

TEST(LineSource, KeepsReadableBytesBehindEveryLine) {
  const TempFolder folder;
  auto source =
      LineSource::Open(folder.Write("a", std::string(kLineBytesMax, 'x')), 64);
  ASSERT_TRUE(source.ok());
  Line line;
  ASSERT_TRUE(*(*source)->Next(line));
  // Under the address sanitizer a missing byte ends the test.
  int sum = 0;
  for (std::size_t i = 0; i < kLinePadding; ++i) {
    sum += line.text.data()[line.text.size() + i];
  }
  EXPECT_GE(sum, 0);
}

TEST(LineSource, GivesTheWholeLinesOfATruncatedFileThenNamesFileAndByte) {
  const TempFolder folder;
  std::mt19937 random(7);
  std::string text;
  for (int i = 0; i < 2000; ++i) absl::StrAppend(&text, random(), "\n");
  const std::string packed = GzipBytes(text);
  const Outcome whole = ReadAll(folder.Write("whole.gz", packed), 512);
  for (const std::size_t left : {packed.size() / 2, packed.size() - 1}) {
    const Outcome outcome =
        ReadAll(folder.Write("cut.gz", packed.substr(0, left)), 512);
    EXPECT_TRUE(absl::IsDataLoss(outcome.status)) << outcome.status;
    EXPECT_THAT(std::string(outcome.status.message()),
                HasSubstr(absl::StrCat("cut.gz is cut off: its gzip data ends "
                                       "at byte ",
                                       left)));
    ASSERT_GT(outcome.lines.size(), 500u);
    EXPECT_TRUE(std::equal(outcome.lines.begin(), outcome.lines.end(),
                           whole.lines.begin()));
  }
}

TEST(LineSource, NoticesADamagedByteAndKeepsSayingSo) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 2000; ++i) absl::StrAppend(&text, "line ", i * i, "\n");
  std::string packed = GzipBytes(text);
  packed[packed.size() - 6] ^= 1;  // In the checksum.
  auto source = LineSource::Open(folder.Write("bad.gz", packed));
  ASSERT_TRUE(source.ok());
  const Outcome outcome = ReadAll(**source);
  EXPECT_TRUE(absl::IsDataLoss(outcome.status));
  EXPECT_THAT(std::string(outcome.status.message()),
              HasSubstr("the checksum is wrong"));
  Line line;
  EXPECT_EQ((*source)->Next(line).status(), outcome.status);
}

TEST(LineSource, TakesBytesBehindTheLastMemberForDamage) {
  const TempFolder folder;
  const Outcome outcome = ReadAll(
      folder.Write("a.gz", GzipBytes("one\n") + "stray bytes here"), 1 << 10);
  EXPECT_THAT(outcome.lines, ElementsAre("one"));
  EXPECT_TRUE(absl::IsDataLoss(outcome.status)) << outcome.status;
}

TEST(LineSource, RefusesWhatIsNoFileOfLines) {
  const TempFolder folder;
  const auto error = [](const std::filesystem::path& path) {
    return LineSource::Open(path).status();
  };
  EXPECT_TRUE(absl::IsNotFound(error(folder.path() / "missing")));
  EXPECT_TRUE(absl::IsInvalidArgument(error(folder.path())));
  EXPECT_TRUE(absl::IsInvalidArgument(error(folder.Write("empty", ""))));
  EXPECT_TRUE(absl::IsInvalidArgument(error(folder.Write("a.gz", "{}\n"))));
  EXPECT_TRUE(absl::IsInvalidArgument(
      error(folder.Write("nothing.gz", GzipBytes("")))));
  EXPECT_TRUE(absl::IsInvalidArgument(error("/dev/null")));
  EXPECT_TRUE(absl::IsDataLoss(
      error(folder.Write("head.gz", GzipBytes("one\n").substr(0, 5)))));
}

}  // namespace
}  // namespace tenuto
