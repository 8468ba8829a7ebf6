#include "training/world/world.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "training/world/diary.h"
#include "training/world/session.h"
#include "training/world/subscription.h"

namespace tenuto::world {
namespace {

constexpr std::int64_t kUsersMax = 9'999'999;  // What "u0000001" can count.
constexpr int kDaysMax = 3'660;
constexpr int kThreadsMax = 256;

// Messages go out in the evening, before the last minutes of the UTC day.
std::int64_t MessageMoment(const Traits& traits, const Scene& scene) {
  const std::int64_t local_s =
      17 * 3600 + static_cast<std::int64_t>(traits.user * 7919 % 10'800);
  const std::int64_t utc_s =
      local_s - scene.calendar.OffsetOf(traits.market, scene.day);
  const std::int64_t ms = (utc_s + kDaySeconds) % kDaySeconds * 1000;
  return std::min(ms, kListeningEndMs - 900'000);
}

void Count(absl::Span<v1::Event* const> events, Tally& tally) {
  tally.events += static_cast<std::int64_t>(events.size());
  for (const v1::Event* event : events) {
    ++tally.by_payload[static_cast<std::size_t>(event->payload_case())];
  }
}

void Count(const PlanMoves& moves, bool was_failing, Tally& tally) {
  tally.left_by_choice += moves.left_by_choice;
  tally.left_while_failing += moves.left_by_choice && was_failing;
  tally.lost += moves.lost;
  tally.joined += moves.joined;
  tally.renewals += moves.renewed || moves.failed;
  tally.failures += moves.failed;
  tally.recovered += moves.recovered;
}

}  // namespace

absl::Status CheckOptions(const WorldOptions& options) {
  if (options.users < 1 || options.users > kUsersMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--users ", options.users, ": give a number from 1 to ", kUsersMax));
  }
  if (options.days < 1 || options.days > kDaysMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--days ", options.days, ": give a number from 1 to ", kDaysMax));
  }
  if (options.threads < 1 || options.threads > kThreadsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("--threads ", options.threads,
                     ": give a number from 1 to ", kThreadsMax));
  }
  return absl::OkStatus();
}

// What one thread needs for itself.
struct World::Worker {
  explicit Worker(std::uint64_t seed) : diary(seed) {}

