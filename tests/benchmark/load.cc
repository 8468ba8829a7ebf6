#include "tests/benchmark/load.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/clock.h"
#include "features/base/log.h"

namespace tenuto {

void Load::Add(const google::protobuf::MessageLite& request) {
  requests.push_back(GrpcFrame(request.SerializeAsString()));
}

double LoadResult::calls_per_s() const {
  return static_cast<double>(latencies.size()) / absl::ToDoubleSeconds(took);
}

double LoadResult::Milliseconds(double share) const {
  if (latencies.empty()) return 0;
  const auto rank =
      static_cast<std::size_t>(share * static_cast<double>(latencies.size()));
  return absl::ToDoubleMilliseconds(
      latencies[std::min(rank, latencies.size() - 1)]);
}

void LoadResult::Merge(const LoadResult& other) {
  took += other.took;
  failures += other.failures;
  const auto middle = static_cast<std::ptrdiff_t>(latencies.size());
  latencies.insert(latencies.end(), other.latencies.begin(),
                   other.latencies.end());
  std::inplace_merge(latencies.begin(), latencies.begin() + middle,
                     latencies.end());
}

LoadClient::LoadClient(const std::string& address) : connection_(address) {}

void LoadClient::Begin(Call& call, const Load& load, absl::Time begin) {
  call.begin = begin;
  call.request = &load.requests[next_request_++ % load.requests.size()];
  connection_.Submit(load.method, call);
}

LoadClient::Call& LoadClient::IdleCall() {
  if (idle_.empty()) {
    idle_.push_back(calls_.emplace_back(std::make_unique<Call>()).get());
  }
  Call& call = *idle_.back();
  idle_.pop_back();
  return call;
}

void LoadClient::Note(const std::vector<Call*>& over) {
  if (over.empty()) return;
  const absl::Time now = Clock::Real().Now();
  for (Call* const call : over) {
    latencies_.push_back(now - call->begin);
    if (!call->is_ok) ++failures_;
    idle_.push_back(call);
  }
}

LoadResult LoadClient::Finish(absl::Duration took) {
  LoadResult result{took, failures_, std::move(latencies_)};
  std::sort(result.latencies.begin(), result.latencies.end());
  latencies_.clear();
  failures_ = 0;
  return result;
}

LoadResult LoadClient::Closed(const Load& load, int in_flight,
                              absl::Duration duration) {
  const absl::Time start = Clock::Real().Now();
  for (int k = 0; k < in_flight; ++k) Begin(IdleCall(), load, start);
  while (in_flight > 0) {
    const std::vector<Call*>& over = connection_.Turn(absl::ZeroDuration());
    Note(over);
    const absl::Time now = Clock::Real().Now();
    if (now - start >= duration) {
      in_flight -= static_cast<int>(over.size());
      continue;
    }
    for (std::size_t k = 0; k < over.size(); ++k) Begin(IdleCall(), load, now);
  }
  return Finish(Clock::Real().Now() - start);
}

LoadResult LoadClient::Open(const Load& load, double calls_per_s,
                            absl::Duration duration) {
  const absl::Time start = Clock::Real().Now();
  const absl::Duration step = absl::Seconds(1) / calls_per_s;
  absl::Time due = start;
  std::size_t in_flight = 0;
  while (in_flight > 0 || due < start + duration) {
    for (; due < start + duration && due <= Clock::Real().Now(); due += step) {
      Begin(IdleCall(), load, due);
      ++in_flight;
    }
    const std::vector<Call*>& over = connection_.Turn(
        due < start + duration
            ? std::max(due - Clock::Real().Now(), absl::ZeroDuration())
            : absl::InfiniteDuration());
    Note(over);
    in_flight -= over.size();
  }
  return Finish(Clock::Real().Now() - start);
}

std::string LoadClient::AnswerTo(const Load& load) {
  Call& call = IdleCall();
  call.keeps_answer = true;
  Begin(call, load, Clock::Real().Now());
  while (connection_.Turn(absl::InfiniteDuration()).empty()) {
  }
  call.keeps_answer = false;
  idle_.push_back(&call);
  TENUTO_CHECK(call.is_ok, absl::StrCat(load.method, " failed"));
  return call.answer.substr(GrpcFrame("").size());
}

}  // namespace tenuto
