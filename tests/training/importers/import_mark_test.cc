#include "training/importers/import_mark.h"

#include <string>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

constexpr ImportMark kMark{.line = 7,
                           .end_bytes = 900,
                           .known_time_us = 1'538'352'002'000'000,
                           .earliest_time_us = 1'538'352'001'000'000,
                           .latest_time_us = 1'538'352'009'000'000,
                           .committed_day = 20'000,
                           .finished = true};

TEST(ImportMark, ReadsWhatItWrote) {
  EXPECT_EQ(kMark.Format(),
            "v=3 line=7 end_bytes=900 known_time_us=1538352002000000 "
            "earliest_time_us=1538352001000000 "
            "latest_time_us=1538352009000000 committed_day=20000 finished=1");
  const auto mark = ImportMark::Parse(kMark.Format());
  ASSERT_TRUE(mark.ok());
  EXPECT_EQ(*mark, kMark);
  EXPECT_EQ(*ImportMark::Parse(ImportMark().Format()), ImportMark());
}

TEST(ImportMark, RefusesWhatItDidNotWrite) {
  const std::string text = kMark.Format();
  for (const std::string& other :
       {std::string(), text + " more=1", "v=1" + text.substr(3),
        text.substr(0, text.size() - 1), text.substr(4),
        std::string("v=3 line=x end_bytes=9 known_time_us=1 "
                    "earliest_time_us=1 latest_time_us=1 committed_day=2 "
                    "finished=0")}) {
    EXPECT_TRUE(absl::IsDataLoss(ImportMark::Parse(other).status())) << other;
  }
}

TEST(ImportSource, TellsFormatsAndFilesApart) {
  EXPECT_EQ(ImportSource("jsonl", "9-ab"), "import:jsonl:9-ab");
  EXPECT_NE(ImportSource("eventsim", "9-ab"), ImportSource("jsonl", "9-ab"));
}

}  // namespace
}  // namespace tenuto
