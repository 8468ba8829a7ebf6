// The world: a population of people lived day by day. Hands out every event of
// a day before the next day begins, so that memory holds the people and one
// day's events and no more. The same options give the same events in the same
// order on any number of threads.
// Not thread-safe; uses threads of its own within a call.
#ifndef TENUTO_TRAINING_WORLD_WORLD_H_
#define TENUTO_TRAINING_WORLD_WORLD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "training/world/calendar.h"
#include "training/world/life.h"
#include "training/world/listening.h"
#include "training/world/subscription.h"
#include "training/world/tally.h"
#include "training/world/truth.h"

namespace tenuto::world {

struct WorldOptions {
  std::int64_t users = 0;
  int days = 0;
  std::uint64_t seed = 1;
  absl::CivilDay start = absl::CivilDay(2025, 1, 1);
  int threads = 1;
  int truth_every_days = 7;  // 0: no truth is computed.
  TruthOptions truth;
  House house;
};

// kInvalidArgument naming the flag that is out of range.
absl::Status CheckOptions(const WorldOptions& options);

// Where events go. `shard` < threads says which worker calls; a shard's users
// are always the same, and calls of one shard do not overlap. `events` are one
// user's, in order of time, and die with the call.
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual void Take(int shard, std::uint64_t user,
                    absl::Span<v1::Event* const> events) = 0;
};

class World {
 public:
  // kInvalidArgument when an option is out of range.
  static absl::StatusOr<std::unique_ptr<World>> Create(
      const WorldOptions& options);
  ~World();

  // Next day to live; days() when the world is over.
  int day() const { return day_; }
  int days() const { return options_.days; }

  // Lives one day. Returns the lines of the truth file at its beginning, empty
  // on days without a snapshot.
  std::string LiveDay(Receiver& receiver);

  Tally tally() const;
  std::int64_t paid_users() const;
  // For tests and for the truth: what nobody else may see.
  absl::Span<const Person> people() const { return people_; }
  const Calendar& calendar() const { return calendar_; }

 private:
  struct Worker;
  World(const WorldOptions& options, Calendar calendar);
  void LiveShard(int shard, Receiver& receiver);
  void LivePerson(Worker& worker, Person& person);
  void WriteTruth(Worker& worker, const Person& person) const;
  void LiveListener(Worker& worker, const Scene& scene, Person& person) const;
  PlanMoves LiveSubscriber(const Scene& scene, Person& person) const;

  const WorldOptions options_;
  const Calendar calendar_;
  const Listening listening_;
  std::vector<Person> people_;
  std::vector<std::unique_ptr<Worker>> workers_;
  int day_ = 0;
};

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_WORLD_H_
