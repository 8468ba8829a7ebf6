#include "features/feature_reads.h"

#include <set>
#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using google::protobuf::FieldDescriptor;

// A feature of the read `field`, each of its signal fields set to its own name.
v1::Feature ReadOf(const FieldDescriptor& field, std::set<std::string>& names) {
  v1::Feature feature;
  auto& read = *feature.GetReflection()->MutableMessage(&feature, &field);
  const auto& type = *read.GetDescriptor();
  for (int k = 0; k < type.field_count(); ++k) {
    const FieldDescriptor& part = *type.field(k);
    if (part.cpp_type() != FieldDescriptor::CPPTYPE_STRING) continue;
    if (part.name() == "equals") continue;
    names.insert(part.name());
    if (part.is_repeated()) {
      read.GetReflection()->AddString(&read, &part, part.name());
    } else {
      read.GetReflection()->SetString(&read, &part, part.name());
    }
  }
  return feature;
}

TEST(FeatureReads, KnowsEverySignalOfEveryRead) {
  const auto* reads = v1::Feature::descriptor()->oneof_decl(0);
  for (int k = 0; k < reads->field_count(); ++k) {
    std::set<std::string> expected, found;
    const v1::Feature feature = ReadOf(*reads->field(k), expected);
    for (const SignalUse& use : ShapeOf(feature).uses) found.insert(use.signal);
    EXPECT_EQ(found, expected) << reads->field(k)->name();
    EXPECT_FALSE(found.empty());
  }
}

TEST(FeatureReads, HasWindowsWhereTheReadLooksAtDays) {
  const std::set<std::string> windowless = {
      "streak", "time_since",  "time_until", "last_value", "last_value_is",
      "total",  "total_ratio", "daily_rate", "decayed_sum"};
  const auto* reads = v1::Feature::descriptor()->oneof_decl(0);
  for (int k = 0; k < reads->field_count(); ++k) {
    std::set<std::string> ignored;
    EXPECT_EQ(ShapeOf(ReadOf(*reads->field(k), ignored)).windowed,
              !windowless.contains(reads->field(k)->name()))
        << reads->field(k)->name();
  }
}

TEST(FeatureReads, UsesNothingWithoutARead) {
  EXPECT_TRUE(ShapeOf(v1::Feature()).uses.empty());
}

}  // namespace
}  // namespace tenuto
