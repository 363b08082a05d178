use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds how many reviews may wait for a source that is out of service: each of them holds one of the API server's
/// request slots.
#[derive(Debug, Clone)]
pub struct WaitingRoom {
    seats: Arc<Semaphore>,
    size: usize,
}

/// A review's place in the waiting room, given back when dropped.
#[derive(Debug)]
pub struct Seat {
    _permit: OwnedSemaphorePermit,
}

impl WaitingRoom {
    /// A room with so many seats.
    pub fn new(size: usize) -> Self {
        Self { seats: Arc::new(Semaphore::new(size)), size }
    }

    /// A seat, unless all are taken.
    pub fn sit(&self) -> Option<Seat> {
        Arc::clone(&self.seats).try_acquire_owned().ok().map(|permit| Seat { _permit: permit })
    }

    /// How many seats there are.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.size - self.seats.available_permits()
    }
}
