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

/// Keeps one claim for each name, in the order in which they came.
///
/// `exclude` tells whether two names cannot both be, `same` whether two contents are one.
pub(crate) fn settle<N: fmt::Display, C>(
    claims: Vec<Claim<N, C>>,
    exclude: impl Fn(&N, &N) -> bool,
    same: impl Fn(&Claim<N, C>, &Claim<N, C>) -> bool,
) -> Result<(Vec<Claim<N, C>>, Vec<LeftOut>), Collision> {
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
    Ok((kept, left_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(claims: &[(&str, u8, Rank)], expected: Result<(&[(&str, usize)], usize), &str>) {
        let claims = claims
            .iter()
            .enumerate()
            .map(|(owner, (name, content, rank))| Claim {
                name: (*name).to_owned(),
                content: *content,
                owner,
                rank: *rank,
            })
            .collect();
        let result = settle(claims, |a, b| a == b, |a, b| a.content == b.content);
        let result = result.map(|(kept, left_out)| {
            (kept.into_iter().map(|claim| (claim.name, claim.owner)).collect::<Vec<_>>(), left_out.len())
        });
        let expected = expected
            .map(|(kept, n)| (kept.iter().map(|(name, owner)| ((*name).to_owned(), *owner)).collect(), n))
            .map_err(str::to_owned);
        assert_eq!(result.map_err(|collision| collision.name), expected);
    }

    #[test]
    fn flytes_name_wins_and_doubt_leaves_out() {
        use Rank::{Alias, Primary};
        check(&[("A", 1, Primary), ("A", 2, Primary)], Err("A"));
        check(&[("A", 1, Primary), ("A", 1, Primary)], Ok((&[("A", 0)], 0)));
        check(&[("A", 1, Primary), ("A", 2, Alias)], Ok((&[("A", 0)], 1)));
        check(&[("A", 1, Alias), ("A", 2, Primary)], Ok((&[("A", 1)], 1)));
        check(&[("A", 1, Alias), ("A", 1, Primary)], Ok((&[("A", 1)], 0)));
        check(&[("A", 1, Alias), ("A", 2, Alias)], Ok((&[], 1)));
        check(&[("A", 1, Alias), ("B", 2, Alias)], Ok((&[("A", 0), ("B", 1)], 0)));
        check(&[("A", 1, Alias), ("A", 2, Alias), ("A", 1, Alias)], Ok((&[], 2)));
    }
}
