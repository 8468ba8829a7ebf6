#include "training/importers/eventsim.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "simdjson.h"
#include "training/importers/eventsim_pages.h"
#include "training/line_source.h"

namespace tenuto {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kIdBytesMax = 256;
constexpr std::size_t kWordBytesMax = 40;
constexpr std::int64_t kMissing = std::numeric_limits<std::int64_t>::min();

// What we take of a line. Texts live in the line or in the parser.
struct Fields {
  absl::string_view user_id, session_id, page, level, user_agent, artist, song;
  std::int64_t ts_ms = kMissing;
  std::int64_t registration_ms = kMissing;
  std::int64_t item_in_session = kMissing;
  std::int64_t status = kMissing;
  double length_s = 0.0;
};

// A value that no list names. What looks like a word of a log's vocabulary is
// shown; anything else may be an address or an id that slipped into the field.
std::string Unnamed(absl::string_view field, absl::string_view value) {
  const bool is_word =
      value.size() <= kWordBytesMax &&
      std::all_of(value.begin(), value.end(), [](unsigned char c) {
        return absl::ascii_isalpha(c) || c == ' ';
      });
  return is_word ? absl::StrCat(field, " is ", Quoted(value))
                 : absl::StrCat(field, " is something else, of ", value.size(),
                                " bytes");
}

// A string without its quotes, a number as it stands, nothing for null. False
// for everything else.
bool ReadText(ondemand::value& value, absl::string_view& text) {
  ondemand::json_type type;
  if (value.type().get(type)) return false;
  const std::string_view raw = value.raw_json_token();
  const absl::string_view token = absl::StripTrailingAsciiWhitespace(
      absl::string_view(raw.data(), raw.size()));
  switch (type) {
    case ondemand::json_type::string: {
      if (token.size() < 2 || token.back() != '"') return false;
      text = token.substr(1, token.size() - 2);
      if (std::memchr(text.data(), '\\', text.size()) == nullptr) return true;
      std::string_view unescaped;
      if (value.get_string().get(unescaped)) return false;
      text = absl::string_view(unescaped.data(), unescaped.size());
      return true;
    }
    case ondemand::json_type::number:
      text = token;
      return true;
    case ondemand::json_type::null:
      text = absl::string_view();
      return token == "null";
    default:
      return false;
  }
}

bool ReadDouble(ondemand::value& value, double& number) {
  absl::string_view text;
  if (!ReadText(value, text)) return false;
  if (text.empty()) return true;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  return result.ec == std::errc() && result.ptr == end && std::isfinite(number);
}

// A whole number, also where it is written "7" or 7.0; kMissing for null.
bool ReadInteger(ondemand::value& value, std::int64_t& number) {
  absl::string_view text;
  if (!ReadText(value, text)) return false;
  number = kMissing;
  if (text.empty()) return true;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  if (result.ec == std::errc() && result.ptr == end) return true;
  double real = 0.0;
  if (!ReadDouble(value, real) || std::abs(real) > 9.0e18) return false;
  number = std::llround(real);
  return true;
}

template <absl::string_view Fields::*member>
bool Text(ondemand::value& value, Fields& fields) {
  return ReadText(value, fields.*member);
}

template <std::int64_t Fields::*member>
bool Integer(ondemand::value& value, Fields& fields) {
  return ReadInteger(value, fields.*member);
}

bool Length(ondemand::value& value, Fields& fields) {
  return ReadDouble(value, fields.length_s);
}

struct FieldReader {
  absl::string_view name;
  bool (*read)(ondemand::value& value, Fields& fields);
  bool may_be_shown = false;  // Tells of no person.
};

constexpr FieldReader kFields[] = {
    {"ts", Integer<&Fields::ts_ms>, true},
    {"userId", Text<&Fields::user_id>},
    {"sessionId", Text<&Fields::session_id>},
    {"page", Text<&Fields::page>, true},
    {"level", Text<&Fields::level>, true},
    {"status", Integer<&Fields::status>, true},
    {"itemInSession", Integer<&Fields::item_in_session>, true},
    {"userAgent", Text<&Fields::user_agent>},
    {"registration", Integer<&Fields::registration_ms>, true},
    {"artist", Text<&Fields::artist>},
    {"song", Text<&Fields::song>},
    {"length", Length, true},
};

// Null for a field that we do not take. Keys stand raw in the line, each
// followed by its quote; a shorter line than the name is padded.
const FieldReader* FindField(const char* key) {
  for (const FieldReader& field : kFields) {
    const std::size_t size = field.name.size();
    if (key[0] == field.name[0] && key[size] == '"' &&
        std::memcmp(key, field.name.data(), size) == 0) {
      return &field;
    }
  }
  return nullptr;
}

// Fields that we do not take are only looked at for a value that begins like
// one.
bool LooksLikeJson(ondemand::value& value) {
  ondemand::json_type type;
  return !value.type().get(type);
}

// The line itself is a person's; its length and the parser's complaint are not.
Rejection Malformed(simdjson::error_code error, std::size_t bytes) {
  const absl::string_view complaint = error == simdjson::INCORRECT_TYPE
                                          ? "the line is no JSON object"
                                          : simdjson::error_message(error);
  return {"MALFORMED_JSON", absl::StrCat(complaint, " (", bytes, " bytes)")};
}

// Names what is wrong, and shows it where it cannot tell of a person.
Rejection MalformedField(const FieldReader& field, ondemand::value& value) {
  const std::string_view raw = value.raw_json_token();
  absl::string_view token = absl::StripTrailingAsciiWhitespace(
      absl::string_view(raw.data(), raw.size()));
  std::string message = absl::StrCat("field ", Quoted(field.name), " is ");
  if (absl::StartsWith(token, "[") || absl::StartsWith(token, "{")) {
    absl::StrAppend(&message, "a list or an object");
  } else if (field.may_be_shown) {
    absl::ConsumePrefix(&token, "\"");
    absl::ConsumeSuffix(&token, "\"");
    absl::StrAppend(&message, Quoted(token));
  } else {
    absl::StrAppend(&message, "no text");
  }
  return {"MALFORMED_FIELD", std::move(message)};
}

void SetTimestamp(std::int64_t ms, google::protobuf::Timestamp& timestamp) {
  std::int64_t seconds = ms / 1000;
  if (ms % 1000 < 0) --seconds;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<std::int32_t>(ms - seconds * 1000) *
                      1'000'000);
}

