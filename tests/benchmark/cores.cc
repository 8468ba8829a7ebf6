#include "tests/benchmark/cores.h"

#include <sched.h>
#include <sys/prctl.h>
#include <time.h>

#include <filesystem>
#include <future>
#include <string>

#include "features/base/usable_cores.h"

namespace tenuto {

int CountCores() {
  static const int count = UsableCores();  // Before anything is pinned.
  return count;
}

void PinThisProcess(int core) {
  if (CountCores() < 2) return;
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/self/task")) {
    ::sched_setaffinity(std::stoi(task.path().filename().string()),
                        sizeof cores, &cores);
  }
}

bool PinThisThread(int core) {
  if (CountCores() < 2) return false;
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  return ::sched_setaffinity(0, sizeof cores, &cores) == 0;
}

double CpuSecondsOf(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(process, &clock) != 0 ||
      ::clock_gettime(clock, &used) != 0) {
    return 0;
  }
  return static_cast<double>(used.tv_sec) +
         1e-9 * static_cast<double>(used.tv_nsec);
}

AwakeCore::AwakeCore(int core) {
  if (CountCores() < 2) return;
  std::promise<bool> turns;
  std::future<bool> answer = turns.get_future();
  thread_ = std::thread([this, core, &turns] {
    const sched_param none{};
    // Of another class it would take time from what is measured.
    const bool may =
        PinThisThread(core) && ::sched_setscheduler(0, SCHED_IDLE, &none) == 0;
    turns.set_value(may);
    // Rests so short that no machine lends the core meanwhile. One that turned
    // all the time was seen to run for whole ticks of Linux 6.18 while the
    // server's threads waited, its class notwithstanding.
    ::prctl(PR_SET_TIMERSLACK, 1);
    constexpr timespec kRest = {.tv_sec = 0, .tv_nsec = 30'000};
    while (may && !ends_.load(std::memory_order_relaxed)) {
      ::clock_nanosleep(CLOCK_MONOTONIC, 0, &kRest, nullptr);
    }
  });
  turns_ = answer.get();
}

AwakeCore::~AwakeCore() {
  ends_ = true;
  if (thread_.joinable()) thread_.join();
}

}  // namespace tenuto
