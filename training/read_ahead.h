// Reads a file on a thread of its own, some blocks ahead of who uses them: to
// inflate a log takes an eighth of what all else does that an import waits for.
// Not thread-safe: used by one thread.
#ifndef TENUTO_TRAINING_READ_AHEAD_H_
#define TENUTO_TRAINING_READ_AHEAD_H_

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "features/base/bounded_queue.h"
#include "training/byte_file.h"

namespace tenuto {

class ReadAhead {
 public:
  // `file` must outlive it and is read by nobody else meanwhile.
  ReadAhead(ByteFile& file, std::size_t block_bytes);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // As ByteFile::Read.
  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size);

 private:
  struct Block {
    std::vector<char> bytes;
    std::size_t size = 0;  // 0: the end, or what `status` says.
    absl::Status status;
  };
  void Run();

  ByteFile& file_;
  // A fixed set of blocks goes round.
  BoundedQueue<std::unique_ptr<Block>> empty_;
  BoundedQueue<std::unique_ptr<Block>> full_;
  std::unique_ptr<Block> block_;  // Being used; the last one for ever.
  std::size_t used_ = 0;          // Of `block_`.
  std::thread thread_;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_READ_AHEAD_H_
