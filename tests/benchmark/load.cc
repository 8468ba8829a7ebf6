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
  waited += other.waited;
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
    noted_.push_back({call->begin, now - call->begin, call->is_ok});
    idle_.push_back(call);
  }
}

LoadResult LoadClient::Finish(absl::Duration took) {
  LoadResult result;
  result.took = took;
  for (const Noted& noted : noted_) {
    result.latencies.push_back(noted.latency);
    if (!noted.is_ok) ++result.failures;
  }
  std::sort(result.latencies.begin(), result.latencies.end());
  noted_.clear();
  return result;
}

LoadResult LoadClient::Closed(const Load& load, int in_flight,
                              absl::Duration duration) {
  const absl::Time start = Clock::Real().Now();
  absl::Duration waited = absl::ZeroDuration();
  for (int k = 0; k < in_flight; ++k) Begin(IdleCall(), load, start);
  while (in_flight > 0) {
    const absl::Time before = Clock::Real().Now();
    const std::vector<Call*>& over = connection_.Turn(absl::ZeroDuration());
    Note(over);
    const absl::Time now = Clock::Real().Now();
    if (over.empty()) waited += now - before;
    if (now - start >= duration) {
      in_flight -= static_cast<int>(over.size());
      continue;
    }
    for (std::size_t k = 0; k < over.size(); ++k) Begin(IdleCall(), load, now);
  }
  LoadResult result = Finish(Clock::Real().Now() - start);
  result.waited = waited;
  return result;
}

LoadResult LoadClient::Open(const Load& load, double calls_per_s,
                            absl::Duration duration) {
  return OpenByWindow(load, calls_per_s, duration, 1).front();
}

std::vector<LoadResult> LoadClient::OpenByWindow(const Load& load,
                                                 double calls_per_s,
                                                 absl::Duration window,
                                                 int windows) {
  const absl::Time start = Clock::Real().Now();
  const absl::Time end = start + windows * window;
  const absl::Duration step = absl::Seconds(1) / calls_per_s;
  absl::Time due = start;
  std::size_t in_flight = 0;
  while (in_flight > 0 || due < end) {
    for (; due < end && due <= Clock::Real().Now(); due += step) {
      Begin(IdleCall(), load, due);
      ++in_flight;
    }
    const std::vector<Call*>& over = connection_.Turn(absl::ZeroDuration());
    Note(over);
    in_flight -= over.size();
  }
  std::vector<Noted> all;
  std::swap(all, noted_);
  std::vector<LoadResult> results;
  for (absl::Time from = start; from < end; from += window) {
    for (const Noted& noted : all) {
      if (noted.begin >= from && noted.begin < from + window) {
        noted_.push_back(noted);
      }
    }
    results.push_back(Finish(window));
  }
  return results;
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
