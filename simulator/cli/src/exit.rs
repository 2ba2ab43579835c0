//! Exit codes: what they mean, and which one wins.

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: every promise held and every goal was met, or a violation that `[[expect]]` asks for came.
    Held,
    /// 1: a promise was broken, or an `[[expect]]` for this operator was not met.
    Violated,
    /// 2: nothing was broken, but a goal was not met: with `CI` set, a fault that never fired.
    Inconclusive,
    /// 3: the same scenario and operator gave two different traces. Nothing else in the report can then be relied on.
    Nondeterministic,
    /// 64: wrong arguments, a broken file, an operator that cannot be loaded, a disk that is full, a feature that is
    /// not built yet.
    Usage,
    /// 70: a bug of egress-sim itself.
    Bug,
}

impl Exit {
    /// All, the one that wins over all others first.
    pub const BY_PRECEDENCE: [Exit; 6] =
        [Exit::Bug, Exit::Usage, Exit::Nondeterministic, Exit::Violated, Exit::Inconclusive, Exit::Held];

    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Held => 0,
            Exit::Violated => 1,
            Exit::Inconclusive => 2,
            Exit::Nondeterministic => 3,
            Exit::Usage => 64,
            Exit::Bug => 70,
        }
    }

    /// The one that wins; of none, [`Exit::Held`].
    pub fn winner(exits: impl IntoIterator<Item = Exit>) -> Exit {
        let rank = |exit: &Exit| Exit::BY_PRECEDENCE.iter().position(|candidate| candidate == exit);
        exits.into_iter().min_by_key(rank).unwrap_or(Exit::Held)
    }

    /// In a few words.
    pub const fn summary(self) -> &'static str {
        match self {
            Exit::Held => "every promise held and every goal was met",
            Exit::Violated => "a promise was broken, or an expectation was not met",
            Exit::Inconclusive => "inconclusive: nothing was broken, but a goal was not met",
            Exit::Nondeterministic => "nondeterminism: the same run gave two different traces",
            Exit::Usage => "wrong arguments or bad input",
            Exit::Bug => "a bug of egress-sim",
        }
    }

    /// When it comes, and what to do.
    pub const fn details(self) -> &'static str {
        match self {
            Exit::Held => {
                "Where `[[expect]]` says that this operator violates promises, and it violates exactly those, that is 0 too."
            }
            Exit::Violated => {
                "The report names the promise, tells the story and gives the command that replays it. An `[[expect]]` \
                 that names this operator must be met in verdict, in the whole set of broken promises and in counts."
            }
            Exit::Inconclusive => {
                "With CI set, a fault of the scenario that never fired makes a run inconclusive: what it was to test was \
                 not tested. By hand that is only a warning. Change the fault's anchor, or take the fault out. A campaign is \
                 inconclusive where a goal was not reached, and where it was interrupted. A run with a service on sockets is \
                 inconclusive where the service did not answer within --patience, ended by itself, or --time-limit was over: \
                 the report says what was waited for, and what was broken until then still counts."
            }
            Exit::Nondeterministic => {
                "A run depends on scenario, operator and model version alone. If it does not, no verdict can be trusted. \
                 The report shows the first record that differs. A sandboxed operator cannot cause this: please report it. \
                 A native one can, by a hash map, a static or the clock."
            }
            Exit::Usage => {
                "The message on stderr says what was expected. The other scenarios of the command still ran. A service of \
                 --operator http://… at which nobody listens is that, too, and one of --exec that ends before it listens: \
                 the last lines that it said are shown."
            }
            Exit::Bug => {
                "The message names scenario, seed and event: please report it together with the scenario file."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_the_contracts() {
        let codes = Exit::BY_PRECEDENCE.map(Exit::code);
        assert_eq!(codes, [70, 64, 3, 1, 2, 0]);
    }

    #[test]
    fn of_any_two_the_earlier_one_wins() {
        for (rank, &winner) in Exit::BY_PRECEDENCE.iter().enumerate() {
            for &other in &Exit::BY_PRECEDENCE[rank..] {
                assert_eq!(Exit::winner([winner, other]), winner);
                assert_eq!(Exit::winner([other, winner]), winner);
            }
        }
        assert_eq!(Exit::winner([]), Exit::Held);
    }
}
