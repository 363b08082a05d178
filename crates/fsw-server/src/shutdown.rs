use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Asks for a shutdown.
#[derive(Debug)]
pub struct Trigger(watch::Sender<Option<Instant>>);

/// Tells when a shutdown was asked for, once it has been.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<Option<Instant>>);

impl Shutdown {
    /// A trigger and what it triggers.
    pub fn new() -> (Trigger, Self) {
        let (sender, receiver) = watch::channel(None);
        (Trigger(sender), Self(receiver))
    }

    /// Waits until a shutdown was asked for so long ago.
    pub async fn asked_since(&self, delay: Duration) {
        sleep_until(self.asked().await + delay).await;
    }

    /// Whether a shutdown has been asked for.
    pub fn is_asked(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits until a shutdown has been asked for, or can no longer be, and says when that was.
    pub async fn asked(&self) -> Instant {
        // An error means that the trigger is gone, and with it whoever could want the server to go on.
        let asked = self.0.clone().wait_for(Option::is_some).await.ok().and_then(|asked| *asked);
        asked.unwrap_or_else(Instant::now)
    }
}

impl Trigger {
    /// Asks for it.
    pub fn pull(&self) {
        self.0.send_if_modified(|asked| asked.is_none() && asked.replace(Instant::now()).is_none());
    }
}
