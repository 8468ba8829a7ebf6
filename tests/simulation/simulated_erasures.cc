// Erasures in a simulated service: tried, lost, repeated, and what each of them
// must leave of its user, which is nothing (R41 of the promises).
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/simulation/simulated_log.h"
#include "tests/simulation/simulated_parts.h"
#include "tests/simulation/simulated_service.h"

namespace tenuto::testing {

void SimulatedService::EraseSomebody() {
  Erasing& erasing = erasings_.emplace_back();
  erasing.user = SomeUser();
  erasing.request = {absl::StrCat("erase-", ++made_), 1};
  erasing.asked = parts_->clock.Now();
  TryToErase(erasing, SomeFault());
}

void SimulatedService::ForgetToErase() {
  Erasing& erasing = erasings_.emplace_back();
  // Of users with many events one is as good as the other.
  do {
    erasing.user = SomeUser();
  } while (EventsOf(parts_->memory, parts_->keys.Of(erasing.user)).empty());
  erasing.request = {absl::StrCat("erase-", ++made_), 1};
  TryToErase(erasing, Fault::kLie);
}

void SimulatedService::TryToErase(Erasing& erasing, Fault fault) {
  // Rows of before do not come out of the log afterwards.
  CheckScores(erasing.user);
  const UserKey key = parts_->keys.Of(erasing.user);
  const absl::Time now = parts_->clock.Now();
  erasing.tries.push_back({absl::ToUnixMicros(now),
                           EventsOf(parts_->memory, key).size(),
                           books_[erasing.user].BeginEpoch()});
  parts_->ledger.FailNext(fault);
  const auto receipt = parts_->ledger.Erase(key, erasing.request, now);
  parts_->ledger.FailNext(Fault::kNone);
  if (receipt.ok()) return NoteErasure(erasing, *receipt);
  ++counts_["erasures lost"];
}

void SimulatedService::NoteErasure(Erasing& erasing, const Erasure& receipt) {
  // A repeat has the receipt of the try that came through; two may have been
  // made at the same moment, of which the first had no effect.
  const auto done =
      receipt.replayed
          ? std::find_if(erasing.tries.begin(), erasing.tries.end() - 1,
                         [&](const Erasing::Try& tried) {
                           return tried.time_us == receipt.time_us &&
                                  tried.events == receipt.events;
                         })
          : erasing.tries.end() - 1;
  if (receipt.events != done->events || receipt.time_us != done->time_us) {
    Wrong(absl::StrCat("the receipt of ", erasing.request.id, " counts ",
                       receipt.events, " events instead of ", done->events));
  }
  UserBook& book = books_[erasing.user];
  book.Erase(done->epoch);
  if (erasing.tries.end() - 1 - done == book.epoch() - done->epoch) {
    book.Keep(done->epoch);  // Every try since was one of this erasure.
  }
  Position& through = erased_through_[erasing.user];
  through = std::max(through, receipt.through);
  erasing.receipt = receipt;
  ++counts_[receipt.replayed ? "erasures done before" : "erasures"];
  if (!receipt.replayed) CheckErased(erasing.user, receipt);
}

void SimulatedService::CheckErased(const std::string& user,
                                   const Erasure& receipt) {
  const UserKey key = parts_->keys.Of(user);
  std::string state = "stale";
  EXPECT_EQ(parts_->memory.LoadState(key, state), absl::OkStatus());
  if (!state.empty()) Wrong(absl::StrCat(user, ": a state after its erasure"));
  if (!EventsOf(parts_->memory, key).empty()) {
    Wrong(absl::StrCat(user, ": an event after its erasure"));
  }
  if (receipt.through != parts_->memory.Facts().last_position) {
    Wrong(absl::StrCat(user, ": erased through another position"));
  }
}

void SimulatedService::EraseAgain() {
  if (erasings_.empty()) return;
  const std::int64_t newest = static_cast<std::int64_t>(erasings_.size()) - 1;
  Erasing& erasing = erasings_[static_cast<std::size_t>(
      draws_.Between(std::max<std::int64_t>(0, newest - 2), newest))];
  // A request is remembered for a day.
  if (parts_->clock.Now() - erasing.asked > absl::Hours(22)) return;
  if (!erasing.receipt) return TryToErase(erasing, SomeFault());
  ++counts_["erasures repeated"];
  const UserKey key = parts_->keys.Of(erasing.user);
  const absl::Time now = parts_->clock.Now();
  // With what came since: a repeat may not touch it.
  const auto again = parts_->ledger.Erase(key, erasing.request, now);
  const Erasure& first = *erasing.receipt;
  if (!again.ok() || !again->replayed || again->time_us != first.time_us ||
      again->events != first.events || again->bytes != first.bytes ||
      again->through != first.through) {
    Wrong(absl::StrCat("another receipt for ", erasing.request.id));
  }
  const RequestKey other = {erasing.request.id, 2};
  if (!absl::IsInvalidArgument(
          parts_->ledger.Erase(key, other, now).status())) {
    Wrong("a request id was taken for another erasure");
  }
}

}  // namespace tenuto::testing
