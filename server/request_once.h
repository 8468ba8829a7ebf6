// A request that is answered once, however often it comes: what stands for it
// on the disk, the draw and the names that follow from it, and its commit.
// Thread-safe: immutable.
#ifndef TENUTO_SERVER_REQUEST_ONCE_H_
#define TENUTO_SERVER_REQUEST_ONCE_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "features/ledger.h"
#include "features/user_key.h"
#include "google/protobuf/message_lite.h"

namespace tenuto {

class RequestOnce {
 public:
  // A caller may have put anything into its request ids, so no disk sees them:
  // a keyed hash stands for them. `kind` keeps methods apart.
  RequestOnce(const UserKeys& keys, absl::string_view kind, UserKey user,
              absl::string_view request_id,
              const google::protobuf::MessageLite& request);

  const std::string& name() const { return key_.id; }
  // Of what the log holds, so that the log and the seed give the draw again.
  std::uint64_t DrawSeed(std::uint64_t seed) const;
  // 32 digits for something that is made of it. With the time, because a
  // request id may come again after a day.
  std::string IdOf(absl::string_view what, absl::Time made) const;

  // Ledger::CommitOnce. An error of `decide` is returned as it is; an id that
  // came with another body is kInvalidArgument, REQUEST_ID_REUSED.
  absl::StatusOr<Ledger::Answer> Commit(
      Ledger& ledger, absl::Time now,
      absl::FunctionRef<absl::StatusOr<Ledger::Outcome>(absl::string_view)>
          decide) const;
  // Ledger::Erase, with the same refusal.
  absl::StatusOr<Erasure> Erase(Ledger& ledger, absl::Time now) const;

 private:
  UserKey user_;
  RequestKey key_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_REQUEST_ONCE_H_
