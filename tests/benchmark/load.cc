#include "tests/benchmark/load.h"

#include <algorithm>
#include <optional>

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
  TENUTO_CHECK(!latencies_.empty(), "no call was answered");
  std::sort(latencies_.begin(), latencies_.end());
  LoadResult result;
  result.calls = static_cast<std::int64_t>(latencies_.size());
  result.calls_per_s =
      static_cast<double>(result.calls) / absl::ToDoubleSeconds(took);
  result.failures = failures_;
  result.p50 = latencies_[latencies_.size() / 2];
  result.p99 = latencies_[latencies_.size() * 99 / 100];
  result.latest = latencies_.back();
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
