#include "features/base/wire.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/unknown_field_set.h"
#include "gtest/gtest.h"
#include "tenuto/v1/records.pb.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

TEST(Wire, ReadsShortVarintsLikeAnyOther) {
  testing::Draws draws(1);
  int read = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes = draws.Bytes(static_cast<int>(draws.Between(0, 12)));
    // Many that go on, some of them with nothing but zeros.
    for (char& byte : bytes) {
      if (draws.Chance(0.5)) byte = static_cast<char>(byte | 0x80);
      if (draws.Chance(0.1)) byte = '\x80';
    }
    const char* const end = bytes.data() + bytes.size();
    const char *at = bytes.data(), *expected_at = at;
    std::uint64_t n = 0, expected = 0;
    if (!ReadShortVarint(at, end, n)) {
      EXPECT_EQ(at, bytes.data());
      const bool has_stop =
          bytes.size() >= 8 && std::any_of(bytes.begin(), bytes.begin() + 8,
                                           [](char byte) { return byte >= 0; });
      EXPECT_FALSE(has_stop);
      continue;
    }
    ++read;
    ASSERT_TRUE(ReadVarint(expected_at, end, expected));
    ASSERT_EQ(n, expected);
    ASSERT_EQ(at, expected_at);
  }
  EXPECT_GT(read, 10'000);
}

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

// What protobuf itself reads from the same bytes, field by field.
std::vector<std::string> ByProtobuf(const std::string& bytes) {
  google::protobuf::UnknownFieldSet fields;
  if (!fields.ParseFromString(bytes)) return {"refused"};
  std::vector<std::string> seen;
  for (int k = 0; k < fields.field_count(); ++k) {
    const auto& field = fields.field(k);
    switch (field.type()) {
      case google::protobuf::UnknownField::TYPE_VARINT:
        seen.push_back(absl::StrCat(field.number(), "=", field.varint()));
        break;
      case google::protobuf::UnknownField::TYPE_FIXED32:
        seen.push_back(absl::StrCat(field.number(), "=", field.fixed32()));
        break;
      case google::protobuf::UnknownField::TYPE_FIXED64:
        seen.push_back(absl::StrCat(field.number(), "=", field.fixed64()));
        break;
      case google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED:
        seen.push_back(
            absl::StrCat(field.number(), ":", field.length_delimited()));
        break;
      default:
        return {"refused"};  // A group, which no message of ours has.
    }
  }
  return seen;
}

TEST(Wire, ReadsWhatProtobufReads) {
  testing::Draws draws(12);
  int read = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string bytes = draws.Bytes(static_cast<int>(draws.Between(1, 14)));
    // Small field numbers and lengths, so that a good part is whole.
    for (char& byte : bytes) {
      if (draws.Between(0, 2) != 0) byte = static_cast<char>(byte & 0x0f);
    }
    std::vector<std::string> seen;
    const bool whole = VisitWire(bytes, [&](const WireField& field) {
      seen.push_back(absl::StrCat(field.number, field.is_bytes ? ":" : "=",
                                  field.is_bytes ? std::string(field.bytes)
                                                 : absl::StrCat(field.bits)));
      return true;
    });
    if (!whole) seen = {"refused"};
    ASSERT_EQ(seen, ByProtobuf(bytes)) << "seed 12, round " << round;
    read += whole;
  }
  EXPECT_GT(read, 2000);
}

}  // namespace
}  // namespace tenuto
