#include "features/request_memory.h"

#include <cstdint>
#include <optional>

#include "features/base/status_macros.h"
#include "features/base/wire.h"
#include "features/commit_plan.h"
#include "tenuto/v1/records.pb.h"
#include "xxhash.h"

namespace tenuto {

absl::Mutex& RequestStripes::Of(const RequestKey& request) {
  const std::uint64_t hash = XXH3_64bits(request.id.data(), request.id.size());
  return stripes_[hash % kStripes];
}

AnswerWatch::Turn::Turn(AnswerWatch& watch, const UserKey& user)
    : watch_(watch) {
  const absl::MutexLock lock(&watch_.mutex_);
  watch_.user_ = user;
}

AnswerWatch::Turn::~Turn() {
  const absl::MutexLock lock(&watch_.mutex_);
  watch_.user_.reset();
  watch_.heard_.clear();
}

std::vector<std::string> AnswerWatch::Turn::heard() const {
  const absl::MutexLock lock(&watch_.mutex_);
  return watch_.heard_;
}

void AnswerWatch::Note(const UserKey& user, absl::string_view request_id) {
  const absl::MutexLock lock(&mutex_);
  if (user_ == user) heard_.emplace_back(request_id);
}

absl::StatusOr<std::optional<std::string>> Recall(const RocksStore& store,
                                                  const RequestKey& request,
                                                  absl::Time now) {
  std::string bytes;
  TENUTO_RETURN_IF_ERROR(store.Get(Family::kRequests, request.id, bytes));
  if (bytes.empty() || HasExpired(bytes, now)) return std::nullopt;
  v1::RequestRecord remembered;
  if (!remembered.ParseFromString(bytes)) {
    return absl::DataLossError("a remembered request does not parse");
  }
  if (remembered.body_hash() != request.body_hash) return OtherBodyError();
  return remembered.response();
}

bool HasExpired(absl::string_view record, absl::Time now) {
  std::optional<std::int64_t> answered_us;
  const bool whole = VisitWire(record, [&](const WireField& field) {
    if (field.number == v1::RequestRecord::kAnsweredTimeUsFieldNumber) {
      answered_us = static_cast<std::int64_t>(field.bits);
    }
    return true;
  });
  return whole && answered_us &&
         absl::FromUnixMicros(*answered_us) + kRequestMemory <= now;
}

std::string ReceiptRecord(const Erasure& erasure, const RequestKey& request,
                          absl::Time now) {
  v1::ErasureRecord receipt;
  receipt.set_time_us(erasure.time_us);
  receipt.set_events(erasure.events);
  receipt.set_bytes(erasure.bytes);
  receipt.set_through(erasure.through);
  v1::RequestRecord record;
  record.set_body_hash(request.body_hash);
  record.set_answered_time_us(absl::ToUnixMicros(now));
  record.set_response(receipt.SerializeAsString());
  return record.SerializeAsString();
}

absl::StatusOr<Erasure> ParseReceipt(absl::string_view response) {
  v1::ErasureRecord receipt;
  if (!receipt.ParseFromArray(response.data(),
                              static_cast<int>(response.size()))) {
    return absl::InvalidArgumentError(
        "request_id was used before with another call; take a new one");
  }
  return Erasure{receipt.time_us(), receipt.events(), receipt.bytes(),
                 receipt.through(), true};
}

bool IsAbout(absl::string_view record, const UserKey& user) {
  bool about = false;
  const bool whole = VisitWire(record, [&](const WireField& field) {
    if (field.number == v1::RequestRecord::kUserKeyFieldNumber) {
      about = field.bytes == user.view();
    }
    return true;
  });
  return whole && about;
}

}  // namespace tenuto
