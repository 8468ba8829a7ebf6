// Places where a test kills the process as a failing machine would. A product
// holds none of it: without TENUTO_CRASH_POINTS a point is no code at all, and
// crash_point.cc is part of no library.
// Thread-safe.
#ifndef TENUTO_FEATURES_BASE_CRASH_POINT_H_
#define TENUTO_FEATURES_BASE_CRASH_POINT_H_

#ifdef TENUTO_CRASH_POINTS

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tenuto {

// One point and the passes of it that kill: one in `odds`, drawn from `seed`.
class CrashPlan {
 public:
  // "name:odds:seed".
  static absl::StatusOr<CrashPlan> Parse(absl::string_view text);

  CrashPlan(std::string point, std::uint64_t odds, std::uint64_t seed)
      : point_(std::move(point)), odds_(odds), seed_(seed) {}
  CrashPlan(CrashPlan&& other) noexcept
      : CrashPlan(std::move(other.point_), other.odds_, other.seed_) {}

  // Whether this pass of `point` kills.
  bool Strikes(absl::string_view point);

 private:
  std::string point_;
  std::uint64_t odds_;
  std::uint64_t seed_;
  std::atomic<std::uint64_t> passes_ = 0;
};

// Kills the process where the environment's TENUTO_CRASH_AT, a plan, says so.
void PassCrashPoint(absl::string_view point);

}  // namespace tenuto

#define TENUTO_CRASH_POINT(point) ::tenuto::PassCrashPoint(point)

#else

#define TENUTO_CRASH_POINT(point) \
  do {                            \
  } while (false)

#endif  // TENUTO_CRASH_POINTS

#endif  // TENUTO_FEATURES_BASE_CRASH_POINT_H_
