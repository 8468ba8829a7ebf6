// How long the answers to requests are remembered, and for whom: the bytes of
// the ledger's family of requests.
// Thread-safe.
#ifndef TENUTO_FEATURES_REQUEST_MEMORY_H_
#define TENUTO_FEATURES_REQUEST_MEMORY_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "features/ledger_terms.h"
#include "features/rocks_store.h"
#include "features/user_key.h"

namespace tenuto {

// Whoever asks for a request, or answers it, holds its stripe.
class RequestStripes {
 public:
  absl::Mutex& Of(const RequestKey& request);

 private:
  static constexpr std::size_t kStripes = 64;
  std::array<absl::Mutex, kStripes> stripes_;
};

// Hears which requests are answered about one user, while somebody looks for
// the older ones without holding the user.
class AnswerWatch {
 public:
  // From its beginning, while the user is held, to its end.
  class Turn {
   public:
    Turn(AnswerWatch& watch, const UserKey& user);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    // The ids, some of which may not have become durable.
    std::vector<std::string> heard() const;

   private:
    AnswerWatch& watch_;
  };

  // Of an answer about `user`, who is held until it is written.
  void Note(const UserKey& user, absl::string_view request_id);

 private:
  absl::Mutex mutex_;  // After all others.
  std::optional<UserKey> user_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> heard_ ABSL_GUARDED_BY(mutex_);
};

// The response that is remembered of `request`, whose stripe is held; nothing
// when it is new. kInvalidArgument when it was another body's, kDataLoss.
absl::StatusOr<std::optional<std::string>> Recall(const RocksStore& store,
                                                  const RequestKey& request,
                                                  absl::Time now);

// Whether a RequestRecord is too old for anybody to ask for it. False for bytes
// that are none: damage is not ours to remove.
bool HasExpired(absl::string_view record, absl::Time now);

// The record that remembers the receipt of an erasure, and it again. It names
// nobody.
std::string ReceiptRecord(const Erasure& erasure, const RequestKey& request,
                          absl::Time now);
absl::StatusOr<Erasure> ParseReceipt(absl::string_view response);

// Whether the remembered answer is about `user`.
bool IsAbout(absl::string_view record, const UserKey& user);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_REQUEST_MEMORY_H_
