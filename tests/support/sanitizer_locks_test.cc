// Only in the preset tsan: what Abseil's locks guard is no race, and what they
// do not guard is one. A report ends the program with exit status 66.
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

constexpr absl::Duration kLong = absl::Minutes(1);

// Plain values, so that only a lock can order who touches them.
class SanitizerLocks : public ::testing::Test {
 protected:
  static void RunBoth(const std::function<void()>& one,
                      const std::function<void()>& other) {
    std::thread first(one);
    std::thread second(other);
    first.join();
    second.join();
  }
  // One thread sets the value. The other calls `wait`, which waits for it and
  // calls what it is given while it has the lock.
  void ExpectSeen(
      const std::function<void(const std::function<void()>&)>& wait) {
    ready_ = false;
    value_ = 0;
    RunBoth(
        [&] {
          const absl::MutexLock lock(&mutex_);
          value_ = 7;
          ready_ = true;
          changed_.SignalAll();
        },
        [&] { wait([this] { EXPECT_EQ(value_, 7); }); });
  }

  absl::Mutex mutex_;
  absl::CondVar changed_;
  const absl::Condition is_ready_{&ready_};
  bool ready_ = false;
  int value_ = 0;
};

TEST_F(SanitizerLocks, OrderWhoeverHasThem) {
  const auto add = [this] {
    for (int k = 0; k < 1000; ++k) {
      if (!mutex_.TryLock()) mutex_.Lock();
      ++value_;
      mutex_.Unlock();
    }
  };
  RunBoth(add, add);
  EXPECT_EQ(value_, 2000);
}

TEST_F(SanitizerLocks, OrderReadersAndAWriter) {
  const auto read = [this] {
    for (int last = 0; last < 1000;) {
      if (!mutex_.ReaderTryLock()) mutex_.ReaderLock();
      EXPECT_GE(value_, last);
      last = value_;
      mutex_.ReaderUnlock();
    }
  };
  std::thread writer([this] {
    for (int k = 0; k < 1000; ++k) {
      const absl::WriterMutexLock lock(&mutex_);
      ++value_;
    }
  });
  RunBoth(read, read);
  writer.join();
}

TEST_F(SanitizerLocks, OrderWhoeverWaitsForTheLockAndACondition) {
  ExpectSeen([this](const auto& check) {
    mutex_.LockWhen(is_ready_);
    check();
    mutex_.Unlock();
  });
  ExpectSeen([this](const auto& check) {
    EXPECT_TRUE(mutex_.LockWhenWithTimeout(is_ready_, kLong));
    check();
    mutex_.Unlock();
  });
  ExpectSeen([this](const auto& check) {
    mutex_.ReaderLockWhen(is_ready_);
    check();
    mutex_.ReaderUnlock();
  });
  ExpectSeen([this](const auto& check) {
    EXPECT_TRUE(mutex_.ReaderLockWhenWithTimeout(is_ready_, kLong));
    check();
    mutex_.ReaderUnlock();
  });
}

TEST_F(SanitizerLocks, OrderWhoeverWaitsWithTheLock) {
  const std::vector<std::function<void()>> waits = {
      [this] { mutex_.Await(is_ready_); },
      [this] {
        while (!mutex_.AwaitWithTimeout(is_ready_, absl::Milliseconds(1))) {
        }
      },
      [this] {
        while (!ready_) changed_.Wait(&mutex_);
      },
      [this] {
        while (!ready_) changed_.WaitWithTimeout(&mutex_, kLong);
      }};
  for (const auto& wait : waits) {
    ExpectSeen([&](const auto& check) {
      const absl::MutexLock lock(&mutex_);
      wait();
      check();
    });
    ExpectSeen([&](const auto& check) {
      const absl::ReaderMutexLock lock(&mutex_);
      wait();
      check();
    });
  }
}

TEST_F(SanitizerLocks, OrderWhoeverHearsANotification) {
  const std::vector<std::function<void(absl::Notification&)>> waits = {
      [](auto& told) { told.WaitForNotification(); },
      [](auto& told) {
        EXPECT_TRUE(told.WaitForNotificationWithTimeout(kLong));
      },
      [](auto& told) {
        while (!told.HasBeenNotified()) std::this_thread::yield();
      }};
  for (const auto& wait : waits) {
    absl::Notification told;
    RunBoth(
        [&] {
          value_ = 8;
          told.Notify();
        },
        [&] {
          wait(told);
          EXPECT_EQ(value_, 8);
        });
  }
}

TEST_F(SanitizerLocks, OrderWhoeverCountsDown) {
  std::vector<int> values(4, 0);
  absl::BlockingCounter counter(4);
  std::vector<std::thread> threads;
  for (int& value : values) {
    threads.emplace_back([&counter, &value] {
      value = 9;
      counter.DecrementCount();
    });
  }
  counter.Wait();
  EXPECT_EQ(values, std::vector<int>(4, 9));
  for (std::thread& thread : threads) thread.join();
}

using SanitizerLocksDeathTest = SanitizerLocks;

TEST_F(SanitizerLocksDeathTest, ShowAValueThatNobodyGuards) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const auto race = [this] {
    RunBoth([this] { ++value_; }, [this] { ++value_; });
    std::exit(0);
  };
  EXPECT_EXIT(race(), ::testing::ExitedWithCode(66), "data race");
}

TEST_F(SanitizerLocksDeathTest, ShowAValueUnderTwoLocks) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  absl::Mutex another;
  const auto add_under = [this](absl::Mutex& mutex) {
    const absl::MutexLock lock(&mutex);
    ++value_;
  };
  const auto race = [&] {
    RunBoth([&] { add_under(mutex_); }, [&] { add_under(another); });
    std::exit(0);
  };
  EXPECT_EXIT(race(), ::testing::ExitedWithCode(66), "data race");
}

TEST_F(SanitizerLocksDeathTest, ShowAWriteUnderASharedLock) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const auto add = [this] {
    const absl::ReaderMutexLock lock(&mutex_);
    ++value_;
  };
  const auto race = [&] {
    RunBoth(add, add);
    std::exit(0);
  };
  EXPECT_EXIT(race(), ::testing::ExitedWithCode(66), "data race");
}

}  // namespace
}  // namespace tenuto
