#include "training/world/calibration_report.h"

#include <fstream>

#include "gtest/gtest.h"

namespace tenuto::world {
namespace {

std::filesystem::path Write(const std::string& name, const std::string& text) {
  const std::filesystem::path directory =
      std::filesystem::path(testing::TempDir()) / "kkbox";
  std::filesystem::create_directories(directory);
  std::ofstream(directory / name) << text;
  return directory / name;
}

constexpr char kTenure[] =
    "channel,payment_type,tenure,decisions,churned\n"
    "A,Auto-renew,1st,100,10\n"
    "A,Manual,1st,100,90\n"
    "B,Auto-renew,1st,300,10\n"
    "B,Auto-renew,13th+,50,1\n";

TEST(CalibrationReport, AddsUpTheChannelsOfAutoRenewingSubscriptions) {
  const auto rows = ReadKkbox(Write("t.csv", kTenure), "tenure");
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].band, "1st");
  EXPECT_EQ((*rows)[0].decisions, 400);
  EXPECT_EQ((*rows)[0].churned, 20);
}

TEST(CalibrationReport, NamesTheLineThatIsWrong) {
  const auto path =
      Write("bad.csv",
            "channel,payment_type,tenure,decisions,churned\nA,Auto-renew,1st,"
            "5,7\n");
  const absl::Status status = ReadKkbox(path, "tenure").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("bad.csv:2:"), absl::string_view::npos);
  EXPECT_EQ(ReadKkbox(path, "other").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadKkbox("/nowhere/t.csv", "tenure").status().code(),
            absl::StatusCode::kNotFound);
}

TEST(CalibrationReport, StatesTheDistanceToEachFigure) {
  PaymentFigures figures;
  for (int n = 0; n < 100; ++n) figures.failed.Count(n < 25);
  const std::string text = FormatCalibration(figures);
  EXPECT_NE(text.find("25.0%"), std::string::npos);
  EXPECT_NE(text.find("6.0-18.0%"), std::string::npos);
  EXPECT_NE(text.find("7.0p  B, Recurly 2013, B2C"), std::string::npos);
}

}  // namespace
}  // namespace tenuto::world
