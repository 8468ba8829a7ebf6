// targets_table FIGURES JSON: prints what the benchmarks that wrote the file
// FIGURES measured, beside the targets and what the machine was; writes JSON.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "model/forest/engine_choice.h"
#include "tests/benchmark/targets.h"

namespace tenuto {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// "model name : X" of /proc/cpuinfo.
std::string ProcessorName() {
  const std::string text = ReadText("/proc/cpuinfo");
  const std::size_t name = text.find("model name");
  if (name == std::string::npos) return "an unnamed processor";
  const std::size_t begin = text.find(": ", name) + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

const char* Engines() {
  switch (DetectCpu()) {
    case CpuLevel::kAvx512:
      return "AVX-512 (VBMI, GFNI): fat nodes for few rows, 512 bit-sliced "
             "rows for many";
    case CpuLevel::kAvx2:
      return "AVX2: flat nodes for few rows, 256 bit-sliced rows for many";
    case CpuLevel::kPortable:
      break;
  }
  return "portable: flat nodes";
}

int Run(const std::string& figures_file, const std::string& json_file) {
  const std::map<std::string, Figure> figures =
      ParseFigures(ReadText(figures_file));
  const std::string load = ReadText("/proc/loadavg");
  std::printf("\n%u cores of %s; load %s\nforest engines of %s\n\n%s",
              std::thread::hardware_concurrency(), ProcessorName().c_str(),
              load.substr(0, load.find(' ')).c_str(), Engines(),
              TargetsTable(figures).c_str());
  const absl::Status written =
      WriteFileAtomically(json_file, TargetsJson(figures));
  if (!written.ok()) {
    std::fprintf(stderr, "%s\n", std::string(written.message()).c_str());
    return 1;
  }
  std::printf("\nwrote %s\n", json_file.c_str());
  return 0;
}

}  // namespace
}  // namespace tenuto

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: targets_table FIGURES JSON\n");
    return 2;
  }
  return tenuto::Run(argv[1], argv[2]);
}
