//! Facts without their content, for dispatch.

use super::Fact;

/// Which variant of [`Fact`] it is. A property says by it what it wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FactKind {
    /// [`Fact::RoomStarted`]
    RoomStarted,
    /// [`Fact::RoomFinished`]
    RoomFinished,
    /// [`Fact::ParticipantJoined`]
    ParticipantJoined,
    /// [`Fact::ParticipantLeft`]
    ParticipantLeft,
    /// [`Fact::TrackPublished`]
    TrackPublished,
    /// [`Fact::CommandGiven`]
    CommandGiven,
    /// [`Fact::EgressChanged`]
    EgressChanged,
    /// [`Fact::Sink`]
    Sink,
    /// [`Fact::WebhookQueued`]
    WebhookQueued,
    /// [`Fact::WebhookDropped`]
    WebhookDropped,
    /// [`Fact::WebhookAnswered`]
    WebhookAnswered,
    /// [`Fact::Booted`]
    Booted,
    /// [`Fact::DeliveryBegan`]
    DeliveryBegan,
    /// [`Fact::Called`]
    Called,
    /// [`Fact::Replied`]
    Replied,
    /// [`Fact::DeliveryEnded`]
    DeliveryEnded,
    /// [`Fact::Crashed`]
    Crashed,
    /// [`Fact::Trapped`]
    Trapped,
    /// [`Fact::GivenUp`]
    GivenUp,
    /// [`Fact::RowCommitted`]
    RowCommitted,
    /// [`Fact::Audited`]
    Audited,
    /// [`Fact::Published`]
    Published,
    /// [`Fact::Retracted`]
    Retracted,
    /// [`Fact::Viewed`]
    Viewed,
    /// [`Fact::GoalsLooked`]
    GoalsLooked,
    /// [`Fact::FaultStruck`]
    FaultStruck,
    /// [`Fact::Stopped`]
    Stopped,
}

impl FactKind {
    /// Every kind, in order.
    pub const ALL: [FactKind; 27] = [
        FactKind::RoomStarted,
        FactKind::RoomFinished,
        FactKind::ParticipantJoined,
        FactKind::ParticipantLeft,
        FactKind::TrackPublished,
        FactKind::CommandGiven,
        FactKind::EgressChanged,
        FactKind::Sink,
        FactKind::WebhookQueued,
        FactKind::WebhookDropped,
        FactKind::WebhookAnswered,
        FactKind::Booted,
        FactKind::DeliveryBegan,
        FactKind::Called,
        FactKind::Replied,
        FactKind::DeliveryEnded,
        FactKind::Crashed,
        FactKind::Trapped,
        FactKind::GivenUp,
        FactKind::RowCommitted,
        FactKind::Audited,
        FactKind::Published,
        FactKind::Retracted,
        FactKind::Viewed,
        FactKind::GoalsLooked,
        FactKind::FaultStruck,
        FactKind::Stopped,
    ];
}

impl Fact<'_> {
    /// Which variant it is.
    pub const fn kind(&self) -> FactKind {
        match self {
            Fact::RoomStarted { .. } => FactKind::RoomStarted,
            Fact::RoomFinished { .. } => FactKind::RoomFinished,
            Fact::ParticipantJoined { .. } => FactKind::ParticipantJoined,
            Fact::ParticipantLeft { .. } => FactKind::ParticipantLeft,
            Fact::TrackPublished { .. } => FactKind::TrackPublished,
            Fact::CommandGiven { .. } => FactKind::CommandGiven,
            Fact::EgressChanged { .. } => FactKind::EgressChanged,
            Fact::Sink { .. } => FactKind::Sink,
            Fact::WebhookQueued { .. } => FactKind::WebhookQueued,
            Fact::WebhookDropped { .. } => FactKind::WebhookDropped,
            Fact::WebhookAnswered { .. } => FactKind::WebhookAnswered,
            Fact::Booted { .. } => FactKind::Booted,
            Fact::DeliveryBegan { .. } => FactKind::DeliveryBegan,
            Fact::Called { .. } => FactKind::Called,
            Fact::Replied { .. } => FactKind::Replied,
            Fact::DeliveryEnded { .. } => FactKind::DeliveryEnded,
            Fact::Crashed { .. } => FactKind::Crashed,
            Fact::Trapped { .. } => FactKind::Trapped,
            Fact::GivenUp { .. } => FactKind::GivenUp,
            Fact::RowCommitted { .. } => FactKind::RowCommitted,
            Fact::Audited { .. } => FactKind::Audited,
            Fact::Published { .. } => FactKind::Published,
            Fact::Retracted { .. } => FactKind::Retracted,
            Fact::Viewed { .. } => FactKind::Viewed,
            Fact::GoalsLooked { .. } => FactKind::GoalsLooked,
            Fact::FaultStruck { .. } => FactKind::FaultStruck,
            Fact::Stopped { .. } => FactKind::Stopped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FactKind;

    #[test]
    fn every_kind_stands_at_its_own_place() {
        for (place, kind) in FactKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
    }
}
