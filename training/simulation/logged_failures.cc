#include "training/simulation/logged_failures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "model/model_registry.h"

namespace tenuto {
namespace {

constexpr int kListeningDays = 28;  // That segments speak of.

double DaysBefore(absl::Time time, double seconds) {
  return (absl::ToDoubleSeconds(time - absl::UnixEpoch()) - seconds) / 86'400;
}

}  // namespace

absl::StatusOr<LoggedFailures> OpenLoggedFailures(const LogSource& source,
                                                  const Workshop& workshop) {
  LoggedFailures log;
  TENUTO_ASSIGN_OR_RETURN(
      const OpenedLedger opened,
      workshop.open_ledger(source.ledger, LedgerAccess::kRead));
  TENUTO_ASSIGN_OR_RETURN(const std::filesystem::path bundle,
                          FindChampion(source.models, source.model));
  TENUTO_ASSIGN_OR_RETURN(log.model,
                          RecoveryModel::Open(bundle, workshop.catalogue));
  if (log.model->plan() == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("the model ", source.model, " in ", source.models,
                     " reads no row of the catalogue"));
  }
  TENUTO_ASSIGN_OR_RETURN(
      GraceRows rows, BuildGraceRows(*opened.ledger, *log.model->plan(),
                                     PaymentRules::Embedded(), source.threads));
  log.active_days_at = static_cast<std::size_t>(
      std::find(rows.columns.begin(), rows.columns.end(),
                absl::StrCat("active_days_", kListeningDays, "d")) -
      rows.columns.begin());
  log.usual = FindUsualDays(rows.failures);
  log.failures = std::move(rows.failures);
  std::erase_if(log.failures, [&](const GraceFailure& failure) {
    const absl::Time failed = failure.spell.failed;
    return (source.from && failed < *source.from) ||
           (source.until && failed >= *source.until);
  });
  if (log.failures.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the ledger ", source.ledger, " has no failed payment",
        source.from || source.until ? " between --from and --until" : "",
        " with a whole day after it"));
  }
  return log;
}

FailuresByUser GroupByUser(absl::Span<const GraceFailure> failures) {
  FailuresByUser by_user;
  absl::flat_hash_map<std::int32_t, std::size_t> places;
  for (std::size_t k = 0; k < failures.size(); ++k) {
    const auto [place, is_first] =
        places.try_emplace(failures[k].user, by_user.size());
    if (is_first) by_user.emplace_back();
    by_user[place->second].push_back(k);
  }
  return by_user;
}

SegmentSet SegmentsOfLogged(const LoggedFailures& log,
                            const GraceFailure& failure) {
  const GraceFailure::Decision& decision = failure.decisions[0];
  SegmentFacts facts;
  facts.decline_class = decision.payment.decline_class;
  facts.tenure_days =
      DaysBefore(failure.spell.failed, decision.payment.subscribed_s);
  if (log.active_days_at < decision.row.size()) {
    facts.active_days_28d =
        static_cast<double>(decision.row[log.active_days_at]);
  }
  facts.time_zone = failure.time_zone;
  return SegmentsOf(facts);
}

absl::Status FillCase(const CaseBook& book, const LoggedFailures& log,
                      const GraceFailure& failure, absl::string_view currency,
                      FailureCase& filled) {
  const UnpaidSpell& spell = failure.spell;
  const GraceFailure::Decision& decision = failure.decisions[0];
  const FailedPayment& payment = decision.payment;
  const std::string own_currency(spell.currency.empty() ? std::string(currency)
                                                        : spell.currency);
  world::SeenFailure seen;
  seen.outcome = spell.outcome;
  seen.decline_code = spell.decline_code.c_str();
  seen.advice_code = spell.advice_code.c_str();
  seen.network = payment.network;
  seen.method_kind = payment.method_kind;
  seen.store = payment.store;
  seen.currency = own_currency.c_str();
  seen.time_zone = failure.time_zone.c_str();
  if (payment.amount_minor > 0) {
    seen.price_minor = std::llround(payment.amount_minor);
  }
  seen.values.fill(std::numeric_limits<float>::quiet_NaN());
  const auto set = [&seen](absl::string_view name, double value) {
    const auto columns = world::SeenColumns();
    const auto at = std::find(columns.begin(), columns.end(), name);
    seen.values[static_cast<std::size_t>(at - columns.begin())] =
        static_cast<float>(value);
  };
  set("messages_permitted", failure.messages_permitted ? 1 : 0);
  const absl::Status status = book.Fill(seen, spell.failed, filled);
  if (!status.ok()) {
    return absl::Status(
        status.code(),
        absl::StrCat("a payment that failed on ",
                     absl::FormatTime("%Y-%m-%d %H:%M:%S", spell.failed,
                                      absl::UTCTimeZone()),
                     ": ", std::string(status.message())));
  }
  filled.facts = payment;
  filled.segments = SegmentsOfLogged(log, failure);
  return absl::OkStatus();
}

}  // namespace tenuto
