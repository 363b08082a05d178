use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

/// Asks for a shutdown.
#[derive(Debug)]
pub struct Trigger(watch::Sender<bool>);

/// Tells when a shutdown has been asked for.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// A trigger and what it triggers.
    pub fn new() -> (Trigger, Self) {
        let (sender, receiver) = watch::channel(false);
        (Trigger(sender), Self(receiver))
    }

    /// Waits until a shutdown was asked for so long ago.
    pub async fn asked_since(&self, delay: Duration) {
        self.asked().await;
        sleep(delay).await;
    }

    /// Whether a shutdown has been asked for.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until a shutdown has been asked for, or can no longer be.
    pub async fn asked(&self) {
        // An error means that the trigger is gone, and with it whoever could want the server to go on.
        let _ = self.0.clone().wait_for(|asked| *asked).await;
    }
}

impl Trigger {
    /// Asks for it.
    pub fn pull(&self) {
        self.0.send_replace(true);
    }
}
