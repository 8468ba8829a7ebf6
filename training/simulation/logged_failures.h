// What a simulation needs of a log: its failed payments as they were known when
// they failed, what came of them, and the recovery model that foretells them.
// Thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_LOGGED_FAILURES_H_
#define TENUTO_TRAINING_SIMULATION_LOGGED_FAILURES_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "model/grace/recovery_model.h"
#include "training/grace/grace_evaluation.h"
#include "training/grace/grace_rows.h"
#include "training/simulation/failure_case.h"
#include "training/verb.h"

namespace tenuto {

struct LogSource {
  std::string ledger;
  std::string models;
  std::string model = "grace";
  std::optional<absl::Time> from;   // Failures from here on,
  std::optional<absl::Time> until;  // before here.
  int threads = 1;
};

// Value type; not thread-safe. In memory: some 4 width + 500 bytes a failure.
struct LoggedFailures {
  std::shared_ptr<const RecoveryModel> model;
  std::vector<GraceFailure> failures;  // By time.
  std::size_t active_days_at = 0;      // Column of a row; its width: none.
  UsualByClass usual{};                // Where no plan was logged.
};

// kInvalidArgument for a ledger that is empty or has no failed payment in the
// range, or a model of another kind of row.
absl::StatusOr<LoggedFailures> OpenLoggedFailures(const LogSource& source,
                                                  const Workshop& workshop);

// Numbers in `failures` of each subscriber's, by the first of them.
using FailuresByUser = std::vector<std::vector<std::size_t>>;
FailuresByUser GroupByUser(absl::Span<const GraceFailure> failures);

// Of one failed payment, by its facts as of the failure.
SegmentSet SegmentsOfLogged(const LoggedFailures& log,
                            const GraceFailure& failure);

// The failed payment as every policy meets it. A log without an amount is taken
// at the price of `currency`.
absl::Status FillCase(const CaseBook& book, const LoggedFailures& log,
                      const GraceFailure& failure, absl::string_view currency,
                      FailureCase& filled);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_LOGGED_FAILURES_H_
