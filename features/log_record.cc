#include "features/log_record.h"

#include "features/base/wire.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
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

void WriteBytes(CodedOutputStream& out, int number, absl::string_view bytes) {
  out.WriteTag(BytesTag(number));
  out.WriteVarint32(static_cast<std::uint32_t>(bytes.size()));
  out.WriteRaw(bytes.data(), static_cast<int>(bytes.size()));
}

std::size_t StoredSize(const GatedEvent& event) {
  const auto known = static_cast<std::uint64_t>(event.known_time_us);
  const auto size = static_cast<std::uint32_t>(event.event.size());
  return 1 + 8 + 1 + CodedOutputStream::VarintSize64(known) + 1 +
         CodedOutputStream::VarintSize32(size) + size;
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
  google::protobuf::io::StringOutputStream stream(&record);
  CodedOutputStream out(&stream);
  const GatedEvent& head = events[static_cast<std::size_t>(accepted[0])];
  WriteBytes(out, v1::LogRecord::kUserKeyFieldNumber, head.user.view());
  for (const int k : accepted) {
    const GatedEvent& event = events[static_cast<std::size_t>(k)];
    out.WriteTag(BytesTag(v1::LogRecord::kEventsFieldNumber));
    out.WriteVarint32(static_cast<std::uint32_t>(StoredSize(event)));
    out.WriteTag(Fixed64Tag(v1::StoredEvent::kEventHashFieldNumber));
    out.WriteLittleEndian64(event.event_hash);
    out.WriteTag(VarintTag(v1::StoredEvent::kKnownTimeUsFieldNumber));
    out.WriteVarint64(static_cast<std::uint64_t>(event.known_time_us));
    WriteBytes(out, v1::StoredEvent::kEventFieldNumber, event.event);
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
