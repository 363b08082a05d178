//! The load: AdmissionReviews as the API server sends them, over TLS connections that stay open.

mod client;
mod judge;
mod review;
mod tally;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsConnector;

use crate::tls;
use client::Connection;
use judge::{Verdict, judge};
pub(crate) use review::{Mount, Pods, Scope, Sets};
use review::{Reviews, Sent};
pub(crate) use tally::{Spread, Tally};

/// How often client-go asks again when it is told when to.
const MOST_RETRIES: u32 = 10;

/// Whom to ask.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) port: u16,
    tls: TlsConnector,
}

impl Target {
    /// A server at 127.0.0.1 whose certificate was made by this authority (a PEM file).
    pub(crate) fn new(port: u16, authority: &Path) -> anyhow::Result<Self> {
        Ok(Self { port, tls: tls::client(authority)? })
    }
}

/// What to ask.
pub(crate) struct Load {
    pub(crate) pods: Pods,
    /// How many connections there are; each has one review under way.
    pub(crate) connections: usize,
    pub(crate) reviews: u64,
    /// So many reviews come first and do not count.
    pub(crate) warm_up: u64,
    pub(crate) patience: Patience,
}

/// What a client does when it is told to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// It counts as a refusal.
    None,
    /// It comes again, up to ten times, as client-go does.
    RetryAfter,
}

/// A load that is ready to begin.
pub(crate) struct Ready<'a> {
    load: &'a Load,
    connections: Vec<Connection>,
    reviews: Reviews,
}

impl<'a> Ready<'a> {
    /// Opens all connections, and warms up.
    pub(crate) async fn open(target: &Target, load: &'a Load) -> anyhow::Result<Self> {
        let connections = try_join_all((0..load.connections).map(|_| Connection::open(target))).await?;
        let mut ready = Self { load, connections, reviews: Reviews::new(&load.pods)? };
        if load.warm_up > 0 {
            ready.round(load.warm_up).await?;
        }
        Ok(ready)
    }

    /// Makes the load.
    pub(crate) async fn run(mut self) -> anyhow::Result<Tally> {
        self.round(self.load.reviews).await
    }

    async fn round(&mut self, count: u64) -> anyhow::Result<Tally> {
        Round::new(&self.reviews, count, self.load.patience).run(&mut self.connections).await
    }
}

/// So many reviews over all connections.
struct Round<'a> {
    reviews: &'a Reviews,
    count: u64,
    patience: Patience,
    next: AtomicU64,
    start: Instant,
    tally: Mutex<Tally>,
}

impl<'a> Round<'a> {
    fn new(reviews: &'a Reviews, count: u64, patience: Patience) -> Self {
        Self { reviews, count, patience, next: AtomicU64::new(0), start: Instant::now(), tally: Mutex::default() }
    }

    async fn run(self, connections: &mut [Connection]) -> anyhow::Result<Tally> {
        try_join_all(connections.iter_mut().map(|connection| self.drive(connection))).await?;
        let mut tally = self.tally.into_inner().unwrap_or_default();
        tally.wall = self.start.elapsed().as_secs_f64();
        Ok(tally)
    }

    /// One connection's part: a review after the other.
    async fn drive(&self, connection: &mut Connection) -> anyhow::Result<()> {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.count {
                return Ok(());
            }
            let sent = self.reviews.make(number);
            let began = Instant::now();
            let verdict = self.ask(connection, &sent).await?;
            if let Ok(mut tally) = self.tally.lock() {
                tally.add(began.elapsed(), verdict);
            }
        }
    }

    async fn ask(&self, connection: &mut Connection, sent: &Sent) -> anyhow::Result<Verdict> {
        let mut retries = 0;
        loop {
            let began = Instant::now();
            let answer = connection.exchange(sent.body.clone()).await?;
            let verdict = judge(&answer, sent, &self.reviews.pods);
            if let Ok(mut tally) = self.tally.lock() {
                tally.answered(began.elapsed());
            }
            match verdict {
                Verdict::ComeAgain { seconds, .. }
                    if self.patience == Patience::RetryAfter && retries < MOST_RETRIES =>
                {
                    retries += 1;
                    sleep(Duration::from_secs(seconds)).await;
                }
                verdict => return Ok(verdict),
            }
        }
    }
}
