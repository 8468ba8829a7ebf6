#include "training/world/ledger_writer.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/base/status_macros.h"

namespace tenuto::world {

LedgerWriter::LedgerWriter(Ledger& ledger, const UserKeys& keys,
                           std::int64_t users, int shards, LedgerMark there,
                           std::size_t batch)
    : ledger_(ledger),
      gate_(keys),
      batch_(batch),
      shards_(static_cast<std::size_t>(shards)),
      mark_(std::move(there)),
      there_(mark_) {
  mark_ = {.world = there_.world};
  const auto count = static_cast<std::uint64_t>(users);
  keys_.resize(count + 1);
  for (std::uint64_t user = 1; user <= count; ++user) {
    keys_[user] = keys.Of(UserId(user));
  }
}

void LedgerWriter::Take(int shard, std::uint64_t user,
                        absl::Span<v1::Event* const> events) {
  Shard& mine = shards_[static_cast<std::size_t>(shard)];
  for (v1::Event* event : events) {
    const std::int64_t time_us = event->event_time().seconds() * 1'000'000 +
                                 event->event_time().nanos() / 1'000;
    Taken taken{user, event->sequence(), {}};
    if (event->has_decision_made() || event->has_grace_planned()) {
      taken.gated = gate_.AdmitOwn(*event, keys_[user]);
    } else if (const std::optional<Rejection> refused =
                   gate_.Admit(*event, keys_[user],
                               absl::FromUnixMicros(time_us), taken.gated)) {
      mine.refused = absl::InternalError(absl::StrCat(
          "the world made an event that the gate refuses: ", refused->reason,
          ", ", refused->message));
      continue;
    }
    taken.gated.known_time_us = time_us;
    mine.taken.push_back(std::move(taken));
  }
}

absl::Status LedgerWriter::EndDay() {
  std::vector<Taken*> ordered;
  for (Shard& shard : shards_) {
    TENUTO_RETURN_IF_ERROR(shard.refused);
    for (Taken& taken : shard.taken) ordered.push_back(&taken);
  }
  std::sort(ordered.begin(), ordered.end(), [](const Taken* a, const Taken* b) {
    return std::tie(a->gated.known_time_us, a->user, a->sequence) <
           std::tie(b->gated.known_time_us, b->user, b->sequence);
  });
  for (Taken* taken : ordered) {
    ++mark_.events;
    mark_.digest = Digest(mark_.digest, taken->gated.event);
    if (there_.whole || mark_.events <= there_.events) {
      if (mark_.events == there_.events && mark_.digest != there_.digest) {
        return absl::FailedPreconditionError(
            "the ledger holds the beginning of this world as another version "
            "of the program lived it; give an empty directory as --ledger");
      }
      ++passed_over_;
      continue;
    }
    waiting_.push_back(std::move(taken->gated));
    if (waiting_.size() == batch_) TENUTO_RETURN_IF_ERROR(Flush());
  }
  for (Shard& shard : shards_) shard.taken.clear();
  return absl::OkStatus();
}

absl::Status LedgerWriter::End() {
  mark_.whole = true;
  return Flush();
}

absl::Status LedgerWriter::Flush() {
  const SourceMark mark = ToSourceMark(mark_);
  TENUTO_ASSIGN_OR_RETURN(const std::vector<Admission> verdicts,
                          ledger_.Commit(waiting_, &mark));
  accepted_ +=
      std::count(verdicts.begin(), verdicts.end(), Admission::kAccepted);
  waiting_.clear();
  return absl::OkStatus();
}

}  // namespace tenuto::world
