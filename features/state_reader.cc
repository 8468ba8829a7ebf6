#include "features/state_reader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/state_codec.h"

namespace tenuto {
namespace {

std::size_t Index(int n) { return static_cast<std::size_t>(n); }

}  // namespace

StateReader::StateReader(const Catalogue& catalogue)
    : catalogue_(&catalogue), state_(StateLayout(catalogue)) {}

absl::StatusOr<StateReader> StateReader::Open(const Catalogue& catalogue,
                                              absl::string_view state,
                                              const PendingSignals* pending) {
  StateReader reader(catalogue);
  reader.pending_ = pending;
  TENUTO_RETURN_IF_ERROR(reader.state_.Decode(state));
  reader.known_ = !state.empty();
  return reader;
}

const Signal& StateReader::Find(absl::string_view name, v1::Keep keep) const {
  const Signal* signal = catalogue_->FindSignal(name);
  TENUTO_CHECK(signal != nullptr && signal->declaration.keep() == keep,
               absl::StrCat("the catalogue has no signal \"", name, "\" with ",
                            v1::Keep_Name(keep)));
  read_pending_ |=
      pending_ != nullptr && pending_->Has(signal->declaration.id());
  return *signal;
}

std::optional<std::int64_t> StateReader::LastValue(
    absl::string_view signal) const {
  const Latest& latest =
      state_.last_values[Index(Find(signal, v1::KEEP_LAST_VALUE).slot)];
  if (latest.time_us == kNever) return std::nullopt;
  return latest.value;
}

std::optional<absl::Time> StateReader::LastValueTime(
    absl::string_view signal) const {
  const Latest& latest =
      state_.last_values[Index(Find(signal, v1::KEEP_LAST_VALUE).slot)];
  if (latest.time_us == kNever) return std::nullopt;
  return absl::FromUnixMicros(latest.time_us);
}

std::optional<absl::Time> StateReader::LastTime(
    absl::string_view signal) const {
  const std::int64_t time_us =
      state_.last_times[Index(Find(signal, v1::KEEP_LAST_TIME).slot)];
  if (time_us == kNever) return std::nullopt;
  return absl::FromUnixMicros(time_us);
}

std::string StateReader::LastText(absl::string_view signal) const {
  return state_.last_texts[Index(Find(signal, v1::KEEP_LAST_TEXT).slot)].text;
}

std::optional<absl::Time> StateReader::LastTextTime(
    absl::string_view signal) const {
  const LatestText& latest =
      state_.last_texts[Index(Find(signal, v1::KEEP_LAST_TEXT).slot)];
  if (latest.time_us == kNever) return std::nullopt;
  return absl::FromUnixMicros(latest.time_us);
}

std::int64_t StateReader::Total(absl::string_view signal) const {
  return state_.totals[Index(Find(signal, v1::KEEP_TOTAL).slot)];
}

const std::vector<RecentEntry>& StateReader::Recent(
    absl::string_view signal) const {
  return state_.recents[Index(Find(signal, v1::KEEP_RECENT).slot)];
}

std::int64_t StateReader::DailySum(absl::string_view signal, int from_day,
                                   int to_day) const {
  const int slot = Find(signal, v1::KEEP_DAILY_SUM).slot;
  std::int64_t sum = 0;
  const auto days = state_.days();
  for (int k = 0; k < static_cast<int>(days.size()); ++k) {
    if (days[Index(k)] < from_day || days[Index(k)] > to_day) continue;
    sum = WrappingAdd(sum, state_.tiles(k)[Index(slot)]);
  }
  return sum;
}

void StateReader::DailySums(absl::string_view signal, int from_day,
                            absl::Span<std::int64_t> sums) const {
  const int slot = Find(signal, v1::KEEP_DAILY_SUM).slot;
  std::fill(sums.begin(), sums.end(), 0);
  const auto days = state_.days();
  for (int k = 0; k < static_cast<int>(days.size()); ++k) {
    const std::int64_t at = std::int64_t{days[Index(k)]} - from_day;
    if (at < 0 || at >= static_cast<std::int64_t>(sums.size())) continue;
    sums[static_cast<std::size_t>(at)] = state_.tiles(k)[Index(slot)];
  }
}

v1::Plan StateReader::plan() const {
  return static_cast<v1::Plan>(LastValue(kPlanSignal).value_or(0));
}

bool StateReader::Granted(v1::ConsentClass consent_class) const {
  const absl::string_view answer = ConsentSignal(consent_class);
  return answer.empty() || LastValue(answer) == v1::CONSENT_GRANTED;
}

}  // namespace tenuto
