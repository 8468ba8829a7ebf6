#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "features/memory_ledger.h"
#include "gtest/gtest.h"
#include "tests/support/run_verb.h"
#include "tests/support/temp_folder.h"
#include "training/verb.h"

namespace tenuto {
namespace {

class TrainGraceVerbTest : public ::testing::Test {
 protected:
  absl::Status Run(std::vector<std::string> words) {
    return testing::RunVerb(AddTrainVerb, workshop_, std::move(words), shown_);
  }

  const TempFolder folder_;
  const Workshop workshop_{
      Clock::Real(), Catalogue::Embedded(),
      [](const std::filesystem::path& path,
         LedgerAccess access) -> absl::StatusOr<OpenedLedger> {
        EXPECT_EQ(access, LedgerAccess::kRead);
        EXPECT_EQ(path, "some/where");
        return OpenedLedger{
            UserKeys::FromSecret("secret"),
            std::make_unique<MemoryLedger>(Catalogue::Embedded())};
      }};
  std::string shown_;
};

TEST_F(TrainGraceVerbTest, OpensTheLedgerThatTheWordsName) {
  const absl::Status status =
      Run({"train", "grace", "--ledger", "some/where", "--models",
           (folder_.path() / "models").string()});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "the ledger some/where is empty");
}

TEST_F(TrainGraceVerbTest, RefusesWordsThatItDoesNotKnow) {
  const std::string models = (folder_.path() / "models").string();
  const std::vector<std::string> good = {"train",      "grace",    "--ledger",
                                         "some/where", "--models", models};
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--horizon", "7d"},
        {"--test-from", "soon"},
        {"--threads", "-1"},
        {"--champion", "maybe"},
        {"--model", "Grace 1"},
        {"--summary", "no/such/folder/s.json"}}) {
    std::vector<std::string> words = good;
    words.insert(words.end(), more.begin(), more.end());
    const absl::Status status = Run(words);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << more[0];
    EXPECT_EQ(status.message().find("is empty"), absl::string_view::npos)
        << status;
  }
  EXPECT_FALSE(Run({"train", "grace", "--models", models}).ok());
}

}  // namespace
}  // namespace tenuto
