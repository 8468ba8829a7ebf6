#include "training/csv_cell.h"

#include "gtest/gtest.h"

namespace tenuto {
namespace {

TEST(CsvCell, DoublesQuotesAndKeepsTheRest) {
  EXPECT_EQ(QuotedCell(""), "\"\"");
  EXPECT_EQ(QuotedCell("a, b\nc"), "\"a, b\nc\"");
  EXPECT_EQ(QuotedCell("\"a\" b"), "\"\"\"a\"\" b\"");
}

}  // namespace
}  // namespace tenuto