  std::size_t first = 0;  // Of people_, and one past the last.
  std::size_t last = 0;
  Diary diary;
  Tally tally;
  std::string truth;
};

absl::StatusOr<std::unique_ptr<World>> World::Create(
    const WorldOptions& options) {
  TENUTO_RETURN_IF_ERROR(CheckOptions(options));
  TENUTO_ASSIGN_OR_RETURN(Calendar calendar,
                          Calendar::Create(options.start, options.days));
  return std::unique_ptr<World>(new World(options, std::move(calendar)));
}

World::World(const WorldOptions& options, Calendar calendar)
    : options_(options), calendar_(std::move(calendar)), listening_(calendar_) {
  const auto users = static_cast<std::size_t>(options.users);
  people_.reserve(users);
  for (std::size_t user = 1; user <= users; ++user) {
    people_.push_back(MakePerson(options.seed, user, options.days, calendar_));
  }
  const auto threads = static_cast<std::size_t>(options.threads);
  for (std::size_t k = 0; k < threads; ++k) {
    workers_.push_back(std::make_unique<Worker>(options.seed));
    workers_[k]->first = users * k / threads;
    workers_[k]->last = users * (k + 1) / threads;
  }
}

World::~World() = default;

std::string World::LiveDay(Receiver& receiver) {
  std::vector<std::thread> threads;
  for (int shard = 1; shard < options_.threads; ++shard) {
    threads.emplace_back(
        [this, shard, &receiver] { LiveShard(shard, receiver); });
  }
  LiveShard(0, receiver);
  for (std::thread& thread : threads) thread.join();
  ++day_;
  std::string truth;
  for (const auto& worker : workers_) truth += worker->truth;
  return truth;
}

void World::LiveShard(int shard, Receiver& receiver) {
  Worker& worker = *workers_[static_cast<std::size_t>(shard)];
  worker.truth.clear();
  for (std::size_t k = worker.first; k < worker.last; ++k) {
    Person& person = people_[k];
    if (person.traits.registered_day > day_) continue;
    LivePerson(worker, person);
    const absl::Span<v1::Event* const> events = worker.diary.Finish();
    if (events.empty()) continue;
    Count(events, worker.tally);
    receiver.Take(shard, person.traits.user, events);
  }
}

void World::LivePerson(Worker& worker, Person& person) {
  const Traits& traits = person.traits;
  Hidden& hidden = person.hidden;
  const bool is_new = day_ == traits.registered_day;
  const bool was_paid = hidden.subscription.plan == v1::PLAN_PREMIUM;
  if (was_paid) WriteTruth(worker, person);
  worker.diary.Begin(
      {traits.user, day_, calendar_.StartOf(day_),
       calendar_.StartOf(traits.registered_day) + traits.registered_second,
       is_new ? v1::PLAN_FREE : hidden.subscription.plan});
  const Scene scene = {
      day_, {options_.seed, traits.user}, calendar_, worker.diary};
  if (is_new || day_ == 0) WriteArrival(person, scene);

  const bool was_failing = hidden.payments.is_failing;
  PlanMoves moves;
  if (hidden.subscription.is_paying() && !is_new) {
    moves = LiveSubscriber(scene, person);
  } else {
    AdvancePurse(traits, day_, scene.luck, calendar_, hidden.payments);
    AdvanceInterest(traits, day_, scene.luck, hidden.interest);
  }
  if (hidden.subscription.plan != v1::PLAN_NONE) {
    LiveListener(worker, scene, person);
  }
  const bool fails_still = was_failing && hidden.payments.is_failing;
  if (hidden.subscription.is_paying()) {
    if (!is_new) DecideToStay(scene, person, moves);
  } else {
    DecideToJoin(scene, person, moves);
  }
  worker.tally.paid_days += was_paid;
  Count(moves, fails_still, worker.tally);
}

void World::WriteTruth(Worker& worker, const Person& person) const {
  const int every = options_.truth_every_days;
  if (every <= 0 || day_ % every != 0) return;
  const Truth truth = ComputeTruth(person, day_, options_.seed, calendar_,
                                   options_.house, options_.truth);
  worker.truth += TruthLine(person, day_, calendar_, truth);
}

void World::LiveListener(Worker& worker, const Scene& scene,
                         Person& person) const {
  const Traits& traits = person.traits;
  const bool is_new = day_ == traits.registered_day;
  if (!is_new) ReconsiderConsent(scene, person);
  const std::int64_t from_ms =
      is_new ? std::int64_t{1000} * traits.registered_second + 120'000 : 0;
  if (listening_.Write(person, day_, from_ms, scene.luck, worker.diary)) {
    ++worker.tally.listening_days;
    worker.tally.listening_events += worker.diary.size();
  }
}

PlanMoves World::LiveSubscriber(const Scene& scene, Person& person) const {
  PlanMoves moves;
  Hidden& hidden = person.hidden;
  const PayingDay today =
      AdvancePaying(person.traits, scene.day, scene.luck, calendar_,
                    options_.house, std::nullopt, hidden);
  WriteMessage(today.message, MessageMoment(person.traits, scene), scene);
  if (hidden.subscription.plan == v1::PLAN_PREMIUM) {
    WriteCharges(today.charge, scene, person, moves);
  } else if (scene.day >= hidden.subscription.trial_end_day) {
    EndTrial(scene, person, moves);
  }
  return moves;
}

Tally World::tally() const {
  Tally sum;
  for (const auto& worker : workers_) sum.Add(worker->tally);
  return sum;
}

std::int64_t World::paid_users() const {
  return std::count_if(people_.begin(), people_.end(), [](const Person& p) {
    return p.hidden.subscription.plan == v1::PLAN_PREMIUM;
  });
}

}  // namespace tenuto::world
