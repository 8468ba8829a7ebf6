#include "tests/benchmark/load.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "features/base/clock.h"
#include "features/base/log.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/slice.h"

namespace tenuto {

struct LoadClient::Call {
  std::optional<grpc::ClientContext> context;
  grpc::ByteBuffer response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
  absl::Time begin;
};

void Load::Add(const google::protobuf::MessageLite& request) {
  const grpc::Slice slice(request.SerializeAsString());
  requests.emplace_back(&slice, 1);
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

LoadClient::LoadClient(const std::shared_ptr<grpc::Channel>& channel)
    : stub_(channel) {}

LoadClient::~LoadClient() {
  queue_.Shutdown();
  void* tag = nullptr;
  for (bool ok = false; queue_.Next(&tag, &ok);) {
  }
}

void LoadClient::Send(Call& call, const Load& load, absl::Time begin) {
  call.reader.reset();  // It lives in memory of the context's call.
  call.context.emplace();
  call.response.Clear();
  call.begin = begin;
  const grpc::ByteBuffer& request =
      load.requests[next_request_++ % load.requests.size()];
  call.reader =
      stub_.PrepareUnaryCall(&*call.context, load.method, request, &queue_);
  call.reader->StartCall();
  call.reader->Finish(&call.response, &call.status, &call);
}

LoadClient::Call* LoadClient::Next(absl::Time deadline) {
  void* tag = nullptr;
  bool ok = false;
  const auto next = queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(deadline));
  if (next != grpc::CompletionQueue::GOT_EVENT) return nullptr;
  Call& call = *static_cast<Call*>(tag);
  latencies_.push_back(Clock::Real().Now() - call.begin);
  if (!call.status.ok()) ++failures_;
  return &call;
}

LoadClient::Call& LoadClient::IdleCall() {
  if (idle_.empty()) {
    idle_.push_back(calls_.emplace_back(std::make_unique<Call>()).get());
  }
  Call& call = *idle_.back();
  idle_.pop_back();
  return call;
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
  for (int k = 0; k < in_flight; ++k) {
    Send(IdleCall(), load, Clock::Real().Now());
  }
  while (in_flight > 0) {
    Call* const call = Next(absl::InfiniteFuture());
    if (call == nullptr) break;
    const absl::Time now = Clock::Real().Now();
    if (now - start < duration) {
      Send(*call, load, now);
    } else {
      idle_.push_back(call);
      --in_flight;
    }
  }
  return Finish(Clock::Real().Now() - start);
}

LoadResult LoadClient::Open(const Load& load, double calls_per_s,
                            absl::Duration duration) {
  const absl::Time start = Clock::Real().Now();
  const absl::Duration step = absl::Seconds(1) / calls_per_s;
  absl::Time due = start;
  int in_flight = 0;
  while (in_flight > 0 || due < start + duration) {
    for (; due < start + duration && due <= Clock::Real().Now(); due += step) {
      Send(IdleCall(), load, due);
      ++in_flight;
    }
    // gRPC waits in whole milliseconds: between two calls it is only asked.
    Call* const call = Next(absl::UnixEpoch());
    if (call == nullptr) continue;
    idle_.push_back(call);
    --in_flight;
  }
  return Finish(Clock::Real().Now() - start);
}

std::string LoadClient::AnswerTo(const Load& load) {
  Call& call = IdleCall();
  Send(call, load, Clock::Real().Now());
  while (Next(absl::InfiniteFuture()) != &call) {
  }
  TENUTO_CHECK(call.status.ok(), call.status.error_message());
  latencies_.clear();
  idle_.push_back(&call);
  std::vector<grpc::Slice> slices;
  TENUTO_CHECK(call.response.Dump(&slices).ok(), "no bytes came");
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace tenuto
