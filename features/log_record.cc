#include "features/log_record.h"

#include <cstdint>
#include <vector>

#include "features/base/wire.h"
#include "google/protobuf/io/coded_stream.h"
#include "tenuto/v1/records.pb.h"

namespace tenuto {
namespace {

using google::protobuf::io::CodedOutputStream;

constexpr std::uint32_t BytesTag(int number) {
  return static_cast<std::uint32_t>(number) << 3 | 2;
}
constexpr std::uint32_t VarintTag(int number) {
  return static_cast<std::uint32_t>(number) << 3;
}
constexpr std::uint32_t Fixed64Tag(int number) {
  return static_cast<std::uint32_t>(number) << 3 | 1;
}

std::uint8_t* WriteBytes(int number, absl::string_view bytes,
                         std::uint8_t* to) {
  to = CodedOutputStream::WriteTagToArray(BytesTag(number), to);
  to = CodedOutputStream::WriteVarint32ToArray(
      static_cast<std::uint32_t>(bytes.size()), to);
  return CodedOutputStream::WriteRawToArray(bytes.data(),
                                            static_cast<int>(bytes.size()), to);
}

std::size_t StoredSize(const GatedEvent& event) {
  const auto known = static_cast<std::uint64_t>(event.known_time_us);
  const auto size = static_cast<std::uint32_t>(event.event.size());
  return 1 + 8 + 1 + CodedOutputStream::VarintSize64(known) + 1 +
         CodedOutputStream::VarintSize32(size) + size;
}

std::uint8_t* WriteStored(const GatedEvent& event, std::uint8_t* to) {
  to = CodedOutputStream::WriteTagToArray(
      Fixed64Tag(v1::StoredEvent::kEventHashFieldNumber), to);
  to = CodedOutputStream::WriteLittleEndian64ToArray(event.event_hash, to);
  to = CodedOutputStream::WriteTagToArray(
      VarintTag(v1::StoredEvent::kKnownTimeUsFieldNumber), to);
  to = CodedOutputStream::WriteVarint64ToArray(
      static_cast<std::uint64_t>(event.known_time_us), to);
  return WriteBytes(v1::StoredEvent::kEventFieldNumber, event.event, to);
}

bool ParseStored(absl::string_view bytes, LoggedEvent& logged) {
  logged.event = {};
  logged.event_hash = 0;
  logged.known_time_us = 0;
  return VisitWire(bytes, [&](const WireField& field) {
    switch (field.number) {
      case v1::StoredEvent::kEventHashFieldNumber:
        logged.event_hash = field.bits;
        break;
      case v1::StoredEvent::kKnownTimeUsFieldNumber:
        logged.known_time_us = static_cast<std::int64_t>(field.bits);
        break;
      case v1::StoredEvent::kEventFieldNumber:
        logged.event = field.bytes;
        break;
      default:
        break;
    }
    return true;
  });
}

}  // namespace

void AppendLogRecord(absl::Span<const GatedEvent> events,
                     absl::Span<const int> accepted, std::string& record) {
  const UserKey& user = events[static_cast<std::size_t>(accepted[0])].user;
  std::size_t size = 2 + user.bytes.size();
  std::vector<std::uint32_t> stored(accepted.size());
  for (std::size_t k = 0; k < accepted.size(); ++k) {
    stored[k] = static_cast<std::uint32_t>(
        StoredSize(events[static_cast<std::size_t>(accepted[k])]));
    size += 1 + CodedOutputStream::VarintSize32(stored[k]) + stored[k];
  }
  const std::size_t before = record.size();
  record.resize(before + size);
  auto* to = reinterpret_cast<std::uint8_t*>(record.data() + before);
  to = WriteBytes(v1::LogRecord::kUserKeyFieldNumber, user.view(), to);
  for (std::size_t k = 0; k < accepted.size(); ++k) {
    to = CodedOutputStream::WriteTagToArray(
        BytesTag(v1::LogRecord::kEventsFieldNumber), to);
    to = CodedOutputStream::WriteVarint32ToArray(stored[k], to);
    to = WriteStored(events[static_cast<std::size_t>(accepted[k])], to);
  }
}

std::string ErasedLogRecord(std::uint64_t events) {
  v1::LogRecord marker;
  marker.set_erased_events(events);
  return marker.SerializeAsString();
}

std::uint64_t ErasedEventsOf(absl::string_view record) {
  std::uint64_t erased = 0;
  const bool alone = VisitWire(record, [&](const WireField& field) {
    erased = field.bits;
    return field.number == v1::LogRecord::kErasedEventsFieldNumber &&
           !field.is_bytes;
  });
  return alone ? erased : 0;
}

RecordVisit VisitLogRecord(absl::string_view record, Position first,
                           absl::FunctionRef<bool(const LoggedEvent&)> visit) {
  LoggedEvent logged;
  logged.position = first;
  bool stopped = false;
  bool keyed = false;
  const bool whole = VisitWire(record, [&](const WireField& field) {
    if (field.number == v1::LogRecord::kUserKeyFieldNumber) {
      if (field.bytes.size() != logged.user.bytes.size()) return false;
      logged.user = UserKey::FromBytes(field.bytes);
      keyed = true;
      return true;
    }
    if (field.number != v1::LogRecord::kEventsFieldNumber) return true;
    if (!keyed || !ParseStored(field.bytes, logged)) return false;
    stopped = !visit(logged);
    ++logged.position;
    return !stopped;
  });
  if (stopped) return RecordVisit::kStopped;
  if (whole && (keyed || ErasedEventsOf(record) > 0)) {
    return RecordVisit::kWhole;
  }
  return RecordVisit::kDamaged;
}

}  // namespace tenuto
