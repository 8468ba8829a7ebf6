// Turns the lines of a file into gated events, and says of each line that is
// none why. A line is decided only when those around it are known, because an
// event's time is judged by its neighbours' (see neighbour_times.h).
// Not thread-safe: used by the one thread that reads.
#ifndef TENUTO_TRAINING_IMPORTERS_LINE_GATE_H_
#define TENUTO_TRAINING_IMPORTERS_LINE_GATE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/time/time.h"
#include "features/event_gate.h"
#include "features/user_key.h"
#include "tenuto/v1/event.pb.h"
#include "training/importers/batch_writer.h"
#include "training/importers/format.h"
#include "training/importers/import_mark.h"
#include "training/importers/import_report.h"
#include "training/importers/neighbour_times.h"
#include "training/line_source.h"

namespace tenuto {

struct LineGateOptions {
  // What is stated for every user met, because such logs hold no answers.
  v1::Consent assumed_consent = v1::CONSENT_GRANTED;
  absl::Duration time_gap_max = absl::Hours(24 * 730);
  std::size_t lines_around = 4096;  // That a line's time is judged by.
};

class LineGate {
 public:
  // Goes on after `mark`. `keys` must outlive it.
  LineGate(const LineGateOptions& options, std::unique_ptr<Format> format,
           const UserKeys& keys, const ImportMark& mark);

  // Reads the records of the next line.
  void Read(const Line& line, absl::Time now);

  // Whether the oldest record that waits has all its neighbours.
  bool ready() const { return waiting_.size() > options_.lines_around; }
  bool empty() const { return waiting_.empty(); }

  // Decides the oldest: appends its events to `batch` or counts in `report` why
  // not. True at the end of a line, which is in `mark` then.
  bool Settle(absl::Time now, ImportBatch& batch, ImportReport& report,
              ImportMark& mark);

 private:
  struct KnownUser {
    UserKey key;
    bool met = false;  // Consent is stated.
    std::string session;
  };
  // A record as far as it can be judged alone; bounded, as the gate's bytes
  // are.
  struct Record {
    std::int64_t line = 0;
    std::int64_t end_bytes = 0;
    bool ends_line = true;
    bool readable = false;
    bool admitted = false;
    Rejection trouble{nullptr, {}};  // Why not, or what it had to lose.
    GatedEvent gated;
    google::protobuf::Timestamp event_time;
    std::string user_id, session_id;
    KnownUser* known = nullptr;  // Valid while `emptied_` is `known_before`.
    std::uint64_t known_before = 0;
  };

  Record& Append(const Line& line);
  void Refuse(const Line& line, Rejection why);
  void ReadRecord(absl::string_view text, absl::Time now, Record& record);
  void TakeIn(Record& record, absl::Time now, ImportBatch& batch);
  void Assume(const Record& first, absl::Time now, ImportBatch& batch);
  void ImplySession(const Record& first, absl::Time now, ImportBatch& batch);
  void AppendImplied(v1::Event& event, const Record& first, absl::Time now,
                     Implied what, ImportBatch& batch);
  KnownUser& Know(const std::string& user_id, const UserKey& key);
  Rejection FarTime(const Record& record) const;
  // Nothing is known before it happened, or before what is borne out.
  std::int64_t KnownTime(const Record& record) const;

  const LineGateOptions options_;
  const std::unique_ptr<Format> format_;
  const UserKeys& keys_;
  const EventGate gate_;
  NeighbourTimes times_;
  std::deque<std::unique_ptr<Record>> waiting_;
  std::vector<std::unique_ptr<Record>> spare_;  // Kept for their bytes.
  absl::node_hash_map<std::string, KnownUser> known_users_;
  std::uint64_t emptied_ = 0;  // So many times `known_users_` was.
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_IMPORTERS_LINE_GATE_H_
