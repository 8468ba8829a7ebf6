// The bytes of a file, unpacked where it is gzip, block after block: the one
// place of training/ that inflates.
// Not thread-safe.
#ifndef TENUTO_TRAINING_BYTE_FILE_H_
#define TENUTO_TRAINING_BYTE_FILE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tenuto {

class ByteFile {
 public:
  // Gzip is told by its first bytes. kNotFound, kPermissionDenied, or
  // kInvalidArgument for a directory, an empty file, a pipe, a name that ends
  // in .gz without being gzip. `block_bytes` is read at a time.
  static absl::StatusOr<std::unique_ptr<ByteFile>> Open(
      const std::filesystem::path& path, std::size_t block_bytes);
  ~ByteFile();
  ByteFile(const ByteFile&) = delete;
  ByteFile& operator=(const ByteFile&) = delete;

  // Fills a part of `buffer` and says how much; 0 at the end. All members of a
  // gzip file, each checked against its sum. kDataLoss naming the file and its
  // byte where it is cut off or damaged; what came before has been given.
  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size);

  const std::string& path() const { return path_; }
  // Size and a hash of the first MiB: the same file wherever it lies.
  const std::string& identity() const { return identity_; }
  std::int64_t file_bytes() const { return file_bytes_; }
  // Of file_bytes(), read so far. Any thread may ask.
  std::int64_t read_bytes() const { return read_bytes_; }

 private:
  struct Inflater;  // Keeps ISA-L out of this header.

  ByteFile(std::string path, int descriptor);
  absl::Status LookAtHead(std::size_t block_bytes);
  absl::StatusOr<std::size_t> ReadPacked(char* buffer, std::size_t size);
  absl::Status Refill();
  absl::Status Fault(int error) const;

  const std::string path_;
  const int descriptor_;
  std::string identity_;
  std::int64_t file_bytes_ = 0;
  std::atomic<std::int64_t> read_bytes_ = 0;
  std::unique_ptr<Inflater> inflater_;  // Null for a plain file.
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_BYTE_FILE_H_
