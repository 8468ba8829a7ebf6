#include "training/importers/batch_writer.h"

#include <optional>
#include <utility>

#include "features/base/status_macros.h"

namespace tenuto {
namespace {

// One being filled, one waiting, one being committed.
constexpr std::size_t kBatches = 3;

}  // namespace

GatedEvent& ImportBatch::Append() {
  if (size == events.size()) events.emplace_back();
  return events[size++];
}

void ImportBatch::Clear() {
  size = 0;
  bytes = 0;
  implied.clear();
  progress.clear();
}

BatchWriter::BatchWriter(Ledger& ledger, std::string source)
    : ledger_(ledger),
      source_(std::move(source)),
      empty_(kBatches),
      full_(kBatches) {
  for (std::size_t i = 0; i < kBatches; ++i) {
    empty_.TryPush(std::make_unique<ImportBatch>());
  }
  thread_ = std::thread([this] { Run(); });
}

BatchWriter::~BatchWriter() { Finish().IgnoreError(); }

std::unique_ptr<ImportBatch> BatchWriter::Take() {
  return empty_.Pop().value_or(nullptr);
}

void BatchWriter::Submit(std::unique_ptr<ImportBatch> batch) {
  // There is room for every batch there is; a closed queue may drop it.
  full_.TryPush(std::move(batch));
}

absl::Status BatchWriter::Finish() {
  full_.Close();
  if (thread_.joinable()) thread_.join();
  return status_;
}

void BatchWriter::Run() {
  while (std::optional<std::unique_ptr<ImportBatch>> batch = full_.Pop()) {
    status_ = Commit(**batch);
    if (!status_.ok()) {
      full_.Close();
      // Nobody may wait for a batch that never comes back, nor go on.
      empty_.Close();
      while (empty_.Pop()) {
      }
      return;
    }
    (*batch)->Clear();
    empty_.TryPush(*std::move(batch));
  }
}

absl::Status BatchWriter::Commit(const ImportBatch& batch) {
  const SourceMark mark{source_, batch.progress};
  TENUTO_ASSIGN_OR_RETURN(
      const std::vector<Admission> verdicts,
      ledger_.Commit(absl::MakeConstSpan(batch.events.data(), batch.size),
                     batch.progress.empty() ? nullptr : &mark));
  auto implied = batch.implied.begin();
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const bool is_new = verdicts[i] == Admission::kAccepted;
    if (implied != batch.implied.end() && implied->index == i) {
      (implied->what == Implied::kConsent ? assumed_consents_
                                          : implied_sessions_) += is_new;
      ++implied;
    } else {
      ++(is_new ? accepted_ : duplicate_);
    }
  }
  return absl::OkStatus();
}

}  // namespace tenuto
