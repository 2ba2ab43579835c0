//! How it is told what is left, and what was told of it.

use std::collections::BTreeSet;
use std::fmt;

use super::{Ended, Piece, Recording, Session, Told};
use crate::call::{AuditAction, RowState};

pub(super) fn listed(recordings: &[Recording]) -> String {
    if recordings.is_empty() {
        return "no recording".into();
    }
    recordings.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

fn pieces(pieces: &BTreeSet<Piece>) -> String {
    if pieces.is_empty() {
        return "nothing".into();
    }
    pieces.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.earlier {
            0 => write!(f, "the call in room {} (tenant {})", self.room, self.tenant),
            before => write!(f, "call {} in room {} (tenant {})", before + 1, self.room, self.tenant),
        }
    }
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = match self.ended {
            Ended::Not => "still under way",
            Ended::Well => "complete",
            Ended::Failed => "failed",
        };
        let row = match self.row {
            None => "no row",
            Some(RowState::Recording) => "a row `recording`",
            Some(RowState::Stored) => "a row `stored`",
            Some(RowState::Failed) => "a row `failed`",
            Some(RowState::Deleting) => "a row `deleting`",
            Some(RowState::Deleted) => "a row `deleted`",
        };
        let (sink, links) = (pieces(&self.in_sink), pieces(&self.links_to));
        write!(f, "a recording ({}, {ended}, {row}, in the sink: {sink}, links to: {links})", self.what)
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Piece::Media => "the file",
            Piece::Playlist => "playlist",
            Piece::Segments => "segments",
            Piece::Manifest => "manifest",
            Piece::DeleteMarker => "a delete marker",
            Piece::UnfinishedUpload => "an unfinished upload",
            Piece::Elsewhere => "something that is not there",
        })
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.action {
            AuditAction::Delete => "the deletion",
            AuditAction::LegalHold => "a legal hold",
            AuditAction::LiftHold => "a legal hold that was lifted",
            AuditAction::Publish => "the publication",
            AuditAction::Retract => "the retraction",
            AuditAction::RefuseWebhook => "a refused webhook",
        })?;
        if !self.what.is_empty() {
            write!(f, " of {}", self.what)?;
        }
        if self.repeated {
            f.write_str(", under several idempotency keys")?;
        }
        Ok(())
    }
}
