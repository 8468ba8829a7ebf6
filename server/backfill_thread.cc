#include "server/backfill_thread.h"

#include <sys/resource.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "features/base/clock.h"
#include "features/base/log.h"

namespace tenuto {
namespace {

constexpr int kLowestPriority = 19;
constexpr absl::Duration kTellEvery = absl::Minutes(1);

// How far it is: every tenth of the partitions, and every minute.
class ProgressLog {
 public:
  void Tell(const BackfillProgress& now, std::int64_t users) {
    const int tenths = now.partitions_done * 10 / kPartitions;
    if (told_tenths_ < 0) {
      if (now.partitions_before > 0) {
        LogInfo(absl::StrCat("folding the log again goes on at partition ",
                             now.partitions_before, " of ", kPartitions));
      }
      told_tenths_ = now.partitions_before * 10 / kPartitions;
    }
    const absl::Time time = Clock::Real().Now();
    if (tenths == told_tenths_ && time - told_ < kTellEvery) return;
    told_ = time;
    told_tenths_ = tenths;
    LogInfo(absl::StrCat("folding the log again: ", now.partitions_done, " of ",
                         kPartitions, " partitions are done (",
                         now.partitions_done * 100 / kPartitions, " %), ",
                         users, " users in this run"));
  }

 private:
  int told_tenths_ = -1;  // Nothing yet.
  absl::Time told_ = Clock::Real().Now();
};

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
  ProgressLog log;
  return ledger_.Backfill([&](const BackfillProgress& now) {
    users = before + now.users;
    log.Tell(now, users);
    return !stopped_;
  });
}

void BackfillThread::Stop() {
  if (!stopped_.exchange(true)) stop_.Notify();
  if (thread_.joinable()) thread_.join();
}

}  // namespace tenuto
