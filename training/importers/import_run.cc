#include "training/importers/import_run.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/commit_plan.h"
#include "features/event_gate.h"
#include "training/importers/batch_writer.h"
#include "training/importers/format.h"
#include "training/importers/import_mark.h"
#include "training/peak_memory.h"

namespace tenuto {
namespace {

constexpr std::int64_t kLinesPerLook = 4096;  // At clock and progress.
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

std::int64_t DayOfTime(absl::Time time) {
  return absl::ToUnixSeconds(time) / 86'400;
}

std::int64_t MicrosOf(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1'000'000 + time.nanos() / 1000;
}

// The reading thread: turns lines into gated events.
class LineGate {
 public:
  LineGate(std::unique_ptr<Format> format, v1::Consent assumed_consent,
           const UserKeys& keys, std::int64_t known_time_us)
      : format_(std::move(format)),
        assumed_consent_(assumed_consent),
        keys_(keys),
        gate_(keys),
        known_time_us_(known_time_us) {}

  void Take(const Line& line, absl::Time now, ImportBatch& batch,
            ImportReport& report);
  std::int64_t known_time_us() const { return known_time_us_; }

 private:
  std::optional<Rejection> TakeRecord(absl::string_view record, absl::Time now,
                                      ImportBatch& batch, ImportReport& report);
  void Assume(const v1::Event& first, const UserKey& user, absl::Time now,
              ImportBatch& batch);
  void ImplySession(const v1::Event& first, const UserKey& user, absl::Time now,
                    ImportBatch& batch);
  void AppendImplied(v1::Event& event, const UserKey& user, absl::Time now,
                     Implied what, ImportBatch& batch);

  const std::unique_ptr<Format> format_;
  const v1::Consent assumed_consent_;
  const UserKeys& keys_;
  const EventGate gate_;
  std::int64_t known_time_us_;
  struct KnownUser {
    UserKey key;
    std::string session;
  };
  absl::flat_hash_map<std::string, KnownUser> known_users_;
  std::string user_id_;
};

void LineGate::Take(const Line& line, absl::Time now, ImportBatch& batch,
                    ImportReport& report) {
  const auto reject = [&](const Rejection& rejection) {
    ++report.lines;
    report.Reject(line.number, rejection);
  };
  if (line.too_long) {
    return reject({"LINE_TOO_LONG", "the line has more than 1 MiB"});
  }
  absl::string_view rest = line.text;
  if (rest.empty()) return reject({"EMPTY_LINE", "the line is empty"});
  while (!rest.empty()) {
    const absl::string_view record = TakeJsonRecord(rest);
    if (const auto rejection = TakeRecord(record, now, batch, report)) {
      reject(*rejection);
    } else {
      ++report.lines;
    }
  }
}

std::optional<Rejection> LineGate::TakeRecord(absl::string_view record,
                                              absl::Time now,
                                              ImportBatch& batch,
                                              ImportReport& report) {
  Rejection rejection;
  v1::Event* const event = format_->Read(record, rejection);
  if (event == nullptr) return rejection;
  ++report.readable;
  if (event->user_id().empty()) {
    return Rejection{"EMPTY_USER_ID", "user_id is empty"};
  }
  // The gate empties the id.
  user_id_ = event->user_id();
  auto known = known_users_.find(user_id_);
  const bool is_first = known == known_users_.end();
  const UserKey user = is_first ? keys_.Of(user_id_) : known->second.key;

  GatedEvent& gated = batch.Append();
  if (auto wrong = gate_.Admit(*event, user, now, gated)) {
    --batch.size;
    return wrong;
  }
  known_time_us_ = std::max(known_time_us_, MicrosOf(event->event_time()));
  gated.known_time_us = known_time_us_;
  batch.bytes += sizeof(GatedEvent) + gated.event.size();
  if (is_first) {
    if (known_users_.size() >= kKnownUsersMax) known_users_.clear();
    known = known_users_.try_emplace(user_id_, KnownUser{user, {}}).first;
    Assume(*event, user, now, batch);
  }
  if (format_->implies_sessions()) {
    std::string& session = known->second.session;
    if (session != event->session_id()) {
      session = event->session_id();
      ImplySession(*event, user, now, batch);
    }
  }
  return std::nullopt;
}

void LineGate::Assume(const v1::Event& first, const UserKey& user,
                      absl::Time now, ImportBatch& batch) {
  for (const Assumption& assumption : kAssumptions) {
    v1::Event event;
    event.set_event_id(assumption.event_id);
    event.set_user_id(user_id_);
    *event.mutable_event_time() = first.event_time();
    v1::ConsentChanged& consent = *event.mutable_consent_changed();
    consent.set_consent_class(assumption.consent_class);
    consent.set_consent(assumed_consent_);
    consent.set_assumed(true);
    AppendImplied(event, user, now, Implied::kConsent, batch);
  }
}

// The session's first line stands for its opening. The id is the session's, so
// that a session met again is a duplicate.
void LineGate::ImplySession(const v1::Event& first, const UserKey& user,
                            absl::Time now, ImportBatch& batch) {
  v1::Event event;
  event.set_event_id(absl::StrCat("session/", first.session_id()));
  event.set_user_id(user_id_);
  *event.mutable_event_time() = first.event_time();
  event.set_session_id(first.session_id());
  event.mutable_session()->set_phase(v1::SESSION_PHASE_START);
  AppendImplied(event, user, now, Implied::kSession, batch);
}

void LineGate::AppendImplied(v1::Event& event, const UserKey& user,
                             absl::Time now, Implied what, ImportBatch& batch) {
  GatedEvent& gated = batch.Append();
  if (gate_.Admit(event, user, now, gated)) {
    // A session id too long to name its opening; the line itself counts.
    --batch.size;
    return;
  }
  gated.known_time_us = known_time_us_;
  batch.implied.push_back({batch.size - 1, what});
  batch.bytes += sizeof(GatedEvent) + gated.event.size();
}

// Where to begin, by what the ledger knows of this file.
absl::StatusOr<ImportMark> FindStart(const ImportOptions& options,
                                     const std::string& source_name,
                                     absl::Time now, Ledger& ledger,
                                     ImportReport& report) {
  TENUTO_ASSIGN_OR_RETURN(const std::string progress,
                          ledger.LoadMark(source_name));
  if (progress.empty()) return ImportMark();
  absl::StatusOr<ImportMark> mark = ImportMark::Parse(progress);
  if (!mark.ok() && options.restart) return ImportMark();
  TENUTO_RETURN_IF_ERROR(mark.status());
  if (!mark->finished && !options.restart) {
    report.resumed_at_line = mark->line + 1;
    return mark;
  }
  // All of it is read again, and the ledger has to know its events again.
  const std::int64_t age_days = DayOfTime(now) - mark->committed_day;
  if (age_days >= kMarkDays - 1) {
    return absl::AlreadyExistsError(
        absl::StrCat("this file was imported ", age_days,
                     " days ago, and event ids are remembered for ", kMarkDays,
                     " days: importing it again would count its events twice"));
  }
  report.repeated = mark->finished;
  return ImportMark();
}

class ImportRun {
 public:
  ImportRun(const ImportOptions& options, LineSource& source,
            const Clock& clock, LineGate& gate, BatchWriter& writer,
            ImportReport& report)
      : options_(options),
        source_(source),
        clock_(clock),
        gate_(gate),
        writer_(writer),
        report_(report),
        now_(clock.Now()) {}

