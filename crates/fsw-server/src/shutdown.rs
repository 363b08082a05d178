use tokio::sync::watch;

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

    /// Whether a shutdown has been asked for.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until a shutdown has been asked for, or can no longer be.
    pub async fn asked(&mut self) {
        // An error means that the trigger is gone, and with it whoever could want the server to go on.
        let _ = self.0.wait_for(|asked| *asked).await;
    }
}

impl Trigger {
    /// Asks for it.
    pub fn pull(&self) {
        self.0.send_replace(true);
    }
}
