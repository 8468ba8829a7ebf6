#include "training/world/tally.h"

#include <cstddef>

namespace tenuto::world {
namespace {

double Share(double part, std::int64_t whole) {
  return whole == 0 ? 0 : part / static_cast<double>(whole);
}

}  // namespace

void Tally::Add(const Tally& other) {
  events += other.events;
  for (std::size_t i = 0; i < by_payload.size(); ++i) {
    by_payload[i] += other.by_payload[i];
  }
  listening_days += other.listening_days;
  listening_events += other.listening_events;
  paid_days += other.paid_days;
  left_by_choice += other.left_by_choice;
  lost += other.lost;
  joined += other.joined;
  renewals += other.renewals;
  failures += other.failures;
  recovered += other.recovered;
  left_while_failing += other.left_while_failing;
}

double Tally::churn_by_choice_monthly() const {
  return Share(30.0 * static_cast<double>(left_by_choice), paid_days);
}

double Tally::churn_involuntary_monthly() const {
  return Share(30.0 * static_cast<double>(lost), paid_days);
}

double Tally::failure_rate() const {
  return Share(static_cast<double>(failures), renewals);
}

double Tally::recovery_rate() const {
  return Share(static_cast<double>(recovered),
               recovered + lost + left_while_failing);
}

double Tally::events_per_listening_day() const {
  return Share(static_cast<double>(listening_events), listening_days);
}

std::map<std::string, std::int64_t> Tally::ByName() const {
  std::map<std::string, std::int64_t> names;
  for (std::size_t i = 0; i < by_payload.size(); ++i) {
    const auto* field =
        v1::Event::descriptor()->FindFieldByNumber(static_cast<int>(i));
    if (by_payload[i] > 0 && field != nullptr) {
      names[field->name()] = by_payload[i];
    }
  }
  return names;
}

}  // namespace tenuto::world
