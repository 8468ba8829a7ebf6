#include "server/call_threads.h"

#include <sched.h>

#include <functional>
#include <latch>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tenuto/v1/scoring.grpc.pb.h"

namespace tenuto {
namespace {

// A server of one method, whose calls run `work` in gRPC's threads.
class CallThreadsTest : public ::testing::Test,
                        public v1::Scoring::CallbackService {
 protected:
  CallThreadsTest() {
    grpc::ServerBuilder builder;
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    stub_ = v1::Scoring::NewStub(server_->InProcessChannel({}));
  }
  ~CallThreadsTest() override { server_->Shutdown(); }

  grpc::ServerUnaryReactor* ScoreUsers(grpc::CallbackServerContext* context,
                                       const v1::ScoreUsersRequest*,
                                       v1::ScoreUsersResponse*) override {
    work_();
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  // Sends `calls` calls from as many threads; all must be answered.
  void Call(int calls, std::function<void()> work) {
    work_ = std::move(work);
    std::vector<std::thread> callers;
    for (int k = 0; k < calls; ++k) {
      callers.emplace_back([this] {
        grpc::ClientContext context;
        v1::ScoreUsersResponse response;
        EXPECT_TRUE(
            stub_->ScoreUsers(&context, v1::ScoreUsersRequest(), &response)
                .ok());
      });
    }
    for (std::thread& caller : callers) caller.join();
  }

  std::function<void()> work_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::Scoring::Stub> stub_;
};

TEST_F(CallThreadsTest, LeavesAsManyAsAreWanted) {
  const CallThreads threads(1);
  EXPECT_GE(threads.kept_waiting(), 1);
  absl::Mutex mutex;
  std::set<std::thread::id> seen;
  for (int round = 0; round < 20; ++round) {
    Call(8, [&] {
      const absl::MutexLock lock(&mutex);
      seen.insert(std::this_thread::get_id());
    });
  }
  EXPECT_EQ(seen.size(), 1u);
}

TEST_F(CallThreadsTest, LeavesOneWhereNoneIsWanted) {
  const CallThreads threads(0);
  int answered = 0;
  Call(4, [&] { ++answered; });
  EXPECT_EQ(answered, 4);
}

TEST_F(CallThreadsTest, GivesTheThreadsBack) {
  { const CallThreads threads(1); }
  // Both calls wait for each other, each in a thread of its own.
  std::latch both(2);
  Call(2, [&] { both.arrive_and_wait(); });
}

TEST_F(CallThreadsTest, KeepsNoneWaitingWhereAllAreWanted) {
  EXPECT_EQ(CallThreads(1'000).kept_waiting(), 0);
}

TEST(UsableCores, AreThoseThatTheProcessMayRunOn) {
  cpu_set_t all, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  EXPECT_EQ(UsableCores(), CPU_COUNT(&all));
  CPU_ZERO(&one);
  CPU_SET(static_cast<unsigned>(::sched_getcpu()), &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(UsableCores(), 1);
  ::sched_setaffinity(0, sizeof all, &all);
}

}  // namespace
}  // namespace tenuto
