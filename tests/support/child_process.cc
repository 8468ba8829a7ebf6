#include "tests/support/child_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "gtest/gtest.h"

namespace tenuto {

std::string BuiltProgram(const std::string& name) {
  const char* const folder = std::getenv("TENUTO_BUILD_DIR");
  return std::string(folder == nullptr ? "build" : folder) + "/" + name;
}

ChildProcess::ChildProcess(const std::vector<std::string>& arguments,
                           const std::string& input) {
  const std::string input_file = folder_.Write("input", input).string();
  const std::string error_file = (folder_.path() / "errors").string();
  std::vector<char*> words;
  for (const std::string& argument : arguments) {
    words.push_back(const_cast<char*>(argument.c_str()));
  }
  words.push_back(nullptr);
  int pipe[2];
  EXPECT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  process_ = ::fork();
  if (process_ == 0) {
    ::dup2(::open(input_file.c_str(), O_RDONLY), STDIN_FILENO);
    ::dup2(pipe[1], STDOUT_FILENO);
    ::dup2(::open(error_file.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
    ::execv(words[0], words.data());
    ::_exit(127);
  }
  ::close(pipe[1]);
  output_ = ::fdopen(pipe[0], "r");
}

ChildProcess::~ChildProcess() {
  if (!result_) {
    Signal(SIGKILL);
    Wait();
  }
  std::fclose(output_);
}

std::optional<std::string> ChildProcess::ReadLine() {
  std::string line;
  for (int c; (c = std::fgetc(output_)) != EOF && c != '\n';) {
    line.push_back(static_cast<char>(c));
  }
  if (line.empty() && std::feof(output_)) return std::nullopt;
  return line;
}

std::optional<std::string> ChildProcess::ReadAfter(const std::string& prefix) {
  while (std::optional<std::string> line = ReadLine()) {
    if (line->starts_with(prefix)) return line->substr(prefix.size());
  }
  return std::nullopt;
}

std::string ChildProcess::ReadAll() {
  std::string text;
  while (std::optional<std::string> line = ReadLine()) text += *line + "\n";
  return text;
}

std::string ChildProcess::errors() const {
  std::ifstream file(folder_.path() / "errors");
  return {std::istreambuf_iterator<char>(file), {}};
}

void ChildProcess::Signal(int signal) const { ::kill(process_, signal); }

int ChildProcess::Wait() {
  if (!result_) {
    int status = 0;
    EXPECT_EQ(::waitpid(process_, &status, 0), process_);
    result_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  return *result_;
}

}  // namespace tenuto
