#include "server/metrics.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/http_get.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class MetricsTest : public ::testing::Test {
 protected:
  std::string Scrape() {
    if (port_ == 0) {
      const auto port =
          metrics_.Expose("127.0.0.1:0", [this] { return readings_; });
      EXPECT_TRUE(port.ok()) << port.status();
      port_ = *port;
    }
    return HttpGet(port_, "/metrics");
  }

  MetricReadings readings_;
  Metrics metrics_{{"none", "offline_mode_tip"}};
  int port_ = 0;
};

TEST_F(MetricsTest, ExportsEverySeriesFromZero) {
  const std::string text = Scrape();
  for (const char* line :
       {"tenuto_calls_total{code=\"OK\",method=\"IngestEvents\"} 0",
        "tenuto_calls_total{code=\"INVALID_ARGUMENT\",method=\"ScoreRows\"} 0",
        "tenuto_call_seconds_count{method=\"DecideTreatment\"} 0",
        "tenuto_events_total{verdict=\"duplicate\"} 0",
        "tenuto_decisions_total{treatment=\"none\"} 0",
        "tenuto_decisions_total{treatment=\"offline_mode_tip\"} 0",
        "tenuto_decisions_explored_total 0",
        "tenuto_decisions_replayed_total 0",
        "tenuto_bundles_refused_total 0",
        "tenuto_erasures_total 0",
        "tenuto_scores_total 0",
        "tenuto_serving 0",
        "tenuto_ledger_last_position 0",
        "tenuto_call_lag_seconds 0",
        "tenuto_signals_pending 0",
        "tenuto_models_serving 0",
        "tenuto_recovery_models_serving 0",
        "tenuto_ledger_tail_truncated_total 0",
        "tenuto_ledger_errors_total{kind=\"disk_full\"} 0",
        "tenuto_ledger_errors_total{kind=\"io\"} 0",
        "tenuto_ledger_errors_total{kind=\"damage\"} 0",
        "tenuto_score_records_written_total 0",
        "tenuto_score_records_lost_total 0"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + line));
  }
}

TEST_F(MetricsTest, GivesEverySeriesAHelpText) {
  const std::string text = Scrape();
  std::size_t types = 0;
  std::size_t helps = 0;
  for (std::size_t at = 0;
       (at = text.find("# TYPE tenuto_", at)) != std::string::npos; ++at) {
    ++types;
  }
  for (std::size_t at = 0;
       (at = text.find("# HELP tenuto_", at)) != std::string::npos; ++at) {
    ++helps;
    const std::size_t end = text.find('\n', at);
    EXPECT_EQ(text[end - 1] == '\r' ? text[end - 2] : text[end - 1], '.');
  }
  EXPECT_EQ(types, helps);
  EXPECT_GE(helps, 13u);
}

TEST_F(MetricsTest, CountsWhatItIsTold) {
  metrics_.CountCall(RpcMethod::kScoreUsers, absl::StatusCode::kNotFound,
                     absl::Milliseconds(3));
  metrics_.CountCall(RpcMethod::kScoreUsers, absl::StatusCode::kOk,
                     absl::Milliseconds(-3));
  v1::IngestEventsResponse answered;
  answered.add_results()->set_verdict(v1::EVENT_VERDICT_REJECTED);
  for (int k = 0; k < 2; ++k) {
    answered.add_results()->set_verdict(v1::EVENT_VERDICT_DUPLICATE);
  }
  metrics_.CountEvents(answered);
  metrics_.CountScores(7);
  metrics_.CountReplayedDecision();
  v1::GracePlanned planned;
  metrics_.CountPlan(planned);
  planned.set_randomised(true);
  planned.set_lease_id("lease");
  metrics_.CountPlan(planned);
  metrics_.CountReplayedPlan();
  metrics_.CountRefusedBundle();
  metrics_.SetServing(true);
  v1::DecisionMade decision;
  decision.set_treatment("offline_mode_tip");
  decision.set_explored(true);
  metrics_.CountDecision(decision);
  const std::string text = Scrape();
  for (const char* line :
       {"tenuto_calls_total{code=\"NOT_FOUND\",method=\"ScoreUsers\"} 1",
        "tenuto_calls_total{code=\"OK\",method=\"ScoreUsers\"} 1",
        "tenuto_call_seconds_count{method=\"ScoreUsers\"} 2",
        "tenuto_call_seconds_bucket{method=\"ScoreUsers\",le=\"0.002\"} 1",
        "tenuto_events_total{verdict=\"rejected\"} 1",
        "tenuto_events_total{verdict=\"duplicate\"} 2",
        "tenuto_events_total{verdict=\"accepted\"} 0", "tenuto_scores_total 7",
        "tenuto_serving 1",
        "tenuto_decisions_total{treatment=\"offline_mode_tip\"} 1",
        "tenuto_decisions_explored_total 1",
        "tenuto_decisions_replayed_total 1", "tenuto_grace_plans_total 2",
        "tenuto_grace_plans_randomised_total 1", "tenuto_grace_leases_total 1",
        "tenuto_grace_plans_replayed_total 1",
        "tenuto_bundles_refused_total 1"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + line));
  }
}

TEST_F(MetricsTest, ReadsTheOtherPartsAtEveryScrape) {
  EXPECT_THAT(Scrape(), HasSubstr("\ntenuto_ledger_last_position 0"));
  readings_.ledger_last_position = 42;
  readings_.score_records_lost = 3;
  readings_.ledger_faults = {1, 5, 6, 7};
  readings_.events_late = {{"tracks", 8}};
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("\ntenuto_ledger_last_position 42"));
  EXPECT_THAT(text, HasSubstr("\ntenuto_score_records_lost_total 3"));
  EXPECT_THAT(text, HasSubstr("\ntenuto_ledger_tail_truncated_total 1"));
  EXPECT_THAT(text, HasSubstr("_events_late_total{signal=\"tracks\"} 8"));
  EXPECT_THAT(text, HasSubstr("errors_total{kind=\"disk_full\"} 5"));
  EXPECT_THAT(text, HasSubstr("errors_total{kind=\"io\"} 6"));
  EXPECT_THAT(text, HasSubstr("errors_total{kind=\"damage\"} 7"));
}

TEST_F(MetricsTest, SaysThatItsPortIsTaken) {
  ASSERT_THAT(Scrape(), Not(""));
  Metrics second({"none"});
  const auto port = second.Expose("127.0.0.1:" + std::to_string(port_),
                                  [] { return MetricReadings(); });
  EXPECT_TRUE(absl::IsUnavailable(port.status()));
  EXPECT_THAT(std::string(port.status().message()),
              HasSubstr(": the port is in use; "));
}

}  // namespace
}  // namespace tenuto
