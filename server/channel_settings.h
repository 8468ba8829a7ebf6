// What our server's connections leave out of what gRPC does for every call, and
// how they notice who is gone.
// Not thread-safe: the builder's thread's.
#ifndef TENUTO_SERVER_CHANNEL_SETTINGS_H_
#define TENUTO_SERVER_CHANNEL_SETTINGS_H_

#include "absl/time/time.h"
#include "grpcpp/server_builder.h"

namespace tenuto {

// Whoever does not answer a ping, one every `patience`, within a third of it is
// gone, and so are his calls.
inline void MakeChannelSettings(grpc::ServerBuilder& builder,
                                absl::Duration patience = absl::Minutes(1)) {
  // Counts of every call and message, which nobody would read: our metrics tell
  // them.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);
  // Of answers, none of which is compressed. Requests may be.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  // A timer a call. A caller ends what has passed its deadline, and before a
  // unary call is worked on UnaryCall::IsGivenUp() looks at the clock. Streams
  // end with their caller, or his connection.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_DEADLINE_CHECKS, 0);
  const auto ms = static_cast<int>(absl::ToInt64Milliseconds(patience));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, ms);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, ms / 3);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
}

}  // namespace tenuto

#endif  // TENUTO_SERVER_CHANNEL_SETTINGS_H_
