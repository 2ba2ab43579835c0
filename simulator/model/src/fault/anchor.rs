//! Anchors: counting matches, and deciding whether a fault strikes.

use std::rc::Rc;

use super::{Anchor, Fault, Filter};
use crate::scenario::Scenario;
use crate::time::Time;

/// A place where faults may strike, with everything a filter can ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Point<'a> {
    /// Such as `s3.delete_objects` or `webhook.delivery`.
    pub name: &'a str,
    /// A name that stands for all points of its sort, such as `operator.call` for every call.
    pub group: Option<&'a str>,
    /// The moment that it is part of, such as `operator.init` for every call in it.
    pub within: Option<&'a str>,
    /// The webhook's event.
    pub event: Option<&'a str>,
    /// Bucket.
    pub bucket: Option<&'a str>,
    /// Keys that the point is about; a filter matches if any of them does.
    pub keys: &'a [&'a str],
    /// Tenant.
    pub tenant: Option<&'a str>,
    /// Room.
    pub room: Option<&'a str>,
    /// Instance of the operator.
    pub instance: Option<u32>,
}

/// A fault that strikes.
#[derive(Clone, Copy, Debug)]
pub struct Strike {
    /// Its place in the scenario.
    pub fault: usize,
}

/// The faults of a run: what has matched, what has fired, which windows are open.
#[derive(Debug)]
pub struct Faults {
    scenario: Rc<Scenario>,
    progress: Vec<Progress>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    matches: u64,
    fired: u64,
    /// Strikes at every match until then.
    window_until: Option<Time>,
    /// An `after` anchor's step has happened.
    released: bool,
    /// Somebody took it away: it strikes no more.
    cleared: bool,
}

impl Faults {
    /// None has struck yet.
    pub fn new(scenario: &Rc<Scenario>) -> Faults {
        Faults { scenario: Rc::clone(scenario), progress: vec![Progress::default(); scenario.faults.len()] }
    }

    /// One fault more than there were: `scenario` has it at its end.
    pub fn extend(&mut self, scenario: &Rc<Scenario>) {
        self.scenario = Rc::clone(scenario);
        self.progress.resize(scenario.faults.len(), Progress::default());
    }

    /// Takes a fault away. False: there is none at this place, or it was taken away before.
    pub fn clear(&mut self, fault: usize) -> bool {
        let Some(progress) = self.progress.get_mut(fault) else { return false };
        !std::mem::replace(&mut progress.cleared, true)
    }

    /// Which of them were taken away, in order of the scenario.
    pub fn cleared(&self) -> Vec<bool> {
        self.progress.iter().map(|progress| progress.cleared).collect()
    }

    /// How often each has struck, in order of the scenario.
    pub fn fired(&self) -> Vec<u64> {
        self.progress.iter().map(|progress| progress.fired).collect()
    }

    /// The fault at a place.
    pub fn fault(&self, strike: Strike) -> &Fault {
        &self.scenario.faults[strike.fault]
    }

    /// When the window ends in which this fault strikes; none: it has no window.
    pub fn window_end(&self, strike: Strike) -> Option<Time> {
        self.progress[strike.fault].window_until
    }

    /// Whether the scenario has any fault of this kind: asked before a point is put together.
    pub fn has(&self, kind: &str) -> bool {
        self.scenario.faults.iter().any(|fault| fault.kind.name == kind)
    }

    /// Whether the scenario has any fault of these kinds.
    pub fn any_of(&self, kinds: &[&str]) -> bool {
        self.scenario.faults.iter().any(|fault| kinds.contains(&fault.kind.name))
    }

    /// Whether any fault of these kinds is anchored at a point of this name: asked before the point is put together.
    pub fn any_on(&self, kinds: &[&str], name: &str, group: Option<&str>, within: Option<&str>) -> bool {
        self.scenario.faults.iter().any(|fault| fault.is_on(name, group, within) && kinds.contains(&fault.kind.name))
    }