// An id as long as the gate lets pass: a hash stands for a longer one.
void SetId(absl::string_view text, std::string& id) {
  if (text.size() <= kIdBytesMax) {
    id.assign(text.data(), text.size());
  } else {
    HashedEventId("long", text, id);
  }
}

v1::Plan PlanOf(absl::string_view level) {
  if (level == "paid") return v1::PLAN_PREMIUM;
  if (level == "free") return v1::PLAN_FREE;
  return v1::PLAN_UNSPECIFIED;
}

void FillPlayback(const Fields& fields, v1::Playback& playback) {
  SetId(fields.song, *playback.mutable_track_id());
  SetId(fields.artist, *playback.mutable_artist_id());
  // Beyond any song the gate decides; the bound only keeps llround defined.
  playback.set_ms_played(
      std::llround(std::clamp(fields.length_s, -1.0e12, 1.0e12) * 1000.0));
  playback.set_device(DeviceOf(fields.user_agent));
}

void FillEvent(const Fields& fields, const EventsimPage& page,
               v1::Event& event) {
  event.mutable_user_id()->assign(fields.user_id.data(), fields.user_id.size());
  event.mutable_session_id()->assign(fields.session_id.data(),
                                     fields.session_id.size());
  SetTimestamp(fields.ts_ms, *event.mutable_event_time());
  if (fields.registration_ms == kMissing) {
    event.clear_registered_time();
  } else {
    SetTimestamp(fields.registration_ms, *event.mutable_registered_time());
  }
  // From 1, behind what an import states about the user at the same time.
  event.set_sequence(static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(fields.item_in_session, 0, 1'000'000'000) + 1));
  event.set_plan(page.plan_after != v1::PLAN_UNSPECIFIED
                     ? page.plan_after
                     : PlanOf(fields.level));
  if (event.has_playback()) {
    FillPlayback(fields, *event.mutable_playback());
  } else if (event.has_quality_problem()) {
    event.mutable_quality_problem()->set_status(
        fields.status == kMissing ? 0 : fields.status);
  }
}

class EventsimFormat : public Format {
 public:
  EventsimFormat() {
    const absl::Span<const EventsimPage> pages = EventsimPages();
    events_.resize(pages.size());
    for (std::size_t i = 0; i < pages.size(); ++i) {
      pages[i].set_payload(events_[i]);
      page_index_.emplace(pages[i].name, i);
    }
  }

  bool implies_sessions() const override { return true; }

  v1::Event* Read(absl::string_view record, Rejection& trouble) override {
    Fields fields;
    if (std::optional<Rejection> wrong = Parse(record, fields)) {
      trouble = *std::move(wrong);
      return nullptr;
    }
    if (fields.ts_ms == kMissing) {
      trouble = {"BAD_TIME", "field \"ts\" is missing"};
      return nullptr;
    }
    const auto page = page_index_.find(fields.page);
    if (page == page_index_.end()) {
      trouble = {"UNKNOWN_PAGE", fields.page.empty()
                                     ? "field \"page\" is missing"
                                     : Unnamed("page", fields.page)};
      return nullptr;
    }
    // What the line says besides is as good as ever.
    if (!fields.level.empty() && PlanOf(fields.level) == v1::PLAN_UNSPECIFIED) {
      trouble = {"UNKNOWN_LEVEL", Unnamed("level", fields.level)};
    }
    v1::Event& event = events_[page->second];
    FillEvent(fields, EventsimPages()[page->second], event);
    HashedEventId("eventsim", record, *event.mutable_event_id());
    return &event;
  }

 private:
  std::optional<Rejection> Parse(absl::string_view record, Fields& fields);

  ondemand::parser parser_;
  absl::flat_hash_map<absl::string_view, std::size_t> page_index_;
  // One a page, its payload set for ever, so that a line allocates nothing.
  std::vector<v1::Event> events_;
};

std::optional<Rejection> EventsimFormat::Parse(absl::string_view record,
                                               Fields& fields) {
  ondemand::document document;
  ondemand::object object;
  if (const auto error =
          parser_
              .iterate(simdjson::padded_string_view(
                  record.data(), record.size(), record.size() + kLinePadding))
              .get(document)) {
    return Malformed(error, record.size());
  }
  if (const auto error = document.get_object().get(object)) {
    return Malformed(error, record.size());
  }
  for (auto result : object) {
    ondemand::field field;
    if (const auto error = std::move(result).get(field)) {
      return Malformed(error, record.size());
    }
    ondemand::value& value = field.value();
    const FieldReader* const reader = FindField(field.key().raw());
    if (reader == nullptr) {
      if (!LooksLikeJson(value)) {
        return Malformed(simdjson::TAPE_ERROR, record.size());
      }
    } else if (!reader->read(value, fields)) {
      return MalformedField(*reader, value);
    }
  }
  // Nothing may follow the object.
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    return Malformed(simdjson::TRAILING_CONTENT, record.size());
  }
  return std::nullopt;
}

}  // namespace

std::unique_ptr<Format> MakeEventsimFormat() {
  return std::make_unique<EventsimFormat>();
}

}  // namespace tenuto
