//! Who gets a name when several requests want it: one rule for variables and for files.
//!
//! Two requests that Flyte would give one name are refused, unless they mean the same. A further name of ours never
//! refuses a pod that Flyte would have admitted: it gives way to Flyte's name, and where two of them meet both are left
//! out, so that no task reads another secret than it asked for.

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
    pub(crate) owners: [usize; 2],
}

/// Who has which name.
pub(crate) struct Settled<N, C> {
    pub(crate) kept: Vec<Claim<N, C>>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// Keeps one claim for each name, in the order in which they came.
///
/// `exclude` tells whether two names cannot both be, `same` whether two contents are one.
pub(crate) fn settle<N: fmt::Display, C>(
    claims: Vec<Claim<N, C>>,
    exclude: impl Fn(&N, &N) -> bool,
    same: impl Fn(&Claim<N, C>, &Claim<N, C>) -> bool,
) -> Result<Settled<N, C>, Collision> {
    let mut dropped = vec![false; claims.len()];
    let mut left_out = Vec::new();
    for (index, claim) in claims.iter().enumerate() {
        for (earlier_index, earlier) in claims[..index].iter().enumerate() {
            if !exclude(&claim.name, &earlier.name) {
                continue;
            }
            let owners = [earlier.owner, claim.owner];
            if same(claim, earlier) {
                // Keep the one that stands for Flyte's own name.
                let keeps_later = claim.rank == Rank::Primary && earlier.rank == Rank::Alias;
                dropped[if keeps_later { earlier_index } else { index }] = true;
                continue;
            }
            match (earlier.rank, claim.rank) {
                (Rank::Primary, Rank::Primary) => return Err(Collision { name: claim.name.to_string(), owners }),
                (Rank::Primary, Rank::Alias) => dropped[index] = true,
                (Rank::Alias, Rank::Primary) => dropped[earlier_index] = true,
                (Rank::Alias, Rank::Alias) => {
                    dropped[index] = true;
                    dropped[earlier_index] = true;
                }
            }
            left_out.push(LeftOut { name: claim.name.to_string(), owners });
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
        let text = match settle(claims, |a, b| a == b, |a, b| a.content == b.content) {
            Ok(Settled { kept, left_out }) => {
                let kept: Vec<_> = kept.iter().map(|claim| format!("{}{}", claim.name, claim.owner)).collect();
                format!("{} -{}", kept.join(" "), left_out.len())
            }
            Err(collision) => format!("collision {}", collision.name),
        };
        assert_eq!(text, expected);
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
        check(&[("A", 1, Alias), ("A", 2, Alias), ("A", 1, Alias)], " -2");
    }
}
