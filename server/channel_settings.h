// What our server's connections leave out of what gRPC does for every call: a
// twenty-fifth of a call that scores a user.
// Not thread-safe: the builder's thread's.
#ifndef TENUTO_SERVER_CHANNEL_SETTINGS_H_
#define TENUTO_SERVER_CHANNEL_SETTINGS_H_

#include "grpcpp/server_builder.h"

namespace tenuto {

inline void MakeChannelSettings(grpc::ServerBuilder& builder) {
  // Counts of every call and message, which nobody would read: our metrics tell
  // them.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);
  // Of answers, none of which is compressed. Requests may be.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  // A timer a call. A caller tells when its deadline has passed, and where he
  // cannot, UnaryCall::IsGivenUp() looks at the clock.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_DEADLINE_CHECKS, 0);
}

}  // namespace tenuto

#endif  // TENUTO_SERVER_CHANNEL_SETTINGS_H_
