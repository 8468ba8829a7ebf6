#include "training/pieced_file.h"

#include <sys/resource.h>

#include <csignal>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

constexpr int kPieces = 12;

class PiecedFileTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<PiecedFile>> Open(
      const std::string& identity = "a cake") {
    return PiecedFile::Open(
        {.path = path_, .identity = identity, .pieces = kPieces});
  }
  // Some piece is empty, some are long.
  static std::string BytesOf(int piece) {
    return std::string(static_cast<std::size_t>(100 * piece * piece),
                       static_cast<char>('a' + piece));
  }
  static std::string TallyOf(int piece) {
    return absl::StrCat("of ", piece, " slices");
  }
  static absl::Status Add(PiecedFile& file, int piece) {
    return file.Add(piece, BytesOf(piece), TallyOf(piece));
  }
  static std::string Whole() {
    std::string bytes;
    for (int k = 0; k < kPieces; ++k) bytes += BytesOf(k);
    return bytes;
  }
  void AddFirst(int count) {
    const auto file = Open().value();
    for (int k = 0; k < count; ++k) ASSERT_TRUE(Add(*file, k).ok());
  }
  // Opens it once more, adds what it lacks and checks the whole.
  void ExpectGoesOnFrom(int piece) {
    const auto file = Open().value();
    EXPECT_EQ(file->found(), piece);
    for (int k = file->found(); k < kPieces; ++k) {
      ASSERT_TRUE(Add(*file, k).ok());
    }
    const std::vector<std::string> tallies = file->Finish().value();
    ASSERT_EQ(tallies.size(), static_cast<std::size_t>(kPieces));
    EXPECT_EQ(tallies[0], TallyOf(0));
    EXPECT_EQ(tallies[kPieces - 1], TallyOf(kPieces - 1));
    EXPECT_EQ(*ReadFile(path_), Whole());
    ExpectNothingBeside(1);
  }
  void ExpectNothingBeside(int files) const {
    int found = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_.path())) {
      ++found;
      EXPECT_TRUE(files > 0 && entry.path() == path_) << entry.path();
    }
    EXPECT_EQ(found, files);
  }

  const TempFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "cake";
  const std::filesystem::path partial_ = folder_.path() / "cake.partial";
  const std::filesystem::path notes_ = folder_.path() / "cake.partial.notes";
};

TEST_F(PiecedFileTest, PutsPiecesOfManyThreadsInTheirOrder) {
  const auto file = PiecedFile::Open({.path = path_,
                                      .identity = "a cake",
                                      .pieces = kPieces,
                                      .ahead_max = 2})
                        .value();
  std::vector<std::thread> bakers;
  for (int baker = 0; baker < 3; ++baker) {
    bakers.emplace_back([&, baker] {
      for (int k = baker; k < kPieces; k += 3) {
        EXPECT_TRUE(Add(*file, k).ok());
      }
    });
  }
  for (std::thread& baker : bakers) baker.join();
  EXPECT_FALSE(std::filesystem::exists(path_));
  ASSERT_TRUE(file->Finish().ok());
  EXPECT_EQ(*ReadFile(path_), Whole());
  ExpectNothingBeside(1);
}

TEST_F(PiecedFileTest, GoesOnBehindTheLastWholePiece) {
  AddFirst(5);
  EXPECT_FALSE(std::filesystem::exists(path_));
  ExpectGoesOnFrom(5);
}

TEST_F(PiecedFileTest, GoesOnWhereverItWasCut) {
  AddFirst(8);
  const std::string bytes = *ReadFile(partial_);
  const std::string notes = *ReadFile(notes_);
  std::mt19937 random(5);  // Seed 5.
  for (int round = 0; round < 40; ++round) {
    const std::size_t some = random() % (bytes.size() + 1);
    const std::size_t noted = random() % (notes.size() + 1);
    folder_.Write("cake.partial", absl::string_view(bytes).substr(0, some));
    folder_.Write("cake.partial.notes",
                  absl::string_view(notes).substr(0, noted));
    int whole = 0;
    std::size_t end = 0;
    std::size_t note_end = std::string("a cake\n").size();
    for (; whole < 8; ++whole) {
      end += BytesOf(whole).size();
      note_end = notes.find('\n', note_end) + 1;
      if (end > some || note_end > noted) break;
    }
    SCOPED_TRACE(absl::StrCat(some, " bytes, ", noted, " of the notes"));
    ExpectGoesOnFrom(whole);
    std::filesystem::remove(path_);
  }
}

