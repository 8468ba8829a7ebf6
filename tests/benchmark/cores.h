// Which core a process runs on, and how much of one it has used.
// Thread-safe.
#ifndef TENUTO_TESTS_BENCHMARK_CORES_H_
#define TENUTO_TESTS_BENCHMARK_CORES_H_

#include <sys/types.h>

#include <atomic>
#include <thread>

namespace tenuto {

int CountCores();

// Keeps every thread that this process has now on one core, and those they
// will start. No effect where there is one core only.
void PinThisProcess(int core);

// The same for the calling thread alone. False where that is not permitted.
bool PinThisThread(int core);

// Seconds of CPU that a process and all its threads have used.
double CpuSecondsOf(pid_t process);

// While it lives, a core never sleeps: a thread of the idle class turns there,
// and whatever else is to run goes first. A virtual machine lends a core that
// sleeps to its neighbours, and gets it back milliseconds late: waits for that
// are the machine's, not the program's.
class AwakeCore {
 public:
  explicit AwakeCore(int core);
  ~AwakeCore();
  AwakeCore(const AwakeCore&) = delete;
  AwakeCore& operator=(const AwakeCore&) = delete;
  // False where that is not permitted, or where there is one core.
  bool turns() const { return turns_; }

 private:
  bool turns_ = false;
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_BENCHMARK_CORES_H_
