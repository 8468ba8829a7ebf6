#include "tests/simulation/simulated_log.h"

#include "features/catalogue.h"
#include "gtest/gtest.h"

namespace tenuto::testing {
namespace {

const SignalFold& Fold() {
  static const auto* const fold = new SignalFold(Catalogue::Embedded());
  return *fold;
}

}  // namespace

std::vector<OwnedEvent> EventsOf(const Ledger& ledger, const UserKey& user) {
  std::vector<OwnedEvent> events;
  EXPECT_EQ(ledger.Scan(user.partition(), 0,
                        [&](const LoggedEvent& event) {
                          if (event.user == user) {
                            events.push_back({event.position, event.event_hash,
                                              std::string(event.event)});
                          }
                          return true;
                        }),
            absl::OkStatus());
  return events;
}

RisingFold::RisingFold(const std::vector<OwnedEvent>& events)
    : events_(events), state_(Fold().layout()) {}

std::string RisingFold::Through(Position position) {
  for (; next_ < events_.size(); ++next_) {
    const OwnedEvent& event = events_[next_];
    if (event.position > position) break;
    EXPECT_TRUE(view_.Parse(event.bytes));
    Fold().Apply(view_, event.position, state_);
  }
  std::string bytes;
  state_.Encode(bytes);
  return bytes;
}

}  // namespace tenuto::testing
