#include "training/importers/line_gate.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tenuto {
namespace {

// Keys of users met; beyond it the memory is emptied, which costs time only.
constexpr std::size_t kKnownUsersMax = std::size_t{1} << 18;

struct Assumption {
  v1::ConsentClass consent_class;
  const char* event_id;  // The same for ever: stated once a user.
};
constexpr Assumption kAssumptions[] = {
    {v1::CONSENT_CLASS_BEHAVIOUR, "assumed-consent/behaviour"},
    {v1::CONSENT_CLASS_MESSAGES, "assumed-consent/messages"},
};

std::int64_t MicrosOf(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1'000'000 + time.nanos() / 1000;
}

std::string DayText(std::int64_t time_us) {
  return absl::FormatTime("%Y-%m-%d", absl::FromUnixMicros(time_us),
                          absl::UTCTimeZone());
}

}  // namespace

LineGate::LineGate(const LineGateOptions& options,
                   std::unique_ptr<Format> format, const UserKeys& keys,
                   const ImportMark& mark)
    : options_(options),
      format_(std::move(format)),
      keys_(keys),
      gate_(keys),
      times_(options.time_gap_max, options.lines_around,
             {mark.earliest_time_us, mark.latest_time_us, mark.known_time_us}) {
}

void LineGate::Read(const Line& line, absl::Time now) {
  if (line.too_long) {
    return Refuse(line, {"LINE_TOO_LONG", "the line has more than 1 MiB"});
  }
  absl::string_view rest = line.text;
  if (rest.empty()) return Refuse(line, {"EMPTY_LINE", "the line is empty"});
  while (!rest.empty()) {
    const absl::string_view text = TakeJsonRecord(rest);
    Record& record = Append(line);
    record.ends_line = rest.empty();
    ReadRecord(text, now, record);
    if (record.admitted) times_.Append(MicrosOf(record.event_time));
  }
}

LineGate::Record& LineGate::Append(const Line& line) {
  if (spare_.empty()) spare_.push_back(std::make_unique<Record>());
  waiting_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  Record& record = *waiting_.back();
  record.line = line.number;
  record.end_bytes = line.end_bytes;
  record.ends_line = true;
  record.readable = record.admitted = false;
  record.trouble.reason = nullptr;
  return record;
}

void LineGate::Refuse(const Line& line, Rejection why) {
  Append(line).trouble = std::move(why);
}

void LineGate::ReadRecord(absl::string_view text, absl::Time now,
                          Record& record) {
  v1::Event* const event = format_->Read(text, record.trouble);
  if (event == nullptr) return;
  record.readable = true;
  if (event->user_id().empty()) {
    record.trouble = {"EMPTY_USER_ID", "user_id is empty"};
    return;
  }
  // The gate empties the id.
  record.user_id = event->user_id();
  record.session_id = event->session_id();
  record.event_time = event->event_time();
  const auto known = known_users_.find(record.user_id);
  const bool is_known = known != known_users_.end();
  const UserKey user = is_known ? known->second.key : keys_.Of(record.user_id);
  if (auto wrong = gate_.Admit(*event, user, now, record.gated)) {
    record.trouble = *std::move(wrong);
    return;
  }
  record.admitted = true;
  record.known = is_known ? &known->second : &Know(record.user_id, user);
  record.known_before = emptied_;
}

LineGate::KnownUser& LineGate::Know(const std::string& user_id,
                                    const UserKey& key) {
  if (const auto known = known_users_.find(user_id);
      known != known_users_.end()) {
    return known->second;
  }
  if (known_users_.size() >= kKnownUsersMax) {
    known_users_.clear();
    ++emptied_;
  }
  return known_users_.try_emplace(user_id, KnownUser{key, false, {}})
      .first->second;
}

