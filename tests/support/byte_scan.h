// Searches every byte of a folder's files.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_BYTE_SCAN_H_
#define TENUTO_TESTS_SUPPORT_BYTE_SCAN_H_

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace tenuto::testing {

// "FILE: word 2" for each file and each of `words` that is in it.
inline std::vector<std::string> FindBytes(
    const std::filesystem::path& folder,
    const std::vector<std::string>& words) {
  std::vector<std::string> hits;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)),
                            std::istreambuf_iterator<char>());
    for (std::size_t k = 0; k < words.size(); ++k) {
      if (bytes.find(words[k]) == std::string::npos) continue;
      hits.push_back(entry.path().string() + ": word " + std::to_string(k));
    }
  }
  return hits;
}

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_BYTE_SCAN_H_
