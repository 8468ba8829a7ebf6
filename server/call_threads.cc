#include "server/call_threads.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace tenuto {
namespace {

// As gRPC 1.51 names the threads that run callbacks, and as many as it starts.
constexpr char kThreadName[] = "nexting_thread";
int ThreadsOfGrpc() {
  return std::clamp(static_cast<int>(::sysconf(_SC_NPROCESSORS_CONF)) / 2, 2,
                    16);
}
// A thread names itself, once it gets to run.
constexpr int kLooks = 200;
constexpr absl::Duration kBetweenLooks = absl::Milliseconds(1);

int CountThreads() {
  int count = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator task("/proc/self/task", error), end;
       !error && task != end; task.increment(error)) {
    std::string name;
    std::getline(std::ifstream(task->path() / "comm"), name);
    count += name == kThreadName ? 1 : 0;
  }
  return count;
}

}  // namespace

int UsableCores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  return ::sched_getaffinity(0, sizeof cores, &cores) == 0
             ? std::max(1, CPU_COUNT(&cores))
             : 1;
}

// Calls that fail at once, because their channel leads nowhere: what hears of
// the failure runs in one of gRPC's threads.
class CallThreads::Waiting {
 public:
  ~Waiting() {
    go_.Notify();
    for (Call& call : calls_) call.ended.WaitForNotification();
  }

  // Returns when a thread waits.
  void KeepOne() {
    Run([this](Call& call) {
      call.began.Notify();
      go_.WaitForNotification();
    });
  }
  // Returns when a thread has run.
  void Pass() {
    Run([](Call& call) { call.began.Notify(); });
  }

 private:
  struct Call {
    grpc::ClientContext context;
    const grpc::Slice nothing;
    const grpc::ByteBuffer request{&nothing, 1};
    grpc::ByteBuffer response;
    absl::Notification began, ended;
  };

  void Run(std::function<void(Call&)> work) {
    Call& call = calls_.emplace_back();
    stub_.UnaryCall(&call.context, "/none", {}, &call.request, &call.response,
                    [&call, work = std::move(work)](const grpc::Status&) {
                      work(call);
                      call.ended.Notify();
                    });
    call.began.WaitForNotification();
  }

  std::deque<Call> calls_;
  absl::Notification go_;
  grpc::GenericStub stub_{grpc::CreateChannel("", nullptr)};
};

CallThreads::CallThreads(int wanted) : waiting_(std::make_unique<Waiting>()) {
  waiting_->Pass();  // Now gRPC has started them all.
  int count = CountThreads();
  for (int k = 0; k < kLooks && count < ThreadsOfGrpc(); ++k) {
    absl::SleepFor(kBetweenLooks);
    count = CountThreads();
  }
  const int spare = count - std::max(1, wanted);
  for (; kept_waiting_ < spare; ++kept_waiting_) waiting_->KeepOne();
}

CallThreads::~CallThreads() = default;

}  // namespace tenuto
