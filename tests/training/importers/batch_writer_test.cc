#include "training/importers/batch_writer.h"

#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "features/catalogue.h"
#include "features/memory_ledger.h"
#include "gtest/gtest.h"
#include "tests/support/failing_ledger.h"

namespace tenuto {
namespace {

// Appends an event whose id is `id`.
void AppendEvent(std::uint64_t id, ImportBatch& batch) {
  v1::Event event;
  event.mutable_event_time()->set_seconds(1'700'000'000);
  event.mutable_search()->set_result_count(1);
  GatedEvent& gated = batch.Append();
  gated.user.bytes[0] = static_cast<std::uint8_t>(id % 5);
  gated.event_hash = id;
  gated.known_time_us = 1'700'000'000'000'000;
  event.SerializeToString(&gated.event);
}

TEST(BatchWriter, CommitsBatchesInOrderAndCountsApart) {
  MemoryLedger ledger(Catalogue::Embedded());
  BatchWriter writer(ledger, "a file");
  for (int round = 0; round < 20; ++round) {
    std::unique_ptr<ImportBatch> batch = writer.Take();
    ASSERT_NE(batch, nullptr);
    ASSERT_EQ(batch->size, 0u);
    ASSERT_TRUE(batch->implied.empty());
    AppendEvent(static_cast<std::uint64_t>(round) + 1, *batch);
    AppendEvent(1000, *batch);
    batch->implied.push_back({batch->size, Implied::kConsent});
    AppendEvent(2000, *batch);
    batch->progress = absl::StrCat("round ", round);
    writer.Submit(std::move(batch));
  }
  ASSERT_TRUE(writer.Finish().ok());
  EXPECT_EQ(writer.accepted(), 20 + 1);
  EXPECT_EQ(writer.duplicate(), 19);
  EXPECT_EQ(writer.assumed_consents(), 1);
  EXPECT_EQ(*ledger.LoadMark("a file"), "round 19");
}

TEST(BatchWriter, KeepsTheMarkOfABatchWithoutProgress) {
  MemoryLedger ledger(Catalogue::Embedded());
  BatchWriter writer(ledger, "a file");
  for (const char* progress : {"seven", ""}) {
    std::unique_ptr<ImportBatch> batch = writer.Take();
    AppendEvent(7, *batch);
    batch->progress = progress;
    writer.Submit(std::move(batch));
  }
  ASSERT_TRUE(writer.Finish().ok());
  EXPECT_EQ(*ledger.LoadMark("a file"), "seven");
}

TEST(BatchWriter, ReusesAFixedSetOfBatches) {
  MemoryLedger ledger(Catalogue::Embedded());
  BatchWriter writer(ledger, "a file");
  std::set<const ImportBatch*> seen;
  for (int round = 0; round < 50; ++round) {
    std::unique_ptr<ImportBatch> batch = writer.Take();
    seen.insert(batch.get());
    writer.Submit(std::move(batch));
  }
  EXPECT_LE(seen.size(), 3u);
}

TEST(BatchWriter, StopsTheReaderAfterAFailedCommit) {
  MemoryLedger memory(Catalogue::Embedded());
  FailingLedger ledger(memory, 2);
  BatchWriter writer(ledger, "a file");
  std::uint64_t id = 0;
  while (std::unique_ptr<ImportBatch> batch = writer.Take()) {
    ASSERT_LT(id, 100u) << "nobody stopped the reader";
    AppendEvent(++id, *batch);
    batch->progress = absl::StrCat(id);
    writer.Submit(std::move(batch));
  }
  EXPECT_TRUE(absl::IsUnavailable(writer.Finish()));
  EXPECT_EQ(writer.accepted(), 2);
  EXPECT_EQ(*memory.LoadMark("a file"), "2");
}

}  // namespace
}  // namespace tenuto
