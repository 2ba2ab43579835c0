//! LiveKit's notifier: queues, attempts, ages; and the signed bytes of a delivery, made when somebody looks.

pub mod token;
