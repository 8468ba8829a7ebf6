#include "features/ledger_erasure.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "features/ledger_log.h"
#include "features/log_record.h"
#include "features/request_memory.h"

namespace tenuto {
namespace {

constexpr char kNotePrefix[] = "erased/";
constexpr Position kEnd = ~Position{0};

// The user of a log record; nothing for a marker or damage.
bool UserOf(absl::string_view record, UserKey& user, std::uint64_t& events) {
  events = 0;
  const RecordVisit end =
      VisitLogRecord(record, 1, [&](const LoggedEvent& event) {
        user = event.user;
        ++events;
        return true;
      });
  return end == RecordVisit::kWhole && events > 0;
}

// Every key of one partition.
std::vector<KeyRange> RangesOf(int partition) {
  const std::string first = PartitionPrefix(partition);
  return {{Family::kLog, first, LogKey(partition, kEnd)},
          {Family::kState, first, absl::StrCat(first, std::string(16, '\xff'))},
          {Family::kSeen, first, absl::StrCat(first, std::string(16, '\xff'))}};
}

}  // namespace

absl::Status LedgerErasure::FindEvents(Position from, Position to,
                                       Belongings& found) const {
  const int partition = found.user.partition();
  const std::string prefix = PartitionPrefix(partition);
  const std::string last = LogKey(partition, to);
  StoreCursor cursor(store_, Family::kLog);
  UserKey user;
  std::uint64_t events = 0;
  for (cursor.Seek(LogKey(partition, from));
       cursor.IsIn(prefix) && cursor.key() <= last; cursor.Next()) {
    if (!UserOf(cursor.value(), user, events)) {
      if (ErasedEventsOf(cursor.value()) > 0) continue;
      return absl::DataLossError(
          absl::StrCat("log partition ", partition,
                       ": a record does not decode, so that nobody can say "
                       "whose it is; restore a checkpoint"));
    }
    if (user != found.user) continue;
    found.records.push_back({std::string(cursor.key()), events});
    found.bytes += cursor.key().size() + cursor.value().size();
  }
  return cursor.status("looking for a user's events");
}

absl::StatusOr<std::vector<std::string>> LedgerErasure::FindRequests(
    const UserKey& user) const {
  std::vector<std::string> requests;
  StoreCursor cursor(store_, Family::kRequests);
  for (cursor.Seek(""); cursor.IsIn(""); cursor.Next()) {
    if (IsAbout(cursor.value(), user)) requests.emplace_back(cursor.key());
  }
  TENUTO_RETURN_IF_ERROR(cursor.status("looking for a user's answers"));
  return requests;
}

absl::Status LedgerErasure::FindRest(const std::vector<std::string>& requests,
                                     Belongings& found) const {
  std::string value;
  for (const Family family : {Family::kState, Family::kSeen}) {
    TENUTO_RETURN_IF_ERROR(store_.Get(family, found.user.view(), value));
    if (!value.empty()) found.bytes += found.user.view().size() + value.size();
  }
  for (const std::string& request :
       std::set<std::string>(requests.begin(), requests.end())) {
    TENUTO_RETURN_IF_ERROR(store_.Get(Family::kRequests, request, value));
    if (!IsAbout(value, found.user)) continue;
    found.requests.push_back(request);
    found.bytes += request.size() + value.size();
  }
  return absl::OkStatus();
}

absl::StatusOr<Erasure> LedgerErasure::Remove(const Belongings& found,
                                              std::int64_t time_us,
                                              Position through,
                                              StoreBatch& batch) const {
  const std::string note_key =
      absl::StrCat(kNotePrefix, ErasedName(keys_, found.user));
  std::string bytes;
  TENUTO_RETURN_IF_ERROR(store_.Get(Family::kMeta, note_key, bytes));
  v1::ErasureRecord note;
  if (!note.ParseFromString(bytes)) {
    return absl::DataLossError("the note of an erasure does not parse");
  }
  // A note of before that is not finished yet keeps its answers to purge.
  if (note.finished()) note.clear_requests();
  // Later than the one before, even if the clock was set back.
  note.set_time_us(std::max(time_us, note.time_us() + 1));
  note.set_bytes(found.bytes);
  note.set_through(through);
  note.set_partition(static_cast<std::uint32_t>(found.user.partition()));
  note.set_finished(false);
  std::uint64_t events = 0;
  for (const Belongings::Record& record : found.records) {
    batch.Put(Family::kLog, record.key, ErasedLogRecord(record.events));
    events += record.events;
  }
  note.set_events(events);
  batch.Delete(Family::kState, found.user.view());
  batch.Delete(Family::kSeen, found.user.view());
  for (const std::string& request : found.requests) {
    batch.Delete(Family::kRequests, request);
    note.add_requests(request);
  }
  batch.Put(Family::kMeta, note_key, note.SerializeAsString());
  return Erasure{note.time_us(), events, found.bytes, through, false};
}

absl::Status LedgerErasure::VisitNotes(
    absl::FunctionRef<absl::Status(absl::string_view, const v1::ErasureRecord&)>
        visit) const {
  StoreCursor cursor(store_, Family::kMeta);
  v1::ErasureRecord note;
  for (cursor.Seek(kNotePrefix); cursor.IsIn(kNotePrefix); cursor.Next()) {
    if (!note.ParseFromString(std::string(cursor.value()))) {
      return absl::DataLossError("the note of an erasure does not parse");
    }
    TENUTO_RETURN_IF_ERROR(
        visit(cursor.key().substr(sizeof kNotePrefix - 1), note));
  }
  return cursor.status("reading the notes of erasures");
}

absl::Status LedgerErasure::Finish(
    absl::FunctionRef<absl::Status(const ErasureList&)> refresh) const {
  std::map<std::string, v1::ErasureRecord> open;
  ErasureList noted;
  TENUTO_RETURN_IF_ERROR(
      VisitNotes([&](absl::string_view name, const v1::ErasureRecord& note) {
        noted.Add(name, {static_cast<int>(note.partition()), note.time_us(),
                         note.through()});
        if (!note.finished()) open[std::string(name)] = note;
        return absl::OkStatus();
      }));
  if (open.empty()) return absl::OkStatus();
  TENUTO_ASSIGN_OR_RETURN(ErasureList list, ErasureList::Load(directory_));
  list.Add(noted);
  TENUTO_RETURN_IF_ERROR(list.Save(directory_));
  std::vector<KeyRange> ranges;
  StoreBatch batch(store_);
  for (auto& [name, note] : open) {
    const auto of_user = RangesOf(static_cast<int>(note.partition()));
    ranges.insert(ranges.end(), of_user.begin(), of_user.end());
    for (const std::string& request : note.requests()) {
      ranges.push_back({Family::kRequests, request, request});
    }
    note.clear_requests();
    note.set_finished(true);
    batch.Put(Family::kMeta, absl::StrCat(kNotePrefix, name),
              note.SerializeAsString());
  }
  TENUTO_RETURN_IF_ERROR(store_.Purge(ranges));
  TENUTO_RETURN_IF_ERROR(refresh(list));
  return store_.Write(batch);
}

absl::StatusOr<ErasureList> LedgerErasure::Unknown(
    const ErasureList& list) const {
  ErasureList noted;
  TENUTO_RETURN_IF_ERROR(
      VisitNotes([&](absl::string_view name, const v1::ErasureRecord& note) {
        noted.Add(name, {static_cast<int>(note.partition()), note.time_us(),
                         note.through()});
        return absl::OkStatus();
      }));
  return list.Without(noted);
}

absl::Status LedgerErasure::FindNamed(int partition,
                                      const std::set<std::string>& names,
                                      std::set<UserKey>& users) const {
  std::set<UserKey> all;
  const std::string prefix = PartitionPrefix(partition);
  for (const Family family : {Family::kState, Family::kSeen}) {
    StoreCursor cursor(store_, family);
    for (cursor.Seek(prefix); cursor.IsIn(prefix); cursor.Next()) {
      all.insert(UserKey::FromBytes(cursor.key()));
    }
    TENUTO_RETURN_IF_ERROR(cursor.status("looking for erased users"));
  }
  TENUTO_RETURN_IF_ERROR(
      ScanLog(store_, partition, 0, [&](const LoggedEvent& event) {
        all.insert(event.user);
        return true;
      }));
  StoreCursor cursor(store_, Family::kRequests);
  v1::RequestRecord answer;
  for (cursor.Seek(""); cursor.IsIn(""); cursor.Next()) {
    if (!answer.ParseFromString(std::string(cursor.value())) ||
        answer.user_key().size() != UserKey().bytes.size()) {
      continue;
    }
    const UserKey user = UserKey::FromBytes(answer.user_key());
    if (user.partition() == partition) all.insert(user);
  }
  for (const UserKey& user : all) {
    if (names.contains(ErasedName(keys_, user))) users.insert(user);
  }
  return cursor.status("looking for erased users");
}

absl::StatusOr<ErasedAgain> LedgerErasure::RemoveAgain(
    const ErasureList& unknown) const {
  ErasedAgain again;
  std::map<int, std::set<std::string>> by_partition;
  StoreBatch batch(store_);
  for (const auto& [name, entry] : unknown.entries()) {
    by_partition[entry.partition].insert(name);
    // Whoever is found below gets a note that is not finished instead.
    v1::ErasureRecord note;
    note.set_time_us(entry.time_us);
    note.set_through(entry.through);
    note.set_partition(static_cast<std::uint32_t>(entry.partition));
    note.set_finished(true);
    batch.Put(Family::kMeta, absl::StrCat(kNotePrefix, name),
              note.SerializeAsString());
  }
  for (const auto& [partition, names] : by_partition) {
    std::set<UserKey> users;
    TENUTO_RETURN_IF_ERROR(FindNamed(partition, names, users));
    for (const UserKey& user : users) {
      const ErasureList::Entry& entry =
          unknown.entries().at(ErasedName(keys_, user));
      Belongings found{.user = user, .records = {}, .requests = {}};
      TENUTO_RETURN_IF_ERROR(FindEvents(0, kEnd, found));
      TENUTO_ASSIGN_OR_RETURN(const std::vector<std::string> requests,
                              FindRequests(user));
      TENUTO_RETURN_IF_ERROR(FindRest(requests, found));
      TENUTO_ASSIGN_OR_RETURN(
          const Erasure erasure,
          Remove(found, entry.time_us, entry.through, batch));
      ++again.users;
      again.events += erasure.events;
    }
  }
  if (!batch.empty()) TENUTO_RETURN_IF_ERROR(store_.Write(batch));
  return again;
}

}  // namespace tenuto
