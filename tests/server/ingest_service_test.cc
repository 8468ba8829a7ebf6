#include "server/ingest_service.h"

#include <string>

#include "gtest/gtest.h"
#include "server/rpc_status.h"
#include "tests/support/server_parts.h"

namespace tenuto {
namespace {

class IngestServiceTest : public ::testing::Test {
 protected:
  v1::IngestEventsResponse TakeIn(v1::IngestEventsRequest request) {
    v1::IngestEventsResponse response;
    const absl::Status status = TakeInAndWait(service_, request, response);
    EXPECT_TRUE(status.ok()) << status;
    return response;
  }

  ServerParts parts_;
  IngestService service_{parts_.IngestOptions()};
};

TEST_F(IngestServiceTest, AnswersEveryEventInOrder) {
  v1::IngestEventsRequest request;
  request.set_request_id("batch-1");
  for (const v1::Event& event : SubscriberEvents("anna", 1, kTestNow)) {
    *request.add_events() = event;
  }
  *request.add_events() = request.events(0);     // A duplicate.
  request.add_events()->set_user_id("nothing");  // No id, time or payload.
  const v1::IngestEventsResponse response = TakeIn(request);
  EXPECT_EQ(response.request_id(), "batch-1");
  ASSERT_EQ(response.results_size(), 6);
  for (int k = 0; k < 4; ++k) {
    EXPECT_EQ(response.results(k).verdict(), v1::EVENT_VERDICT_ACCEPTED);
    EXPECT_EQ(response.results(k).reason(), "");
  }
  EXPECT_EQ(response.results(4).verdict(), v1::EVENT_VERDICT_DUPLICATE);
  EXPECT_EQ(response.results(5).verdict(), v1::EVENT_VERDICT_REJECTED);
  EXPECT_EQ(response.results(5).reason(), "EMPTY_EVENT_ID");
  EXPECT_EQ(parts_.ledger.Facts().last_position, 4u);
}

TEST_F(IngestServiceTest, AcceptsARepeatedBatchOnlyOnce) {
  v1::IngestEventsRequest request;
  for (const v1::Event& event : SubscriberEvents("anna", 3, kTestNow)) {
    *request.add_events() = event;
  }
  TakeIn(request);
  const Position after_first = parts_.ledger.Facts().last_position;
  const v1::IngestEventsResponse again = TakeIn(request);
  for (const v1::EventResult& result : again.results()) {
    EXPECT_EQ(result.verdict(), v1::EVENT_VERDICT_DUPLICATE);
  }
  EXPECT_EQ(parts_.ledger.Facts().last_position, after_first);
}

TEST_F(IngestServiceTest, KnowsAnEventFromTheMomentItCame) {
  v1::IngestEventsRequest request;
  v1::Event old = MakeEvent("anna", "old", kTestNow - absl::Hours(48));
  old.mutable_search();
  *request.add_events() = old;
  TakeIn(request);
  EXPECT_EQ(parts_.ledger.Facts().history_start, kTestNow);
}

TEST_F(IngestServiceTest, RefusesDecisionsOfProducers) {
  v1::IngestEventsRequest request;
  v1::Event event = MakeEvent("anna", "fake", kTestNow);
  event.mutable_decision_made()->set_treatment("none");
  *request.add_events() = event;
  const v1::IngestEventsResponse response = TakeIn(request);
  EXPECT_EQ(response.results(0).verdict(), v1::EVENT_VERDICT_REJECTED);
  EXPECT_EQ(parts_.ledger.Facts().last_position, 0u);
}

TEST_F(IngestServiceTest, TakesAThousandEventsAndNotOneMore) {
  v1::IngestEventsRequest request;
  for (int k = 0; k < IngestService::kEventsMax; ++k) {
    v1::Event event = MakeEvent("anna", std::to_string(k), kTestNow);
    event.mutable_search();
    *request.add_events() = event;
  }
  EXPECT_EQ(TakeIn(request).results_size(), IngestService::kEventsMax);
  request.add_events();
  v1::IngestEventsResponse response;
  const absl::Status status = TakeInAndWait(service_, request, response);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(status.message(),
            "events has 1001 entries; at most 1000 are taken at once");
  EXPECT_EQ(ReasonOf(status), "TOO_MANY_EVENTS");
  EXPECT_EQ(response.results_size(), 0);
}

TEST_F(IngestServiceTest, AnswersAnEmptyBatchWithNothing) {
  EXPECT_EQ(TakeIn({}).results_size(), 0);
}

}  // namespace
}  // namespace tenuto
