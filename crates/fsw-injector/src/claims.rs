//! Who gets a name when several requests want it: one rule for variables and for files.
//!
//! Two requests that Flyte would give one name are refused, unless they mean the same. A further name of ours never
//! refuses a pod that Flyte would have admitted: it gives way to Flyte's name, and where two of them meet both are left
//! out, so that no task reads another secret than it asked for. Where one path would have to be a folder for another to be
//! in it, only the folder gives way.

use std::collections::HashSet;
use std::fmt;

/// A name that a request wants.
pub(crate) struct Claim<N, C> {
    /// The variable or path.
    pub(crate) name: N,
    /// What would be there.
    pub(crate) content: C,
    /// The position of the request among those of the pod.
    pub(crate) owner: usize,
    /// Whether Flyte would use the name too.
    pub(crate) rank: Rank,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    Primary,
    Alias,
}

/// Two requests that cannot both be served.
#[derive(Debug, PartialEq)]
pub(crate) struct Collision {
    pub(crate) name: String,
    pub(crate) owners: [usize; 2],
}

/// A further name that is left out.
#[derive(Debug, PartialEq)]
pub(crate) struct LeftOut {
    pub(crate) name: String,
    /// The first two that are in each other's way; more may be.
    pub(crate) owners: [usize; 2],
    pub(crate) why: Why,
}

/// Why a further name is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It is another's name, too.
    Taken,
    /// It has to be a folder, for another to be in it.
    IsFolder,
    /// It would be in a folder that is a file.
    NeedsFolder,
}

/// Why two names cannot both be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clash {
    /// They are one.
    Same,
    /// The first would have to be a folder, for the second to be in it.
    FirstIsFolder,
    /// The second would have to be one.
    SecondIsFolder,
}

/// Who has which name.
pub(crate) struct Settled<N, C> {
    pub(crate) kept: Vec<Claim<N, C>>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// Keeps one claim for each name, in the order in which they came.
///
/// `clash` tells whether two names cannot both be, `same` whether two contents are one.
pub(crate) fn settle<N: fmt::Display, C>(
    claims: Vec<Claim<N, C>>,
    clash: impl Fn(&N, &N) -> Option<Clash>,
    same: impl Fn(&Claim<N, C>, &Claim<N, C>) -> bool,
) -> Result<Settled<N, C>, Collision> {
    let mut dropped = vec![false; claims.len()];
    let mut left_out: Vec<LeftOut> = Vec::new();
    let mut told = HashSet::new();
    for (index, claim) in claims.iter().enumerate() {
        for (earlier_index, earlier) in claims[..index].iter().enumerate() {
            let Some(clash) = clash(&earlier.name, &claim.name) else { continue };
            let owners = [earlier.owner, claim.owner];
            if clash == Clash::Same && same(claim, earlier) {
                // Keep the one that stands for Flyte's own name.
                let keeps_later = claim.rank == Rank::Primary && earlier.rank == Rank::Alias;
                dropped[if keeps_later { earlier_index } else { index }] = true;
                continue;
            }
            let loses = match (earlier.rank, claim.rank) {
                (Rank::Primary, Rank::Primary) => return Err(Collision { name: claim.name.to_string(), owners }),
                (Rank::Primary, Rank::Alias) => [false, true],
                (Rank::Alias, Rank::Primary) => [true, false],
                // No secret is in a folder, so what needs it leads to no other secret than was asked for.
                (Rank::Alias, Rank::Alias) => [clash != Clash::SecondIsFolder, clash != Clash::FirstIsFolder],
            };
            let whys = match clash {
                Clash::Same => [Why::Taken, Why::Taken],
                Clash::FirstIsFolder => [Why::IsFolder, Why::NeedsFolder],
                Clash::SecondIsFolder => [Why::NeedsFolder, Why::IsFolder],
            };
            for ((at, loses), why) in [earlier_index, index].into_iter().zip(loses).zip(whys) {
                if !loses {
                    continue;
                }
                dropped[at] = true;
                let name = claims[at].name.to_string();
                if told.insert(name.clone()) {
                    left_out.push(LeftOut { name, owners, why });
                }
            }
        }
    }
    let kept = claims.into_iter().zip(dropped).filter(|(_, dropped)| !dropped).map(|(claim, _)| claim).collect();
    Ok(Settled { kept, left_out })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kept names with their owners, then how many are left out; or the name of a collision.
    #[track_caller]
    fn check(claims: &[(&str, u8, Rank)], expected: &str) {
        let claim = |(owner, (name, content, rank)): (usize, &(&str, u8, Rank))| Claim {
            name: (*name).to_owned(),
            content: *content,
            owner,
            rank: *rank,
        };
        let claims = claims.iter().enumerate().map(claim).collect();
        let text = match settle(claims, clash, |a, b| a.content == b.content) {
            Ok(Settled { kept, left_out }) => {
                let kept: Vec<_> = kept.iter().map(|claim| format!("{}{}", claim.name, claim.owner)).collect();
                format!("{} -{}", kept.join(" "), left_out.len())
            }
            Err(collision) => format!("collision {}", collision.name),
        };
        assert_eq!(text, expected);
    }

    fn clash(a: &String, b: &String) -> Option<Clash> {
        let is_in = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with('/'));
        match () {
            () if a == b => Some(Clash::Same),
            () if is_in(b, a) => Some(Clash::FirstIsFolder),
            () if is_in(a, b) => Some(Clash::SecondIsFolder),
            () => None,
        }
    }

    #[test]
    fn flytes_name_wins_and_doubt_leaves_out() {
        use Rank::{Alias, Primary};
        check(&[("A", 1, Primary), ("A", 2, Primary)], "collision A");
        check(&[("A", 1, Primary), ("A", 1, Primary)], "A0 -0");
        check(&[("A", 1, Primary), ("A", 2, Alias)], "A0 -1");
        check(&[("A", 1, Alias), ("A", 2, Primary)], "A1 -1");
        check(&[("A", 1, Alias), ("A", 1, Primary)], "A1 -0");
        check(&[("A", 1, Alias), ("A", 2, Alias)], " -1");
        check(&[("A", 1, Alias), ("B", 2, Alias)], "A0 B1 -0");
        check(&[("A", 1, Alias), ("A", 2, Alias), ("A", 1, Alias)], " -1");
        check(&[("A", 1, Alias), ("A/B", 2, Alias)], "A/B1 -1");
        check(&[("A/B", 1, Alias), ("A", 1, Alias)], "A/B0 -1");
        check(&[("A", 1, Primary), ("A/B", 1, Alias)], "A0 -1");
        check(&[("A", 1, Alias), ("A/B", 1, Primary)], "A/B1 -1");
        check(&[("A", 1, Primary), ("A/B", 1, Primary)], "collision A/B");
    }
}
