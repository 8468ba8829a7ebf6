// A large file made of numbered pieces that threads finish in any order. It
// grows in the order of the pieces under another name, PATH.partial, with
// notes beside it, PATH.partial.notes, and takes its own name when it is whole:
// after a kill the next run goes on behind the last whole piece.
#ifndef TENUTO_TRAINING_PIECED_FILE_H_
#define TENUTO_TRAINING_PIECED_FILE_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace tenuto {

// Thread-safe.
class PiecedFile {
 public:
  struct Options {
    std::filesystem::path path;
    std::string identity;  // One line: what decides every byte of the file.
    int pieces = 0;
    int ahead_max = 8;  // Pieces kept in memory until it is their turn.
  };
  // Takes up what an earlier run of the same identity left, as far as its bytes
  // are those of its notes; leaves nothing when it fails. kNotFound (no such
  // directory), kInvalidArgument (a directory), kFailedPrecondition (another
  // process is writing it), kUnavailable.
  static absl::StatusOr<std::unique_ptr<PiecedFile>> Open(Options options);
  ~PiecedFile();  // Leaves nothing when no piece was written.
  PiecedFile(const PiecedFile&) = delete;
  PiecedFile& operator=(const PiecedFile&) = delete;

  // Pieces that were there at opening; the caller adds those from here on.
  int found() const { return found_; }
  // The identity of an earlier run of something else, which was dropped.
  const std::string& dropped() const { return dropped_; }

  // `tally`, one line, is what the caller wants to know again of this piece.
  // Waits while the piece is far ahead of its turn. kCancelled after Fail() or
  // an error of another call; kUnavailable when the disk does not take it.
  absl::Status Add(int piece, std::string bytes, std::string tally);
  // Ends the waits of others: some piece will never come.
  void Fail();
  // Syncs and renames; all pieces must have been added. The tallies in order.
  absl::StatusOr<std::vector<std::string>> Finish();

 private:
  struct Piece {
    std::string bytes;
    std::string tally;
  };
  explicit PiecedFile(Options options);
  absl::Status Take();
  absl::Status TakeUp(absl::string_view notes);
  bool TakeUpNote(absl::string_view note, std::string& bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Begin(std::int64_t notes_bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Write(const Piece& piece) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  const std::filesystem::path partial_;
  const std::filesystem::path notes_;
  int partial_fd_ = -1;
  int notes_fd_ = -1;
  int found_ = 0;
  std::string dropped_;

  absl::Mutex mutex_;
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<int, Piece> ahead_ ABSL_GUARDED_BY(mutex_);
  // Of the pieces that are written: their bytes, a hash of them all, what the
  // caller said of each.
  std::int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t hash_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> tallies_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_PIECED_FILE_H_