    /// A named step has happened: faults `after` it may strike from now on.
    pub fn release(&mut self, step: &str) {
        for (fault, progress) in self.scenario.faults.iter().zip(&mut self.progress) {
            if matches!(&fault.anchor, Anchor::After(name) if name == step) {
                progress.released = true;
            }
        }
    }

    /// The first fault of the kinds in `kinds` that strikes at this point; it then counts as fired. Every fault
    /// whose anchor and filter match counts the match, whether or not another one struck first.
    pub fn strike(&mut self, kinds: &[&str], point: &Point<'_>, now: Time) -> Option<Strike> {
        self.strike_unless(|_| false, kinds, point, now)
    }

    /// Likewise for kinds whose effect lasts: what has struck is in force, and is not asked again.
    pub fn strike_once(&mut self, kinds: &[&str], point: &Point<'_>, now: Time) -> Option<Strike> {
        self.strike_unless(|fired| fired > 0, kinds, point, now)
    }

    /// A fault with an `at` strikes by itself at that moment, at no point, unless it has struck already.
    pub fn strike_at(&mut self, fault: usize) -> Option<Strike> {
        let (start, progress) = (self.scenario.world.start, &mut self.progress[fault]);
        let fault_at = &self.scenario.faults[fault];
        let Anchor::At(at) = fault_at.anchor else { return None };
        if progress.fired > 0 || progress.cleared {
            return None;
        }
        progress.fired += 1;
        progress.window_until = fault_at.window.map(|window| start + at + window);
        Some(Strike { fault })
    }

    fn strike_unless(
        &mut self,
        over: impl Fn(u64) -> bool,
        kinds: &[&str],
        point: &Point<'_>,
        now: Time,
    ) -> Option<Strike> {
        let start = self.scenario.world.start;
        let mut struck = None;
        for (ix, (fault, progress)) in self.scenario.faults.iter().zip(&mut self.progress).enumerate() {
            if progress.cleared
                || !fault.is_on(point.name, point.group, point.within)
                || !kinds.contains(&fault.kind.name)
                || over(progress.fired)
                || !fault.filter.matches(point)
            {
                continue;
            }
            progress.matches += 1;
            let strikes = match (progress.window_until, &fault.anchor) {
                (Some(until), _) => now <= until,
                (None, Anchor::At(at)) => progress.fired == 0 && now >= start + *at,
                (None, Anchor::On { nth, count, .. }) => progress.matches >= *nth && progress.matches - *nth < *count,
                (None, Anchor::After(_)) => progress.fired == 0 && progress.released,
            };
            if strikes && struck.is_none() {
                if let (None, Some(window)) = (progress.window_until, fault.window) {
                    let opened = match &fault.anchor {
                        Anchor::At(at) => start + *at,
                        _ => now,
                    };
                    progress.window_until = Some(opened + window);
                }
                progress.fired += 1;
                struck = Some(Strike { fault: ix });
            }
        }
        struck
    }
}

impl Fault {
    /// Whether it is anchored at a point of this name, or at what the point stands for or is part of.
    fn is_on(&self, name: &str, group: Option<&str>, within: Option<&str>) -> bool {
        let on = match &self.anchor {
            Anchor::On { point, .. } => point.as_str(),
            Anchor::At(_) | Anchor::After(_) => self.kind.on,
        };
        pattern_matches(on, name) || group == Some(on) || within == Some(on)
    }
}

impl Filter {
    /// Whether a point has all that is asked for.
    pub fn matches(&self, point: &Point<'_>) -> bool {
        let word = |wanted: &Option<String>, found: Option<&str>| wanted.is_none() || wanted.as_deref() == found;
        word(&self.event, point.event)
            && word(&self.bucket, point.bucket)
            && word(&self.tenant, point.tenant)
            && word(&self.room, point.room)
            && self.instance.is_none_or(|wanted| point.instance.map(u64::from) == Some(wanted))
            && self.key.as_deref().is_none_or(|pattern| point.keys.iter().any(|key| pattern_matches(pattern, key)))
    }
}

/// Whether a name is the pattern, or begins with what stands before its final `*`.
pub fn pattern_matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}
