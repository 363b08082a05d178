use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Where the process is in its life. AWS has no part in it: an outage there must not take every pod creation down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Not yet listening.
    Starting = 0,
    /// Certificate loaded, listener bound, or able to be at once.
    Ready = 1,
    /// On the way out.
    Draining = 2,
}

/// The shared state, for the admin port.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<AtomicU8>);

impl Health {
    /// Changes the state.
    pub fn set(&self, state: State) {
        self.0.store(state as u8, Ordering::Relaxed);
    }

    /// Ready, unless already on the way out.
    pub fn set_ready(&self) {
        let (starting, ready) = (State::Starting as u8, State::Ready as u8);
        let _ = self.0.compare_exchange(starting, ready, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The state now.
    pub fn get(&self) -> State {
        match self.0.load(Ordering::Relaxed) {
            0 => State::Starting,
            1 => State::Ready,
            _ => State::Draining,
        }
    }
}
