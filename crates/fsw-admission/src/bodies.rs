use std::pin::pin;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

/// A body up to this size is small, as that of nearly every pod is. Reviews of small bodies that are worked on are few
/// enough that what they hold need not be counted.
const SMALL: usize = 32 * 1024;
/// Small bodies that are being read may take so many bytes.
const FOR_SMALL: usize = 16 * 1024 * 1024;
/// Large bodies that are being read or worked on may take so many bytes.
const FOR_LARGE: usize = 48 * 1024 * 1024;

/// Reads bodies within bounds of memory. Neither large bodies nor what has to wait holds up small ones.
pub(crate) struct Bodies {
    limit: usize,
    small: Semaphore,
    large: Semaphore,
}

/// A body, and the room that it takes for as long as it is there.
pub(crate) struct Held<'a> {
    bytes: Bytes,
    _room: Room<'a>,
}

/// None where nothing is counted.
type Room<'a> = Option<SemaphorePermit<'a>>;

impl AsRef<[u8]> for Held<'_> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What is said to a client whose body cannot be had.
pub(crate) type Refused = (StatusCode, String);

impl Bodies {
    /// Bodies of up to `limit` bytes each.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, small: Semaphore::new(FOR_SMALL), large: Semaphore::new(FOR_LARGE.max(limit)) }
    }

    /// A whole body, and the room that is to be kept until its review is answered: what waits of a large pod may be large.
    pub(crate) async fn read<B: Body>(&self, body: B, deadline: Instant) -> Result<(Held<'_>, Room<'_>), Refused> {
        let announced = body.size_hint().upper().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        let is_small = announced.is_some_and(|announced| announced <= SMALL);
        let all = if is_small { &self.small } else { &self.large };
        let count = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let needed = announced.unwrap_or(usize::MAX).min(self.limit);
        let Ok(room) = timeout_at(deadline, all.acquire_many(count(needed))).await else {
            let message = "other reviews take all the room that there is for bodies of this size; come again";
            return Err((StatusCode::SERVICE_UNAVAILABLE, message.to_owned()));
        };
        // Never closed, so there always is some.
        let mut room = room.ok();
        let bytes = match timeout_at(deadline, read_whole(body, announced.unwrap_or_default(), self.limit)).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(BodyError::TooLarge)) => {
                return Err((StatusCode::PAYLOAD_TOO_LARGE, format!("a review may have {} bytes", self.limit)));
            }
            Ok(Err(BodyError::Broken)) => {
                return Err((StatusCode::BAD_REQUEST, "the body ended before it was whole".to_owned()));
            }
            Err(_) => return Err((StatusCode::REQUEST_TIMEOUT, "the body did not come in time".to_owned())),
        };
        // Of a body whose size was not announced, most is given back.
        drop(room.as_mut().and_then(|room| room.split(needed.saturating_sub(bytes.len()))));
        Ok(if is_small { (Held { bytes, _room: room }, None) } else { (Held { bytes, _room: None }, room) })
    }
}

enum BodyError {
    TooLarge,
    Broken,
}

/// The whole body, if it is within the limit. A larger one is read to its end all the same, or for as long as is decent,
/// and thrown away: a client that is still writing when the connection closes never sees the answer.
async fn read_whole<B: Body>(body: B, announced: usize, limit: usize) -> Result<Bytes, BodyError> {
    const DECENT: usize = 64 * 1024 * 1024;
    let mut body = pin!(body);
    let mut whole = BytesMut::new();
    let mut length = 0_usize;
    while length <= DECENT {
        let Some(frame) = body.as_mut().frame().await else { break };
        let Ok(mut frame) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        let is_all = length == 0 && frame.remaining() == announced;
        length = length.saturating_add(frame.remaining());
        if is_all && length <= limit {
            // Most reviews come in one piece, which need not be copied.
            return Ok(frame.copy_to_bytes(length));
        }
        if length <= limit {
            whole.reserve(announced.min(limit).saturating_sub(whole.len()));
            whole.put(frame);
        } else {
            whole.clear();
        }
    }
    if length > limit { Err(BodyError::TooLarge) } else { Ok(whole.freeze()) }
}
