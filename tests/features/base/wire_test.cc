#include "features/base/wire.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tenuto/v1/records.pb.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

TEST(Wire, VisitsEveryFieldInOrder) {
  v1::ScoreRecord record;
  record.set_user_key("key");
  record.set_as_of_us(-5);
  record.set_row_hash(77);
  record.set_margin(1.0f);
  std::vector<int> numbers;
  ASSERT_TRUE(VisitWire(record.SerializeAsString(), [&](const WireField& f) {
    numbers.push_back(f.number);
    if (f.number == 1) {
      EXPECT_EQ(f.bytes, "key");
    }
    if (f.number == 2) {
      EXPECT_EQ(static_cast<std::int64_t>(f.bits), -5);
    }
    if (f.number == 7) {
      EXPECT_TRUE(f.is_fixed && f.bits == 77);
    }
    if (f.number == 9) {
      EXPECT_TRUE(f.is_fixed && f.bits == 0x3f800000);
    }
    return true;
  }));
  EXPECT_EQ(numbers, (std::vector<int>{1, 2, 7, 9}));
}

TEST(Wire, StopsWhereTheVisitorRefuses) {
  v1::RequestRecord record;
  record.set_body_hash(1);
  record.set_response("r");
  int visits = 0;
  EXPECT_FALSE(VisitWire(record.SerializeAsString(),
                         [&](const WireField&) { return ++visits < 1; }));
  EXPECT_EQ(visits, 1);
}

TEST(Wire, RefusesEveryCutThatIsNotBetweenFields) {
  v1::LogRecord record;
  record.set_user_key(std::string(16, 'k'));
  const std::string bytes = record.SerializeAsString();
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_FALSE(VisitWire(bytes.substr(0, size),
                           [](const WireField&) { return true; }));
  }
}

TEST(Wire, StaysInsideOfGarbage) {
  testing::Draws draws(11);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string bytes =
        draws.Bytes(static_cast<int>(draws.Between(0, 40)));
    const char* end = bytes.data() + bytes.size();
    refused += !VisitWire(bytes, [&](const WireField& field) {
      EXPECT_LE(field.bytes.size(), bytes.size());
      if (!field.bytes.empty()) {
        EXPECT_LE(field.bytes.data() + field.bytes.size(), end);
      }
      return true;
    });
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace tenuto
