// The fields that a catalogue names, read from an Event by reflection: the
// plain counterpart of EventView and EventCondition.
// Thread-safe.
#ifndef TENUTO_TESTS_PARITY_NAIVE_FIELDS_H_
#define TENUTO_TESTS_PARITY_NAIVE_FIELDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "google/protobuf/repeated_ptr_field.h"
#include "tenuto/v1/catalogue.pb.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto::testing {

struct NaiveField {
  bool present = false;  // Set, and in proto3 that is: not the default.
  bool is_text = false;
  std::int64_t number = 0;
  std::string text;
};

std::string NaivePayloadName(const v1::Event& event);

// `field` as in Signal.measure and Condition.field.
NaiveField NaiveFieldOf(const v1::Event& event, const std::string& field);

// Whether `event` is one of the signal's, all conditions hold and the measure,
// if it has one, is there (a daily sum takes an absent one as 0).
bool NaiveFeeds(const v1::Signal& signal, const v1::Event& event);

// Whether `value` of the signal's measure is one of the named values.
bool NaiveIsOneOf(
    const v1::Signal& signal, std::int64_t value,
    const google::protobuf::RepeatedPtrField<std::string>& equals);

// Every signal that a feature reads: all texts of its read that are no value.
std::vector<std::string> NaiveSignalsOf(const v1::Feature& feature);

std::int64_t NaiveTimeUs(const v1::Event& event);
int NaiveDay(std::int64_t time_us);

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_PARITY_NAIVE_FIELDS_H_
