#include "training/world/report.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "training/summary.h"

namespace tenuto::world {
namespace {

std::int64_t CountOf(const Tally& tally, v1::Event::PayloadCase payload) {
  return tally.by_payload[static_cast<std::size_t>(payload)];
}

void AddLine(absl::string_view name, std::int64_t count, std::string& text) {
  absl::StrAppendFormat(&text, "  %-28s %14d\n", name, count);
}

void AddShare(absl::string_view name, double share, std::string& text) {
  absl::StrAppendFormat(&text, "  %-28s %13.2f%%\n", name, 100 * share);
}

}  // namespace

std::string FormatReport(const WorldReport& report) {
  const Tally& tally = report.tally;
  std::string text = absl::StrFormat(
      "world of %d users, %d days from %s, seed %d\n", report.options.users,
      report.options.days, absl::FormatCivilTime(report.options.start),
      report.options.seed);
  for (const auto& [name, count] : tally.ByName()) AddLine(name, count, text);
  AddLine("events", tally.events, text);
  AddLine("accepted by the ledger", report.accepted, text);
  AddLine("duplicates", report.duplicates, text);
  AddLine("paid users at the end", report.paid_users_end, text);
  AddLine("left by choice", tally.left_by_choice, text);
  AddLine("lost to failed payments", tally.lost, text);
  AddLine("messages", CountOf(tally, v1::Event::kMessageSent), text);
  AddLine("opt-outs", CountOf(tally, v1::Event::kMessageOptedOut), text);
  AddShare("churn by choice, monthly", tally.churn_by_choice_monthly(), text);
  AddShare("churn involuntary, monthly", tally.churn_involuntary_monthly(),
           text);
  AddShare("renewals that fail at first", tally.failure_rate(), text);
  AddShare("failures recovered", tally.recovery_rate(), text);
  absl::StrAppendFormat(&text, "  %-28s %14.1f\n", "events per listening day",
                        tally.events_per_listening_day());
  absl::StrAppendFormat(&text, "  %-28s %14.2f\n", "seconds living",
                        report.seconds_living);
  absl::StrAppendFormat(&text, "  %-28s %14.2f\n", "seconds in the ledger",
                        report.seconds_ledger);
  absl::StrAppend(&text, "  truth (for evaluation only)  ",
                  report.truth_path.string(), "\n");
  return text;
}

std::string ReportJson(const WorldReport& report) {
  const Tally& tally = report.tally;
  std::string kinds;
  for (const auto& [name, count] : tally.ByName()) {
    absl::StrAppend(&kinds, kinds.empty() ? "" : ",", JsonString(name), ":",
                    count);
  }
  return absl::StrFormat(
      R"({"users":%d,"days":%d,"seed":%d,"start":"%s","events":%d,)"
      R"("events_by_kind":{%s},"accepted":%d,"duplicate":%d,)"
      R"("paid_users_end":%d,"left_by_choice":%d,"lost":%d,)"
      R"("churn_by_choice_monthly":%.6f,"churn_involuntary_monthly":%.6f,)"
      R"("payments":{"renewals":%d,"failed":%d,"recovered":%d,)"
      R"("failure_rate":%.6f,"recovery_rate":%.6f},)"
      R"("messages_sent":%d,"opt_outs":%d,"events_per_listening_day":%.3f,)"
      R"("truth":%s,"seconds":{"living":%.3f,"ledger":%.3f}})"
      "\n",
      report.options.users, report.options.days, report.options.seed,
      absl::FormatCivilTime(report.options.start), tally.events, kinds,
      report.accepted, report.duplicates, report.paid_users_end,
      tally.left_by_choice, tally.lost, tally.churn_by_choice_monthly(),
      tally.churn_involuntary_monthly(), tally.renewals, tally.failures,
      tally.recovered, tally.failure_rate(), tally.recovery_rate(),
      CountOf(tally, v1::Event::kMessageSent),
      CountOf(tally, v1::Event::kMessageOptedOut),
      tally.events_per_listening_day(), JsonString(report.truth_path.string()),
      report.seconds_living, report.seconds_ledger);
}

}  // namespace tenuto::world
