#include "tests/benchmark/cores.h"

#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace tenuto {

int CountCores() {
  static const int count = [] {  // Asked before anything is pinned.
    cpu_set_t cores;
    CPU_ZERO(&cores);
    return ::sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores)
                                                             : 1;
  }();
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

double CpuSecondsOf(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  // Behind the name, which may hold anything: fields 3 to 52 of proc(5).
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace tenuto
