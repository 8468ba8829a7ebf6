#include "features/payload_checks.h"

#include <string>

#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// An event with an empty payload of that declaration.
v1::Event EventOf(const FieldDescriptor& payload) {
  v1::Event event;
  event.GetReflection()->MutableMessage(&event, &payload);
  return event;
}
void AddUnknownField(Message& message) {
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(900, 1);
}
Message& PayloadOf(v1::Event& event, const FieldDescriptor& payload) {
  return *event.GetReflection()->MutableMessage(&event, &payload);
}

class PayloadChecksTest : public ::testing::Test {
 protected:
  std::string ReasonOf(const v1::Event& event) {
    const auto wrong = checks_.Check(event);
    return wrong ? wrong->reason : "";
  }
  // Calls `visit` with every single field of every payload.
  template <typename Visit>
  void VisitFields(Visit visit) {
    const auto& payloads = *v1::Event::descriptor()->oneof_decl(0);
    for (int k = 0; k < payloads.field_count(); ++k) {
      const auto& type = *payloads.field(k)->message_type();
      for (int f = 0; f < type.field_count(); ++f) {
        if (type.field(f)->is_repeated()) continue;
        visit(*payloads.field(k), *type.field(f));
      }
    }
  }

  const PayloadChecks checks_;
};

TEST_F(PayloadChecksTest, RefusesWhatIsWrongInAnyFieldOfAnyPayload) {
  int texts = 0, numbers = 0, enums = 0;
  VisitFields([&](const FieldDescriptor& in_event,
                  const FieldDescriptor& field) {
    v1::Event event = EventOf(in_event);
    Message& payload = PayloadOf(event, in_event);
    const auto& reflection = *payload.GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      reflection.SetString(&payload, &field, std::string(257, 'x'));
      EXPECT_EQ(ReasonOf(event), "TEXT_TOO_LONG") << field.full_name();
      ++texts;
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
      for (const std::int64_t n : {std::int64_t{-1}, std::int64_t{1} << 62}) {
        reflection.SetInt64(&payload, &field, n);
        EXPECT_EQ(ReasonOf(event), "BAD_NUMBER") << field.full_name();
      }
      ++numbers;
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      reflection.SetEnumValue(&payload, &field, 9999);
      EXPECT_EQ(ReasonOf(event), "UNKNOWN_VALUE") << field.full_name();
      ++enums;
    }
  });
  EXPECT_GT(texts, 20);
  EXPECT_GT(numbers, 15);
  EXPECT_GT(enums, 10);
}

TEST_F(PayloadChecksTest, WantsACurrencyWithEveryAmount) {
  int amounts = 0;
  VisitFields([&](const FieldDescriptor& in_event,
                  const FieldDescriptor& field) {
    if (field.name() != "amount_minor" && field.name() != "price_minor") return;
    ++amounts;
    v1::Event event = EventOf(in_event);
    Message& payload = PayloadOf(event, in_event);
    payload.GetReflection()->SetInt64(&payload, &field, 999);
    EXPECT_EQ(ReasonOf(event), "BAD_CURRENCY") << field.full_name();
    payload.GetReflection()->SetString(
        &payload, field.containing_type()->FindFieldByName("currency"), "SEK");
    EXPECT_EQ(ReasonOf(event), "") << field.full_name();
  });
  EXPECT_GE(amounts, 6);
}

TEST_F(PayloadChecksTest, FindsUnknownFieldsWhereverTheyAre) {
  const auto& payloads = *v1::Event::descriptor()->oneof_decl(0);
  for (int k = 0; k < payloads.field_count(); ++k) {
    v1::Event event = EventOf(*payloads.field(k));
    event.mutable_event_time()->set_seconds(1);
    EXPECT_FALSE(checks_.HoldsUnknownFields(event));
    v1::Event in_payload = event;
    AddUnknownField(PayloadOf(in_payload, *payloads.field(k)));
    EXPECT_TRUE(checks_.HoldsUnknownFields(in_payload));
    v1::Event in_time = event;
    AddUnknownField(*in_time.mutable_event_time());
    EXPECT_TRUE(checks_.HoldsUnknownFields(in_time));
    AddUnknownField(event);
    EXPECT_TRUE(checks_.HoldsUnknownFields(event));
  }
}

TEST_F(PayloadChecksTest, HasNothingToSayOfAnEventWithoutPayload) {
  EXPECT_EQ(ReasonOf({}), "");
}

}  // namespace
}  // namespace tenuto
