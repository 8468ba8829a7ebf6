// A receiver that keeps a copy of every event, in the order of the log, and
// people who are easy to set up.
// Not thread-safe, except Take() from several shards.
#ifndef TENUTO_TESTS_TRAINING_WORLD_COLLECTOR_H_
#define TENUTO_TESTS_TRAINING_WORLD_COLLECTOR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "training/world/world.h"

namespace tenuto::world {

class Collector final : public Receiver {
 public:
  explicit Collector(int shards) : shards_(static_cast<std::size_t>(shards)) {}

  void Take(int shard, std::uint64_t,
            absl::Span<v1::Event* const> events) override {
    for (const v1::Event* event : events) {
      shards_[static_cast<std::size_t>(shard)].push_back(*event);
    }
  }

  // Users in order within a day; ends the day.
  void Drain(std::vector<v1::Event>& all) {
    for (std::vector<v1::Event>& shard : shards_) {
      for (v1::Event& event : shard) all.push_back(std::move(event));
      shard.clear();
    }
  }

 private:
  std::vector<std::vector<v1::Event>> shards_;
};

// Everything a world did.
struct LivedWorld {
  std::vector<v1::Event> events;
  std::string truth;
  Tally tally;
};

inline LivedWorld Live(const WorldOptions& options) {
  LivedWorld lived;
  auto world = World::Create(options);
  if (!world.ok()) return lived;
  Collector collector(options.threads);
  while ((*world)->day() < options.days) {
    lived.truth += (*world)->LiveDay(collector);
    collector.Drain(lived.events);
  }
  lived.tally = (*world)->tally();
  return lived;
}

inline Calendar TestCalendar(int days = 400) {
  return *Calendar::Create(absl::CivilDay(2025, 1, 1), days);
}

// A premium subscriber since long, with everything in order.
inline Person Subscriber(const Calendar& calendar, std::uint64_t user = 1) {
  Person person = MakePerson(1, user, 180, calendar);
  person.traits.registered_day = -300;
  person.traits.short_cycle_share = 0;
  person.hidden.subscription = {v1::PLAN_PREMIUM, -200, 0, -1000, true};
  person.hidden.payments.is_failing = false;
  person.hidden.payments.short_from_day = person.hidden.payments.next_payday;
  person.hidden.messages = {true, 0};
  person.hidden.intention = Intention::kContented;
  return person;
}

}  // namespace tenuto::world

#endif  // TENUTO_TESTS_TRAINING_WORLD_COLLECTOR_H_
