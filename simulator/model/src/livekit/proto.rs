//! Model values as livekit-protocol messages.
