#include "server/backfill_thread.h"

#include <sys/resource.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "features/base/log.h"

namespace tenuto {
namespace {

constexpr int kLowestPriority = 19;

}  // namespace

void BackfillThread::Start() {
  if (stopped_ || thread_.joinable()) return;
  if (ledger_.Facts().pending == nullptr) {
    done_ = true;
    return;
  }
  thread_ = std::thread([this] { Run(); });
}

void BackfillThread::Run() {
  // On Linux this is the thread's own; without it ingest only gets slower.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLowestPriority);
  LogInfo(
      "folding the log again for new signals; features of them are "
      "missing until then");
  std::int64_t users = 0;
  absl::Status status = Backfill(users);
  // As after a full disk: what was done is kept, the rest goes on.
  while (absl::IsUnavailable(status)) {
    LogWarning(absl::StrCat("folding the log again failed: ", status.message(),
                            "; trying again in ",
                            absl::FormatDuration(retry_after_)));
    if (stop_.WaitForNotificationWithTimeout(retry_after_)) return;
    status = Backfill(users);
  }
  done_ = status.ok();
  if (status.ok()) {
    LogInfo(absl::StrCat("new signals are folded from the log, for ", users,
                         " users in this run"));
  } else if (!absl::IsCancelled(status)) {
    LogWarning(
        absl::StrCat("folding the log again failed, features of new "
                     "signals stay missing: ",
                     status.message()));
  }
}

absl::Status BackfillThread::Backfill(std::int64_t& users) {
  const std::int64_t before = users;
  return ledger_.Backfill([&](const BackfillProgress& now) {
    users = before + now.users;
    return !stopped_;
  });
}

void BackfillThread::Stop() {
  if (!stopped_.exchange(true)) stop_.Notify();
  if (thread_.joinable()) thread_.join();
}

}  // namespace tenuto
