// Searches every byte of a folder's files.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_BYTE_SCAN_H_
#define TENUTO_TESTS_SUPPORT_BYTE_SCAN_H_

#include <string.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace tenuto::testing {

// "FILE: word 2" for each file and each of `words` that is in it. Files may
// come and go meanwhile: one that is gone before it is read holds nothing.
inline std::vector<std::string> FindBytes(
    const std::filesystem::path& folder,
    const std::vector<std::string>& words) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder)) {
    std::error_code gone;
    if (entry.is_regular_file(gone)) files.push_back(entry.path());
  }
  std::vector<std::string> hits;
  std::string bytes;
  for (const std::filesystem::path& path : files) {
    std::error_code gone;
    const std::uintmax_t size = std::filesystem::file_size(path, gone);
    std::ifstream file(path, std::ios::binary);
    if (gone || !file) continue;
    bytes.resize(static_cast<std::size_t>(size));
    file.read(bytes.data(), static_cast<std::streamsize>(size));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    for (std::size_t k = 0; k < words.size(); ++k) {
      const std::string& word = words[k];
      if (::memmem(bytes.data(), bytes.size(), word.data(), word.size())) {
        hits.push_back(path.string() + ": word " + std::to_string(k));
      }
    }
  }
  return hits;
}

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_BYTE_SCAN_H_
