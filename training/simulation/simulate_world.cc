#include "training/simulation/simulate_world.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "features/base/status_macros.h"
#include "training/simulation/practice.h"

namespace tenuto {
namespace {

constexpr std::int64_t kChunk = 1'024;  // Failed payments.

// Chunks go to whichever thread is free, and their sums are added in order.
class Chunks {
 public:
  Chunks(const WorldTrials& trials, std::int64_t failures, PolicyTally empty,
         absl::FunctionRef<void(std::int64_t)> progress)
      : trials_(trials),
        failures_(failures),
        empty_(std::move(empty)),
        progress_(progress),
        sum_(empty_) {}

  void Work() {
    auto bench = std::make_unique<WorldTrials::Bench>();
    while (const std::optional<std::int64_t> chunk = Next()) {
      PolicyTally tally = empty_;
      const std::int64_t from = *chunk * kChunk;
      const std::int64_t to = std::min(from + kChunk, failures_);
      const absl::Status status =
          trials_.Run(static_cast<std::uint64_t>(from),
                      static_cast<std::uint64_t>(to), *bench, tally);
      Take(*chunk, to - from, status, std::move(tally));
    }
  }

  absl::StatusOr<PolicyTally> Sum() const {
    const absl::MutexLock lock(&mutex_);
    if (!status_.ok()) return status_;
    return sum_;
  }

 private:
  std::optional<std::int64_t> Next() {
    const absl::MutexLock lock(&mutex_);
    if (!status_.ok() || next_ * kChunk >= failures_) return std::nullopt;
    return next_++;
  }
  void Take(std::int64_t chunk, std::int64_t payments,
            const absl::Status& status, PolicyTally tally) {
    const absl::MutexLock lock(&mutex_);
    status_.Update(status);
    waiting_.emplace(chunk, std::move(tally));
    for (auto first = waiting_.begin();
         first != waiting_.end() && first->first == added_;
         first = waiting_.erase(first), ++added_) {
      sum_.Add(first->second);
    }
    done_ += payments;
    progress_(done_);
  }

  const WorldTrials& trials_;
  const std::int64_t failures_;
  const PolicyTally empty_;
  absl::FunctionRef<void(std::int64_t)> progress_;
  mutable absl::Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::int64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t added_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::int64_t, PolicyTally> waiting_ ABSL_GUARDED_BY(mutex_);
  PolicyTally sum_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<PolicyTally> RunAll(
    const WorldTrials& trials, const SimulateWorldOptions& options,
    const PolicyFile& policies, std::optional<std::size_t> personal,
    absl::FunctionRef<void(std::int64_t)> progress) {
  Chunks chunks(trials, options.failures,
                PolicyTally(policies.policies().size(), Segments().size(),
                            policies.current(), personal),
                progress);
  std::vector<std::thread> others;
  for (int k = 1; k < options.threads; ++k) {
    others.emplace_back([&chunks] { chunks.Work(); });
  }
  chunks.Work();
  for (std::thread& thread : others) thread.join();
  return chunks.Sum();
}

}  // namespace

absl::StatusOr<SimulationResult> SimulateWorld(
    const SimulateWorldOptions& options, const PolicyFile& policies,
    const Clock& clock, absl::FunctionRef<void(std::int64_t)> progress) {
  const absl::Time start = clock.Now();
  SimulationResult result;
  TENUTO_ASSIGN_OR_RETURN(const world::WorldVariant variant,
                          world::WorldVariant::Named(options.variant));
  TENUTO_ASSIGN_OR_RETURN(const world::FailureWorld world,
                          world::FailureWorld::Create(options.seed, variant));
  TENUTO_ASSIGN_OR_RETURN(
      const CaseBook book,
      CaseBook::Create(PaymentRules::Embedded(), GraceValues::Embedded(),
                       policies.currency()));
  std::shared_ptr<const RecoveryModel> model;
  for (std::size_t k = 0; k < policies.policies().size(); ++k) {
    result.policies.push_back(policies.policies()[k].name);
    if (policies.policies()[k].kind == PolicyKind::kOracle) result.oracle = k;
    if (policies.policies()[k].kind == PolicyKind::kPersonal) {
      result.personal = k;
    }
  }
  if (result.personal.has_value()) {
    TENUTO_ASSIGN_OR_RETURN(const world::FailureWorld other,
                            world::FailureWorld::Create(
                                world::SplitSeed(options.seed, 2), variant));
    TENUTO_ASSIGN_OR_RETURN(
        model, LearnByPractice(other, book,
                               {.failures = options.practice_failures,
                                .seed = options.seed,
                                .threads = options.threads}));
    result.learning_seconds = absl::ToDoubleSeconds(clock.Now() - start);
  }
  const WorldTrials trials({.world = world,
                            .book = book,
                            .policies = policies,
                            .model = model.get(),
                            .seed = options.seed});
  TENUTO_ASSIGN_OR_RETURN(result.tally, RunAll(trials, options, policies,
                                               result.personal, progress));
  result.source = absl::StrCat(
      "the world", options.variant.empty() ? "" : " " + options.variant,
      ", seed ", options.seed);
  result.currency = policies.currency();
  result.failures = options.failures;
  result.threads = options.threads;
  result.current = policies.current();
  result.seconds = absl::ToDoubleSeconds(clock.Now() - start);
  return result;
}

}  // namespace tenuto
