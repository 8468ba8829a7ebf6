// The calls by which our own code, RocksDB's not, opens, writes, syncs, renames
// and removes files: the n-th fails on order, as a disk does. A program that
// links tenuto_failing_calls has its calls led here.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_FAILING_CALLS_H_
#define TENUTO_TESTS_SUPPORT_FAILING_CALLS_H_

#include <atomic>

namespace tenuto::testing {

class FailingCalls {
 public:
  // Of this program, as there is one machine.
  static FailingCalls& Get();

  // Counts calls anew; the n-th from now fails, counted from 1, none for 0.
  void FailCall(int n) {
    planned_ = n;
    calls_ = 0;
  }
  int calls() const { return calls_; }

  // Whether the call that is being made now fails.
  bool Fails() { return ++calls_ == planned_; }

 private:
  std::atomic<int> calls_{0};
  std::atomic<int> planned_{0};
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_FAILING_CALLS_H_
