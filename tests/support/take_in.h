// Hands a batch to the ingest service and waits, as a caller does.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_TAKE_IN_H_
#define TENUTO_TESTS_SUPPORT_TAKE_IN_H_

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "server/ingest_service.h"

namespace tenuto {

inline absl::Status TakeInAndWait(IngestService& ingest,
                                  v1::IngestEventsRequest& request,
                                  v1::IngestEventsResponse& response) {
  absl::Status status;
  absl::Notification answered;
  ingest.TakeIn(request, response, [&](const absl::Status& answer) {
    status = answer;
    answered.Notify();
  });
  answered.WaitForNotification();
  return status;
}

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_TAKE_IN_H_
