// A program of ours, run for real: its output line by line, its signals, its
// exit code.
// Not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_CHILD_PROCESS_H_
#define TENUTO_TESTS_SUPPORT_CHILD_PROCESS_H_

#include <sys/types.h>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"

namespace tenuto {

// The path of a program in the build folder that ctest names.
std::string BuiltProgram(const std::string& name);

class ChildProcess {
 public:
  // `arguments` begins with the program; `input` is its standard input.
  explicit ChildProcess(const std::vector<std::string>& arguments,
                        const std::string& input = "");
  // Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The next line of its standard output; nothing at the end.
  std::optional<std::string> ReadLine();
  // Skips to the line that begins with `prefix`, gives what follows it.
  std::optional<std::string> ReadAfter(const std::string& prefix);
  // Everything that is left of its standard output.
  std::string ReadAll();
  // What it has written to standard error.
  std::string errors() const;

  pid_t pid() const { return process_; }
  void Signal(int signal) const;
  // Its exit code, or minus the signal that ended it.
  int Wait();

 private:
  const TempFolder folder_;
  pid_t process_ = -1;
  std::FILE* output_ = nullptr;
  std::optional<int> result_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_CHILD_PROCESS_H_
