// The formats that `tenuto import` reads: one table from a name to a reader. A
// new format is one reader and one line in format.cc.
#ifndef TENUTO_TRAINING_IMPORTERS_FORMAT_H_
#define TENUTO_TRAINING_IMPORTERS_FORMAT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "features/event_gate.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto {

// Turns one record of a file into our event. Not thread-safe: it keeps parser
// and event between records so that a record costs no allocation.
class Format {
 public:
  virtual ~Format() = default;

  // `record` is followed by kLinePadding readable bytes. The event lives until
  // the next call and may be changed meanwhile. Null when the record is no
  // event, and `trouble` says why; an empty user id is left to the caller. With
  // an event, a trouble that has a reason says what of the record had no use.
  virtual v1::Event* Read(absl::string_view record, Rejection& trouble) = 0;

  // Whether a new session id is the only sign that a session was opened.
  virtual bool implies_sessions() const { return false; }
};

struct FormatEntry {
  const char* name;
  const char* description;  // One line for --help.
  std::unique_ptr<Format> (*make)();
};

absl::Span<const FormatEntry> Formats();

// "eventsim, jsonl"
std::string FormatNames();

// kInvalidArgument listing the known names.
absl::StatusOr<std::unique_ptr<Format>> MakeFormat(absl::string_view name);

// Event id of a record that brings none: the format's name and a hash of the
// record's bytes. The same line is the same event for ever.
void HashedEventId(absl::string_view format, absl::string_view record,
                   std::string& event_id);

// A value of a line for a message: quoted, printable and short. Never for a
// value that may tell of a person.
std::string Quoted(absl::string_view value);

// Takes the first record off the JSON line `rest`. Writers that lose a line end
// join two objects ("{...}{...}"): both are records.
absl::string_view TakeJsonRecord(absl::string_view& rest);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_IMPORTERS_FORMAT_H_
