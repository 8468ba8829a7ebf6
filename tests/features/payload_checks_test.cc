#include "features/payload_checks.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::Message;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

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

TEST_F(PayloadChecksTest, HasACheckForWhateverProducersMaySend) {
  EXPECT_THAT(PayloadChecks::UncheckedFields(*v1::Event::descriptor()),
              IsEmpty());
}

// An event.proto to come, with every type of field there is.
TEST_F(PayloadChecksTest, NamesFieldsOfKindsThatNobodyChecks) {
  google::protobuf::FileDescriptorProto file;
  file.set_name("later.proto");
  file.set_syntax("proto3");
  auto& payload = *file.add_message_type();
  payload.set_name("Liked");
  auto& mood = *file.add_enum_type();
  mood.set_name("Mood");
  mood.add_value()->set_name("MOOD_UNSPECIFIED");
  mood.mutable_value(0)->set_number(0);
  std::vector<std::string> expected;
  const auto add = [&](int type, bool repeated) {
    auto& field = *payload.add_field();
    field.set_name(absl::StrCat(repeated ? "many_" : "one_", type));
    field.set_number(payload.field_size());
    field.set_type(static_cast<FieldDescriptorProto::Type>(type));
    field.set_label(repeated ? FieldDescriptorProto::LABEL_REPEATED
                             : FieldDescriptorProto::LABEL_OPTIONAL);
    if (type == FieldDescriptorProto::TYPE_ENUM) field.set_type_name("Mood");
    if (type == FieldDescriptorProto::TYPE_MESSAGE) {
      field.set_type_name("Liked");
    }
    const bool checked = type == FieldDescriptorProto::TYPE_STRING ||
                         type == FieldDescriptorProto::TYPE_INT64 ||
                         type == FieldDescriptorProto::TYPE_ENUM ||
                         type == FieldDescriptorProto::TYPE_BOOL;
    if (repeated || !checked) expected.push_back("Liked." + field.name());
  };
  for (int type = 1; type <= FieldDescriptorProto::Type_MAX; ++type) {
    if (type == FieldDescriptorProto::TYPE_GROUP) continue;  // Not in proto3.
    add(type, false);
    add(type, true);
  }
  auto& event = *file.add_message_type();
  event.set_name("Event");
  event.add_oneof_decl()->set_name("payload");
  auto& liked = *event.add_field();
  liked.set_name("liked");
  liked.set_number(1);
  liked.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
  liked.set_type(FieldDescriptorProto::TYPE_MESSAGE);
  liked.set_type_name("Liked");
  liked.set_oneof_index(0);
  auto& number = *event.add_field();
  number.set_name("number");
  number.set_number(2);
  number.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
  number.set_type(FieldDescriptorProto::TYPE_INT64);
  number.set_oneof_index(0);
  google::protobuf::DescriptorPool pool;
  const auto* const built = pool.BuildFile(file);
  ASSERT_NE(built, nullptr);
  EXPECT_EQ(expected.size(), 30u) << "13 of 17 types, and 17 lists";
  expected.push_back("Event.number");
  EXPECT_THAT(
      PayloadChecks::UncheckedFields(*built->FindMessageTypeByName("Event")),
      ElementsAreArray(expected));
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
