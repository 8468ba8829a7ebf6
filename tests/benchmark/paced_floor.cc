#include "tests/benchmark/paced_floor.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "features/base/clock.h"
#include "features/base/log.h"
#include "tests/benchmark/cores.h"

namespace tenuto {
namespace {

double UsedUs() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return 1e6 * static_cast<double>(used.tv_sec) +
         1e-3 * static_cast<double>(used.tv_nsec);
}

// Answers each byte that comes through `asks`; from when it was due.
std::vector<double> Answer(int asks, int file, const PacedCalls& calls,
                           absl::Time start) {
  const std::string bytes(static_cast<std::size_t>(calls.bytes), 'x');
  std::vector<double> milliseconds;
  char asked = 0;
  for (int k = 0; ::read(asks, &asked, 1) == 1; ++k) {
    const double begin_us = UsedUs();
    while (UsedUs() - begin_us < calls.cpu_us) {
    }
    TENUTO_CHECK(::write(file, bytes.data(), bytes.size()) ==
                         static_cast<ssize_t>(bytes.size()) &&
                     ::fdatasync(file) == 0,
                 "the floor cannot be written");
    const absl::Time due = start + k * (absl::Seconds(1) / calls.calls_per_s);
    milliseconds.push_back(
        absl::ToDoubleMilliseconds(Clock::Real().Now() - due));
  }
  return milliseconds;
}

// A byte whenever a call is due. Turns meanwhile, as a client does.
void Ask(int asks, const PacedCalls& calls, absl::Time start) {
  const absl::Duration step = absl::Seconds(1) / calls.calls_per_s;
  const absl::Time end = start + calls.windows * calls.window;
  for (absl::Time due = start; due < end; due += step) {
    while (Clock::Real().Now() < due) {
    }
    TENUTO_CHECK(::write(asks, "", 1) == 1, "the floor cannot be asked");
  }
}

}  // namespace

double Quantile(double share, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share *
                                         static_cast<double>(values.size()))];
}

PacedFloor MeasurePacedFloor(const std::filesystem::path& folder,
                             const PacedCalls& calls) {
  int pipe[2] = {-1, -1};
  const int file =
      ::open((folder / "paced").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  TENUTO_CHECK(file >= 0 && ::pipe2(pipe, O_CLOEXEC) == 0,
               "no file for the floor");
  const absl::Time start = Clock::Real().Now() + absl::Milliseconds(50);
  std::vector<double> milliseconds;
  std::thread worker([&] {
    PinThisThread(calls.core);
    milliseconds = Answer(pipe[0], file, calls, start);
  });
  Ask(pipe[1], calls, start);
  ::close(pipe[1]);
  worker.join();
  ::close(pipe[0]);
  ::close(file);
  const auto a_window =
      static_cast<std::ptrdiff_t>(milliseconds.size()) / calls.windows;
  TENUTO_CHECK(a_window > 0, "a window without a call");
  std::vector<double> p99_ms;
  for (int k = 0; k < calls.windows; ++k) {
    const auto first = milliseconds.begin() + k * a_window;
    p99_ms.push_back(Quantile(0.99, {first, first + a_window}));
  }
  return {Quantile(0.5, milliseconds), Quantile(0.5, p99_ms)};
}

}  // namespace tenuto