  // Submits every batch. An error only where reading the file failed for
  // another reason than its content.
  absl::Status Read();

 private:
  bool Submit(const ImportMark& mark);

  const ImportOptions& options_;
  LineSource& source_;
  const Clock& clock_;
  LineGate& gate_;
  BatchWriter& writer_;
  ImportReport& report_;
  absl::Time now_;
  std::unique_ptr<ImportBatch> batch_;
};

absl::Status ImportRun::Read() {
  batch_ = writer_.Take();
  ImportMark mark;
  mark.line = source_.line_number();
  mark.end_bytes = source_.line_end_bytes();
  Line line;
  while (batch_ != nullptr) {
    const absl::StatusOr<bool> more = source_.Next(line);
    if (!more.ok() && !absl::IsDataLoss(more.status())) return more.status();
    if (!more.ok()) report_.file_fault = more.status();
    if (!more.ok() || !*more) {
      mark.finished = more.ok();
      Submit(mark);
      return absl::OkStatus();
    }
    gate_.Take(line, now_, *batch_, report_);
    mark.line = line.number;
    mark.end_bytes = line.end_bytes;
    if (line.number % kLinesPerLook == 0) {
      now_ = clock_.Now();
      if (options_.on_progress) options_.on_progress(source_);
    }
    if (batch_->size >= options_.batch_events_max ||
        batch_->bytes >= options_.batch_bytes_max) {
      if (!Submit(mark)) break;
    }
  }
  return absl::OkStatus();  // The writer says what went wrong.
}

// Sends the batch with `mark` and takes the next. False when there is none.
bool ImportRun::Submit(const ImportMark& mark) {
  ImportMark sent = mark;
  sent.known_time_us = gate_.known_time_us();
  sent.committed_day = DayOfTime(now_);
  // A file that was finished stays finished while it is read again.
  if (!report_.repeated || sent.finished) batch_->progress = sent.Format();
  writer_.Submit(std::move(batch_));
  batch_ = writer_.Take();
  return batch_ != nullptr;
}

}  // namespace

absl::StatusOr<ImportReport> RunImport(const ImportOptions& options,
                                       LineSource& source, const UserKeys& keys,
                                       const Clock& clock, Ledger& ledger) {
  ImportReport report;
  const absl::Time start_time = clock.Now();
  TENUTO_ASSIGN_OR_RETURN(std::unique_ptr<Format> format,
                          MakeFormat(options.format));
  const std::string source_name =
      ImportSource(options.format, source.file().identity());
  TENUTO_ASSIGN_OR_RETURN(
      const ImportMark start,
      FindStart(options, source_name, start_time, ledger, report));
  if (start.line > 0) {
    TENUTO_RETURN_IF_ERROR(source.SkipTo(start.line, start.end_bytes));
  }
  LineGate gate(std::move(format), options.assumed_consent, keys,
                start.known_time_us);
  BatchWriter writer(ledger, source_name);
  const absl::Status read =
      ImportRun(options, source, clock, gate, writer, report).Read();
  TENUTO_RETURN_IF_ERROR(writer.Finish());
  TENUTO_RETURN_IF_ERROR(read);
  report.accepted = writer.accepted();
  report.duplicate = writer.duplicate();
  report.assumed_consents = writer.assumed_consents();
  report.implied_sessions = writer.implied_sessions();
  report.seconds = absl::ToDoubleSeconds(clock.Now() - start_time);
  report.peak_memory_bytes = PeakMemoryBytes();
  return report;
}

}  // namespace tenuto
