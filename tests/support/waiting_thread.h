// A thread of which a test can tell that it waits, so that what it must wait
// for is not there by chance before it looks.
#ifndef TENUTO_TESTS_SUPPORT_WAITING_THREAD_H_
#define TENUTO_TESTS_SUPPORT_WAITING_THREAD_H_

#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <utility>

namespace tenuto::testing {

// Of the thread that made it.
// Not thread-safe.
class WaitingThread {
 public:
  explicit WaitingThread(std::function<void()> run)
      : thread_([this, run = std::move(run)] {
          id_ = ::gettid();
          run();
          ended_ = true;
        }) {}
  ~WaitingThread() { thread_.join(); }
  WaitingThread(const WaitingThread&) = delete;
  WaitingThread& operator=(const WaitingThread&) = delete;

  // Returns when the thread waits for a lock or an event, or found nothing to
  // wait for and ended.
  void AwaitWait() const {
    while (!ended_ && !IsAsleep()) std::this_thread::yield();
  }

 private:
  // The kernel's word for it, which follows the name in parentheses.
  bool IsAsleep() const {
    const int id = id_;
    if (id == 0) return false;
    std::ifstream file("/proc/self/task/" + std::to_string(id) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::size_t name_end = text.rfind(')');
    return name_end != std::string::npos && text.size() > name_end + 2 &&
           text[name_end + 2] == 'S';
  }

  std::atomic<int> id_{0};
  std::atomic<bool> ended_{false};
  std::thread thread_;  // Last: it uses the others.
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_WAITING_THREAD_H_
