#include "server/request_once.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/digest.h"
#include "features/base/status_macros.h"
#include "server/rpc_status.h"
#include "xxhash.h"

namespace tenuto {
namespace {

constexpr std::size_t kIdDigits = 32;

std::uint64_t Hash(absl::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

absl::Status Refusal(absl::Status status) {
  return absl::IsInvalidArgument(status)
             ? WithReason(std::move(status), "REQUEST_ID_REUSED")
             : status;
}

}  // namespace

RequestOnce::RequestOnce(const UserKeys& keys, absl::string_view kind,
                         UserKey user, absl::string_view request_id,
                         const google::protobuf::MessageLite& request)
    : user_(user),
      key_{.id = keys.Pseudonym(absl::StrCat(kind, " request ids"), request_id),
           .body_hash =
               Hash(keys.Pseudonym(absl::StrCat(kind, " request bodies"),
                                   request.SerializeAsString()),
                    0)} {}

std::uint64_t RequestOnce::DrawSeed(std::uint64_t seed) const {
  return Hash(absl::StrCat(user_.view(), name()), seed);
}

std::string RequestOnce::IdOf(absl::string_view what, absl::Time made) const {
  return Sha256Hex(absl::StrCat(what, user_.view(), absl::ToUnixMicros(made),
                                "/", name()))
      .substr(0, kIdDigits);
}

absl::StatusOr<Ledger::Answer> RequestOnce::Commit(
    Ledger& ledger, absl::Time now,
    absl::FunctionRef<absl::StatusOr<Ledger::Outcome>(absl::string_view)>
        decide) const {
  absl::Status refusal;  // Of this request, not of a repeated id.
  absl::StatusOr<Ledger::Answer> answer =
      ledger.CommitOnce(user_, key_, now, [&](absl::string_view state) {
        absl::StatusOr<Ledger::Outcome> outcome = decide(state);
        refusal = outcome.status();
        return outcome;
      });
  TENUTO_RETURN_IF_ERROR(refusal);
  if (!answer.ok()) return Refusal(answer.status());
  return answer;
}

absl::StatusOr<Erasure> RequestOnce::Erase(Ledger& ledger,
                                           absl::Time now) const {
  absl::StatusOr<Erasure> erasure = ledger.Erase(user_, key_, now);
  if (!erasure.ok()) return Refusal(erasure.status());
  return erasure;
}

}  // namespace tenuto
