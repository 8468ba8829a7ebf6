#include "training/importers/format.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "training/importers/eventsim.h"
#include "training/importers/jsonl.h"

namespace tenuto {
namespace {

constexpr FormatEntry kFormats[] = {
    {"eventsim",
     "JSON lines of the Sparkify / Interana eventsim log (page, level, ts ...)",
     MakeEventsimFormat},
    {"jsonl", "one tenuto.v1.Event a line in the JSON form of proto3",
     MakeJsonlFormat},
};

// Length of the first JSON object of `text`, which begins with '{'; the whole
// text when it does not end inside.
std::size_t ObjectLength(absl::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return text.size();
}

// Whether some '{' behind the first byte follows a '}', as where objects are
// joined (or inside of a string, which ObjectLength() sorts out).
bool MayBeJoined(absl::string_view text) {
  std::size_t from = 1;
  while (from < text.size()) {
    const void* const found =
        std::memchr(text.data() + from, '{', text.size() - from);
    if (found == nullptr) return false;
    const auto at =
        static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    const absl::string_view before =
        absl::StripTrailingAsciiWhitespace(text.substr(0, at));
    if (!before.empty() && before.back() == '}') return true;
    from = at + 1;
  }
  return false;
}

}  // namespace

absl::Span<const FormatEntry> Formats() { return kFormats; }

std::string FormatNames() {
  return absl::StrJoin(kFormats, ", ",
                       [](std::string* out, const FormatEntry& format) {
                         out->append(format.name);
                       });
}

absl::StatusOr<std::unique_ptr<Format>> MakeFormat(absl::string_view name) {
  for (const FormatEntry& format : kFormats) {
    if (name == format.name) return format.make();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "format \"", name, "\" is unknown; known are ", FormatNames()));
}

void HashedEventId(absl::string_view format, absl::string_view record,
                   std::string& event_id) {
  const XXH128_hash_t hash = XXH3_128bits(record.data(), record.size());
  event_id.assign(format.data(), format.size());
  absl::StrAppend(&event_id, ":", absl::Hex(hash.high64, absl::kZeroPad16),
                  absl::Hex(hash.low64, absl::kZeroPad16));
}

std::string Quoted(absl::string_view value) {
  std::size_t size = std::min(value.size(), std::size_t{40});
  // Never half a character.
  while (size > 0 && size < value.size() && (value[size] & 0xC0) == 0x80) {
    --size;
  }
  return absl::StrCat("\"", absl::Utf8SafeCHexEscape(value.substr(0, size)),
                      "\"", size < value.size() ? "..." : "");
}

absl::string_view TakeJsonRecord(absl::string_view& rest) {
  absl::string_view record = rest;
  if (!rest.empty() && rest.front() == '{' && MayBeJoined(rest)) {
    record = rest.substr(0, ObjectLength(rest));
  }
  rest = absl::StripLeadingAsciiWhitespace(rest.substr(record.size()));
  return record;
}

}  // namespace tenuto