TEST_F(PiecedFileTest, DoesNotTrustBytesThatAreNotThoseOfItsNotes) {
  AddFirst(8);
  std::string bytes = *ReadFile(partial_);
  bytes[100 * (1 + 4 + 9) + 1] ^= 1;  // In piece 4.
  folder_.Write("cake.partial", bytes);
  ExpectGoesOnFrom(4);
}

TEST_F(PiecedFileTest, StartsAgainForAnythingElseAndSaysWhatThatWas) {
  AddFirst(5);
  const auto file = Open("a pie").value();
  EXPECT_EQ(file->found(), 0);
  EXPECT_EQ(file->dropped(), "a cake");
  for (int k = 0; k < kPieces; ++k) ASSERT_TRUE(Add(*file, k).ok());
  ASSERT_TRUE(file->Finish().ok());
  EXPECT_EQ(*ReadFile(path_), Whole());
}

TEST_F(PiecedFileTest, IsWrittenByOneAtATime) {
  {
    const auto first = Open().value();
    ASSERT_TRUE(Add(*first, 0).ok());
    const auto second = Open();
    EXPECT_TRUE(absl::IsFailedPrecondition(second.status()));
    EXPECT_THAT(std::string(second.status().message()),
                HasSubstr("another process"));
    ASSERT_TRUE(Add(*first, 1).ok());
  }
  ExpectGoesOnFrom(2);
}

TEST_F(PiecedFileTest, LeavesNothingWhereNothingWasWritten) {
  { const auto file = Open().value(); }
  ExpectNothingBeside(0);
  const auto nowhere = PiecedFile::Open({.path = folder_.path() / "no" / "cake",
                                         .identity = "a cake",
                                         .pieces = kPieces});
  EXPECT_TRUE(absl::IsNotFound(nowhere.status()));
  const auto folder = PiecedFile::Open(
      {.path = folder_.path(), .identity = "a cake", .pieces = kPieces});
  EXPECT_TRUE(absl::IsInvalidArgument(folder.status()));
  ExpectNothingBeside(0);
}

TEST_F(PiecedFileTest, LetsNobodyWaitForAPieceThatNeverComes) {
  const auto file = Open().value();
  ASSERT_TRUE(Add(*file, 0).ok());
  std::thread ahead(
      [&] { EXPECT_TRUE(absl::IsCancelled(Add(*file, kPieces - 1))); });
  file->Fail();
  ahead.join();
  EXPECT_TRUE(absl::IsCancelled(Add(*file, 1)));
}

// What a full disk looks like to a program: write() says no.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes)
      : before_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit low = {bytes, limit_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &low), 0);
  }
  ~FileSizeLimit() {
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit_), 0);
    std::signal(SIGXFSZ, before_);
  }

 private:
  void (*before_)(int);
  rlimit limit_{};
};

TEST_F(PiecedFileTest, GoesOnWhenThereIsRoomAgain) {
  {
    const auto file = Open().value();
    const FileSizeLimit limit(100 * (1 + 4 + 9 + 16) + 1'000);
    absl::Status status;
    int piece = 0;
    for (; status.ok(); ++piece) status = Add(*file, piece);
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("cake.partial"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("goes on"));
    EXPECT_TRUE(absl::IsCancelled(Add(*file, piece)));
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
  const auto file = Open().value();
  EXPECT_EQ(file->found(), 5);
  for (int k = file->found(); k < kPieces; ++k) {
    ASSERT_TRUE(Add(*file, k).ok());
  }
  ASSERT_TRUE(file->Finish().ok());
  EXPECT_EQ(*ReadFile(path_), Whole());
}

}  // namespace
}  // namespace tenuto