bool LineGate::Settle(absl::Time now, ImportBatch& batch, ImportReport& report,
                      ImportMark& mark) {
  std::unique_ptr<Record> record = std::move(waiting_.front());
  waiting_.pop_front();
  ++report.lines;
  report.readable += record->readable;
  if (!record->admitted) {
    report.Reject(record->line, record->trouble);
  } else if (!times_.AdmitFirst(record->line - 1)) {
    report.Reject(record->line, FarTime(*record));
  } else {
    if (record->trouble.reason != nullptr) {
      report.Note(record->line, record->trouble);
    }
    TakeIn(*record, now, batch);
  }
  const bool ends_line = record->ends_line;
  if (ends_line) {
    mark.line = record->line;
    mark.end_bytes = record->end_bytes;
  }
  mark.earliest_time_us = times_.admitted().earliest_us;
  mark.latest_time_us = times_.admitted().latest_us;
  mark.known_time_us = times_.admitted().known_us;
  spare_.push_back(std::move(record));
  return ends_line;
}

Rejection LineGate::FarTime(const Record& record) const {
  const AdmittedTimes& admitted = times_.admitted();
  std::string message =
      absl::StrCat("event_time is ", DayText(MicrosOf(record.event_time)));
  if (admitted == AdmittedTimes()) {
    absl::StrAppend(&message, "; few of the lines behind it are near");
  } else {
    absl::StrAppend(&message, "; the lines before it lie in ",
                    DayText(admitted.earliest_us), " to ",
                    DayText(admitted.latest_us));
  }
  return {"TIME_FAR_FROM_NEIGHBOURS", std::move(message)};
}

std::int64_t LineGate::KnownTime(const Record& record) const {
  return std::max(times_.admitted().known_us, MicrosOf(record.event_time));
}

void LineGate::TakeIn(Record& record, absl::Time now, ImportBatch& batch) {
  GatedEvent& gated = batch.Append();
  // Each keeps the other's bytes for a later event.
  std::swap(gated, record.gated);
  record.gated.user = gated.user;
  gated.known_time_us = KnownTime(record);
  batch.bytes += sizeof(GatedEvent) + gated.event.size();
  KnownUser& known = record.known_before == emptied_
                         ? *record.known
                         : Know(record.user_id, record.gated.user);
  if (!known.met) {
    known.met = true;
    Assume(record, now, batch);
  }
  if (format_->implies_sessions() && known.session != record.session_id) {
    known.session = record.session_id;
    ImplySession(record, now, batch);
  }
}

void LineGate::Assume(const Record& first, absl::Time now, ImportBatch& batch) {
  for (const Assumption& assumption : kAssumptions) {
    v1::Event event;
    event.set_event_id(assumption.event_id);
    v1::ConsentChanged& consent = *event.mutable_consent_changed();
    consent.set_consent_class(assumption.consent_class);
    consent.set_consent(options_.assumed_consent);
    consent.set_assumed(true);
    AppendImplied(event, first, now, Implied::kConsent, batch);
  }
}

// The session's first line stands for its opening. The id is the session's, so
// that a session met again is a duplicate.
void LineGate::ImplySession(const Record& first, absl::Time now,
                            ImportBatch& batch) {
  v1::Event event;
  event.set_event_id(absl::StrCat("session/", first.session_id));
  event.set_session_id(first.session_id);
  event.mutable_session()->set_phase(v1::SESSION_PHASE_START);
  AppendImplied(event, first, now, Implied::kSession, batch);
}

void LineGate::AppendImplied(v1::Event& event, const Record& first,
                             absl::Time now, Implied what, ImportBatch& batch) {
  event.set_user_id(first.user_id);
  *event.mutable_event_time() = first.event_time;
  GatedEvent& gated = batch.Append();
  if (gate_.Admit(event, first.gated.user, now, gated)) {
    // A session id too long to name its opening; the line itself counts.
    --batch.size;
    return;
  }
  gated.known_time_us = KnownTime(first);
  batch.implied.push_back({batch.size - 1, what});
  batch.bytes += sizeof(GatedEvent) + gated.event.size();
}

}  // namespace tenuto
