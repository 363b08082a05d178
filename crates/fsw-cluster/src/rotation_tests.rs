#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);
const MINUTE: Duration = Duration::from_secs(60);

fn policy() -> Policy {
    Policy {
        names: vec!["hook.flyte.svc".to_owned()],
        validity: 365 * DAY,
        renew_before: 90 * DAY,
        overlap: 2 * MINUTE,
    }
}

fn start() -> SystemTime {
    UNIX_EPOCH + 20_000 * DAY
}

fn written(step: Result<Step, IdentityError>) -> Stored {
    match step.unwrap() {
        Step::Write(stored, _) => *stored,
        Step::Keep => panic!("nothing was written"),
    }
}

fn made() -> Stored {
    written(step(None, &policy(), false, start()))
}

fn authorities(stored: &Stored) -> usize {
    identity::split(&stored.authorities).count()
}

#[test]
fn what_is_missing_is_made_for_the_services_names_and_the_time_that_was_set() {
    let stored = made();
    let leaf = &identity::read(&stored.leaf.certificate).unwrap()[0];
    assert_eq!(leaf.dns_names, ["hook.flyte.svc"]);
    assert_eq!(leaf.not_after, seconds(start() + 365 * DAY));
    assert_eq!(authorities(&stored), 1);
}

#[test]
fn what_is_good_is_kept() {
    let stored = made();
    for days in [0, 1, 274] {
        assert_eq!(
            step(Some(&stored), &policy(), true, start() + days * DAY).unwrap(),
            Step::Keep,
            "after {days} days"
        );
    }
}

#[test]
fn a_renewal_announces_then_switches_then_retires() {
    let first = made();
    let mut now = start() + 276 * DAY;

    let announced = written(step(Some(&first), &policy(), true, now));
    assert!(announced.leaf == first.leaf, "the old leaf is still served");
    assert_eq!(authorities(&announced), 2);
    assert!(announced.authorities.contains(first.authorities.trim()));

    now += MINUTE;
    assert_eq!(step(Some(&announced), &policy(), true, now).unwrap(), Step::Keep, "too early");
    now += MINUTE;
    assert_eq!(step(Some(&announced), &policy(), false, now).unwrap(), Step::Keep, "no API server knows it yet");
    let switched = written(step(Some(&announced), &policy(), true, now));
    assert!(Some(&switched.leaf) == announced.next.as_ref());
    assert_eq!(authorities(&switched), 2, "a replica may still serve the old leaf");

    now += MINUTE;
    assert_eq!(step(Some(&switched), &policy(), true, now).unwrap(), Step::Keep);
    now += MINUTE;
    let retired = written(step(Some(&switched), &policy(), true, now));
    assert_eq!(authorities(&retired), 1);
    assert!(announced.authorities.starts_with(retired.authorities.trim()));
    assert_eq!(step(Some(&retired), &policy(), true, now + DAY).unwrap(), Step::Keep);
}

#[test]
fn a_leaf_is_always_trusted_by_the_authorities_beside_it() {
    let mut stored = made();
    let mut now = start();
    for _ in 0..400 {
        now += 5 * DAY;
        if let Step::Write(next, _) = step(Some(&stored), &policy(), true, now).unwrap() {
            stored = *next;
        }
        assert!(usable(&stored, now).is_some());
    }
}

#[test]
fn a_renewal_can_be_asked_for() {
    let asked = Stored { renewal_asked: true, ..made() };
    let announced = written(step(Some(&asked), &policy(), true, start() + DAY));
    assert!(announced.next.is_some() && !announced.renewal_asked);
}

#[test]
fn a_renamed_service_gets_a_new_certificate() {
    let renamed = Policy { names: vec!["other.flyte.svc".to_owned()], ..policy() };
    let announced = written(step(Some(&made()), &renamed, true, start()));
    let next = &identity::read(&announced.next.unwrap().certificate).unwrap()[0];
    assert_eq!(next.dns_names, ["other.flyte.svc"]);
}

#[test]
fn what_nobody_can_be_served_with_is_replaced_at_once() {
    let good = made();
    let no_pem = Stored { leaf: Leaf { certificate: "x".to_owned(), key: good.leaf.key.clone() }, ..good.clone() };
    let no_key = Stored { leaf: Leaf { key: String::new(), ..good.leaf.clone() }, ..good.clone() };
    let stranger = Stored { authorities: made().authorities, ..good.clone() };
    for (what, stored) in [("no PEM", no_pem), ("no key", no_key), ("another authority", stranger)] {
        let replaced = written(step(Some(&stored), &policy(), true, start()));
        assert!(usable(&replaced, start()).is_some() && replaced.next.is_none(), "{what}");
    }
    let ended = written(step(Some(&good), &policy(), true, start() + 366 * DAY));
    assert!(usable(&ended, start() + 366 * DAY).is_some());
}

#[test]
fn what_is_stored_prints_no_key() {
    let printed = format!("{:?}", made());
    assert!(!printed.contains("PRIVATE"), "{printed}");
}
