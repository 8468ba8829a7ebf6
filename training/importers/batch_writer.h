// Commits batches of an import on a thread of its own, so that reading goes on
// while the disk is busy. A fixed set of batches goes round: memory is bounded
// and an event's bytes are written where an older event's were.
#ifndef TENUTO_TRAINING_IMPORTERS_BATCH_WRITER_H_
#define TENUTO_TRAINING_IMPORTERS_BATCH_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "features/base/bounded_queue.h"
#include "features/event_gate.h"
#include "features/ledger.h"

namespace tenuto {

// An event that no line is, but that the lines imply.
enum class Implied { kConsent, kSession };

// Events that commit together. Value type; not thread-safe.
struct ImportBatch {
  struct ImpliedEvent {
    std::size_t index;
    Implied what;
  };
  std::vector<GatedEvent> events;  // The first `size` count.
  std::size_t size = 0;
  std::size_t bytes = 0;
  std::vector<ImpliedEvent> implied;  // By rising index.
  std::string progress;               // Empty: no mark goes with it.

  // The next event's place, with the bytes of an older one.
  GatedEvent& Append();
  void Clear();
};

// Not thread-safe: used by the one thread that reads.
class BatchWriter {
 public:
  // `ledger` must outlive it.
  BatchWriter(Ledger& ledger, std::string source);
  ~BatchWriter();  // Stops after the batches submitted so far.
  BatchWriter(const BatchWriter&) = delete;
  BatchWriter& operator=(const BatchWriter&) = delete;

  // An empty batch; waits for one. Null after a commit failed.
  std::unique_ptr<ImportBatch> Take();
  void Submit(std::unique_ptr<ImportBatch> batch);
  // Waits for all commits. The first error; nothing was committed after it.
  absl::Status Finish();

  // Valid after Finish().
  std::int64_t accepted() const { return accepted_; }
  std::int64_t duplicate() const { return duplicate_; }
  std::int64_t assumed_consents() const { return assumed_consents_; }
  std::int64_t implied_sessions() const { return implied_sessions_; }

 private:
  void Run();
  absl::Status Commit(const ImportBatch& batch);

  Ledger& ledger_;
  const std::string source_;
  BoundedQueue<std::unique_ptr<ImportBatch>> empty_;
  BoundedQueue<std::unique_ptr<ImportBatch>> full_;
  // Written by the thread, read after it ended.
  absl::Status status_;
  std::int64_t accepted_ = 0;
  std::int64_t duplicate_ = 0;
  std::int64_t assumed_consents_ = 0;
  std::int64_t implied_sessions_ = 0;
  std::thread thread_;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_IMPORTERS_BATCH_WRITER_H_
