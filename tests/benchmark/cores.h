// Which core a process runs on, and how much of one it has used.
// Thread-safe.
#ifndef TENUTO_TESTS_BENCHMARK_CORES_H_
#define TENUTO_TESTS_BENCHMARK_CORES_H_

#include <sys/types.h>

namespace tenuto {

int CountCores();

// Keeps every thread that this process has now on one core, and those they
// will start. No effect where there is one core only.
void PinThisProcess(int core);

// Seconds of CPU that a process and all its threads have used.
double CpuSecondsOf(pid_t process);

}  // namespace tenuto

#endif  // TENUTO_TESTS_BENCHMARK_CORES_H_
